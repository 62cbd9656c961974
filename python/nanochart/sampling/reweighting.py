"""From a biased run to the unbiased ensemble: weights of its frames."""

from __future__ import annotations

import os

import numpy as np
from ase.units import kB

from nanochart import _core

from .colvar import columns
from .ensemble import BLOCKS, Ensemble, normalised, weighted_frames
from .hills import merged_hills

BIAS, OFFSET, WORK = ".bias", ".rct", ".work"


def bias_of_frames(table: dict[str, np.ndarray], path: str | os.PathLike) -> np.ndarray:
    """V(s, t) - c(t) [n] (eV) of a COLVAR table: all columns ID.bias, minus ID.rct where there is one.

    Raises ValueError without such columns, for a moving restraint (whose frames are not in
    equilibrium), and for c(t) that was not computed (nan).
    """
    biases = [name for name in table if name.endswith(BIAS)]
    if not biases:
        raise ValueError(f"{path}: no column ends with {BIAS}, must have one for each bias fix of the run")
    moving = [name for name in biases if name.removesuffix(BIAS) + WORK in table]
    if moving:
        raise ValueError(f"{path}: {moving[0]} is a moving restraint's, whose frames are not in equilibrium: "
                         "use `nanochart fes steered`")  # fmt: skip
    v = columns(table, biases, path).sum(axis=1)
    for name in biases:
        offset = name.removesuffix(BIAS) + OFFSET
        if offset in table:
            if np.isnan(table[offset]).any():
                raise ValueError(f"{path}: {offset} is nan, since the run had no grid or no temp: "
                                 "reweight with the final bias instead, --hills FILE")  # fmt: skip
            v = v - table[offset]
    return v


def final_bias(table: dict[str, np.ndarray], path: str | os.PathLike, *hills: str | os.PathLike) -> np.ndarray:
    """V(s) [n] (eV) of all hills of some files at the frames of a COLVAR table, and the table's other biases.

    The bias of metadynamics is the one whose fix has an ID.rct column; walls and restraints stay.
    Hills are summed on a grid over the frames where it fits into memory, within 2e-4 of the largest V.
    """
    of = merged_hills(hills)
    s = columns(table, of.names, path)
    bias = _core.Metadynamics(list(of.sigma), 1.0, 1, grid=_grid_over(s, of.sigma) or [])
    bias.add(of.center, of.height)
    v = np.concatenate([bias.value(part)[0] for part in np.array_split(s, -(-len(s) // 1000))])
    others = [n for n in table if n.endswith(BIAS) and n.removesuffix(BIAS) + OFFSET not in table]
    return v + columns(table, others, path).sum(axis=1) if others else v


def _grid_over(s: np.ndarray, sigma: np.ndarray) -> list[tuple[float, float, int]] | None:
    """Grid of spacing sigma/5 (three CVs: sigma/3) over frames s[n, k]; None above 1 GB."""
    lo, hi = s.min(axis=0) - 1e-3 * sigma, s.max(axis=0) + 1e-3 * sigma
    bins = np.ceil((hi - lo) / sigma * (5 if len(sigma) < 3 else 3)).astype(int)
    if 8 * 2 ** len(sigma) * np.prod(bins + 1.0) > 1e9:
        return None
    return [(float(a), float(b), int(n)) for a, b, n in zip(lo, hi, bins)]


def reweight(bias: np.ndarray, temperature: float, blocks: int = BLOCKS) -> Ensemble:
    """The unbiased ensemble of frames sampled with a bias: w_n ~ exp(bias_n / kT).

    Parameters
    ----------
    bias : [n] eV, V(s_n, t_n) - c(t_n) for metadynamics (doi:10.1021/jp504920s), V(s_n) for a
        static bias.
    temperature : K, of the run.
    """
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}, must be > 0 K")
    bias = np.asarray(bias, float)
    if not np.isfinite(bias).all():
        raise ValueError("the bias of some frames is not finite")
    return weighted_frames(bias / (kB * temperature), temperature, blocks)


def write_weights(path: str | os.PathLike, time: np.ndarray, ensemble: Ensemble) -> None:
    """A COLVAR-like file of two columns, time (ps) and weight; weights sum to 1."""
    rows = np.stack([time, normalised(ensemble.log_weights)], axis=-1)
    np.savetxt(path, rows, fmt=["%.6f", "%.12g"], header="! FIELDS time weight", comments="#")
