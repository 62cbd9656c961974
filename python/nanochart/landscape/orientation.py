"""From where a cluster shows what it is: along a fivefold axis, or with close-packed planes edge-on."""

from __future__ import annotations

import numpy as np

from . import cna


def facing(x: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """x[N,3] (A) centred and turned so that its telling direction is z, towards the viewer.

    classes[N] into cna.CLASSES. With fivefold atoms z is their axis, or, with several axes, the
    direction from the centre to the one farthest out; with hcp atoms z lies in their commonest
    close-packed plane, whose normal becomes y; else z is the shortest axis of inertia.
    """
    x = np.asarray(x, dtype=float)
    x = x - x.mean(axis=0)
    fivefold, hcp = (np.asarray(classes) == cna.CLASSES.index(name) for name in ("fivefold", "hcp"))
    shape = np.linalg.eigh(x.T @ x)[1]
    if np.count_nonzero(fivefold) >= 2:
        axis = _line(x[fivefold])
        return _turned(x, axis, shape[:, -1])
    if fivefold.any():
        outwards = x[fivefold][np.linalg.norm(x[fivefold], axis=1).argmax()]
        return _turned(x, outwards, shape[:, -1])
    if np.count_nonzero(hcp) >= 4:
        normal = np.linalg.svd(x[hcp] - x[hcp].mean(axis=0))[2][-1]
        long, short = np.linalg.svd(x - np.outer(x @ normal, normal), full_matrices=False)[2][:2]
        return _turned(x, short, long)
    return _turned(x, shape[:, 0], shape[:, -1])


def _line(points: np.ndarray) -> np.ndarray:
    """Direction of a row of points; of several rows, outwards to the farthest point."""
    spread, directions = np.linalg.svd(points - points.mean(axis=0))[1:]
    if len(points) == 2 or spread[1] < 0.3 * spread[0]:
        return directions[0]
    return points[np.linalg.norm(points, axis=1).argmax()]


def _turned(x: np.ndarray, z: np.ndarray, towards_x: np.ndarray) -> np.ndarray:
    """x in the frame with the given z, and its x axis as near to `towards_x` as it can be."""
    z = z / np.linalg.norm(z) if np.linalg.norm(z) > 0 else np.array([0.0, 0.0, 1.0])
    first = towards_x - (towards_x @ z) * z
    if np.linalg.norm(first) < 1e-6:
        first = np.cross(z, [1.0, 0.0, 0.0] if abs(z[0]) < 0.9 else [0.0, 1.0, 0.0])
    first = first / np.linalg.norm(first)
    return x @ np.stack([first, np.cross(z, first), z], axis=1)
