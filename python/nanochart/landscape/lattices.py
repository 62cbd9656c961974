"""Sites of the lattices that clusters are cut from, and their perfect polyhedra; through ASE where it has them.

a is the lattice constant of the fcc crystal (A); all sites are centred on the origin.
"""

from __future__ import annotations

import numpy as np
from ase.cluster import Decahedron, Icosahedron, Octahedron
from scipy.spatial import cKDTree

# Bonds within a shell of a Mackay icosahedron are 5 % longer than those between its shells, which ASE makes
# those of the crystal: with this factor the energy of Au147, Ag147 and Cu147 is lowest, to 1 %.
ICOSAHEDRAL = 0.96
REACH = 0.3  # polyhedra within this part of the size asked for are taken in turn


def mackay_atoms(shells: int) -> int:
    """Atoms of a Mackay icosahedron with `shells` shells around its central atom."""
    return 1 + sum(10 * k * k + 2 for k in range(1, shells + 1))


def decahedron_atoms(p: int, q: int, r: int) -> int:
    """Atoms of ase.cluster.Decahedron(p, q, r); r = 0 Ino (q > 1), r > 0 Marks.

    F. Baletto and R. Ferrando, Rev. Mod. Phys. 77, 371 (2005), doi:10.1103/RevModPhys.77.371, with
    m = p, n = q, p = r + 1.
    """
    m, n, d = p, q, r + 1
    return (30 * d**3 - 135 * d**2 + 207 * d - 102 + 5 * m**3 + (30 * d - 45) * m**2 + (60 * (d * d - 3 * d) + 136) * m
            + n * (15 * m * m + (60 * d - 75) * m + 3 * (10 * d * d - 30 * d) + 66)) // 6 - 1


def octahedron_atoms(length: int, cutoff: int) -> int:
    """Atoms of ase.cluster.Octahedron(length, cutoff): an octahedron whose vertices are cut off."""
    return length * (2 * length**2 + 1) // 3 - cutoff * (cutoff + 1) * (2 * cutoff + 1)


def icosahedral_sites(atoms: int, a: float) -> np.ndarray:
    """Mackay icosahedron with one shell more than `atoms` fill."""
    shells = 1
    while mackay_atoms(shells) < atoms:
        shells += 1
    return Icosahedron("X", shells + 2, latticeconstant=ICOSAHEDRAL * a).positions


def decahedral_sites(atoms: int, a: float, odd: bool = True) -> np.ndarray:
    """Pentagonal bipyramid far larger than `atoms`; odd: an atom, not a bond, is at the middle of the axis."""
    edge = int(np.ceil((6 * atoms) ** (1 / 3))) + 2
    return Decahedron("X", edge, edge + (not odd), 0, latticeconstant=a).positions


def stacked_sites(atoms: int, a: float, stacking: str) -> np.ndarray:
    """Close-packed (111) layers in the order `stacking`, e.g. ABCABACBA; the middle layer at z = 0."""
    d = a / np.sqrt(2)
    reach = int(np.ceil(2 * (3 * atoms) ** (1 / 3)))
    i, j = (m.ravel() for m in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    layer = d * np.column_stack([i + 0.5 * j, 0.5 * np.sqrt(3) * j, np.zeros(i.size)])
    shift = {name: n * d * np.array([0.5, 0.5 / np.sqrt(3), 0.0]) for n, name in enumerate("ABC")}
    height = a / np.sqrt(3)
    middle = len(stacking) // 2
    return np.concatenate([layer + shift[name] + [0.0, 0.0, (n - middle) * height] for n, name in enumerate(stacking)])


def twin_stacking(layers: int, planes: tuple[int, ...]) -> str:
    """Close-packed layers whose sense of rotation turns over at the given layers (hcp planes).

    No plane: fcc. One: a twin. Two neighbours: an intrinsic stacking fault; with one layer between
    them: an extrinsic one. All: hcp.
    """
    names, sense, letter = [], 1, 0
    for n in range(layers):
        names.append("ABC"[letter % 3])
        if n in planes:
            sense = -sense
        letter += sense
    return "".join(names)


def polyhedra(shape: str, atoms: int) -> list[tuple[int, ...]]:
    """Parameters for ASE of compact polyhedra near `atoms` in size, the nearest first.

    shape: "Marks" or "Ino" (p, q, r of a decahedron), "TO" (length, cutoff of a truncated
    octahedron whose triangles have become hexagons). At least one, at most those within REACH.
    """
    edges = range(2, int(np.ceil((6 * atoms) ** (1 / 3))) + 3)
    if shape == "Marks":
        found = [(p, q, r) for p in edges for q in range(1, p + 2) for r in range(1, p)]
    elif shape == "Ino":
        found = [(p, q, 0) for p in edges for q in range(max(p - 1, 2), p + 2)]
    else:
        found = [(n, c) for n in edges for c in range(1, n) if 2 * c + 1 < n <= 6 * c + 1]
    size = octahedron_atoms if shape == "TO" else decahedron_atoms
    found.sort(key=lambda parameters: abs(size(*parameters) - atoms))
    return [found[0], *(f for f in found[1:] if abs(size(*f) / atoms - 1) < REACH)]


def polyhedron_in_lattice(parameters: tuple[int, ...], atoms: int, a: float) -> tuple[np.ndarray, np.ndarray]:
    """Sites [M,3] of a lattice far larger than `atoms`, and which of them [M] the polyhedron takes."""
    if len(parameters) == 3:
        p, q, r = parameters
        shape = Decahedron("X", p, q, r, latticeconstant=a).positions
        sites = decahedral_sites(max(atoms, len(shape)), a, odd=(p + q + 2 * r) % 2 == 0)
    else:
        shape = Octahedron("X", *parameters, latticeconstant=a).positions
        sites = Octahedron("X", parameters[0] + 4, 0, latticeconstant=a).positions
    sites, shape = sites - sites.mean(axis=0), shape - shape.mean(axis=0)
    distance, index = cKDTree(sites).query(shape)
    assert distance.max() < 1e-6, "polyhedron and lattice have different centres"
    taken = np.zeros(len(sites), dtype=bool)
    taken[index] = True
    return sites, taken
