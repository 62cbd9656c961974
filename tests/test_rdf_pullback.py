"""The pull-back is the exact derivative of the g that is computed."""

import numpy as np
import pytest
from rdf_cases import CHARTING, ICOSAHEDRON, hot, random_cluster

from nanochart import RdfGrid, _core, rdf, rdf_pullback

CASES = {
    "icosahedron": (hot(ICOSAHEDRON), CHARTING, None),
    "two elements": (hot(ICOSAHEDRON), CHARTING, ["Ag"] * 50 + ["Cu"] * 97),
    "pairs beyond both ends": (random_cluster(60), RdfGrid(4, 0.1, 40, 0.2), None),
    "wide": (random_cluster(400, 2) * 1.8, RdfGrid.charting(280), ["Au", "Cu"] * 200),
    "coarse grid": (hot(ICOSAHEDRON), RdfGrid(1.5, 0.4, 40, 0.1), None),
    "dimer": (np.array([[0, 0, 0], [2.7, 0.3, 0.1]]), CHARTING, None),
}


def potential(case, seed=1):
    x, grid, species = CASES[case]
    shape = rdf(x, grid, species=species).shape
    return x, grid, species, np.random.default_rng(seed).normal(size=shape)


def central_difference(function, h):
    """Fourth order, so that a step large enough for round-off has no error of its own."""
    return (8 * (function(h) - function(-h)) - (function(2 * h) - function(-2 * h))) / (12 * h)


@pytest.mark.parametrize("step", [2e-4, 5e-5])
@pytest.mark.parametrize("case", CASES)
def test_finite_differences(case, step):
    x, grid, species, dv_dg = potential(case)
    dv_dx = rdf_pullback(x, grid, dv_dg, species=species)
    direction = dv_dx / np.linalg.norm(dv_dx)  # along the gradient: nothing cancels

    def v(h):
        return np.vdot(dv_dg, rdf(x + h * direction, grid, species=species))

    assert central_difference(v, step) == pytest.approx(np.linalg.norm(dv_dx), rel=1e-7)


def test_finite_differences_of_single_coordinates():
    x, grid, species, dv_dg = potential("two elements")
    dv_dx = rdf_pullback(x, grid, dv_dg, species=species)
    for atom, axis in [(0, 0), (49, 1), (50, 2), (146, 0)]:
        def v(h):
            moved = x.copy()
            moved[atom, axis] += h
            return np.vdot(dv_dg, rdf(moved, grid, species=species))

        scale = np.abs(dv_dx).max()
        assert central_difference(v, 1e-4) == pytest.approx(dv_dx[atom, axis], abs=1e-7 * scale)


@pytest.mark.parametrize("case", CASES)
def test_strain(case):
    x, grid, species, dv_dg = potential(case)
    dv_dx, dv_dstrain = rdf_pullback(x, grid, dv_dg, species=species, strain=True)
    scale = np.abs(dv_dstrain).max()
    np.testing.assert_allclose(dv_dstrain, dv_dstrain.T, atol=1e-11 * scale)
    for a, b in [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)]:
        def v(h):
            strain = np.zeros((3, 3))
            strain[a, b] = h
            return np.vdot(dv_dg, rdf(x + x @ strain.T, grid, species=species))

        assert central_difference(v, 1e-5) == pytest.approx(dv_dstrain[a, b], abs=1e-7 * scale)


def test_no_net_force_and_no_torque():
    x, grid, species, dv_dg = potential("two elements")
    dv_dx = rdf_pullback(x, grid, dv_dg, species=species)
    scale = np.abs(dv_dx).max()
    assert np.abs(dv_dx.sum(0)).max() < 1e-12 * scale * len(x)
    assert np.abs(np.cross(x, dv_dx).sum(0)).max() < 1e-11 * scale * len(x)


