"""Metadynamics in memory: kernel, heights, grid against the exact sum, c(t), borders, bad input."""

import itertools
import time

import numpy as np
import pytest

from nanochart.sampling.biases import Metadynamics

KB = 8.617333262e-5
EDGE = np.exp(-6.25)


def hills_sum(s, centers, sigma, heights):
    """V[n] at s[n, k]: the formula, written out."""
    u = 0.5 * (((s[:, None] - centers) / sigma) ** 2).sum(-1)
    return np.where(u < 6.25, heights * (np.exp(-u) - EDGE) / (1 - EDGE), 0).sum(-1)


def filled(centers, sigma, **options):
    bias = Metadynamics(sigma, height=0.1, pace=1, **options)
    for center in centers:
        bias.deposit(0.0, center)
    return bias


@pytest.mark.parametrize("k", [1, 2, 3])
def test_without_a_grid_v_is_the_sum_of_kernels(k):
    rng = np.random.default_rng(k)
    centers, sigma = rng.normal(size=(50, k)), rng.uniform(0.2, 0.5, k)
    s = rng.normal(size=(200, k))
    v, _ = filled(centers, list(sigma)).value(s)
    assert v == pytest.approx(hills_sum(s, centers, sigma, 0.1), abs=1e-14)
    assert v.max() > 0.1


def test_a_free_component_is_ignored():
    bias = filled([[0.1, 9.0, -0.2]], [0.3, None, 0.2], grid=[(-1, 1, 50)] * 2)
    v, dv_ds = bias.value([0.2, -5.0, -0.1])
    assert v == pytest.approx(hills_sum(np.array([[0.2, -0.1]]), np.array([[0.1, -0.2]]), [0.3, 0.2], 0.1)[0], rel=1e-3)
    assert dv_ds[1] == 0 and dv_ds[0] != 0 and dv_ds[2] != 0


@pytest.mark.parametrize("step", [1e-4, 1e-6])
@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("gridded", [True, False])
def test_derivative(k, gridded, step):
    """On a grid to rounding error: the gradient is that of the interpolated V."""
    rng = np.random.default_rng(k)
    grid = [(-2, 2, 37)] * k if gridded else []
    bias = filled(rng.uniform(-1, 1, (40, k)), [0.4] * k, grid=grid)
    s = rng.uniform(-0.5, 0.5, (30, k))
    _, dv_ds = bias.value(s)
    for i, e in enumerate(step * np.eye(k)):
        difference = (bias.value(s + e)[0] - bias.value(s - e)[0]) / (2 * step)
        # the kernel's slope jumps by 0.007 height/sigma where it ends; few points are so near
        assert np.median(abs(dv_ds[:, i] - difference)) < (1e-6 if step == 1e-4 else 1e-8)


def test_the_gradient_is_continuous_across_cells():
    rng = np.random.default_rng(4)
    bias = filled(rng.uniform(-1, 1, (60, 3)), [0.3] * 3, grid=[(-2, 2, 40)] * 3)
    node = np.array([-1.0, 0.5, 0.2])  # on the faces between cells along each axis
    for i, e in enumerate(np.eye(3) * 1e-9):
        (v0, dv0), (v1, dv1) = bias.value(node - e), bias.value(node + e)
        assert v0 == pytest.approx(v1, abs=1e-8) and dv0 == pytest.approx(dv1, abs=1e-6)


@pytest.mark.parametrize("k, per_sigma, count", [(1, 5, 10_000), (2, 5, 10_000), (3, 3, 10_000)])
def test_grid_error_of_many_hills(k, per_sigma, count):
    """10,000 overlapping hills: below 1e-3 of the largest V, also at sigma/3."""
    rng = np.random.default_rng(k)
    sigma = 0.1
    centers = np.clip(rng.normal(scale=0.25, size=(count, k)), -0.8, 0.8)
    bias = filled(centers, [sigma] * k, grid=[(-1, 1, round(2 / sigma * per_sigma))] * k)
    s = rng.uniform(-0.6, 0.6, (100, k))
    exact = hills_sum(s, centers, sigma, 0.1)
    v, _ = bias.value(s)
    assert bias.hills == count
    assert abs(v - exact).max() < 1e-3 * exact.max()
    assert abs(v - exact).max() < 2e-4 * exact.max()  # what cubic Hermite interpolation gives


def test_the_error_falls_with_the_fourth_power_of_the_spacing():
    rng = np.random.default_rng(7)
    centers, s = rng.uniform(-0.3, 0.3, (300, 1)), rng.uniform(-0.2, 0.2, (500, 1))
    exact = hills_sum(s, centers, 1.0, 0.1)  # sigma 1: no hill ends nearby
    errors = [abs(filled(centers, [1.0], grid=[(-4, 4, bins)]).value(s)[0] - exact).max() for bins in (16, 32)]
    assert 12 < errors[0] / errors[1] < 20


