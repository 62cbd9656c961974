"""Starting structures: the right number of atoms, no overlaps, sensible energies and shapes."""

import numpy as np
import pytest
from ase.cluster import Decahedron, Icosahedron, Octahedron
from scipy.spatial.distance import pdist

from nanochart.landscape import lattices, trajectories
from nanochart.landscape.lattices import mackay_atoms, twin_stacking
from nanochart.landscape.motifs import MOTIFS, Occupation, carve, start
from nanochart.landscape.quench import Quencher
from nanochart.landscape.rgl import energies_forces, gupta


@pytest.mark.parametrize("motif", MOTIFS)
def test_starts_of_147(motif):
    g = gupta("Au")
    quench = Quencher("Au", 147)
    energies = []
    for seed in range(6):
        cluster = start(motif, "Au", 147, seed)
        assert len(cluster) == 147 and set(cluster.symbols) == {"Au"}
        assert cluster.info["motif"] == motif
        assert pdist(cluster.positions).min() > 0.9 * g.r0
        assert np.allclose(cluster.positions.mean(axis=0), 0.0)
        relaxed = quench(cluster.positions)
        assert relaxed.converged
        energies.append(relaxed.energy)
    # Melts lie near -523 eV; the Marks decahedron of 146 atoms and one more is the best of all these, -529.2.
    assert -529.3 < min(energies) and max(energies) < -526.0
    shapes = {"Marks": 2, "Ino": 3, "TO": 1}  # polyhedra near 147; else each seed is another piece
    assert len(set(np.round(energies, 2))) >= shapes.get(motif, 4)


@pytest.mark.parametrize("motif", MOTIFS)
@pytest.mark.parametrize("atoms", [13, 38, 90, 201, 561])
def test_any_number_of_atoms(motif, atoms):
    x = start(motif, "Ag", atoms, 2).positions
    assert x.shape == (atoms, 3)
    assert pdist(x).min() > 0.9 * gupta("Ag").r0
    bonds = (pdist(x) < 1.2 * gupta("Ag").r0).sum()
    assert bonds > (3.4 if atoms > 13 else 2.5) * atoms


def test_seed_0_icosahedron_is_mackay():
    a, _ = gupta("Au").bulk()
    ours = np.sort(pdist(start("Ih", "Au", 147, 0).positions))
    mackay = Icosahedron("Au", 4, latticeconstant=lattices.ICOSAHEDRAL * a).positions
    assert np.allclose(ours, np.sort(pdist(mackay)))
    assert [mackay_atoms(k) for k in (1, 2, 3, 4)] == [13, 55, 147, 309]


@pytest.mark.parametrize("motif, atoms, shape", [
    ("TO", 38, (4, 1)), ("TO", 79, (5, 1)), ("TO", 140, (6, 1)), ("TO", 201, (7, 2)),
    ("Marks", 75, (2, 2, 1)), ("Marks", 146, (3, 2, 1)), ("Marks", 192, (3, 3, 1)),
    ("Ino", 54, (3, 3, 0)), ("Ino", 147, (4, 4, 0)), ("Ino", 13, (2, 2, 0)),
])  # fmt: skip
def test_magic_numbers_are_perfect_shapes(motif, atoms, shape):
    build = Octahedron if len(shape) == 2 else Decahedron
    perfect = build("Cu", *shape, latticeconstant=gupta("Cu").bulk()[0]).positions
    assert len(perfect) - atoms == (motif == "Ino" and atoms == 54)  # one atom is removed from 55
    ours = start(motif, "Cu", atoms, 0).positions
    if atoms == 54:
        energy = energies_forces(ours, "Cu")[0].sum()
        each = [energies_forces(np.delete(perfect, i, axis=0), "Cu")[0].sum() for i in range(55)]
        assert energy == pytest.approx(min(each), abs=1e-9)  # the least bound one
    else:
        assert np.allclose(np.sort(pdist(ours)), np.sort(pdist(perfect)))


