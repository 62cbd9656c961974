"""Minimised frames: right minima, and failures that are recorded."""

import numpy as np
import pytest

from nanochart.landscape import cna
from nanochart.landscape.motifs import start
from nanochart.landscape.rgl import energies_forces
from nanochart.landscape.quench import FORCE_TOLERANCE, Quencher
from nanochart.landscape.trajectories import frozen_melt


@pytest.fixture(scope="module")
def quench():
    return Quencher("Au", 147)


@pytest.fixture(scope="module")
def cluster():
    return start("Fcc", "Au", 147, 3).positions


def test_forces_vanish_by_the_closed_formula(quench, cluster):
    relaxed = quench(cluster + 0.1 * np.random.default_rng(0).normal(size=cluster.shape))
    energies, forces = energies_forces(relaxed.positions, "Au")
    assert relaxed.converged
    assert np.linalg.norm(forces) < 1.1 * FORCE_TOLERANCE
    assert relaxed.force_norm == pytest.approx(np.linalg.norm(forces), abs=1e-4)
    assert relaxed.energy == pytest.approx(energies.sum(), abs=1e-6)


def test_shaken_cluster_returns_to_its_minimum(quench, cluster):
    ideal = quench(cluster)
    shaken = quench(cluster + 0.1 * np.random.default_rng(1).normal(size=cluster.shape) + [50, 0, 0])
    assert shaken.energy == pytest.approx(ideal.energy, abs=1e-5)
    # The order of atoms is kept.
    assert np.abs(shaken.positions - ideal.positions).max() < 0.3


@pytest.mark.parametrize("spoil", [
    lambda x: x.__setitem__((3, 1), np.nan),
    lambda x: x.__setitem__(0, x[1]),
    lambda x: x.__setitem__(0, x[1] + [0.05, 0.0, 0.0]),
])
def test_impossible_frames_fail_and_the_next_is_unharmed(quench, cluster, spoil):
    before = quench(cluster).energy
    x = cluster.copy()
    spoil(x)
    failed = quench(x)
    assert not failed.converged
    assert np.isnan(failed.energy) and np.isnan(failed.positions).all()
    assert quench(cluster).energy == pytest.approx(before, abs=1e-9)


def test_too_few_iterations_are_a_failure(cluster):
    failed = Quencher("Au", 147, max_iterations=2)(cluster)
    assert not failed.converged
    assert failed.force_norm > FORCE_TOLERANCE and np.isfinite(failed.energy)


def test_other_number_of_atoms(quench, cluster):
    with pytest.raises(ValueError, match=r"shape \(146, 3\), must be \(147, 3\)"):
        quench(cluster[1:])


@pytest.mark.parametrize("motif", ["Ih", "Dh", "Twin", "Amorphous"])
def test_fifty_quenches_of_one_minimum_agree(quench, motif):
    """To 0.02 meV, so that the rule of 0.1 meV for duplicates means something."""
    rng = np.random.default_rng(5)
    # Seed 0: not annealed, or it may crystallise on another machine.
    begin = (frozen_melt("Au", 147, 0) if motif == "Amorphous" else start(motif, "Au", 147, 1)).positions
    minimum = quench(begin)
    assert minimum.converged and cna.label(minimum.positions, "Au") == motif
    energies = [quench(minimum.positions + 0.02 * rng.normal(size=begin.shape)).energy for _ in range(50)]
    assert np.ptp([minimum.energy, *energies]) < 2e-5


def test_evaluations_are_counted(quench, cluster):
    hot = quench(cluster + 0.1 * np.random.default_rng(0).normal(size=cluster.shape))
    cold = quench(hot.positions)
    assert 20 < hot.evaluations < 1000
    assert 1 <= cold.evaluations < 10


@pytest.mark.parametrize("tolerance", [0.0, -1.0, float("nan")])
def test_bad_tolerance(tolerance):
    with pytest.raises(ValueError, match="tolerance is .*, must be > 0"):
        Quencher("Au", 13, tolerance)