def test_wrapped_cluster_has_the_same_forces():
    x, grid, species, dv_dg = potential("icosahedron")
    cell = np.array([[36.0, 0, 0], [9.0, 37.0, 0], [-7.0, 8.0, 35.0]])
    rng = np.random.default_rng(0)
    wrapped = x + rng.integers(-2, 3, size=(147, 3)) @ cell
    whole, strain = rdf_pullback(x, grid, dv_dg, strain=True)
    force, strain_wrapped = rdf_pullback(wrapped, grid, dv_dg, cell=cell, strain=True)
    np.testing.assert_allclose(force, whole, atol=1e-12 * np.abs(whole).max())
    np.testing.assert_allclose(strain_wrapped, strain, atol=1e-12 * np.abs(strain).max())


def test_batch_is_singles_whatever_the_threads():
    frames = np.stack([hot(ICOSAHEDRON, seed=s) for s in range(7)])
    dv_dg = np.random.default_rng(1).normal(size=(7, 340))
    singles = [rdf_pullback(x, CHARTING, v, strain=True) for x, v in zip(frames, dv_dg)]
    for threads in (0, 1, 3):
        dv_dx, dv_dstrain = rdf_pullback(frames, CHARTING, dv_dg, strain=True, threads=threads)
        np.testing.assert_array_equal(dv_dx, [s[0] for s in singles])
        np.testing.assert_array_equal(dv_dstrain, [s[1] for s in singles])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("cuts", [[], [0], [1], [13, 40], [20, 20, 37]])
def test_rows_share_the_work(case, cuts):
    """What MPI ranks do: shares of g and of the strain derivative add up, forces are complete."""
    x, grid, species, dv_dg = potential(case)
    n = len(x)
    edges = [0, *[min(c, n) for c in cuts], n]
    kinds, of = (1, None) if species is None else (2, np.unique(species, return_inverse=True)[1])
    kernel = _core.Rdf(grid.start, grid.step, grid.bins, grid.bandwidth, kinds)
    shares = list(zip(edges, edges[1:]))
    g = sum(kernel.value_rows(x[None], of, *rows) for rows in shares)
    parts = [kernel.pullback_rows(x[None], of, dv_dg, *rows) for rows in shares]
    dv_dx, dv_dstrain = rdf_pullback(x, grid, dv_dg, species=species, strain=True)
    whole = rdf(x, grid, species=species)
    np.testing.assert_allclose(g, whole, atol=1e-13 * whole.max())
    scale = np.abs(dv_dx).max()
    np.testing.assert_allclose(np.vstack([p[0] for p in parts]), dv_dx, atol=1e-12 * scale)
    np.testing.assert_allclose(sum(p[1] for p in parts), dv_dstrain,
                               atol=1e-12 * np.abs(dv_dstrain).max())


@pytest.mark.parametrize("rows", [None, (5, 90)], ids=["all", "rows"])
@pytest.mark.parametrize("repeat", [1, 2])
@pytest.mark.parametrize(
    "x, species",
    [(hot(ICOSAHEDRON), 1), (hot(ICOSAHEDRON), 2), (random_cluster(400, 2), 1), (random_cluster(150, 2) * 2.2, 1)],
    ids=["kept", "two elements", "too many to keep", "tiles"],
)
def test_a_pass_is_the_value_and_the_pullback(x, species, repeat, rows):
    """Pairs that the value keeps for the pull-back change nothing but the last bits."""
    first, last = rows or (0, len(x))
    kernel = _core.Rdf(CHARTING.start, CHARTING.step, CHARTING.bins, CHARTING.bandwidth, species)
    of = None if species == 1 else (np.arange(len(x)) % 3 == 0).astype(np.intc)
    dv_dg = np.random.default_rng(1).normal(size=(kernel.channels, CHARTING.bins))
    g, dv_dx, strain = kernel.pass_rows(x[None], of, dv_dg, first, last, repeat)
    np.testing.assert_array_equal(g, kernel.value_rows(x[None], of, first, last))
    for ours, apart in zip((dv_dx, strain), kernel.pullback_rows(x[None], of, dv_dg, first, last)):
        np.testing.assert_allclose(ours, apart, rtol=0, atol=1e-13 * np.abs(apart).max())
