"""How far outside its training data a model is used: a distance of g that needs no network.

The training inputs are described by probabilistic principal components (Tipping and Bishop, J. R.
Stat. Soc. B 61, 611 (1999), doi:10.1111/1467-9868.00196): a Gaussian whose variances along m leading
directions v_k are lambda_k and sigma^2 along all others. Its squared Mahalanobis distance is

    D^2 = sum_k t_k^2/lambda_k + |r - sum_k t_k v_k|^2/sigma^2,    r = g - mean, t_k = v_k.r
        = |r|^2/sigma^2 - sum_k (a_k.r)^2,    a_k = v_k sqrt(1/sigma^2 - 1/lambda_k).

outside = D/unit, where unit is the 99.9th percentile of D over inputs that the training did not
see: 1 marks the edge of what is known. C++ evaluates it (csrc/model/outside.hpp).
"""

from __future__ import annotations

from typing import Any

import numpy as np

COMPONENTS = 16
PERCENTILE = 99.9


def fit(training: np.ndarray, unseen: np.ndarray, components: int = COMPONENTS) -> dict[str, Any]:
    """Entry "outside" of nanochart.json from g[n,C,K] of the training and of unseen inputs.

    Returns mean [C*K], rows a [m][C*K], noise = sigma^2 and unit, as plain numbers (float32).

    Raises ValueError for fewer than 20 training or 10 unseen inputs, g that is not finite, or
    inputs that are all alike.
    """
    training, unseen = (np.asarray(g, dtype=float).reshape(len(g), -1) for g in (training, unseen))
    if len(training) < 20 or len(unseen) < 10:
        raise ValueError(f"{len(training)} training and {len(unseen)} unseen inputs are too few, need >= 20 and >= 10")
    if not (np.isfinite(training).all() and np.isfinite(unseen).all()):
        raise ValueError("g is not finite in some inputs")
    components = min(components, training.shape[1] // 2, len(training) // 4)
    mean = training.mean(axis=0)
    variances, vectors = np.linalg.eigh(np.cov(training, rowvar=False))
    rest = variances[:-components]
    noise = float(np.clip(rest, 0, None).mean())
    if not noise > 0:
        raise ValueError("the training inputs are alike: no distance from them is defined")
    leading = np.maximum(variances[-components:], noise)
    rows = (vectors[:, -components:] * np.sqrt(1 / noise - 1 / leading)).T[::-1]
    entry = {"mean": _short(mean), "rows": [_short(row) for row in rows], "noise": float(np.float32(noise)), "unit": 1.0}
    entry["unit"] = float(np.percentile(evaluate(entry, unseen), PERCENTILE))
    return entry


def evaluate(entry: dict[str, Any], g: np.ndarray) -> np.ndarray:
    """outside [n] of g[n,C,K] by an entry that `fit` made."""
    r = np.asarray(g, dtype=float).reshape(len(g), -1) - np.array(entry["mean"])
    squared = (r**2).sum(axis=1) / entry["noise"] - ((r @ np.array(entry["rows"]).T) ** 2).sum(axis=1)
    return np.sqrt(np.maximum(squared, 0)) / entry["unit"]


def _short(values: np.ndarray) -> list[float]:
    """float32, written with its 9 digits."""
    return [float(f"{value:.9g}") for value in values.astype(np.float32)]
