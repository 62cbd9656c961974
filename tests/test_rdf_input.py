"""RdfGrid as an object, and one clear error for every bad input."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from rdf_cases import CHARTING, ICOSAHEDRON

import nanochart
from nanochart import RdfGrid, rdf, rdf_pullback


def test_grid_is_a_value():
    grid = RdfGrid(2.0, 0.1, 50, 0.2)
    assert grid == RdfGrid(2, 0.1, 50, 0.2) and hash(grid) == hash(RdfGrid(2, 0.1, 50, 0.2))
    assert grid != RdfGrid(2, 0.1, 51, 0.2)
    assert repr(grid) == "RdfGrid(start=2.0, step=0.1, bins=50, bandwidth=0.2)"
    assert pickle.loads(pickle.dumps(grid)) == grid
    with pytest.raises(AttributeError):
        grid.step = 0.2


@pytest.mark.parametrize("arguments, text", [
    ((np.nan, 0.1, 50, 0.2), "start is nan, must be finite"),
    ((0, 0, 50, 0.2), "step is 0.0.*, must be > 0"),
    ((0, -0.1, 50, 0.2), "step is -0.1.*, must be > 0"),
    ((0, np.inf, 50, 0.2), "step is inf, must be > 0"),
    ((0, 0.1, 0, 0.2), "bins is 0.*, must be >= 1"),
    ((0, 0.1, 2.5, 0.2), "bins is 2.5, must be an integer"),
    ((0, 0.1, 50, 0), "bandwidth is 0.0.*, must be > 0"),
    ((0, 0.1, 50, np.nan), "bandwidth is nan, must be > 0"),
    ((-9, 0.1, 50, 0.2), "the last grid point is -4.1.*, must be >= 0"),
    ((0, 1, 50, 1e-9), "nodes, must be < 1e8"),
])
def test_bad_grid(arguments, text):
    with pytest.raises(ValueError, match=text):
        RdfGrid(*arguments)


def with_value(value):
    x = ICOSAHEDRON.copy()
    x[6, 1] = value
    return x


def with_twins():
    x = ICOSAHEDRON.copy()
    x[40] = x[11] + 1e-8
    return x


@pytest.mark.parametrize("x, options, text", [
    (with_value(np.nan), {}, "position: y of atom 7 is -?nan, must be finite"),
    (with_value(-np.inf), {}, "position: y of atom 7 is -inf, must be finite"),
    (with_twins(), {}, r"atoms 12 and 41 are .* A apart, must be > 1e-6 A"),
    (ICOSAHEDRON[:1], {}, "the number of atoms is 1, must be >= 2"),
    (ICOSAHEDRON[:, :2], {}, r"shape is \(147, 2\), must be \[N,3\]"),
    (ICOSAHEDRON[0], {}, r"shape is \(3,\), must be \[N,3\]"),
    (ICOSAHEDRON.astype(complex), {}, "dtype is complex128, must be real"),
    (ICOSAHEDRON.astype(str), {}, "dtype is <U.*, must be real"),
    (ICOSAHEDRON, {"species": ["Au"] * 146}, "there are 146, must be one for each of the 147"),
    (ICOSAHEDRON, {"threads": -1}, "threads is -1, must be an integer >= 0"),
    (ICOSAHEDRON, {"pbc": True}, "pbc is given without a cell"),
    (ICOSAHEDRON, {"cell": [1, 2]}, r"cell: shape is \(2,\)"),
    (ICOSAHEDRON, {"cell": [30, 30, 20]}, "wide along z, must be < half of the box"),
])
def test_bad_input(x, options, text):
    with pytest.raises(ValueError, match=text):
        rdf(x, CHARTING, **options)
    if "apart" not in text:  # two atoms at one place are the value's to find
        with pytest.raises(ValueError, match=text):
            rdf_pullback(x, CHARTING, np.ones(340), **options)


def test_twins_in_a_batch_and_in_part_of_the_rows():
    frames = np.stack([ICOSAHEDRON, with_twins()])
    with pytest.raises(nanochart.Error, match="atoms 12 and 41"):
        rdf(frames, CHARTING, threads=2)
    kernel = nanochart.descriptor._rdf(CHARTING, 1)
    with pytest.raises(nanochart.Error, match="atoms 12 and 41"):
        kernel.value_rows(with_twins()[None], None, 30, 60)
    kernel.value_rows(with_twins()[None], None, 50, 60)  # these rows have no part in it
    assert np.all(np.isfinite(rdf_pullback(with_twins(), CHARTING, np.ones(340))))


@pytest.mark.parametrize("shape", [(339,), (2, 340), (1, 1, 340)])
def test_bad_dv_dg(shape):
    with pytest.raises(ValueError, match=r"dv_dg has shape .* must be \(340,\) or \(1, 340\)"):
        rdf_pullback(ICOSAHEDRON, CHARTING, np.zeros(shape))


def test_import_is_light():
    code = ("import sys, nanochart; heavy = {'torch', 'numpy', 'ase', 'sklearn'} & set(sys.modules);"
            "print(sorted(heavy), sorted(set(nanochart.__all__) - set(dir(nanochart))))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
