"""Order of the point group of a cluster: how many rotations and reflections map it onto itself."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

TOLERANCE = 0.1  # A, how far an atom may lie from its image
PLANAR = 0.1  # volume spanned by three directions, below which they do not fix a rotation


def point_group_order(positions: np.ndarray, kinds: np.ndarray | None = None, tolerance: float = TOLERANCE) -> int:
    """Number of rotations, proper and improper, about the centre that map positions[N,3] (A) onto itself.

    kinds[N]: which atoms may be exchanged; default: all. An icosahedron has 120, a truncated octahedron 48,
    a decahedron 20, a cluster without symmetry 1. Raises ValueError for a planar cluster, where rotations
    are not told from reflections.
    """
    x = positions - positions.mean(axis=0)
    kinds = np.zeros(len(x), dtype=int) if kinds is None else np.asarray(kinds)
    radius = np.linalg.norm(x, axis=1)
    first = _basis(x, radius, kinds, tolerance)
    trees = {kind: cKDTree(x[kinds == kind]) for kind in np.unique(kinds)}
    inverse = np.linalg.inv(x[first])
    order = 0
    for images in _images(x, radius, kinds, first, tolerance):
        rotation = inverse @ x[images]  # rows: x[first] @ rotation = x[images]
        u, _, v = np.linalg.svd(rotation)
        rotation = u @ v
        if all(tree.query(x[kinds == kind] @ rotation)[0].max() < tolerance for kind, tree in trees.items()):
            order += 1
    return order


def _basis(x: np.ndarray, radius: np.ndarray, kinds: np.ndarray, tolerance: float) -> list[int]:
    """Three atoms that span space, from shells of few atoms, so that they have few possible images."""
    alike = (np.abs(radius[:, None] - radius) < tolerance) & (kinds[:, None] == kinds)
    rank = np.where(radius > 0.5, alike.sum(axis=1), len(x) + 1)
    direction = x / np.maximum(radius, 0.5)[:, None]
    by_rank = np.lexsort((radius, rank))
    for a in by_rank[:1]:
        second = [b for b in by_rank if np.linalg.norm(np.cross(direction[a], direction[b])) > PLANAR]
        for b in second[:1]:
            for c in by_rank:
                if abs(np.linalg.det(direction[[a, b, c]])) > PLANAR:
                    return [a, b, c]
    raise ValueError(f"symmetry: all {len(x)} atoms lie in a plane through their centre, must span space")


def _images(x: np.ndarray, radius: np.ndarray, kinds: np.ndarray, first: list[int], tolerance: float):
    """Ordered triples of atoms with the radii, kinds and mutual distances of the triple `first`."""
    a, b, c = first
    shell = [np.flatnonzero((np.abs(radius - radius[k]) < tolerance) & (kinds == kinds[k])) for k in first]
    between = {pair: np.linalg.norm(x[pair[0]] - x[pair[1]]) for pair in ((a, b), (a, c), (b, c))}
    for i in shell[0]:
        near = np.linalg.norm(x[shell[1]] - x[i], axis=1)
        for j in shell[1][np.abs(near - between[a, b]) < 2 * tolerance]:
            to_i, to_j = (np.linalg.norm(x[shell[2]] - x[k], axis=1) for k in (i, j))
            fits = (np.abs(to_i - between[a, c]) < 2 * tolerance) & (np.abs(to_j - between[b, c]) < 2 * tolerance)
            for k in shell[2][fits]:
                yield [i, j, k]
