"""Harmonic superposition: point groups, frequencies against the closed formula, populations of known minima."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase.cluster import Decahedron, Icosahedron, Octahedron
from ase.data import atomic_masses
from ase.units import kB
from nanochart.landscape import cna, motifs
from nanochart.landscape.quench import Quencher
from nanochart.landscape.rgl import energies_forces
from nanochart.landscape.superposition import Minima, describe, frequencies, minima
from nanochart.landscape.symmetry import point_group_order
from typer.testing import CliRunner

DATA = Path(__file__).parent.parent / "data"
BODIES = {"Ih": (Icosahedron("Au", 3), 120), "TO": (Octahedron("Au", 4, 1), 48), "Dh": (Decahedron("Au", 3, 3, 0), 20),
          "Marks": (Decahedron("Au", 4, 2, 1), 20)}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_point_groups(name):
    atoms, order = BODIES[name]
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    x = atoms.positions @ turn + rng.normal(0, 0.005, (len(atoms), 3)) + [10, -20, 5]
    assert point_group_order(x) == order
    assert point_group_order(x + rng.normal(0, 0.2, x.shape)) == 1
    kinds = np.zeros(len(x), dtype=int)
    kinds[np.linalg.norm(atoms.positions - atoms.positions.mean(axis=0), axis=1).argmax()] = 1  # one foreign vertex
    assert 1 <= point_group_order(x, kinds) < order


def test_point_group_of_planar_clusters_is_refused():
    square = np.array([[0, 0, 0], [3, 0, 0], [0, 3, 0], [3, 3, 0]], dtype=float)
    with pytest.raises(ValueError, match="4 atoms lie in a plane"):
        point_group_order(square)


def test_frequencies_are_those_of_the_closed_formula():
    x = Quencher("Au", 13, tolerance=1e-6)(Icosahedron("Au", 2).positions).positions
    step, hessian = 1e-4, np.zeros((39, 39))
    for i in range(39):
        for sign in (1, -1):
            shifted = x.ravel().copy()
            shifted[i] += sign * step
            hessian[i] -= sign * energies_forces(shifted.reshape(-1, 3), "Au")[1].ravel() / (2 * step)
    expected = np.linalg.eigvalsh((hessian + hessian.T) / 2) / atomic_masses[79]
    found = frequencies("Au", x)
    assert np.abs(found[:6]).max() < 1e-6 * found[-1]
    assert found[6:] == pytest.approx(expected[6:], rel=1e-4)
    log_frequency, log_inertia, order = describe("Au", x)
    assert log_frequency == pytest.approx(0.5 * np.log(expected[6:]).sum(), abs=1e-3) and order == 120
    radius = np.linalg.norm(x[1:] - x.mean(axis=0), axis=1).mean()
    assert log_inertia == pytest.approx(1.5 * np.log(atomic_masses[79] * 12 * radius**2 * 2 / 3), abs=1e-5)


def test_a_cluster_that_is_no_minimum_has_no_frequencies():
    assert describe("Au", motifs.start("TO", "Au", 38, 1).positions * 1.15) is None


def test_populations_of_known_minima():
    ih, dh = cna.LABELS.index("Ih"), cna.LABELS.index("Dh")
    n = 40
    found = Minima(energies=np.r_[-1.0, -0.9 + 0.01 * np.arange(n)], log_frequencies=np.r_[10.0, np.full(n, 8.0)],
                   log_inertia=np.zeros(n + 1), orders=np.r_[120, np.ones(n)], labels=np.r_[ih, np.full(n, dh)])  # fmt: skip
    for t, shares in zip((200, 400), found.populations((200, 400))):
        z_dh = 120 * np.exp(2) * np.exp(-(0.1 + 0.01 * np.arange(n)) / (kB * t))
        assert shares[ih] == pytest.approx(1 / (1 + z_dh.sum())) and shares.sum() == pytest.approx(1)
        assert found.open_ends(t)[dh] == pytest.approx(z_dh[-4:].sum() / z_dh.sum())
    assert np.isnan(found.open_ends(200)[ih])


def test_command(tmp_path):
    from nanochart.cli import app

    run = CliRunner().invoke(app, ["superposition", str(DATA / "Cu147.h5"), "--most", "2", "--temperatures", "300 600",
                                   "-o", str(tmp_path / "s.json")])  # fmt: skip
    assert run.exit_code == 0, run.output
    found = json.loads((tmp_path / "s.json").read_text())
    assert np.sum(found["populations"], axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert max(found["minima"]) == 2 and found["left_out"] <= 2 and "minima: Dh" in run.output
    assert np.argmax(found["populations"][0]) == cna.LABELS.index("Ih")
    with pytest.raises(ValueError, match=r"--temperatures is '300 -1', must be temperatures > 0"):
        CliRunner().invoke(app, ["superposition", "x.h5", "--temperatures", "300 -1"], catch_exceptions=False)
    with pytest.raises(FileNotFoundError):
        minima(tmp_path / "none.h5")
