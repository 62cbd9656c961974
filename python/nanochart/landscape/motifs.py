"""Starting structures of the known motifs, with any number of atoms.

Two ways, both on the sites of a lattice and with the closed formula of the potential, unrelaxed:
carve the sites nearest to a shifted centre, then move the least bound atom to the best free site as
long as that lowers the energy; or take the perfect polyhedron nearest in size, then remove its
least bound atoms or add atoms at the best sites, one by one. Another seed gives another shape.
"""

from __future__ import annotations

import numpy as np
from ase import Atoms
from scipy.spatial import cKDTree

from . import lattices
from .rgl import Gupta, gupta

MOTIFS = {
    "Ih": "icosahedron",
    "Dh": "decahedron, any piece around a fivefold axis",
    "Fcc": "fcc, any piece",
    "Twin": "one twin plane or two",
    "Marks": "Marks decahedron: grooves along its edges",
    "Ino": "Ino decahedron: square facets along the axis",
    "TO": "truncated octahedron",
    "Fault": "fcc with a stacking fault",
    "Hcp": "hexagonal close-packed, any piece",
}
TIE = 1e-3  # eV; sites whose energies differ by less are taken by chance, so that every seed has its own shape


class Occupation:
    """Atoms of a metal on some of the sites[M,3] of a lattice: taken[M]."""

    def __init__(self, sites: np.ndarray, taken: np.ndarray, metal: Gupta, rng: np.random.Generator):
        self.sites, self.taken, self._rng = sites, taken.copy(), rng
        pairs = cKDTree(sites).query_pairs(metal.cut_end, output_type="ndarray")
        self._i, self._j = np.concatenate([pairs, pairs[:, ::-1]]).T
        r = np.linalg.norm(sites[self._i] - sites[self._j], axis=1)
        self._repulsion, self._density = metal.repulsion(r)[0], metal.hopping(r)[0] ** 2

    def changes(self) -> np.ndarray:
        """Energy (eV) that each site [M] brings when it changes: an atom goes, or comes."""
        near = self.taken[self._j]
        size = len(self.sites)
        repulsion = np.bincount(self._i, self._repulsion * near, size)
        density = np.bincount(self._i, self._density * near, size)
        sign = np.where(self.taken, -1.0, 1.0)
        after = np.maximum(density[self._j] + sign[self._i] * self._density, 0.0)
        bands = np.bincount(self._i, near * (np.sqrt(after) - np.sqrt(density[self._j])), size)
        return sign * (2 * repulsion - np.sqrt(density)) - bands

    def change_best(self, taken: bool) -> tuple[int, float]:
        """Remove the least bound atom (taken), or add one at the best site: (site, energy in eV)."""
        energy = self.changes()
        candidates = np.where(self.taken == taken, energy + TIE * self._rng.random(len(energy)), np.inf)
        site = int(np.argmin(candidates))
        self.taken[site] = not taken
        return site, float(energy[site])

    def resize(self, atoms: int) -> None:
        """Remove or add atoms, one by one, until there are `atoms`."""
        while (count := int(self.taken.sum())) != atoms:
            self.change_best(taken=count > atoms)

    def improve(self) -> None:
        """Move the least bound atom to the best free site as long as that lowers the energy."""
        while True:
            before, loss = self.change_best(taken=True)
            after, gain = self.change_best(taken=False)
            if loss + gain > -TIE:
                self.taken[after] = False
                self.taken[before] = True  # the same site, perhaps
                return


def carve(sites: np.ndarray, atoms: int, centre: np.ndarray, metal: Gupta, rng: np.random.Generator) -> np.ndarray:
    """Compact piece of a lattice around `centre`: positions [atoms,3]. ValueError when there are too few sites."""
    if len(sites) < atoms:
        raise ValueError(f"motifs: {atoms} atoms asked for, the lattice piece has {len(sites)} sites")
    sites = sites[np.argsort(np.linalg.norm(sites - centre, axis=1))[: 4 * atoms + 200]]
    occupation = Occupation(sites, np.arange(len(sites)) < atoms, metal, rng)
    occupation.improve()
    return sites[occupation.taken]


def polyhedron(shape: str, atoms: int, a: float, metal: Gupta, seed: int, rng: np.random.Generator) -> np.ndarray:
    """Perfect polyhedron ("Marks", "Ino" or "TO") with atoms removed or added: positions [atoms,3].

    Seed 0 takes the nearest one in size, the next ones the next nearest.
    """
    choice = lattices.polyhedra(shape, atoms)
    sites, taken = lattices.polyhedron_in_lattice(choice[seed % len(choice)], atoms, a)
    near = np.linalg.norm(sites, axis=1) < np.linalg.norm(sites[taken], axis=1).max() + 2 * a
    occupation = Occupation(sites[near], taken[near], metal, rng)
    occupation.resize(atoms)
    return occupation.sites[occupation.taken]


def start(motif: str, element: str, atoms: int, seed: int) -> Atoms:
    """Starting structure of `motif`, one of MOTIFS, with exactly `atoms` atoms. Not relaxed.

    Seed 0 is centred, as is every third for "Ih": with a magic number of atoms the perfect shape
    (Mackay icosahedra 55, 147, ..; Marks 75, 146, 192, ..; Ino 54, 147, ..; TO 38, 79, 140, 201, ..).
    Other seeds shift the centre or take another polyhedron, and put the hcp planes elsewhere.
    Raises ValueError for an unknown motif or element, or fewer than 13 atoms.
    """
    if motif not in MOTIFS:
        raise ValueError(f"motifs: motif is {motif!r}, must be one of {', '.join(MOTIFS)} (in nanochart ptmd also "
                         "Amorphous)")
    if atoms < 13:
        raise ValueError(f"motifs: atoms is {atoms}, must be at least 13")
    metal = gupta(element)
    a, _ = metal.bulk()
    d = a / np.sqrt(2)
    rng = np.random.default_rng([seed, atoms])
    centred = seed % 3 == 0 if motif == "Ih" else seed == 0
    offset = np.zeros(3) if centred else d * rng.uniform(-1.0, 1.0, 3)
    layers = 2 * int(np.ceil((3 * atoms) ** (1 / 3))) + 1
    middle = layers // 2
    planes = {
        "Fcc": [()],
        "Twin": [(middle,), (middle - 1, middle + 2)],
        "Fault": [(middle, middle + 1), (middle - 1, middle + 1)],
        "Hcp": [tuple(range(layers))],
    }
    if motif in ("Marks", "Ino", "TO"):
        positions = polyhedron(motif, atoms, a, metal, seed, rng)
    elif motif == "Ih":
        positions = carve(lattices.icosahedral_sites(atoms, a), atoms, 0.8 * offset, metal, rng)
    elif motif == "Dh":
        positions = carve(lattices.decahedral_sites(atoms, a), atoms, 0.8 * offset, metal, rng)
    else:
        stacking = lattices.twin_stacking(layers, planes[motif][seed % len(planes[motif])])
        positions = carve(lattices.stacked_sites(atoms, a, stacking), atoms, offset, metal, rng)
    cluster = Atoms([element] * atoms, positions - positions.mean(axis=0))
    cluster.info.update(motif=motif, seed=seed)
    return cluster
