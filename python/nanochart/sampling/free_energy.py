"""Free energies F(s) on a grid: from weighted frames, and from the hills of metadynamics."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from ase.units import kB
from scipy.special import logsumexp

from .biases import Metadynamics
from .ensemble import Ensemble
from .hills import Hills

Axis = tuple[float, float, int]  # lo, hi, bins


@dataclass(frozen=True)
class FreeEnergy:
    """F = -kT ln p(s) in the middle of each bin, in eV, its minimum at 0; inf where nothing was seen.

    Attributes
    ----------
    names : of the k coordinates.
    axes : k arrays, the bins' middles.
    values : [bins1, .., binsk] eV.
    errors : the same, standard errors; None where there are none (from hills).
    temperature : K.
    """

    names: tuple[str, ...]
    axes: tuple[np.ndarray, ...]
    values: np.ndarray
    errors: np.ndarray | None
    temperature: float

    @property
    def kt(self) -> float:
        """eV."""
        return kB * self.temperature

    def probability(self) -> np.ndarray:
        """Share of each bin; they sum to 1."""
        return np.exp(-self.values / self.kt - logsumexp(-self.values / self.kt))

    def projected(self, names: list[str]) -> FreeEnergy:
        """F of some of the coordinates: -kT ln of the sum of exp(-F/kT) over the others; no errors."""
        for name in names:
            if name not in self.names:
                raise ValueError(f"project: there is no coordinate {name}, must be one of {', '.join(self.names)}")
        keep = [self.names.index(name) for name in names]
        rest = tuple(i for i in range(len(self.names)) if i not in keep)
        if not rest:
            return self
        left = [i for i in range(len(self.names)) if i in keep]
        values = -self.kt * logsumexp(-self.values / self.kt, axis=rest)
        values = np.transpose(values, [left.index(i) for i in keep])
        return FreeEnergy(tuple(names), tuple(self.axes[i] for i in keep), values - values.min(), None, self.temperature)

    def save(self, path: str | os.PathLike) -> None:
        """A text file as PLUMED's sum_hills writes: coordinates, F (eV), its error (nan where none)."""
        places = np.meshgrid(*self.axes, indexing="ij")
        errors = np.full_like(self.values, np.nan) if self.errors is None else self.errors
        rows = np.stack([*(p.ravel() for p in places), self.values.ravel(), errors.ravel()], axis=-1)
        header = f"! FIELDS {' '.join(self.names)} file.free file.error\n! SET temperature {self.temperature:g}"
        np.savetxt(path, rows, fmt="%.9g", header=header, comments="#")


def centres(axis: Axis) -> np.ndarray:
    lo, hi, bins = axis
    return lo + (np.arange(bins) + 0.5) * (hi - lo) / bins


def check_axes(axes: list[Axis]) -> None:
    for lo, hi, bins in axes:
        if not (np.isfinite([lo, hi]).all() and lo < hi and bins >= 1):
            raise ValueError(f"grid {lo:g} {hi:g} {bins}: lo must be smaller than hi, bins >= 1")


def histogram(values: np.ndarray, ensemble: Ensemble, axes: list[Axis], names: list[str]) -> FreeEnergy:
    """F(s) of weighted frames: -kT ln(sum of weights in a bin / volume of the bin), with block errors.

    Parameters
    ----------
    values : [n, k], the k coordinates of the frames, biased in the run or not.
    axes : (lo, hi, bins) of each. Frames outside do not count.

    Raises ValueError when no frame is on the grid.
    """
    check_axes(axes)
    values = np.asarray(values, float).reshape(len(ensemble.log_weights), len(axes))
    edges = [np.linspace(lo, hi, bins + 1) for lo, hi, bins in axes]
    shape = [axis[2] for axis in axes]
    inside = np.ones(len(values), bool)
    at = np.zeros(len(values), int)
    for column, edge, bins in zip(values.T, edges, shape):
        place = np.searchsorted(edge, column, side="right") - 1
        inside &= (place >= 0) & (place < bins)
        at = at * bins + place
    if not inside.any():
        raise ValueError(f"no frame is on the grid {axes}, must be given for {' '.join(names)}")

    def free_energy(log_weights):
        w = log_weights[inside]
        counts = np.bincount(at[inside], np.exp(w - w.max()), np.prod(shape))
        with np.errstate(divide="ignore"):
            return -ensemble.kt * np.log(counts / counts.sum())

    # The zero is the mean over the bins of low F, so that errors are not those of one bin.
    f, _ = ensemble.estimate(free_energy)
    low = f < f.min() + 2 * ensemble.kt
    share = np.exp(-f[low] / ensemble.kt)

    def aligned(log_weights):
        g = free_energy(log_weights)
        with np.errstate(invalid="ignore"):  # a bin that only the block left out has seen
            return g - np.average(g[low], weights=share)

    _, error = ensemble.estimate(aligned)
    return FreeEnergy(tuple(names), tuple(map(centres, axes)), (f - f.min()).reshape(shape), error.reshape(shape),
                      ensemble.temperature)  # fmt: skip