@pytest.mark.parametrize("k", [1, 2, 3])
def test_v_is_right_up_to_the_border(k):
    """Hills within 3.5 sigma of the border, and beyond it: only their part on the grid counts."""
    rng = np.random.default_rng(k)
    sigma = 0.2
    centers = rng.uniform(-1, 1, (200, k))
    centers[0], centers[1] = 1.0, -1.0
    bias = filled(centers, [sigma] * k, grid=[(-1, 1, 50)] * k)
    s = rng.uniform(-1, 1, (300, k))
    for point, i in itertools.product(range(100), range(k)):
        s[point, i] = rng.choice([-1, 1, s[point, i]])
    exact = hills_sum(s, centers, sigma, 0.1)
    assert abs(bias.value(s)[0] - exact).max() < 1e-3 * exact.max()
    inside, border = bias.value([1 - 1e-9] * k), bias.value([1.0] * k)
    assert inside[0] == pytest.approx(border[0], abs=1e-8)
    assert inside[1] == pytest.approx(border[1], abs=1e-6)


@pytest.mark.parametrize("off", [1.0000001, -1.2, np.nan, np.inf])
def test_a_cv_off_the_grid_is_an_error(off):
    bias = filled([[0.0, 0.0]], [0.1, 0.1], grid=[(-2, 2, 80), (-1, 1, 40)])
    for call in (bias.value, lambda s: bias.deposit(0.0, s)):
        with pytest.raises(ValueError, match="CV 2 is .*(outside the metadynamics grid -1 to 1: widen the grid, or keep .* wall|must be finite)"):
            call([0.0, off])
    assert bias.hills == 1


@pytest.mark.parametrize("grid", [[], [(-1, 1, 100)]])
def test_well_tempered_heights(grid):
    """At one place V follows V += h0 exp(-V/(kT (gamma - 1)))."""
    temperature, gamma, v = 400.0, 3.0, 0.0
    bias = Metadynamics([0.1], 0.05, 1, biasfactor=gamma, temperature=temperature, grid=grid)
    for _ in range(30):
        height = bias.deposit(0.0, [0.2])
        assert height == pytest.approx(0.05 * np.exp(-v / (KB * temperature * (gamma - 1))), rel=1e-12)
        assert bias.last_height == height
        v += height
    assert bias.value([0.2])[0] == pytest.approx(v, rel=1e-12)
    assert height < 0.01


@pytest.mark.parametrize("k, bins", [(1, 300), (2, 90)])
@pytest.mark.parametrize("gamma", [None, 3.0, 30.0])
def test_ct_is_its_quadrature(k, bins, gamma):
    rng = np.random.default_rng(k)
    kt = KB * 300.0
    bias = Metadynamics([0.2] * k, 0.03, 1, biasfactor=gamma, temperature=300.0, grid=[(-1, 1, bins)] * k)
    assert bias.ct == pytest.approx(0, abs=1e-15)
    for center in rng.uniform(-1, 1, (300, k)):
        bias.deposit(0.0, center)
    points, weights = np.polynomial.legendre.leggauss(120)  # an independent rule
    s = np.stack(np.meshgrid(*[points] * k, indexing="ij"), -1).reshape(-1, k)
    w = np.prod(np.stack(np.meshgrid(*[weights] * k, indexing="ij"), -1).reshape(-1, k), -1)
    v = bias.value(s)[0]
    if gamma is None:
        expected = kt * (np.log(w @ np.exp(v / kt)) - np.log(w.sum()))
    else:
        f = 1 / ((gamma - 1) * kt)
        expected = kt * (np.log(w @ np.exp(gamma * f * v)) - np.log(w @ np.exp(f * v)))
    assert bias.ct == pytest.approx(expected, abs=5e-3 * kt)
    assert bias.ct > kt


def test_ct_does_not_overflow():
    bias = Metadynamics([0.5], 1.0, 1, temperature=100.0, grid=[(-1, 1, 40)])
    for _ in range(200):  # V/kT = 23,000
        bias.deposit(0.0, [0.0])
    assert np.isfinite(bias.ct)
    assert 199 < bias.ct < bias.value([0.0])[0]


def test_there_is_no_ct_without_grid_or_temperature():
    assert np.isnan(Metadynamics([0.1], 0.1, 1, temperature=300.0).ct)
    assert np.isnan(Metadynamics([0.1], 0.1, 1, grid=[(0, 1, 50)]).ct)
    assert "no c(t)" in Metadynamics([0.1], 0.1, 1).notes[0]


