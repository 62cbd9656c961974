"""Unwrapping of a cluster that lies astride the faces of a periodic cell."""

import numpy as np
import pytest
from rdf_cases import ICOSAHEDRON, hot

from nanochart import Error, _core

ORTHOGONAL = np.diag([31.0, 34.0, 40.0])
TRICLINIC = np.array([[36.0, 0, 0], [9.0, 37.0, 0], [-7.0, 8.0, 35.0]])
ALL = [True, True, True]


def unwrap(x, cell, periodic=ALL):
    return _core.unwrap(np.asarray(x, dtype=float)[None], cell, periodic)[0]


@pytest.mark.parametrize("cell", [ORTHOGONAL, TRICLINIC], ids=["orthogonal", "triclinic"])
def test_whole_again_whatever_the_images(cell):
    rng = np.random.default_rng(0)
    for _ in range(20):
        x = hot(ICOSAHEDRON) + rng.uniform(-50, 50, 3)
        images = x + rng.integers(-3, 4, size=x.shape) @ cell
        moved = unwrap(images, cell)
        np.testing.assert_allclose(moved - moved[0], x - x[0], atol=1e-12)
        cells = (moved - images) @ np.linalg.inv(cell)
        np.testing.assert_allclose(cells, np.rint(cells), atol=1e-12)


def test_a_cluster_inside_stays_where_it_is():
    x = hot(ICOSAHEDRON)
    x += 0.5 * np.diag(ORTHOGONAL) - x.mean(0)
    np.testing.assert_array_equal(unwrap(x, ORTHOGONAL), x)


def test_directions_that_are_not_periodic_are_left_alone():
    x = np.array([[1.0, 1, 1], [1, 33, 39], [30.5, 2, 1]])
    expected = np.array([[1.0, 1, 1], [1, 33, 39], [-0.5, 2, 1]])
    moved = unwrap(x, ORTHOGONAL, [True, False, False])
    np.testing.assert_allclose(moved - moved[0], expected - expected[0], atol=1e-12)


@pytest.mark.parametrize("axis", range(3))
def test_half_of_the_box_is_the_limit(axis):
    cell = np.diag([20.0, 20.0, 20.0])
    x = np.zeros((2, 3))
    x[1, axis] = 9.999
    np.testing.assert_array_equal(unwrap(x, cell), x)
    x[1, axis] = 10.0
    with pytest.raises(Error, match=f"cluster is 10 A wide along {'xyz'[axis]}, must be < half of "
                                    r"the box \(20 A\): enlarge the box"):
        unwrap(x, cell)


def test_extent_is_by_the_largest_gap():
    """Atoms spread evenly are as wide as the box less one gap."""
    x = np.zeros((5, 3))
    x[:, 0] = [0, 4, 8, 12, 16]
    with pytest.raises(Error, match=r"cluster is 16 A wide along x"):
        unwrap(x, np.diag([20.0, 20, 20]))


def test_flat_cell_and_lost_atom():
    x = np.array([[0, 0, 0], [1, 1, 1.0]])
    with pytest.raises(Error, match="span a volume of 0 A"):
        unwrap(x, np.diag([20.0, 20, 0]))
    with pytest.raises(Error, match="z of atom 2 is nan"):
        unwrap(np.array([[0, 0, 0], [1, 1, np.nan]]), ORTHOGONAL)
