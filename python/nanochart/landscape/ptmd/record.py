"""A run of parallel tempering as it lies on disk: segments, rungs, energies, frames.

A run is a folder with settings.json and one folder per segment, i.e. per start of LAMMPS. A
segment counts from after its first step up to the first step of the next one, which is the last
checkpoint that was complete in all replicas; what an interruption left beyond it is never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from .deck import Settings, replica_name
from .log import frame_positions, open_frames, read_energies, read_swap_log


@dataclass(frozen=True)
class Segment:
    """Swap log of one start of LAMMPS: steps[n], order[n, replicas] (rung of each replica)."""

    folder: Path
    steps: np.ndarray
    order: np.ndarray

    @property
    def start(self) -> int:
        return int(self.steps[0])


def read_segment(folder: Path, settings: Settings) -> Segment | None:
    """The segment in `folder`, None if LAMMPS has not begun. ValueError if its log lacks a swap."""
    steps, order, _ = read_swap_log(folder / "log.lammps", settings.replicas)
    if len(steps) == 0:
        return None
    gaps = np.flatnonzero(np.diff(steps) != settings.swap)
    if len(gaps):
        raise ValueError(
            f"{folder / 'log.lammps'}: step {steps[gaps[0]]} is followed by {steps[gaps[0] + 1]}, must be by "
            f"{steps[gaps[0]] + settings.swap}: the swap period is {settings.swap} steps"
        )
    return Segment(folder, steps, order)


@dataclass(frozen=True)
class Frame:
    """One kept configuration: positions[N,3] (A), energies (eV), rung and its temperature (K)."""

    step: int
    replica: int
    rung: int
    temperature: float
    potential_energy: float
    kinetic_energy: float
    positions: np.ndarray


class Record:
    """What a run has written so far. May be opened while it runs.

    Attributes: settings; segments; last (step complete in all replicas).
    steps[n], order[n, replicas]: at each swap step s, the rung of each replica on which everything
    that LAMMPS wrote at s was sampled, i.e. before the swap of that step.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.settings = Settings.load(self.folder / "settings.json")
        found = (read_segment(path, self.settings) for path in sorted(self.folder.glob("segment-*")))
        self.segments: list[Segment] = [segment for segment in found if segment]
        self.last = int(self.segments[-1].steps[-1]) if self.segments else 0
        self.steps, self.order = self._join()

    def _parts(self) -> Iterator[tuple[Segment, int, int]]:
        """Each segment with the step it counts up to, and the number of its swap steps until then."""
        ends = [s.start for s in self.segments[1:]] + [self.last]
        for segment, end in zip(self.segments, ends):
            yield segment, end, (end - segment.start) // self.settings.swap

    def _join(self) -> tuple[np.ndarray, np.ndarray]:
        steps, order = [np.empty(0, np.int64)], [np.empty((0, self.settings.replicas), np.int32)]
        for segment, _, n in self._parts():
            # the log may lack the line of the last step, whose order is that of the line before
            steps.append(segment.start + self.settings.swap * np.arange(1, n + 1))
            order.append(segment.order[:n])
        return np.concatenate(steps), np.concatenate(order)

    def swap_moves(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Per segment: order[n, replicas] before and after n successive swap attempts.

        The k-th attempt of a segment pairs rungs (0,1), (2,3), .. for even k, (1,2), .. for odd k.
        The attempt at the last step of an interrupted segment was given up and is left out.
        """
        for segment, _, n in self._parts():
            n -= segment is not self.segments[-1]
            yield segment.order[:n], segment.order[1 : n + 1]

    @cached_property
    def energies(self) -> tuple[np.ndarray, np.ndarray]:
        """Potential and kinetic energy (eV), each [n, replicas], at `steps`."""
        replicas = self.settings.replicas
        potential, kinetic = np.empty((2, len(self.steps), replicas))
        for replica in range(replicas):
            at = 0
            for segment, end, _ in self._parts():
                path = segment.folder / f"thermo.{replica_name(replica, replicas)}"
                rows = read_energies(path)
                rows = rows[(rows[:, 0] > segment.start) & (rows[:, 0] <= end)]
                wanted = self.steps[at : at + len(rows)]
                if not np.array_equal(rows[:, 0], wanted) or (len(wanted) and wanted[-1] != end):
                    raise ValueError(f"{path}: its steps are not those of the swap log up to {end}")
                potential[at : at + len(rows), replica] = rows[:, 1]
                kinetic[at : at + len(rows), replica] = rows[:, 2]
                at += len(rows)
        return potential, kinetic

    def by_rung(self, values: np.ndarray) -> np.ndarray:
        """values[n, replicas] in the order of temperatures: [n, rungs]."""
        sorted_values = np.empty_like(values)
        np.put_along_axis(sorted_values, self.order, values, axis=1)
        return sorted_values

    def frames(self, rung: int | None = None, replica: int | None = None, after: int = 0) -> Iterator[Frame]:
        """Kept frames of one rung, of one replica, or all, after step `after`, in order of time.

        Reads one frame at a time.
        """
        s = self.settings
        potential, kinetic = self.energies
        for segment, end, _ in self._parts():
            names = [replica_name(r, s.replicas) for r in range(s.replicas)]
            maps = [open_frames(segment.folder / f"frames.{n}.bin", s.atoms) for n in names]
            first = segment.start // s.frame + 1
            for step in range(first * s.frame, end + 1, s.frame):
                if step <= after:
                    continue
                row = int(np.searchsorted(self.steps, step))
                for r in range(s.replicas):
                    k = int(self.order[row, r])
                    if (rung is not None and k != rung) or (replica is not None and r != replica):
                        continue
                    at = step // s.frame - first
                    if at >= len(maps[r]) or maps[r][at]["step"] != step:
                        raise ValueError(
                            f"{segment.folder / f'frames.{names[r]}.bin'}: frame {at} is not of step {step}"
                        )
                    yield Frame(step, r, k, s.temperatures[k], float(potential[row, r]),
                                float(kinetic[row, r]), frame_positions(maps[r][at]))
