"""Structures and reference sums that the RDF tests share."""

import numpy as np
from ase.cluster import Icosahedron

from nanochart import RdfGrid

CHARTING = RdfGrid.charting(340)
ICOSAHEDRON = Icosahedron("Au", 4).positions  # 147 atoms


def hot(positions, sigma=0.15, seed=0):
    return positions + np.random.default_rng(seed).normal(scale=sigma, size=positions.shape)


def random_cluster(n, seed=0):
    """Atoms at random, 1.5 angstrom apart at least, about as dense as a melt."""
    rng = np.random.default_rng(seed)
    radius = 1.6 * n ** (1 / 3) + 1
    x = np.empty((0, 3))
    while len(x) < n:
        new = rng.uniform(-radius, radius, 3)
        if np.linalg.norm(new) < radius and np.all(np.linalg.norm(x - new, axis=1) > 1.5):
            x = np.vstack([x, new])
    return x


def distances(x, y=None):
    """All r_ij, i<j; or all between x and y."""
    if y is not None:
        return np.linalg.norm(x[:, None] - y[None], axis=-1).ravel()
    i, j = np.triu_indices(len(x), 1)
    return np.linalg.norm(x[i] - x[j], axis=1)


def kernel_density(r, grid):
    """The normalised density of distances r by scikit-learn, on the points of a grid."""
    from sklearn.neighbors import KernelDensity

    fit = KernelDensity(kernel="gaussian", bandwidth=grid.bandwidth).fit(r[:, None])
    return np.exp(fit.score_samples(grid.points[:, None]))
