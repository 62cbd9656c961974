"""Defects of quenched clusters that common-neighbour signatures cannot see or name: by geometry.

A vacancy inside has no atom that could carry a signature (an icosahedron without its central atom
loses the only atom with twelve 555 bonds); at a vertex of an icosahedron, or at the end of a
decahedron's axis, it is the neighbours outwards of the atom below that tell. Lengths are in units of
the cluster's own nearest-neighbour distance d, the median over its atoms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import QhullError, Voronoi, cKDTree

BOND = (1 + np.sqrt(2)) / 2  # as in cna
HOLE = 0.85  # smallest radius of a vacancy; an octahedral hole of fcc has 0.71, an empty site about 1
SHELL = 1.35  # of a hole's radius: its walls
WALLS = 10  # fewest atoms in them
ONE_SIDED = 0.25  # largest mean of the directions to the walls: a dent in the surface has more
CENTRAL = 0.6  # largest distance of a central vacancy from the centre
ON_TOP, RING = 30.0, 78.0  # degrees from outwards: an atom above, and the ring around it
INSIDE = 11  # fewest neighbours of an atom below the surface; 12 less one that may be missing
ADATOM = 4  # most neighbours of an atom that stands on a facet
KINDS = ("central_vacancy", "inner_vacancies", "vertices", "missing_vertices", "rosettes", "adatoms")


@dataclass(frozen=True)
class Defects:
    """Counts in one cluster.

    central_vacancy (0 or 1) and inner_vacancies (all, the central one too); vertices: a closed ring
    of five surface atoms around one on top of an atom below; missing_vertices: the ring without that
    one; rosettes: a ring of six and none on top; adatoms: on a facet, with at most 4 neighbours.
    """

    central_vacancy: int
    inner_vacancies: int
    vertices: int
    missing_vertices: int
    rosettes: int
    adatoms: int


def defects(x: np.ndarray) -> Defects:
    """Defects of a quenched cluster x[N,3] (A). Raises ValueError unless x is finite, N >= 13."""
    x = np.asarray(x, dtype=float)
    if x.ndim != 2 or x.shape[1] != 3 or len(x) < 13:
        raise ValueError(f"defects: positions have shape {x.shape}, must be [N,3] with N >= 13")
    if not np.isfinite(x).all():
        raise ValueError("defects: positions are not finite")
    tree = cKDTree(x)
    d = float(np.median(tree.query(x, k=2)[0][:, 1]))
    if not d > 0:
        raise ValueError("defects: atoms lie at one place")
    holes = vacancies(x, d)
    centre = x.mean(axis=0)
    central = bool(len(holes)) and np.linalg.norm(holes - centre, axis=1).min() < CENTRAL * d
    tops = {"vertices": 0, "missing_vertices": 0, "rosettes": 0}
    bonds = [[j for j in around if j != i] for i, around in enumerate(tree.query_ball_point(x, BOND * d))]
    for i in range(len(x)):
        if kind := _top(x, i, bonds, centre):
            tops[kind] += 1
    adatoms = sum(len(around) <= ADATOM for around in bonds)
    return Defects(int(central), len(holes), **tops, adatoms=adatoms)


def vacancies(x: np.ndarray, d: float) -> np.ndarray:
    """Empty sites inside a cluster [k,3] (A): centres of spheres without atoms, of radius >= 0.85 d,
    that have at least 10 atoms in their walls and these on all sides."""
    try:
        centres = Voronoi(x).vertices
    except QhullError:  # all atoms in a plane: no inside
        return np.empty((0, 3))
    tree = cKDTree(x)
    middle = x.mean(axis=0)
    centres = centres[np.linalg.norm(centres - middle, axis=1) < np.linalg.norm(x - middle, axis=1).max()]
    radius = tree.query(centres)[0] if len(centres) else np.empty(0)
    order = np.argsort(-radius)
    found: list[np.ndarray] = []
    for centre, r in zip(centres[order], radius[order]):
        if r < HOLE * d:
            break
        walls = x[tree.query_ball_point(centre, SHELL * r)] - centre
        walls /= np.linalg.norm(walls, axis=1)[:, None]
        if len(walls) < WALLS or np.linalg.norm(walls.mean(axis=0)) > ONE_SIDED:
            continue
        if all(np.linalg.norm(centre - other) > 0.6 * d for other in found):
            found.append(centre)
    return np.array(found).reshape(-1, 3)


def _top(x: np.ndarray, i: int, bonds: list[list[int]], centre: np.ndarray) -> str | None:
    """What stands outwards of atom i: a vertex, a missing one, a rosette, or none of these."""
    outwards = x[i] - centre
    if len(bonds[i]) < INSIDE or not np.linalg.norm(outwards) > 0:
        return None
    to = x[bonds[i]] - x[i]
    cosine = to @ outwards / (np.linalg.norm(to, axis=1) * np.linalg.norm(outwards))
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    above = np.count_nonzero(angle < ON_TOP)
    ring = {j for j, a in zip(bonds[i], angle) if ON_TOP <= a < RING}
    closed = all(len(bonds[j]) < INSIDE and len(ring.intersection(bonds[j])) == 2 for j in ring)
    kind = {(1, 5): "vertices", (0, 5): "missing_vertices", (0, 6): "rosettes"}.get((above, len(ring)))
    return kind if closed else None
