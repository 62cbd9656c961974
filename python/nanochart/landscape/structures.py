"""Frames to quench, one after the other: a run of parallel tempering, or files that ASE reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read

from nanochart import _core

from . import cna
from .formulas import formula, one_or_each
from .images import images, names_elements
from .pair_lines import PairLines, pair_lines
from .potential import is_builtin
from .ptmd.export import symbols_of
from .ptmd.record import Record
from .rgl import bonds


@dataclass(frozen=True)
class Structure:
    """replica: number of its trajectory; step: MD step, or number of the frame in a file; K; A;
    motif: common-neighbour label of what its trajectory started from, where that is known."""

    replica: int
    step: int
    temperature: float
    positions: np.ndarray  # [N,3]
    motif: str = "unknown"


class TemperingRun:
    """What a run of `nanochart ptmd` has kept so far; a trajectory for each replica.

    It is quenched with the potential that it was run with, without its `extra` lines. Atoms of an alloy
    are put in the order of their elements, so that all replicas have one order.
    """

    def __init__(self, folder: Path, first: int = 0):
        self.record, self.first = Record(folder), first
        s = self.record.settings
        self.symbols = one_or_each([e for e, n in s.counts.items() for _ in range(n)])
        self.atoms, self.trajectories = s.atoms, s.replicas
        self._orders = [slice(None) if isinstance(self.symbols, str) else np.argsort(symbols, kind="stable")
                        for symbols in symbols_of(self.record)]  # fmt: skip
        self.potential = None if is_builtin(s.potential, s.elements) else pair_lines(s.potential, Path(folder))
        self.frames = self.record.last // s.frame * s.replicas
        starts = [read(path, format="lammps-data", atom_style="atomic").positions
                  for path in sorted((self.record.folder / "starts").glob("start.*.data"))]
        try:
            self.motifs = cna.label(np.array(starts), self.symbols)
        except ValueError:  # labels are for metals with an fcc crystal
            self.motifs = ["unknown"] * self.trajectories

    def __iter__(self) -> Iterator[Structure]:
        for frame in self.record.frames():
            yield Structure(self.first + frame.replica, frame.step, frame.temperature,
                            frame.positions[self._orders[frame.replica]], str(self.motifs[frame.replica]))


class TrajectoryFile:
    """A file of frames of one cluster: one trajectory. `temperature` (K) where frames name none.
    `potential`: another one than the built-in potentials.

    Atoms of an alloy are put in the order of their elements.
    Every format of ASE; extxyz, ASE's own .traj and LAMMPS dumps are read frame by frame. A dump needs its
    `element` column, or `element` here. In a periodic box the cluster is put together.
    """

    trajectories, frames = 1, None

    def __init__(self, path: Path, first: int = 0, temperature: float | None = None, element: str | None = None,
                 potential: PairLines | None = None):  # fmt: skip
        self.path, self.first, self.temperature, self.potential = path, first, temperature, potential
        self._given = element
        start = next(iter(self._images()), None)
        if start is None:
            raise ValueError(f"quench: {path} holds no frame")
        if not (element or names_elements(path)):
            raise ValueError(f"quench: {path} does not name its elements: give --element, or the dump a column `element`")
        self._found = self._symbols(start)
        self._order = np.argsort(self._found, kind="stable")
        self.symbols, self.atoms = one_or_each([self._found[i] for i in self._order]), len(start)
        if potential is None:
            bonds(sorted(set(self._found)))  # checks them

    def _images(self) -> Iterator[Atoms]:
        if not self.path.is_file():
            raise FileNotFoundError(f"quench: {self.path}: no such file or folder of a ptmd run")
        number = -1
        try:
            for number, image in enumerate(images(self.path)):
                yield image
        except GeneratorExit:
            raise
        except Exception as e:  # every format of ASE has its own
            raise ValueError(f"quench: {self.path}: frame {number + 1} cannot be read: {type(e).__name__} {e}") from e

    def _symbols(self, image: Atoms) -> list[str]:
        return [self._given] * len(image) if self._given else list(image.symbols)

    def __iter__(self) -> Iterator[Structure]:
        for number, image in enumerate(self._images()):
            if (found := self._symbols(image)) != self._found:
                of, wanted = formula(one_or_each(found), len(found)), formula(self.symbols, self.atoms)
                raise ValueError(f"quench: {self.path}: frame {number} is {of}, must be {wanted} as the first one"
                                 + (", with its elements in the order of the first one" if of == wanted else ""))
            x = np.ascontiguousarray(image.positions, dtype=float)
            if image.pbc.any():
                x = np.asarray(_core.unwrap(x[None], np.asarray(image.cell), [bool(p) for p in image.pbc]))[0]
            temperature = image.info.get("temperature", self.temperature)
            yield Structure(self.first, number, np.nan if temperature is None else float(temperature), x[self._order])


def open_source(path: Path, first: int, temperature: float | None, element: str | None, potential: PairLines | None):
    """A tempering run (folder) or a trajectory file whose trajectories are numbered from `first`."""
    if path.is_dir():
        return TemperingRun(path, first)
    return TrajectoryFile(path, first, temperature, element, potential)