def test_sizes_of_polyhedra_are_those_of_ase():
    for p in range(1, 5):
        for q in range(1, 4):
            for r in range(0, 3):
                assert lattices.decahedron_atoms(p, q, r) == len(Decahedron("Au", p, q, r, 4.0))
    for length in range(3, 9):
        for cutoff in range(0, (length + 1) // 2):
            assert lattices.octahedron_atoms(length, cutoff) == len(Octahedron("Au", length, cutoff, 4.0))


def test_changes_of_energy_are_those_of_the_formula():
    metal = gupta("Ag")
    sites = lattices.stacked_sites(60, metal.bulk()[0], "ABCABCABC")
    sites = sites[np.argsort(np.linalg.norm(sites, axis=1))][:200]
    occupation = Occupation(sites, np.arange(200) < 55, metal, np.random.default_rng(0))
    changes, energy = occupation.changes(), energies_forces(sites[:55], "Ag")[0].sum()
    for site in (0, 12, 54, 55, 70, 199):
        other = occupation.taken.copy()
        other[site] = not other[site]
        assert changes[site] == pytest.approx(energies_forces(sites[other], "Ag")[0].sum() - energy, abs=1e-9)


@pytest.mark.parametrize("motif", MOTIFS)
def test_no_atom_is_weakly_bound(motif):
    metal = gupta("Au")
    x = start(motif, "Au", 60, 0).positions
    energy, each = energies_forces(x, "Au")[0].sum(), []
    for i in range(60):
        each.append(energies_forces(np.delete(x, i, axis=0), "Au")[0].sum() - energy)
    # A lone atom on a facet would be.
    assert min(each) > 0.5 * -metal.bulk()[1]


def test_motifs_have_codes_in_data_sets():
    assert set(trajectories.MOTIFS) == {*MOTIFS, "Amorphous"}
    assert trajectories.MOTIFS[:5] == ("Ih", "Dh", "Fcc", "Twin", "Amorphous")  # files before had these


def test_starts_are_reproducible():
    assert np.array_equal(start("Dh", "Au", 147, 5).positions, start("Dh", "Au", 147, 5).positions)


def test_twin_stacking_turns_over():
    assert twin_stacking(7, (3,)) == "ABCACBA"


def test_motifs_show_in_their_neighbourhoods():
    """Bonds whose common neighbours are five, each joined to two others: fivefold axes."""
    from ase.neighborlist import neighbor_list

    def axes(cluster):
        i, j = neighbor_list("ij", cluster, 1.2 * gupta("Au").r0)
        bonded = np.zeros((147, 147), dtype=int)
        bonded[i, j] = 1
        common = bonded[i] & bonded[j]
        inner = np.einsum("bk,kl,bl->bk", common, bonded, common)
        ring = (common.sum(axis=1) == 5) & ((inner == 2).sum(axis=1) == 5)
        return np.bincount(i[ring], minlength=147)

    for seed in (1, 2, 5):
        assert axes(start("Ih", "Au", 147, seed)).max() == 12  # an icosahedral centre
        on_axis = axes(start("Dh", "Au", 147, seed))
        assert on_axis.max() == 2 and 2 <= np.count_nonzero(on_axis) <= 8
        assert axes(start("Fcc", "Au", 147, seed)).max() == 0
        assert axes(start("Twin", "Au", 147, seed)).max() == 0


@pytest.mark.parametrize("arguments, message", [
    (("Sc", "Au", 147, 0), "motif is 'Sc', must be one of Ih, Dh, Fcc, Twin, Marks"),
    (("Ih", "Xx", 147, 0), "element is 'Xx'"),
    (("Ih", "Au", 5, 0), "atoms is 5, must be at least 13"),
])
def test_bad_requests(arguments, message):
    with pytest.raises(ValueError, match=message):
        start(*arguments)


def test_too_small_a_lattice():
    with pytest.raises(ValueError, match="20 atoms asked for, the lattice piece has 10"):
        carve(np.eye(10, 3), 20, np.zeros(3), gupta("Au"), np.random.default_rng(0))
