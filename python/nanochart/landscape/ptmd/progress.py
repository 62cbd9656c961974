"""What a running parallel tempering shows: progress, swaps of each pair, energies, lost atoms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from .deck import Settings, replica_name
from .log import cluster_pieces, energy_rows, frame_positions, open_frames, read_swap_log, whole_lines

TABLES = 10  # a table of the rungs after each tenth of the run


def run_size(settings: Settings, begin: int) -> float:
    """Bytes of the frames and energies still to come."""
    s = settings
    frames = (s.steps - begin) // s.frame * s.replicas * (24 * s.atoms + 200)
    return frames + (s.steps - begin) // s.swap * s.replicas * 45


class Progress:
    """Follows the files of one running segment; `update` is called now and then.

    Sums are over this segment alone: tried[rungs - 1], accepted[rungs - 1], energy[rungs], rows.
    """

    def __init__(self, segment: Path, settings: Settings, begin: int):
        self.segment, self.settings, self.begin = segment, settings, begin
        n = settings.replicas
        self.order = np.empty((0, n), np.int32)  # before the swaps whose energies are not read yet
        self.tried, self.accepted = np.zeros((2, n - 1), int)
        self.energy, self.rows, self.attempts = np.zeros(n), 0, 0
        self.offset, self.thermo_offsets = 0, [0] * n
        self.waiting: list[list[float]] = [[] for _ in range(n)]
        self.lost: set[int] = set()
        self.looked = self.shown = 0
        self.bar = tqdm(total=settings.steps, initial=begin, unit="step", unit_scale=True, desc="temper", mininterval=1)

    def update(self) -> None:
        """Read what is new, move the bar, and show a table or lost atoms when it is time."""
        s = self.settings
        steps, order, self.offset = read_swap_log(self.segment / "log.lammps", s.replicas, self.offset)
        if len(steps) == 0:
            return
        self._swaps(order)
        self._energies()
        self.bar.update(int(steps[-1]) - self.bar.n)
        share = self.accepted / np.maximum(self.tried, 1)
        note = f"{steps[-1] * s.timestep / 1000:.3f} ns, swaps {share.mean():.0%}, at worst {share.min():.0%}"
        self.bar.set_postfix_str(note, refresh=False)
        if self.bar.n // s.frame > self.looked:
            self.looked = self.bar.n // s.frame
            self._lost_atoms()
        if TABLES * self.bar.n // s.steps > self.shown and self.rows > 0:
            self.shown = TABLES * self.bar.n // s.steps
            self.bar.write(self.table())

    def table(self) -> str:
        """Temperature, mean potential energy and share of swaps with the next rung, one line a rung."""
        lines = ["  T (K)   energy (eV)   swaps up"]
        for k, t in enumerate(self.settings.temperatures):
            up = f"{self.accepted[k] / max(self.tried[k], 1):6.0%}" if k < len(self.tried) else ""
            lines.append(f"{t:7.2f}  {self.energy[k] / max(self.rows, 1):12.3f}   {up}")
        return "\n".join(lines)

    def _swaps(self, order: np.ndarray) -> None:
        known = len(self.order)
        self.order = np.vstack([self.order, order])
        for old, new in zip(self.order[max(known - 1, 0) :], self.order[max(known, 1) :]):
            self.tried[self.attempts % 2 :: 2] += 1
            self.accepted[old[new == old + 1]] += 1
            self.attempts += 1

    def _energies(self) -> None:
        for r in range(self.settings.replicas):
            path = self.segment / f"thermo.{replica_name(r, self.settings.replicas)}"
            lines, self.thermo_offsets[r] = whole_lines(path, self.thermo_offsets[r])
            self.waiting[r] += [energy for step, energy, _ in energy_rows(lines) if step > self.begin]
        # energies of the k-th swap step were sampled on the order of the line before, order[k]
        ready = min(min(len(w) for w in self.waiting), len(self.order) - 1)
        for k in range(ready):
            self.energy[self.order[k]] += [waiting[k] for waiting in self.waiting]
        self.waiting = [waiting[ready:] for waiting in self.waiting]
        self.order = self.order[ready:]
        self.rows += ready

    def _lost_atoms(self) -> None:
        for r in set(range(self.settings.replicas)) - self.lost:
            name = f"frames.{replica_name(r, self.settings.replicas)}.bin"
            frames = open_frames(self.segment / name, self.settings.atoms)
            if len(frames) and (pieces := cluster_pieces(frame_positions(frames[-1]))) > 1:
                self.lost.add(r)
                self.bar.write(f"LOST ATOMS: replica {r} is in {pieces} pieces, about step {self.bar.n}")
