"""The descriptor: a Gaussian-smoothed distribution of all interatomic distances, and its pull-back."""

from __future__ import annotations

import dataclasses
import functools
from typing import Sequence

import numpy as np

from nanochart import _core


@dataclasses.dataclass(frozen=True)
class RdfGrid:
    """Uniform grid of distances x_k = start + k*step, k = 0..bins-1, and the Gaussian's bandwidth.

    start, step and bandwidth in angstrom. Raises ValueError unless all are finite, step and
    bandwidth > 0, bins >= 1, and the last point >= 0.
    """

    start: float
    step: float
    bins: int
    bandwidth: float

    def __post_init__(self):
        if int(self.bins) != self.bins:
            raise _core.Error(f"RdfGrid: bins is {self.bins}, must be an integer >= 1")
        for name, kind in (("start", float), ("step", float), ("bins", int), ("bandwidth", float)):
            object.__setattr__(self, name, kind(getattr(self, name)))
        _rdf(self, 1)

    @classmethod
    def charting(cls, bins: int = 340) -> RdfGrid:
        """Points 40 .. 40+bins-1 of numpy.linspace(0, 25, 500), bandwidth 0.2 angstrom.

        340 points for Au147 and Ag147, 280 for Au90 and Cu147 (doi:10.1021/acsnano.3c05653).
        """
        step = 25 / 499
        return cls(40 * step, step, bins, 0.2)

    @property
    def points(self) -> np.ndarray:
        """The distances x_k [K], angstrom."""
        return self.start + self.step * np.arange(self.bins)


@functools.lru_cache(maxsize=32)
def _rdf(grid: RdfGrid, species: int) -> _core.Rdf:
    return _core.Rdf(grid.start, grid.step, grid.bins, grid.bandwidth, species)


def channel_names(species: Sequence) -> list[tuple]:
    """Pairs of elements, one per channel of g: (Ag, Ag), (Ag, Cu), (Cu, Cu)."""
    kinds = sorted(set(species))
    return [(a, b) for i, a in enumerate(kinds) for b in kinds[i:]]


def rdf(x, grid: RdfGrid, species=None, cell=None, pbc=None, threads: int = 1) -> np.ndarray:
    """Gaussian-smoothed distribution of all interatomic distances r_ij.

    g_c(x_k) = 2/(N(N-1)) sum_{i<j, pair c} exp(-(x_k - r_ij)^2 / (2 w^2)) / (w sqrt(2 pi))

    Parameters
    ----------
    x : [N,3], or a batch [n,N,3]; angstrom.
    grid : points x_k and bandwidth w.
    species : N chemical symbols or integers; one channel c per unordered pair of those that occur,
        in sorted order, each divided by the total number of pairs. None: one channel.
    cell, pbc : periodic cell, [3] or [3,3] with vectors as rows, and its periodic directions
        (default: all three); minimum images are taken.
    threads : over the frames of a batch; 0 takes all cores.

    Returns
    -------
    g[C,K], or [n,C,K] of a batch; 1/angstrom. Within 1e-6 of max(g) of the exact sum, and twice
    continuously differentiable in every position.

    Raises
    ------
    ValueError : wrong shapes, fewer than two atoms, coordinates that are not finite, two atoms at
        one place, or a cluster wider than half the cell.
    """
    frames, kinds, of = _prepare(x, species, cell, pbc)
    g = _rdf(grid, kinds).value(frames, of, _threads(threads))
    return g if np.ndim(x) == 3 else g[0]


def rdf_pullback(x, grid: RdfGrid, dv_dg, species=None, cell=None, pbc=None, threads: int = 1,
                 strain: bool = False):
    """Gradient dV/dx of any V(g), from dV/dg: the exact derivative of the g that `rdf` computes.

    Parameters
    ----------
    dv_dg : [C,K], or [n,C,K] for a batch; of one channel, C may be left out.
    strain : also return dV/dstrain = sum_{i<j} dV/dr_ij r_a r_b / r_ij.
    x, grid, species, cell, pbc, threads : as for `rdf`, which also says what is raised.

    Returns
    -------
    dv_dx[N,3] ([n,N,3]), or with `strain` the pair dv_dx, dv_dstrain[3,3] ([n,3,3]).
    """
    frames, kinds, of = _prepare(x, species, cell, pbc)
    kernel = _rdf(grid, kinds)
    wanted = (len(frames), kernel.channels, grid.bins)
    given = np.asarray(dv_dg, dtype=float)
    batch = np.ndim(x) == 3
    shapes = {wanted if batch else wanted[1:]}
    if kernel.channels == 1:
        shapes.add((wanted[0], wanted[2]) if batch else wanted[2:])
    if given.shape not in shapes:
        raise _core.Error(f"rdf_pullback: dv_dg has shape {given.shape}, must be "
                          + " or ".join(str(s) for s in sorted(shapes, key=len)))
    dv_dx, dv_dstrain = kernel.pullback(frames, of, given.reshape(wanted), _threads(threads))
    if not batch:
        dv_dx, dv_dstrain = dv_dx[0], dv_dstrain[0]
    return (dv_dx, dv_dstrain) if strain else dv_dx


def _prepare(x, species, cell, pbc) -> tuple[np.ndarray, int, np.ndarray | None]:
    """Frames [n,N,3] unwrapped, number of species, and species indices."""
    x = np.asarray(x)
    if x.dtype.kind not in "fiu":
        raise _core.Error(f"positions: dtype is {x.dtype}, must be real numbers")
    if x.ndim not in (2, 3) or x.shape[-1] != 3:
        raise _core.Error(f"positions: shape is {x.shape}, must be [N,3] or a batch [n,N,3]")
    if x.shape[-2] < 2:
        raise _core.Error(f"positions: the number of atoms is {x.shape[-2]}, must be >= 2")
    frames = np.ascontiguousarray(x if x.ndim == 3 else x[None], dtype=float)
    if cell is not None:
        frames = _core.unwrap(frames, *_cell(cell, pbc))
    elif pbc is not None and np.any(pbc):
        raise _core.Error("pbc is given without a cell: give both or neither")
    if species is None:
        return frames, 1, None
    if len(species) != x.shape[-2]:
        raise _core.Error(f"species: there are {len(species)}, must be one for each of the "
                          f"{x.shape[-2]} atoms")
    kinds, of = np.unique(np.asarray(species), return_inverse=True)
    return frames, len(kinds), of.astype(np.intc)


def _cell(cell, pbc) -> tuple[np.ndarray, list[bool]]:
    cell = np.asarray(cell, dtype=float)
    if cell.shape == (3,):
        cell = np.diag(cell)
    if cell.shape != (3, 3) or not np.all(np.isfinite(cell)):
        raise _core.Error(f"cell: shape is {cell.shape}, must be finite lengths [3] or vectors [3,3]")
    periodic = np.broadcast_to(True if pbc is None else np.asarray(pbc, dtype=bool), 3)
    if not periodic.all():
        # Directions that are not periodic may be missing, as in ASE.
        from ase.geometry import complete_cell

        cell = complete_cell(cell)
    return cell, periodic.tolist()


def _threads(threads: int) -> int:
    if threads != int(threads) or threads < 0:
        raise _core.Error(f"threads is {threads}, must be an integer >= 0 (0: all cores)")
    return int(threads)