def from_hills(hills: Hills, axes: list[Axis], temperature: float, until: int | None = None) -> FreeEnergy:
    """F(s) of metadynamics: -gamma/(gamma - 1) V(s) (plain: -V(s)) of the first `until` hills.

    Sums the hills exactly, as PLUMED's sum_hills. F is known up to a constant only; no errors: see
    how it changes with time (`convergence`), or compare runs.
    """
    check_axes(axes)
    if len(axes) != len(hills.names):
        raise ValueError(f"grid is given for {len(axes)} coordinates, must be given for {len(hills.names)}: "
                         f"{' '.join(hills.names)}")  # fmt: skip
    v = potential(hills, axes, until)
    values = -v if hills.biasfactor is None else -v * hills.biasfactor / (hills.biasfactor - 1)
    return FreeEnergy(tuple(hills.names), tuple(map(centres, axes)), values - values.min(), None, temperature)


def potential(hills: Hills, axes: list[Axis], until: int | None = None) -> np.ndarray:
    """V [bins1, .., binsk] (eV) of the first `until` hills in the middle of each bin."""
    bias = Metadynamics(list(hills.sigma), 1.0, 1, grid=[_nodes(axis) for axis in axes])
    bias.add(hills.center[:until], hills.height[:until])
    places = np.stack(np.meshgrid(*map(centres, axes), indexing="ij"), axis=-1)
    shape = places.shape[:-1]
    return bias.value(places.reshape(-1, len(axes)))[0].reshape(shape)


def _nodes(axis: Axis) -> Axis:
    """The grid whose nodes are the middles of the bins, where V is exact."""
    middle = centres(axis)
    if len(middle) == 1:
        return (axis[0], axis[1], 2)
    return (middle[0], middle[-1], len(middle) - 1)


def ct(hills: Hills, axes: list[Axis], temperature: float, until: int | None = None) -> float:
    """c(t) in eV after the first `until` hills (doi:10.1021/jp504920s); see docs/biases.md."""
    bias = Metadynamics(list(hills.sigma), 1.0, 1, biasfactor=hills.biasfactor, temperature=temperature, grid=list(axes))
    bias.add(hills.center[:until], hills.height[:until])
    return bias.ct


def convergence(hills: Hills, axes: list[Axis], temperature: float, parts: int = 10) -> list[tuple[float, FreeEnergy]]:
    """(time in ps, F(s)) after equal parts of the hills."""
    if len(hills.time) < parts:
        raise ValueError(f"there are {len(hills.time)} hills, must be at least {parts} for {parts} parts")
    ends = np.linspace(0, len(hills.time), parts + 1).astype(int)[1:]
    return [(float(hills.time[n - 1]), from_hills(hills, axes, temperature, n)) for n in ends]


def distance(one: FreeEnergy, other: FreeEnergy, below: float) -> float:
    """Root mean square of F_one - F_other (eV) where F_other < below (eV), each about its mean there."""
    low = (other.values < below) & np.isfinite(one.values)
    if not low.any():
        raise ValueError("the two free energies have no bin in common")
    return float(np.std(one.values[low] - other.values[low]))
