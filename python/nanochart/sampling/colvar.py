"""COLVAR files, of `fix nanochart` and of PLUMED, as columns."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

FIELDS = "#! FIELDS"


def read_colvar(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Columns of a COLVAR file by their names, each [n]; `time` in ps.

    Of rows that a continued run wrote twice, the later ones are kept, so that time ascends. An
    unfinished last line is not used.

    Raises
    ------
    ValueError
        naming file and line, for a file without `#! FIELDS time ..`, whose columns change on the
        way, or with a row that is not numbers.
    """
    names: list[str] = []
    rows: list[list[float]] = []
    text = Path(path).read_text()
    for number, line in enumerate(text[: text.rfind("\n") + 1].splitlines(), 1):
        if line.startswith(FIELDS):
            fields = line.split()[2:]
            if names and fields != names:
                raise ValueError(f"{path}, line {number}: columns change to {' '.join(fields)}, must be "
                                 f"{' '.join(names)} as before: split the file there")  # fmt: skip
            names = fields
        elif line.strip() and not line.startswith("#"):
            try:
                row = [float(word) for word in line.split()]
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from None
            if len(row) != len(names):
                raise ValueError(f"{path}, line {number}: {len(row)} numbers, must be {len(names)} "
                                 f"as in the line `{FIELDS}` before them")  # fmt: skip
            rows.append(row)
    if not names or names[0] != "time":
        raise ValueError(f"{path}: the first line must be `{FIELDS} time ..`, as in a COLVAR file")
    table = np.array(rows).reshape(len(rows), len(names))
    return dict(zip(names, table[kept(table[:, 0])].T))


def kept(time: np.ndarray) -> np.ndarray:
    """Indices of rows not written again later, when the run had gone back to a restart."""
    later = np.append(np.minimum.accumulate(time[::-1])[::-1][1:], np.inf)
    return np.flatnonzero(time < later)


def join(first: dict[str, np.ndarray], other: dict[str, np.ndarray], what: str) -> dict[str, np.ndarray]:
    """Columns of both tables at the times that both have; `what` names the second one in errors."""
    a, b = (np.round(table["time"], 6) for table in (first, other))  # as COLVAR files print it
    time, here, there = np.intersect1d(a, b, return_indices=True)
    if not len(time):
        raise ValueError(f"{what}: none of its times is one of the first file's, which go from {a[0]:g} to {a[-1]:g} ps")
    twice = (first.keys() & other.keys()) - {"time"}
    if twice:
        raise ValueError(f"{what}: its column {sorted(twice)[0]} is in another file too: rename one of them")
    return {name: v[here] for name, v in first.items()} | {name: v[there] for name, v in other.items()}


def columns(table: dict[str, np.ndarray], names: list[str], path: str | os.PathLike) -> np.ndarray:
    """The columns `names` of a table as [n, k]. Raises ValueError for a name that it lacks."""
    for name in names:
        if name not in table:
            raise ValueError(f"{path}: there is no column {name}, must be one of {', '.join(table)}")
    return np.stack([table[name] for name in names], axis=-1)
