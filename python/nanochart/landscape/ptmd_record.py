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

from .ptmd_deck import Settings, replica_name
from .ptmd_log import frame_positions, open_frames, read_energies, read_swap_log


@dataclass(frozen=True)
class Checkpoint:
    """Where a run can go on: step, prefix of the restart files, and rung of each replica.

    Restart files hold the velocities before the swap of their step, so `order` is the one before
    it too: that one decision is taken again later, the rest of the run is kept.
    """

    step: int
    restart: str
    order: list[int]


@dataclass(frozen=True)
class Segment:
    """Swap log of one start of LAMMPS: steps[n], order[n, replicas] (rung of each replica)."""

    folder: Path
    steps: np.ndarray
    order: np.ndarray

    @property
    def start(self) -> int:
        return int(self.steps[0])

    def checkpoint(self, settings: Settings) -> Checkpoint | None:
        """The last checkpoint that all replicas have written, None without one."""
        step = int(self.steps[-1]) // settings.checkpoint * settings.checkpoint
        if step <= self.start:
            return None
        written = step // settings.checkpoint - self.start // settings.checkpoint
        before = np.flatnonzero(self.steps == step - settings.swap)[-1]
        return Checkpoint(step, f"{self.folder.name}/{'ba'[written % 2]}", self.order[before].tolist())


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
        if not (self.folder / "settings.json").exists():
            raise FileNotFoundError(f"ptmd: {self.folder} has no settings.json, must be the folder of a run")
        self.settings = Settings.load(self.folder / "settings.json")
        self.segments: list[Segment] = []
        for path in sorted(self.folder.glob("segment-*")):
            steps, order, _ = read_swap_log(path / "log.lammps", self.settings.replicas)
            if len(steps):
                self.segments.append(Segment(path, steps, order))
        self.last = int(self.segments[-1].steps[-1]) if self.segments else 0
        self.steps, self.order = self._join()

    def _ends(self) -> list[int]:
        return [s.start for s in self.segments[1:]] + [self.last]

    def _join(self) -> tuple[np.ndarray, np.ndarray]:
        steps, order = [np.empty(0, np.int64)], [np.empty((0, self.settings.replicas), np.int32)]
        for segment, end in zip(self.segments, self._ends()):
            n = int(np.searchsorted(segment.steps, end, side="right"))
            steps.append(segment.steps[1:n])
            order.append(segment.order[: n - 1])
        return np.concatenate(steps), np.concatenate(order)

    def swap_moves(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Per segment: order[n, replicas] before and after n successive swap attempts.

        The k-th attempt of a segment pairs rungs (0,1), (2,3), .. for even k, (1,2), .. for odd k.
        The attempt at the last step of an interrupted segment was given up and is left out.
        """
        for segment, end in zip(self.segments, self._ends()):
            n = int(np.searchsorted(segment.steps, end, side="right"))
            n -= segment is not self.segments[-1]
            yield segment.order[: n - 1], segment.order[1:n]

    @cached_property
    def energies(self) -> tuple[np.ndarray, np.ndarray]:
        """Potential and kinetic energy (eV), each [n, replicas], at `steps`."""
        replicas = self.settings.replicas
        potential, kinetic = np.empty((2, len(self.steps), replicas))
        for replica in range(replicas):
            at = 0
            for segment, end in zip(self.segments, self._ends()):
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
        for segment, end in zip(self.segments, self._ends()):
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
