"""Starting structures of the known motifs, with any number of atoms.

Each motif is a set of lattice sites (ASE where it has them) from which `carve` takes a compact
piece: the sites nearest to a randomly shifted centre, then surface atoms move to better sites until
the number of nearest-neighbour bonds stops growing. Another seed gives another shape.
"""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.cluster import Decahedron, Icosahedron
from scipy.spatial import cKDTree

from .rgl import gupta

# Ideal Mackay icosahedra and decahedra are strained: 1.2 nearest-neighbour distances take in their
# longer bonds and no second neighbours (1.41).
BOND = 1.2


def mackay_atoms(shells: int) -> int:
    """Atoms of a Mackay icosahedron with `shells` shells around its central atom."""
    return 1 + sum(10 * k * k + 2 for k in range(1, shells + 1))


def icosahedral_sites(atoms: int, a: float) -> np.ndarray:
    """Mackay icosahedron with one shell more than `atoms` fill; lattice constant a (A)."""
    shells = 1
    while mackay_atoms(shells) < atoms:
        shells += 1
    return Icosahedron("X", shells + 2, latticeconstant=a).positions


def decahedral_sites(atoms: int, a: float) -> np.ndarray:
    """Pentagonal bipyramid around the fivefold axis, far larger than `atoms`."""
    edge = int(np.ceil((6 * atoms) ** (1 / 3))) + 2
    return Decahedron("X", edge, edge, 0, latticeconstant=a).positions


def stacked_sites(atoms: int, a: float, stacking: str) -> np.ndarray:
    """Close-packed (111) layers in the order `stacking`, e.g. ABCABACBA; the middle layer at z = 0."""
    d = a / np.sqrt(2)
    reach = int(np.ceil(2 * (3 * atoms) ** (1 / 3)))
    i, j = (m.ravel() for m in np.mgrid[-reach:reach + 1, -reach:reach + 1])
    layer = d * np.column_stack([i + 0.5 * j, 0.5 * np.sqrt(3) * j, np.zeros(i.size)])
    shift = {name: n * d * np.array([0.5, 0.5 / np.sqrt(3), 0.0]) for n, name in enumerate("ABC")}
    height = a / np.sqrt(3)
    middle = len(stacking) // 2
    return np.concatenate([
        layer + shift[name] + [0.0, 0.0, (n - middle) * height] for n, name in enumerate(stacking)
    ])


def fcc_stacking(layers: int) -> str:
    """ABCABC.. of `layers` layers."""
    return ("ABC" * layers)[:layers]


def twin_stacking(layers: int, planes: tuple[int, ...]) -> str:
    """Close-packed layers whose sense of rotation turns over at the given layers (hcp planes)."""
    names, sense, letter = [], 1, 0
    for n in range(layers):
        names.append("ABC"[letter % 3])
        if n in planes:
            sense = -sense
        letter += sense
    return "".join(names)


def carve(sites: np.ndarray, atoms: int, centre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compact piece of a lattice: positions [atoms,3].

    The `atoms` sites nearest to `centre`, then the atom with the fewest neighbours moves to the
    free site with the most, as long as that gains bonds. ValueError when there are too few sites.
    """
    if len(sites) < atoms:
        raise ValueError(f"motifs: {atoms} atoms asked for, the lattice piece has {len(sites)} sites")
    near = np.argsort(np.linalg.norm(sites - centre, axis=1))[: 4 * atoms + 200]
    sites = sites[near]
    tree = cKDTree(sites)
    shortest = np.median(tree.query(sites, k=2)[0][:, 1])
    bonds = tree.sparse_distance_matrix(tree, BOND * shortest, output_type="coo_matrix").tocsr()
    bonds.data[:] = 1.0
    bonds.setdiag(0.0)
    taken = np.zeros(len(sites), dtype=bool)
    taken[:atoms] = True
    neighbours = bonds @ taken.astype(float)
    for _ in range(20 * atoms):
        # Ties are broken by chance, so that every seed has its own shape.
        noise = 0.5 * rng.random(len(sites))
        worst = np.argmin(np.where(taken, neighbours + noise, np.inf))
        without = neighbours - bonds[[worst]].toarray()[0]
        best = np.argmax(np.where(taken, -np.inf, without + noise))
        if without[best] <= neighbours[worst]:
            break
        taken[worst], taken[best] = False, True
        neighbours = without + bonds[[best]].toarray()[0]
    return sites[taken]


def start(motif: str, element: str, atoms: int, seed: int) -> Atoms:
    """Starting structure of `motif` ("Ih", "Dh", "Fcc" or "Twin") with exactly `atoms` atoms.

    Seed 0 is centred, as is every third for "Ih" (with a magic number of atoms: the perfect Mackay
    icosahedron); other seeds shift the centre and, for "Twin", the number and place of the hcp
    planes. Not relaxed.
    Raises ValueError for an unknown motif or element, or fewer than 13 atoms.
    """
    if atoms < 13:
        raise ValueError(f"motifs: atoms is {atoms}, must be at least 13")
    a, _ = gupta(element).bulk()
    d = a / np.sqrt(2)
    rng = np.random.default_rng([seed, atoms])
    centred = seed % 3 == 0 if motif == "Ih" else seed == 0
    offset = np.zeros(3) if centred else rng.uniform(-1.0, 1.0, 3)
    layers = 2 * int(np.ceil((3 * atoms) ** (1 / 3))) + 1
    middle = layers // 2
    if motif == "Ih":
        sites = icosahedral_sites(atoms, a)
        offset *= 0.8 * d
    elif motif == "Dh":
        sites = decahedral_sites(atoms, a)
        offset *= 1.2 * d
    elif motif == "Fcc":
        sites = stacked_sites(atoms, a, fcc_stacking(layers))
        offset *= d
    elif motif == "Twin":
        planes = [(middle,), (middle, middle + 1), (middle - 1, middle + 1), (middle, middle + 3)]
        sites = stacked_sites(atoms, a, twin_stacking(layers, planes[seed % len(planes)]))
        offset *= d
    else:
        raise ValueError(f"motifs: motif is {motif!r}, must be one of Ih, Dh, Fcc, Twin")
    positions = carve(sites, atoms, offset, rng)
    cluster = Atoms([element] * atoms, positions - positions.mean(axis=0))
    cluster.info.update(motif=motif, seed=seed)
    return cluster
