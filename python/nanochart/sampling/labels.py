"""Labels of frames (CNA motif, family, ..) brought to the rows of a COLVAR table."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .colvar import FIELDS, columns, read_colvar


def labels_of_rows(
    path: str | os.PathLike, table: dict[str, np.ndarray], interval: float | None = None, timestep: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices [m] of the rows that have a label, and their labels [m].

    Parameters
    ----------
    path : a column of the table; a text file of lines `time label` (ps); a data set of `nanochart
        quench`, whose CNA labels are taken; or a COLVAR file of `nanochart project`, whose labels
        are taken, else its families; FILE:COLUMN names another column.
    table : columns with `time`, and `replica` for a tempering run.
    interval : ps between frames of the trajectory from which the data set was quenched; its first
        frame is at time 0.
    timestep : ps, when the data set is of a tempering run: its rows are found by replica and step.

    Raises ValueError for a file that is none of these, or when no row has a label.
    """
    if path in table:
        return np.arange(len(table["time"])), np.array([f"{value:g}" for value in table[path]])
    if Path(path).suffix in (".h5", ".hdf5"):
        keys, labels = _of_data_set(path, interval, timestep)
    elif (colvar := _colvar(path)) is not None:
        keys, labels = _of_colvar(*colvar)
    else:
        keys, labels = _of_text(path)
    replica = table.get("replica", np.zeros(len(table["time"])))
    rows = {(int(r), round(float(t), 6)): i for i, (r, t) in enumerate(zip(replica, table["time"]))}
    found = [(rows[key], label) for key, label in zip(keys, labels) if key in rows]
    if not found:
        raise ValueError(f"{path}: none of its times is that of a row of the COLVAR file")
    found.sort()
    index, label = zip(*found)
    return np.array(index), np.array(label)


def _colvar(path: str | os.PathLike) -> tuple[str, str] | None:
    """(file, column) of a COLVAR file, column empty where none is named; None for another file."""
    file, column = os.fspath(path), ""
    if not Path(file).exists() and ":" in file:
        file, _, column = file.rpartition(":")
    with open(file) as text:
        return (file, column) if text.readline().startswith(FIELDS) else None


def _of_colvar(path: str, column: str) -> tuple[list[tuple[int, float]], list[str]]:
    from nanochart.landscape.cna import LABELS

    table = read_colvar(path)
    known = [name for end in (".label", ".family") for name in table if name.endswith(end)]
    if not (column := column or (known or [""])[0]):
        raise ValueError(f"{path}: has neither labels nor families, as `nanochart project` writes them: name a column, {path}:COLUMN")
    values = columns(table, [column], path)[:, 0]
    used = np.isfinite(values) & ((values >= 0) | (column not in known))  # -1: no label
    names = [LABELS[int(v)] if column.endswith(".label") else f"{v:g}" for v in values[used]]
    return [(0, round(float(t), 6)) for t in table["time"][used]], names


def _of_text(path: str | os.PathLike) -> tuple[list[tuple[int, float]], list[str]]:
    keys, labels = [], []
    for number, line in enumerate(Path(path).read_text().splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        words = line.split()
        try:
            keys.append((0, round(float(words[0]), 6)))
            (label,) = words[1:]
        except ValueError:
            raise ValueError(f"{path}, line {number}: must be `time label`, time in ps") from None
        labels.append(label)
    return keys, labels


def _of_data_set(path, interval, timestep) -> tuple[list[tuple[int, float]], list[str]]:
    from nanochart.landscape.cna import LABELS
    from nanochart.landscape.dataset import Dataset

    if (interval is None) == (timestep is None):
        raise ValueError(f"{path}: give the interval between frames of the trajectory (ps)")
    data = Dataset(path)
    used = data.converged & (data.cna >= 0)
    replica = np.zeros(len(used)) if timestep is None else data.replica
    time = data.step * (timestep if interval is None else interval)
    keys = [(int(r), round(float(t), 6)) for r, t in zip(replica[used], time[used])]
    return keys, [LABELS[code] for code in data.cna[used]]
