"""The chart as a collective variable: positions -> s, and its pull-back, by the C++ that LAMMPS runs."""

from __future__ import annotations

import functools
import json
import os
from typing import Any

import numpy as np
import torch  # before the first model: libtorch is then Python's own

from nanochart import _core
from nanochart.descriptor import RdfGrid, _cell


class ChartCV:
    """Chart coordinates s[d] = encoder(g(x)) of a model file.

    Parameters
    ----------
    model : name of a shipped model (letters, digits, '-'), or a path (with '/' or '.').

    Raises
    ------
    ValueError : file missing, damaged, or not written by nanochart; another torch than nanochart
        was built for. Methods: number of atoms or species that do not fit the model, coordinates
        not finite, two atoms at one place, cluster wider than half the cell.
    """

    def __init__(self, model: str | os.PathLike):
        torch.get_num_threads()  # torch sets its count on first use: now, not inside a call
        name = os.fspath(model)
        if isinstance(model, os.PathLike) and "/" not in name and "." not in name:
            name = f"./{name}"
        self._cv = _core.ChartCV(name)

    def __reduce__(self):  # copies and pickles open the file again
        return _reopen, (os.path.abspath(self.path), self.hash)

    @property
    def path(self) -> str:
        """The model file."""
        return self._cv.path

    @property
    def hash(self) -> str:
        """SHA-256 of the model file."""
        return self._cv.hash

    @functools.cached_property
    def metadata(self) -> dict[str, Any]:
        """nanochart.json of the model file (docs/model-file.md)."""
        return json.loads(self._cv.json)

    @functools.cached_property
    def grid(self) -> RdfGrid:
        """Grid of g."""
        return RdfGrid(**self.metadata["grid"])

    @property
    def dim(self) -> int:
        """Number of chart coordinates, d."""
        return self._cv.dim

    def evaluate(self, x, species=None, cell=None, pbc=None) -> np.ndarray:
        """s[d] of positions x[N,3], or s[n,d] of a batch [n,N,3]; angstrom.

        species : N chemical symbols, or indices into the model's elements; not needed for one
        element. cell, pbc : periodic cell [3] or [3,3] and directions, as for `nanochart.rdf`.
        """
        frames = _frames(x)
        s = self._cv.value(frames, *self._where(frames, species, cell, pbc))
        return s if np.ndim(x) == 3 else s[0]

    def outside(self, x, species=None, cell=None, pbc=None):
        """How far outside its training data the model is used at x[N,3] (or [n] of a batch [n,N,3]).

        A distance of g from the training inputs (`chart.outside`) in units of the 99.9th percentile
        of unseen inputs: above 1, s should not be trusted. It sees what changes many distances
        (compression, melting, other shapes), but hardly a single atom that goes astray, and no
        element of like size. NaN when the model file does not have it.
        """
        frames = _frames(x)
        values = self._cv.outside(frames, *self._where(frames, species, cell, pbc))
        return values if np.ndim(x) == 3 else float(values[0])

    def pullback(self, x, dv_ds, species=None, cell=None, pbc=None, strain: bool = False):
        """dV/dx[N,3] = sum_i dV/ds_i ds_i/dx at x[N,3], from dv_ds[d]; with `strain` the pair
        (dV/dx, dV/dstrain[3,3])."""
        dv_ds = np.asarray(dv_ds, dtype=float)
        if dv_ds.shape != (self.dim,):
            raise ValueError(f"dv_ds has shape {dv_ds.shape}, must be ({self.dim},)")
        dv_dx, dv_dstrain = self._pullback(x, dv_ds[None], species, cell, pbc)
        return (dv_dx[0], dv_dstrain[0]) if strain else dv_dx[0]

    def value_and_pullback(self, x, dv_ds, species=None, cell=None, pbc=None):
        """s[d], outside, dV/dx[N,3] and dV/dstrain[3,3] at x[N,3] in one pass; dv_ds: function s[d] -> dV/ds[d]."""
        frames = _frames(_one_frame(x))
        return self._cv.value_and_pullback(frames, *self._where(frames, species, cell, pbc), dv_ds)

    def jacobian(self, x, species=None, cell=None, pbc=None) -> np.ndarray:
        """ds_i/dx [d,N,3] at x[N,3], 1/angstrom: d pull-backs of one value pass."""
        return self._pullback(x, np.eye(self.dim), species, cell, pbc)[0]

    def _pullback(self, x, dv_ds, species, cell, pbc) -> tuple[np.ndarray, np.ndarray]:
        frames = _frames(_one_frame(x))
        return self._cv.pullback(frames, *self._where(frames, species, cell, pbc), dv_ds)

    def _where(self, frames, species, cell, pbc):
        """species indices, cell vectors and periodic directions for C++."""
        if cell is None and pbc is not None and np.any(pbc):
            raise ValueError("pbc is given without a cell: give both or neither")
        vectors, periodic = (None, [False] * 3) if cell is None else _cell(cell, pbc)
        if species is None:
            return None, vectors, periodic
        species = np.asarray(species)
        if species.shape != (frames.shape[1],):
            raise ValueError(f"species has shape {species.shape}, must be one for each of {frames.shape[1]} atoms")
        if species.dtype.kind == "U":
            elements = self.metadata["elements"]
            unknown = sorted(set(species.tolist()) - set(elements))
            if unknown:
                raise ValueError(f"the model knows the elements {elements}, not {unknown}")
            species = np.array([elements.index(symbol) for symbol in species])
        elif species.dtype.kind not in "iu":
            raise ValueError(f"species has dtype {species.dtype}, must be chemical symbols or indices")
        return species.astype(np.intc), vectors, periodic


def _reopen(path: str, sha256: str) -> ChartCV:
    chart = ChartCV(path)
    if chart.hash != sha256:
        raise ValueError(f"model file {path} has changed since this chart was pickled: its SHA-256 was {sha256}")
    return chart


def _one_frame(x):
    if np.ndim(x) != 2:
        raise ValueError(f"positions have shape {np.shape(x)}, must be [N,3]")
    return x


def _frames(x) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype.kind not in "fiu" or x.ndim not in (2, 3) or x.shape[-1] != 3:
        raise ValueError(f"positions have shape {x.shape} of {x.dtype}, must be real [N,3] or a batch [n,N,3]")
    return np.ascontiguousarray(x if x.ndim == 3 else x[None], dtype=float)
