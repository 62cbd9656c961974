"""A data set on a chart: s of every structure, beside what the data set says of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nanochart.landscape import cna
from nanochart.landscape import dataset_file as files

from .chart_cv import ChartCV

COLUMNS = ("converged", "energy", "temperature", "replica", "step", "cna", "count")


@dataclass(frozen=True)
class Points:
    """Converged structures of a data set, of a set without duplicates each once, in the order of its file; arrays have one row a structure.

    s[n,d]; codes[n] into cna.LABELS; energy (eV); temperature (K); replica and step; count[n], how
    many frames a structure stands for (-1: the set holds all frames); positions[n,N,3] of the quenched
    structure (A, float32); row[n] in the file; model: SHA-256 of the model file.
    """

    s: np.ndarray
    codes: np.ndarray
    energy: np.ndarray
    temperature: np.ndarray
    replica: np.ndarray
    step: np.ndarray
    count: np.ndarray
    positions: np.ndarray
    row: np.ndarray
    element: str
    atoms: int
    path: Path
    model: str

    def __len__(self) -> int:
        return len(self.s)

    @property
    def unique(self) -> bool:
        """Whether duplicates were dropped, so that numbers of structures are no populations."""
        return bool(len(self) and (self.count >= 0).any())

    def sample(self, size: int, seed: int = 0) -> Points:
        """At most `size` of the structures, drawn at random, in the order of the file."""
        return self.take(np.sort(np.random.default_rng(seed).permutation(len(self))[:size]))

    def take(self, rows: np.ndarray) -> Points:
        """The structures of these rows."""
        arrays = {name: value[rows] for name, value in vars(self).items()
                  if isinstance(value, np.ndarray) and len(value) == len(self)}
        return replace(self, **arrays)

    @property
    def labels(self) -> np.ndarray:
        """Names of the labels [n]."""
        return np.array(cna.LABELS)[self.codes]


def load(model: str | os.PathLike | ChartCV, data: str | os.PathLike, progress: bool = False,
         keep_positions: bool = True) -> Points:  # fmt: skip
    """Read a data set (landscape.dataset) and evaluate the chart at its quenched structures.

    Labels that the data set lacks are made. Without `keep_positions` they are not kept in memory. Raises ValueError when the model is of another system,
    or no structure has converged.
    """
    from tqdm import tqdm

    chart = model if isinstance(model, ChartCV) else ChartCV(model)
    path = Path(data)
    attrs = files.read_attributes(path)
    element, atoms = str(attrs["elements"]), int(attrs["atoms"])
    of = chart.metadata["elements"], chart.metadata["atoms"]
    if of != ([element], atoms):
        raise ValueError(f"data set {path} holds {element}{atoms}, the model {chart.metadata['name']} is of "
                         f"{of[1]} atoms of {' '.join(of[0])}; give them the same system")
    parts, first = [], 0
    bar = tqdm(unit="structure", desc="chart", disable=None if progress else True)
    for rows in files.slabs(path, ["positions_quenched", *COLUMNS]):
        good = rows["converged"].astype(bool) & (rows["count"] != 0)  # 0: further frames of a structure
        x = rows.pop("positions_quenched")[good]
        part = {name: values[good] for name, values in rows.items()} | {"positions": x}
        part["row"] = first + np.flatnonzero(good)
        first += len(good)
        if len(x):
            part["s"] = chart.evaluate(x)
            if (part["cna"] < 0).any():
                part["cna"] = cna.label_codes(x, element)
            if not keep_positions:
                part["positions"] = x[:0]
            parts.append(part)
        bar.update(len(good))
    bar.close()
    if not parts:
        raise ValueError(f"data set {path}: no structure in it has converged")
    whole = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    return Points(
        whole["s"], whole["cna"], whole["energy"], whole["temperature"], whole["replica"], whole["step"],
        whole["count"], whole["positions"], whole["row"], element, atoms, path, chart.hash,
    )  # fmt: skip
