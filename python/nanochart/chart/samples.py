"""Training samples: from a data set of (thermal, quenched) pairs to arrays of g."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nanochart.descriptor import RdfGrid, rdf

INPUTS = ("quenched", "thermal+quenched")
TARGETS = ("self", "quenched")
SPLITS = ("random", "trajectory")
PAPER_BINS = {("Au", 147): 340, ("Ag", 147): 340, ("Au", 90): 280, ("Cu", 147): 280}


@dataclass(frozen=True)
class Samples:
    """inputs and targets g[n,C,K] (1/angstrom, float32); samples of one group stay on one side of
    the split; kind is "thermal" or "quenched", what the input is."""

    inputs: np.ndarray
    targets: np.ndarray
    groups: np.ndarray  # [n] integers
    kind: np.ndarray  # [n] names

    def __post_init__(self):
        if self.inputs.ndim != 3 or self.inputs.shape != self.targets.shape:
            raise ValueError(
                f"inputs {self.inputs.shape} and targets {self.targets.shape} must have one shape [n, C, K]"
            )
        if len(self.groups) != len(self.inputs) or len(self.kind) != len(self.inputs):
            raise ValueError("groups and kind must have one entry for each sample")

    def save(self, path: Path) -> None:
        np.savez(path, inputs=self.inputs, targets=self.targets, groups=self.groups, kind=self.kind)

    @classmethod
    def load(cls, path: Path) -> Samples:
        with np.load(path) as file:
            return cls(*(file[name] for name in ("inputs", "targets", "groups", "kind")))


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


def make_samples(
    thermal: np.ndarray,
    quenched: np.ndarray,
    replica: np.ndarray,
    grid: RdfGrid,
    inputs: str = "thermal+quenched",
    target: str = "quenched",
    split: str = "trajectory",
) -> Samples:
    """Samples from pairs of positions [n,N,3] (angstrom) and the trajectory number [n] of each.

    inputs : "quenched", or "thermal+quenched": each pair gives two samples.
    target : "self", or "quenched": the chart of a hot structure is that of its basin.
    split : "random": single pairs are held out (as in the paper), or whole trajectories.
    """
    for name, value, allowed in (("inputs", inputs, INPUTS), ("target", target, TARGETS), ("split", split, SPLITS)):
        if value not in allowed:
            raise ValueError(f"{name} is {value!r}, must be one of {allowed}")
    cold = rdf(quenched, grid).astype(np.float32)
    groups = np.asarray(replica) if split == "trajectory" else np.arange(len(cold))
    names = np.full(len(cold), "quenched")
    if inputs == "quenched":
        return Samples(cold, cold, groups, names)
    hot = rdf(thermal, grid).astype(np.float32)
    return Samples(
        np.concatenate([hot, cold]),
        np.concatenate([hot if target == "self" else cold, cold]),
        np.concatenate([groups, groups]),
        np.concatenate([np.full(len(hot), "thermal"), names]),
    )
