"""What a student learns from, and is judged by: hot and quenched structures, and what lies between."""

from __future__ import annotations

import numpy as np

KINDS = ("thermal", "quenched", "between", "displaced")  # in turn


def structures(hot: np.ndarray, cold: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """x[count,N,3] and their kind[count] from pairs (hot, cold)[n,N,3]: in equal parts hot frames,
    quenched ones, points between, (1 - a) cold + a hot with a in 0 .. 1.3, and quenched ones with
    random displacements of up to 0.2 angstrom (standard deviation)."""
    rng = np.random.default_rng(seed)
    row = rng.permutation(np.resize(np.arange(len(hot)), count))
    kind = np.arange(count) % 4
    a = np.select([kind == 0, kind == 1, kind == 2], [1.0, 0.0, 1.3 * rng.random(count)], 0.0)[:, None, None]
    noise = np.where(kind == 3, 0.2 * rng.random(count), 0.0)[:, None, None]
    x = (1 - a) * cold[row].astype(float) + a * hot[row].astype(float)
    return x + noise * rng.normal(size=x.shape), np.array(KINDS)[kind]


def mixtures(g: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(1 - a) g + a g' [count,C,K] of random pairs of g[n,C,K]: what lies between structures."""
    rng = np.random.default_rng((seed, 1))
    i, j, a = rng.integers(len(g), size=count), rng.integers(len(g), size=count), rng.random((count, 1, 1))
    return ((1 - a) * g[i] + a * g[j]).astype(np.float32)
