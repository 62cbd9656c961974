"""g against scikit-learn's KernelDensity, and what follows from its definition."""

import numpy as np
import pytest
from ase import Atoms
from rdf_cases import CHARTING, ICOSAHEDRON, distances, hot, kernel_density, random_cluster

from nanochart import RdfGrid, rdf
from nanochart.chart.student import student_grid

TOLERANCE = 1e-6  # of max(g)

GRIDS = {
    "340": CHARTING,
    "280": RdfGrid.charting(280),
    "distilled": student_grid(RdfGrid.charting(340)),
    "from zero": RdfGrid(0, 0.05, 300, 0.2),
    "below zero": RdfGrid(-1, 0.1, 100, 0.3),
    "coarse": RdfGrid(1.5, 0.25, 60, 0.1),
    "fine": RdfGrid(2.5, 0.004, 500, 0.2),
    "broad": RdfGrid(2, 0.05, 200, 2.0),
    "one point": RdfGrid(2.9, 0.3, 1, 0.2),
    "far": RdfGrid(12, 0.05, 100, 0.2),
}
CLUSTERS = {
    "icosahedron": ICOSAHEDRON,
    "hot icosahedron": hot(ICOSAHEDRON),
    "random": random_cluster(90, 1),
    "wide": random_cluster(700, 2) * 1.8,  # wider than the grid's reach: far pairs are skipped
    "dimer": np.array([[0, 0, 0], [2.7, 0.3, 0.1]]),
}


def assert_close(g, reference):
    assert np.abs(g - reference).max() <= TOLERANCE * reference.max()


def test_charting_grid_is_the_papers_window():
    points = np.linspace(0, 25, 500)
    for bins in (340, 280):
        grid = RdfGrid.charting(bins)
        np.testing.assert_allclose(grid.points, points[40 : 40 + bins], rtol=1e-14)
        assert grid.bandwidth == 0.2


@pytest.mark.parametrize("name", CLUSTERS)
def test_kernel_density(name):
    x = CLUSTERS[name]
    assert_close(rdf(x, CHARTING)[0], kernel_density(distances(x), CHARTING))


@pytest.mark.parametrize("name", GRIDS)
def test_any_grid(name):
    x, grid = hot(ICOSAHEDRON), GRIDS[name]
    assert_close(rdf(x, grid)[0], kernel_density(distances(x), grid))


def test_every_distance_of_a_dimer():
    """The worst case of the lattice: one pair, wherever it lies in its cell."""
    peak = 1 / (CHARTING.bandwidth * np.sqrt(2 * np.pi))
    for r in np.linspace(0.5, 21, 4001):
        exact = peak * np.exp(-0.5 * ((CHARTING.points - r) / CHARTING.bandwidth) ** 2)
        g = rdf(np.array([[0, 0, 0], [r, 0, 0]]), CHARTING)[0]
        assert np.abs(g - exact).max() <= TOLERANCE * peak


@pytest.mark.parametrize("bandwidth_in_steps", [0.01, 0.3, 1, 3.99, 9.9, 10.1, 57])
def test_every_ratio_of_bandwidth_and_step(bandwidth_in_steps):
    grid = RdfGrid(2, 0.1, 120, 0.1 * bandwidth_in_steps)
    x = hot(ICOSAHEDRON, seed=3)
    assert_close(rdf(x, grid)[0], kernel_density(distances(x), grid))


def mixed(seed=0):
    rng = np.random.default_rng(seed)
    return hot(ICOSAHEDRON), rng.choice(["Cu", "Ag", "Pt"], size=147, p=[0.6, 0.3, 0.1])


def test_channels():
    """AgAg, AgCu, AgPt, CuCu, CuPt, PtPt, each over the total number of pairs."""
    x, species = mixed()
    g = rdf(x, CHARTING, species=list(species))
    kinds, pairs, channel = ["Ag", "Cu", "Pt"], 147 * 146 / 2, 0
    for a in range(3):
        for b in range(a, 3):
            xa, xb = x[species == kinds[a]], x[species == kinds[b]]
            r = distances(xa) if a == b else distances(xa, xb)
            reference = kernel_density(r, CHARTING) * len(r) / pairs
            assert np.abs(g[channel] - reference).max() <= TOLERANCE * g.sum(0).max()
            channel += 1
    assert channel == len(g) == 6
    np.testing.assert_allclose(g.sum(0), rdf(x, CHARTING)[0], atol=1e-13)


def test_species_may_be_integers_and_may_be_absent():
    x, species = mixed()
    numbers = np.array([{"Ag": 47, "Cu": 59, "Pt": 78}[s] for s in species])
    np.testing.assert_array_equal(rdf(x, CHARTING, species=numbers),
                                  rdf(x, CHARTING, species=species))
    np.testing.assert_array_equal(rdf(x, CHARTING, species=["Au"] * 147), rdf(x, CHARTING))


CELLS = {
    "orthogonal": np.diag([33.0, 34.0, 32.0]),
    "triclinic": np.array([[36.0, 0, 0], [9.0, 37.0, 0], [-7.0, 8.0, 35.0]]),
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_periodic_against_ase(cell):
    x = hot(ICOSAHEDRON)
    atoms = Atoms("Au147", x - x.mean(0) + [0.4, -1, 2], cell=cell, pbc=True)
    atoms.wrap()
    assert np.ptp(atoms.positions, axis=0).max() > 25  # it does lie astride the faces
    r = atoms.get_all_distances(mic=True)[np.triu_indices(147, 1)]
    g = rdf(atoms.positions, CHARTING, cell=cell)
    assert_close(g[0], kernel_density(r, CHARTING))
    np.testing.assert_allclose(g, rdf(x, CHARTING), atol=1e-12)


def test_invariance():
    rng = np.random.default_rng(5)
    x, species = mixed()
    g = rdf(x, CHARTING, species=species)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = rng.permutation(147)
    for moved in (x + [3.0, -20.0, 11.0], x @ rotation.T, -x):
        np.testing.assert_allclose(rdf(moved, CHARTING, species=species), g, atol=1e-12)
    np.testing.assert_allclose(rdf(x[order], CHARTING, species=species[order]), g, atol=1e-12)


def test_batch_is_singles_whatever_the_threads():
    frames = np.stack([hot(ICOSAHEDRON, seed=s) for s in range(9)])
    species = ["Ag"] * 60 + ["Cu"] * 87
    singles = np.stack([rdf(x, CHARTING, species=species) for x in frames])
    for threads in (0, 1, 2, 5):
        batch = rdf(frames, CHARTING, species=species, threads=threads)
        np.testing.assert_array_equal(batch, singles)
    assert rdf(frames[:0], CHARTING).shape == (0, 1, 340)


def test_float32_and_integers_are_converted():
    x = hot(ICOSAHEDRON).astype(np.float32)
    np.testing.assert_array_equal(rdf(x, CHARTING), rdf(x.astype(float), CHARTING))
    np.testing.assert_array_equal(rdf([[0, 0, 0], [3, 0, 0]], CHARTING),
                                  rdf([[0.0, 0, 0], [3.0, 0, 0]], CHARTING))
