"""Training samples: from a data set of (thermal, quenched) pairs to arrays of g."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nanochart.descriptor import RdfGrid, rdf
from nanochart.landscape.dataset_file import TRAINING, VALIDATION

INPUTS = ("quenched", "thermal+quenched")
TARGETS = ("self", "quenched")
SPLITS = ("random", "blocks")
PAPER_BINS = {("Au", 147): 340, ("Ag", 147): 340, ("Au", 90): 280, ("Cu", 147): 280}


@dataclass(frozen=True)
class Samples:
    """inputs and targets g[n,C,K] (1/angstrom, float32); part[n] is TRAINING, VALIDATION or NEITHER;
    kind[n] is "thermal" or "quenched", what the input is; label[n] is the code of the quenched frame's
    label (`landscape.cna.LABELS`), -1 where it has none, and None stands for -1 everywhere."""

    inputs: np.ndarray
    targets: np.ndarray
    part: np.ndarray
    kind: np.ndarray
    label: np.ndarray | None = None

    def __post_init__(self):
        if self.label is None:
            object.__setattr__(self, "label", np.full(len(self.inputs), -1, np.int8))
        if self.inputs.ndim != 3 or self.inputs.shape != self.targets.shape:
            raise ValueError(
                f"inputs {self.inputs.shape} and targets {self.targets.shape} must have one shape [n, C, K]"
            )
        if {len(self.part), len(self.kind), len(self.label)} != {len(self.inputs)}:
            raise ValueError("part, kind and label must have one entry for each sample")

    @property
    def training(self) -> np.ndarray:
        """Indices of the samples to learn from."""
        return np.flatnonzero(self.part == TRAINING)

    @property
    def validation(self) -> np.ndarray:
        """Indices of the held-out samples."""
        return np.flatnonzero(self.part == VALIDATION)

    def save(self, path: Path) -> None:
        part = path.with_name(f"{path.stem}.part.npz")
        np.savez(part, **vars(self))
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Samples:
        with np.load(path) as file:
            return cls(**file)


def grid_of(thermal: np.ndarray, quenched: np.ndarray, element: str, bins: int | None = None) -> RdfGrid:
    """The papers' grid: `bins` points, or their number for the four published systems, else all
    points of linspace(0, 25, 500) from the first to the last whose largest g over the structures
    exceeds 1e-6 of the peak."""
    bins = bins or PAPER_BINS.get((element, quenched.shape[1]))
    if bins:
        return RdfGrid.charting(bins)
    wide = RdfGrid(0.0, 25 / 499, 500, 0.2)
    peaks = np.maximum(*(rdf(x, wide).max(axis=(0, 1)) for x in (thermal, quenched)))
    first, last = np.flatnonzero(peaks > 1e-6 * peaks.max())[[0, -1]]
    return RdfGrid(first * wide.step, wide.step, int(last - first + 1), wide.bandwidth)


def parts_of(data, split: str) -> np.ndarray:
    """TRAINING, VALIDATION or NEITHER [n] for the rows of a data set (landscape.dataset.Dataset).

    "random" (single structures, as in the papers) and "blocks" (stretches of trajectory) are those
    that `nanochart dataset` stored in the file. A file without them: single structures, or whole
    trajectories, drawn with seed 0 (`hold_out_groups`).
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}, must be one of {SPLITS}")
    stored = getattr(data, f"split_{split}", None)
    if stored is not None:
        return np.asarray(stored, np.int8)
    return hold_out_groups(data.replica if split == "blocks" else np.arange(len(data)))


def hold_out_groups(groups: np.ndarray, held_out: float = 0.2, seed: int = 0) -> np.ndarray:
    """TRAINING or VALIDATION [n]; whole groups are held out, each by a draw of its own number and
    the seed, so that a group stays on its side when the data grow."""
    names = np.unique(groups)
    if len(names) < 5:
        raise ValueError(f"{len(names)} groups (trajectories or structures) are too few to hold some out, need >= 5")
    draws = np.array([np.random.default_rng((seed, int(name))).random() for name in names])
    chosen = draws < max(held_out, draws.min() * (1 + 1e-9))  # at least one
    return np.where(np.isin(groups, names[chosen]), VALIDATION, TRAINING).astype(np.int8)


def draw_rows(n: int, structures: int | None, half: int | None, seed: int) -> np.ndarray:
    """Rows of 0..n-1 to learn on, upwards: of one half (1 or 2, always the same two; None: of all), and
    of those `structures` drawn by the seed (None: all)."""
    if half not in (None, 1, 2):
        raise ValueError(f"half is {half}, must be 1 or 2")
    rows = np.arange(n) if half is None else np.random.default_rng(0).permutation(n)[half - 1 :: 2]
    if structures is not None:
        if not 20 <= structures <= len(rows):
            raise ValueError(f"structures is {structures}, must be 20 to {len(rows)}, what there are to draw from")
        rows = np.random.default_rng(seed).permutation(rows)[:structures]
    return np.sort(rows)


def make_samples(
    thermal: np.ndarray,
    quenched: np.ndarray,
    part: np.ndarray,
    grid: RdfGrid,
    inputs: str = "thermal+quenched",
    target: str = "quenched",
    label: np.ndarray | None = None,
) -> Samples:
    """Samples from pairs of positions [n,N,3] (angstrom), the side [n] of the split and the label [n] of each.

    inputs : "quenched", or "thermal+quenched": each pair gives two samples.
    target : "self", or "quenched": the chart of a hot structure is that of its basin.
    """
    for name, value, allowed in (("inputs", inputs, INPUTS), ("target", target, TARGETS)):
        if value not in allowed:
            raise ValueError(f"{name} is {value!r}, must be one of {allowed}")
    cold = rdf(quenched, grid).astype(np.float32)
    names = np.full(len(cold), "quenched")
    if inputs == "quenched":
        return Samples(cold, cold, part, names, label)
    hot = rdf(thermal, grid).astype(np.float32)
    return Samples(
        np.concatenate([hot, cold]),
        np.concatenate([hot if target == "self" else cold, cold]),
        np.concatenate([part, part]),
        np.concatenate([np.full(len(hot), "thermal"), names]),
        None if label is None else np.concatenate([label, label]),
    )
