"""Frames of several thermodynamic states as one ensemble: MBAR (doi:10.1063/1.2978177), by pymbar.

Umbrella windows are states of one temperature and several restraints, the rungs of a tempering
ladder states of one potential and several temperatures.
"""

from __future__ import annotations

import logging

import numpy as np
from scipy.special import logsumexp

from .ensemble import BLOCKS, Ensemble

OVERLAP = 1e-3  # 1 - second eigenvalue of the overlap matrix, below which states are apart


def combine(
    reduced: np.ndarray,
    state: np.ndarray,
    target: np.ndarray,
    temperature: float,
    block: np.ndarray,
    blocks: int = BLOCKS,
) -> Ensemble:
    """The ensemble of reduced energy `target` from frames sampled in K states.

    ln w_n = -target_n - ln sum_k N_k exp(f_k - reduced_kn), with f_k = -ln sum_n w_kn.

    Parameters
    ----------
    reduced : [K, n], energy of each frame in each state over that state's kT.
    state : [n], the state in which each frame was sampled.
    target : [n], energy of each frame in the ensemble wanted, over kT.
    temperature : K, of the ensemble wanted.
    block : [n], block of time of each frame, 0 .. blocks - 1.

    Raises
    ------
    ValueError
        when the states fall into groups that do not overlap: nothing then says how they lie to
        each other.
    """
    common = reduced.min(axis=0)  # cancels in the equations, and large numbers with it
    reduced, target = reduced - common, target - common

    def log_weights(used, start):
        counts = np.bincount(state[used], minlength=len(reduced))
        f = _solve(reduced[:, used], counts, start)
        seen = counts > 0
        shifted = (np.log(counts[seen]) + f[seen])[:, None] - reduced[np.ix_(seen, used)]
        weights = np.full(len(state), -np.inf)
        weights[used] = -target[used] - logsumexp(shifted, axis=0)
        return weights, f

    everything, f = log_weights(np.ones(len(state), bool), None)
    without = np.stack([log_weights(block != b, f)[0] for b in range(blocks)])
    return Ensemble(temperature, everything, without)


def _solve(reduced: np.ndarray, counts: np.ndarray, start: np.ndarray | None) -> np.ndarray:
    """f [K] of the states' free energies over kT."""
    logging.getLogger("pymbar").setLevel(logging.ERROR)  # it praises jax at every import
    from pymbar import MBAR

    mbar = MBAR(reduced, counts, initial_f_k=start, relative_tolerance=1e-9)
    if len(counts) > 1 and mbar.compute_overlap()["scalar"] < OVERLAP:
        raise ValueError("the states do not overlap: put windows (or temperatures) between those that are far apart, "
                         "or weaken kappa")  # fmt: skip
    return mbar.f_k
