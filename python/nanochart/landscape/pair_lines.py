"""A LAMMPS potential by its pair_style and pair_coeff lines, with the files that they name."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers, covalent_radii

COMMANDS = ("pair_style", "pair_coeff")


@dataclass(frozen=True)
class PairLines:
    """lines: without comments, files without folders; folder: where they lie; digest: of their content."""

    lines: tuple[str, ...]
    folder: Path = field(compare=False)
    digest: str = ""

    @property
    def files(self) -> list[Path]:
        return _files(self.lines, self.folder)

    @property
    def located(self) -> list[str]:
        """The lines with whole paths: for LAMMPS in whatever folder."""
        return [" ".join(str((self.folder / word).resolve()) if (self.folder / word).is_file() else word
                         for word in line.split()) for line in self.lines]  # fmt: skip

    def __str__(self) -> str:
        return "; ".join(self.lines) + (f" (SHA-256 of its files {self.digest[:16]})" if self.digest else "")


def pair_lines(lines: Sequence[str], folder: Path) -> PairLines:
    """The potential of LAMMPS lines whose files lie in `folder`."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in _files(lines, folder)))
    return PairLines(tuple(lines), folder, digest.hexdigest() if _files(lines, folder) else "")


def read_pair_lines(path: Path) -> PairLines:
    """The potential of a file with pair_style and pair_coeff lines; tables are looked for beside it.

    Raises FileNotFoundError, or ValueError without a pair_style or a pair_coeff line.
    """
    if not path.is_file():
        raise FileNotFoundError(f"potential: {path}: no such file, must hold pair_style and pair_coeff lines")
    lines = []
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            lines.append(" ".join(Path(w).name if (path.parent / w).is_file() else w for w in words))
            folders = {(path.parent / w).resolve().parent for w in words if (path.parent / w).is_file()}
            if folders - {path.parent.resolve()}:
                raise ValueError(f"potential: {path} names a file in {folders.pop()}, must lie beside it")
    for command in COMMANDS:
        if not any(line.startswith(command) for line in lines):
            raise ValueError(f"potential: {path} has no {command} line, must have pair_style and pair_coeff")
    return pair_lines(lines, path.parent)


def check_types(potential: PairLines, elements: Sequence[str]) -> None:
    """ValueError if a `pair_coeff * *` line names these elements in another order than atom types have."""
    for line in potential.lines:
        named = line.split()[-len(elements) :]
        if line.startswith("pair_coeff * *") and sorted(named) == sorted(elements) and named != sorted(elements):
            raise ValueError(f"potential: {line!r} names {' '.join(named)}, must name {' '.join(sorted(elements))}: "
                             "atom types are in alphabetical order")


def bond_length(element: str) -> float:
    """Twice the covalent radius (A): a scale for what is too near. ValueError for an unknown element."""
    radius = covalent_radii[atomic_numbers[element]] if element in atomic_numbers else np.nan
    if not radius > 0:
        raise ValueError(f"potential: element is {element!r}, must be a chemical symbol")
    return 2 * float(radius)


def _files(lines: Sequence[str], folder: Path) -> list[Path]:
    return [folder / word for line in lines for word in line.split()[1:] if (folder / word).is_file()]