def test_evaluating_changes_nothing():
    bias = filled([[0.1, 0.2]] * 3, [0.2, 0.2], grid=[(-1, 1, 40)] * 2)
    first = bias.value([0.3, 0.1])
    again = bias.value([0.3, 0.1])
    assert first[0] == again[0] and (first[1] == again[1]).all() and bias.hills == 3


def test_the_cost_of_a_step_does_not_grow_with_the_hills():
    """Far apart on purpose: a sum over hills would be hundreds of times slower."""
    s = np.random.default_rng(0).uniform(-1, 1, (20_000, 2))

    def cost(bias):
        times = []
        for _ in range(5):
            start = time.process_time()
            bias.value(s)
            times.append(time.process_time() - start)
        return min(times)

    grid = [(-1, 1, 30)] * 2
    few, many = filled(s[:5], [0.2, 0.2], grid=grid), filled(s, [0.2, 0.2], grid=grid)
    assert many.hills == 20_000 and cost(many) < 10 * cost(few)


def test_a_step_after_100_000_hills_and_what_a_deposit_touches():
    """In three dimensions: 5 microseconds a step; V and memory change within 3.54 sigma of a hill only."""
    rng = np.random.default_rng(0)
    bias = filled(rng.uniform(-0.9, 0.9, (100_000, 3)), [0.1] * 3, grid=[(-1, 1, 40)] * 3)
    s = rng.uniform(-0.9, 0.9, (20_000, 3))
    times = []
    for _ in range(5):
        start = time.process_time()
        before, _ = bias.value(s)
        times.append(time.process_time() - start)
    assert bias.hills == 100_000 and min(times) / len(s) < 5e-6
    bias.add([[0.2, 0.1, 0.0]], [1.0])
    after, _ = bias.value(s)
    cell = np.sqrt(3) * 2 / 40
    far = np.linalg.norm(s - [0.2, 0.1, 0.0], axis=1) > 0.1 * np.sqrt(2 * 6.25) + cell
    assert far.sum() > 10_000 and (after[far] == before[far]).all() and (after[~far] > before[~far]).any()


def test_notes_state_memory_and_a_coarse_grid():
    notes = Metadynamics([0.1, 0.1], 0.1, 1, grid=[(-1, 1, 100), (-1, 1, 30)], temperature=300.0).notes
    assert notes[0] == "grid of 100 x 30 bins, up to 0.100192 MB"
    assert notes[1] == "warning: grid spacing 0.0666667 of CV 2 is coarser than sigma/2 = 0.05: take at least 40 bins"
    assert len(notes) == 2


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(sigma=[0.1, -0.1, None]), "sigma 2 is -0.1, must be > 0"),
        (dict(sigma=[0.0, None, None]), "sigma 1 is 0, must be > 0"),
        (dict(sigma=[None, None]), "sigma biases 0 CVs, must be 1 to 3"),
        (dict(sigma=[0.1] * 4), "sigma biases 4 CVs, must be 1 to 3: leave the others free with \\*"),
        (dict(height=-0.1), "height is -0.1, must be >= 0"),
        (dict(pace=0), "pace is 0, must be >= 1"),
        (dict(biasfactor=1.0, temperature=300.0), "biasfactor is 1, must be > 1; leave it out for plain"),
        (dict(biasfactor=10.0), "biasfactor needs temp, the temperature in K"),
        (dict(temperature=0.0), "temp is 0, must be > 0"),
        (dict(grid=[(-1, 1, 50)]), "grid is given for 1 CVs, must be given for 2"),
        (dict(grid=[(-1, 1, 50), (1, 1, 50)]), "grid 1 1 50 of CV 3: lo must be smaller than hi"),
        (dict(grid=[(-1, 1, 50), (-1, 1, 0)]), "grid -1 1 0 of CV 3: bins must be >= 1"),
        (dict(grid=[(-1, 1, 50_000)] * 2), "grid of 50000 x 50000 bins needs 80.0032 GB, must be at most 2.14748 GB"),
        (dict(restart=True), "restart needs hills FILE"),
        (dict(height=0.0), "height is 0 and hills are not read either, so there would be no bias"),
        (dict(names=["a"]), "names has 1 entries, must have 2"),
    ],
)  # fmt: skip
def test_bad_input(arguments, message):
    good = dict(sigma=[0.1, None, 0.2], height=0.1, pace=1)
    with pytest.raises(ValueError, match=message):
        Metadynamics(**{**good, **arguments})


def test_wrong_shape():
    with pytest.raises(ValueError, match=r"s has shape \(2,\), must be \(3,\) or \(n, 3\)"):
        Metadynamics([0.1] * 3, 0.1, 1).value([0.0, 0.0])
