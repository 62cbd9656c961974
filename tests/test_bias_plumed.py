"""Against PLUMED: V(s) series, HILLS both ways, work, walls (data and provenance: data/plumed_biases)."""

from pathlib import Path

import numpy as np
import pytest

from nanochart.sampling.biases import Metadynamics, MovingRestraint, Restraint, Wall
from nanochart.sampling.free_energy import from_hills
from nanochart.sampling.hills import read_hills, static_bias

DATA = Path(__file__).parent / "data" / "plumed_biases"
S = np.loadtxt(DATA / "COLVAR")[:, 1:]
TEMPERATURE = 300 * (0.0083144621 / 96.48530749925792) / 8.617333262e-5  # PLUMED's Boltzmann constant
HILLS = dict(sigma=[0.15, 0.2], height=0.05, pace=4, temperature=TEMPERATURE)
GRID = [(-2, 2, 120), (-2, 2, 100)]


def series(bias):
    """V before the hill of each step, c(t) after it; PLUMED adds no hill at the first step."""
    rows = []
    for step, s in enumerate(S):
        v = bias.value(s)[0]
        if step:
            bias.update(step, float(step), s)
        rows.append((v, bias.ct))
    return np.array(rows).T


@pytest.mark.parametrize("biasfactor, file", [(3.0, "metad.out"), (None, "plain.out")])
def test_v_along_a_trajectory(biasfactor, file):
    expected = np.loadtxt(DATA / file)[:, 1]
    v, _ = series(Metadynamics(**HILLS, biasfactor=biasfactor))
    assert v == pytest.approx(expected, abs=1e-9)
    assert expected.max() > 0.1
    on_grid, _ = series(Metadynamics(**HILLS, biasfactor=biasfactor, grid=GRID))
    assert abs(on_grid - expected).max() < 1e-3 * expected.max()


def test_a_wrong_height_factor_would_show():
    expected = np.loadtxt(DATA / "metad.out")[:, 1]
    v, _ = series(Metadynamics(**{**HILLS, "height": 0.05 * 3 / 2}, biasfactor=3.0))
    assert abs(v - expected).max() > 0.1 * expected.max()


def test_ct():
    """PLUMED's sum over grid points counts those on the border fully, our integral by half."""
    v, ct = np.loadtxt(DATA / "metad_ct.out")[:, 1:].T
    bias = Metadynamics(**HILLS, biasfactor=3.0, grid=GRID)
    ours, ours_ct = series(bias)
    assert abs(ours - v).max() < 1e-3 * v.max()
    kt = 8.617333262e-5 * TEMPERATURE
    nodes = np.stack(np.meshgrid(*(np.linspace(lo, hi, bins + 1) for lo, hi, bins in GRID), indexing="ij"), -1)
    v_nodes = bias.value(nodes.reshape(-1, 2))[0].reshape(nodes.shape[:2])
    weight = np.ones_like(v_nodes)
    weight[[0, -1], :] /= 2
    weight[:, [0, -1]] /= 2

    def c(w):
        return kt * np.log(np.sum(w * np.exp(1.5 * v_nodes / kt)) / np.sum(w * np.exp(0.5 * v_nodes / kt)))

    assert c(1) == pytest.approx(ct[-1], rel=2e-5)  # heights by different interpolations
    assert c(weight) == pytest.approx(ours_ct[-1], rel=1e-10)
    assert ct[-1] > 3 * kt and abs(ours_ct - ct).max() < 0.02 * kt  # ln(121/120) + ln(101/100)


def test_our_hills_file_is_plumeds(tmp_path):
    path = tmp_path / "HILLS"
    bias = Metadynamics(**HILLS, biasfactor=3.0, hills=str(path), names=["x", "y"])
    series(bias)
    ours, theirs = path.read_text().splitlines(), (DATA / "HILLS").read_text().splitlines()
    assert len(ours) == len(theirs)
    assert sorted(line for line in ours if line[0] == "#") == sorted(line for line in theirs if line[0] == "#")
    assert ours[0] == theirs[0]
    assert np.loadtxt(path) == pytest.approx(np.loadtxt(DATA / "HILLS"), rel=1e-9, abs=1e-12)


def test_plumeds_hills_in_ours():
    """Its file, read, gives the V of its run after the last hill."""
    hills = read_hills(DATA / "HILLS")
    assert hills.names == ["x", "y"] and hills.biasfactor == 3.0
    run = Metadynamics(**HILLS, biasfactor=3.0)
    series(run)
    read, run = static_bias(DATA / "HILLS").value(S)[0], run.value(S)[0]
    assert read == pytest.approx(run, abs=1e-9)
    restarted = Metadynamics([0.15, 0.2], 0.0, 4, hills=str(DATA / "HILLS"), restart=True, names=["x", "y"])
    assert restarted.hills == len(hills.time) == 99


def test_sum_hills_of_our_file():
    """sum_hills sums the heights as they stand in the file: -gamma/(gamma - 1) V."""
    x, y, f, der_x, der_y = np.loadtxt(DATA / "fes.out").T
    v, dv_ds = static_bias(DATA / "HILLS.nanochart").value(np.stack([x, y], -1))
    assert -1.5 * v == pytest.approx(f, abs=1e-8)
    assert -1.5 * dv_ds == pytest.approx(np.stack([der_x, der_y], -1), abs=1e-7)
    assert f.min() < -0.2


def test_free_energy_is_sum_hills():
    x, y, f, *_ = np.loadtxt(DATA / "fes.out").T
    axes = []
    for nodes in (np.unique(x), np.unique(y)):
        half = (nodes[1] - nodes[0]) / 2
        axes.append((nodes[0] - half, nodes[-1] + half, len(nodes)))
    ours = from_hills(read_hills(DATA / "HILLS.nanochart"), axes, 300.0)
    f = f[np.lexsort((y, x))].reshape(ours.values.shape)
    assert ours.values == pytest.approx(f - f.min(), abs=1e-8)


def test_moving_restraint():
    moving = MovingRestraint([0.0, 0.5], [2.0, 3.0], [([1.0, -0.5], 50, 150), ([-0.8, 0.1], 200, 380)])
    rows = []
    for step, s in enumerate(S):
        moving.update(step, s)
        rows.append((moving.value(s)[0], *moving.center, moving.work))
    expected = np.loadtxt(DATA / "moving.out")[:, 1:]
    assert np.array(rows) == pytest.approx(expected, abs=1e-9)
    assert abs(expected[-1, 3]) > 0.1


@pytest.mark.parametrize(
    "bias, column",
    [
        (Wall(2, "upper", 0, at=0.3, kappa=1.5), 1),
        (Wall(2, "lower", 1, at=-0.2, kappa=0.7, exp=4), 2),
        (Restraint([0.1, -0.1], [2.0, 0.5]), 3),
    ],
)
def test_walls_and_restraint(bias, column):
    expected = np.loadtxt(DATA / "walls.out")[:, column]
    assert expected.max() > 1e-3
    for s, v in zip(S, expected):
        assert bias.value(s)[0] == pytest.approx(v, abs=1e-12)
