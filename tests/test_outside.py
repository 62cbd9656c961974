"""How far outside its training data a model is used: Python, C++, LAMMPS."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read
from lammps_runner import cluster

import nanochart
from nanochart.chart import outside
from nanochart.chart.export import export, read_metadata
from nanochart.chart.linear import Linear, write_linear_model

GRID = nanochart.RdfGrid(1.5, 0.1, 90, 0.2)
RNG = np.random.default_rng(2)


def normal(n: int, seed: int) -> np.ndarray:
    """g[n,1,6] from a Gaussian with three large variances and a small one along the rest."""
    return np.random.default_rng(seed).normal(size=(n, 1, 6)) * [5.0, 3.0, 2.0, 0.1, 0.1, 0.1]


def test_it_is_the_mahalanobis_distance():
    entry = outside.fit(normal(20000, 0), normal(5000, 1), components=3)
    g = 2 * normal(200, 3)
    mahalanobis = np.sqrt((g[:, 0] ** 2 / np.array([5.0, 3.0, 2.0, 0.1, 0.1, 0.1]) ** 2).sum(axis=1))
    assert outside.evaluate(entry, g) * entry["unit"] == pytest.approx(mahalanobis, rel=0.03)
    values = outside.evaluate(entry, normal(20000, 4))
    assert np.mean(values > 1) == pytest.approx(0.001, abs=0.0007)


def test_one_is_the_percentile_of_unseen_inputs_and_a_constant_bin_counts():
    training, unseen = normal(500, 0), normal(400, 1)
    training[:, :, 4] = unseen[:, :, 4] = 0.25
    entry = outside.fit(training, unseen)
    assert np.percentile(outside.evaluate(entry, unseen), 99.9) == pytest.approx(1, abs=1e-6)
    moved = unseen.copy()
    moved[:, :, 4] += 20
    assert outside.evaluate(entry, moved).min() > 1


@pytest.mark.parametrize(
    "training, unseen, message",
    [
        (normal(19, 0), normal(20, 0), "19 training and 20 unseen inputs are too few"),
        (normal(20, 0), normal(9, 0), "9 unseen inputs are too few"),
        (np.ones((30, 1, 6)), normal(20, 0), "training inputs are alike"),
        (np.full((30, 1, 6), np.nan), normal(20, 0), "not finite"),
    ],
)
def test_refused(training, unseen, message):
    with pytest.raises(ValueError, match=message):
        outside.fit(training, unseen)


@pytest.fixture
def model(tmp_path):
    """A closed-form chart of 20 atoms that knows shaken icosahedral pieces."""
    x = np.stack([cluster(4, seed, 0.15)[:20] for seed in range(60)])
    g = nanochart.rdf(x, GRID)
    entry = outside.fit(g[:40], g[40:])
    path = export(Linear(RNG.normal(size=(2, 90)), np.zeros(2)), tmp_path / "known.pt", name="known", grid=GRID,
                  elements=["Au"], atoms=20, inputs=g, standardise=False, outside=entry)  # fmt: skip
    return path, x, g, entry


def test_cpp_equals_python(model):
    path, x, g, entry = model
    chart = nanochart.ChartCV(path)
    values = chart.outside(x)
    assert values == pytest.approx(outside.evaluate(entry, g), rel=1e-9)
    assert chart.outside(x[3]) == pytest.approx(values[3]) and isinstance(chart.outside(x[3]), float)
    assert chart.outside(0.9 * x[3]) > 1.5 and chart.outside(x[3] * [1.5, 1.5, 0.5]) > 1.5
    assert chart.outside(x[3] + 30.0, cell=[90.0] * 3, pbc=True) == pytest.approx(values[3])


def test_a_model_without_it_says_nan(tmp_path):
    path = write_linear_model(tmp_path / "w.pt", RNG.normal(size=(2, 90)), GRID, atoms=20)
    assert "outside" not in read_metadata(path)
    assert np.isnan(nanochart.ChartCV(path).outside(cluster()[:20]))


@pytest.mark.parametrize(
    "change",
    [{"mean": [0.0] * 89}, {"unit": 0.0}, {"noise": -1.0}, {"rows": [[1.0] * 89]}, {"rows": "x"}, {"unit": None}],
    ids=str,
)
def test_a_damaged_entry_is_refused(change, model):
    from test_export import edit

    path, entry = model[0], model[3]
    broken = edit(path, lambda meta: json.dumps(meta | {"outside": entry | change}))
    with pytest.raises(ValueError, match='nanochart.json has a wrong "(outside|rows|unit)"'):
        nanochart.ChartCV(broken)


@pytest.mark.parametrize("name", ["Au147", "Au147-inherent", "Au147-charting"])
def test_shipped_models_know_clusters_from_other_things(name):
    chart = nanochart.ChartCV(name)
    inputs = Path(__file__).parent.parent / "lammps_inputs"
    for motif in ("Ih", "Dh", "Fcc", "Twin"):
        x = read(inputs / f"{motif}147.data", format="lammps-data", atom_style="atomic").positions
        assert chart.outside(x) < 1
        assert chart.outside(0.95 * x) > 2 and chart.outside(1.05 * x) > 2
        assert chart.outside(x * 2.556 / 2.884) > 2  # the same cluster of copper
    crystal = bulk("Au", cubic=True).repeat(6).positions
    cube = crystal[np.argsort(np.abs(crystal - crystal.mean(axis=0) + 0.1).max(axis=1))][:147]
    assert chart.outside(cube) > 2
    gas = np.random.default_rng(0).random((147, 3)) * 25
    assert chart.outside(gas) > 5
