"""The walkers of one biased run, each with files of its own, as one table of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .colvar import join, read_colvar
from .labels import labels_of_rows
from .reweighting import bias_of_frames, final_bias


@dataclass(frozen=True)
class BiasedFrames:
    """Frames of all walkers in the order of time, so that a block of time is one of all of them.

    Attributes
    ----------
    table : columns [n] that all walkers logged, and `walker`, the number of its COLVAR file.
    bias : [n] eV, V - c(t).
    rows, labels : [m], which frames have a label, and their labels; empty if none were asked for.
    """

    table: dict[str, np.ndarray]
    bias: np.ndarray
    rows: np.ndarray
    labels: np.ndarray


def read_biased(
    files: Sequence[Path], *, more: Sequence[Path] = (), hills: Sequence[Path] = (), skip: float = 0.0,
    labels: Sequence[str] = (), interval: float | None = None,
) -> BiasedFrames:  # fmt: skip
    """Read the COLVAR files of a run, one a walker.

    more, labels : files with further columns, and with labels, as many for each walker, in the order
        of `files` again and again; one name of a column in `labels` serves all.
    hills : the frames' bias is the final V of these files, not V - c(t) of the log.
    skip : ps left out at the beginning.

    Raises ValueError for files that do not belong together, or without what is asked of them.
    """
    if len(more) % len(files):
        raise ValueError(f"--join is given {len(more)} times, must be once for each of {len(files)} COLVAR files, in their order")
    tables, biases, found = [], [], []
    for k, file in enumerate(files):
        table = later(read_colvar(file), skip, file)
        for other in more[k :: len(files)]:
            table = join(table, read_colvar(other), str(other))
        biases.append(final_bias(table, file, *hills) if hills else bias_of_frames(table, file))
        found.append(_labels(labels, k, len(files), table, interval))
        if table.keys() != (tables or [table])[0].keys():
            raise ValueError(f"{file}: columns are {' '.join(table)}, must be {' '.join(tables[0])} as in {files[0]}")
        tables.append(table)
    ends = np.cumsum([0, *map(len, biases)])
    whole = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    whole["walker"] = np.repeat(np.arange(len(files)), np.diff(ends))
    order = np.argsort(whole["time"], kind="stable")
    place = np.argsort(order)  # of a frame in the order of files, in the order of time
    rows = place[np.concatenate([first + rows for first, (rows, _) in zip(ends, found)])]
    by_time = np.argsort(rows)
    names = np.concatenate([names for _, names in found])
    return BiasedFrames({name: column[order] for name, column in whole.items()}, np.concatenate(biases)[order],
                        rows[by_time], names[by_time])  # fmt: skip


def later(table: dict[str, np.ndarray], skip: float, file: Path) -> dict[str, np.ndarray]:
    """Rows from `skip` ps on. Raises ValueError if there is none."""
    late = table["time"] >= skip
    if not late.any():
        raise ValueError(f"{file}: no row is later than {skip:g} ps")
    return {name: column[late] for name, column in table.items()}


def _labels(labels: Sequence[str], k: int, walkers: int, table, interval) -> tuple[np.ndarray, np.ndarray]:
    """Rows of walker k that have a label, and the labels."""
    if not labels:
        return np.zeros(0, int), np.zeros(0, str)
    if len(labels) == 1 and labels[0] in table:
        return labels_of_rows(labels[0], table)
    if len(labels) != walkers:
        raise ValueError(f"--labels is given {len(labels)} times, must be a column's name, or once for each of "
                         f"{walkers} COLVAR files, in their order")  # fmt: skip
    return labels_of_rows(labels[k], table, interval)
