"""Molecular dynamics: temperature, no drift or rotation, evaporation noticed."""

import numpy as np
import pytest

from nanochart.landscape.rgl import energies_forces
from nanochart.landscape.production import record
from nanochart.landscape.trajectories import Evaporated, Trajectory, frames, frozen_melt, pieces

BOLTZMANN = 8.617333e-5  # eV/K


@pytest.fixture(scope="module")
def cold():
    """Quenched frames of an icosahedron at 100 K."""
    return record(Trajectory(0, "Au", 147, "Ih", 100.0, 0, frames=30, interval=1.0, settle=10.0))


def test_potential_energy_obeys_equipartition(cold):
    hot = np.array([energies_forces(x, "Au")[0].sum() for x in cold.thermal])
    expected = 0.5 * (3 * 147 - 6) * BOLTZMANN * 100.0
    assert (hot - cold.energy).mean() == pytest.approx(expected, rel=0.1)


def test_cold_icosahedron_stays_what_and_where_it_is(cold):
    assert cold.status == "complete" and cold.converged.all()
    assert np.allclose(cold.energy, -527.7963, atol=1e-3)
    assert np.array_equal(cold.step, 2000 + 200 * np.arange(1, 31))
    # Neither drift nor rotation: the quenched frames coincide without any alignment.
    assert np.abs(cold.quenched - cold.quenched[0]).max() < 0.3


def test_same_seed_same_frames_other_seed_other_frames():
    def last(seed):
        t = Trajectory(1, "Au", 55, "Ih", 300.0, seed, frames=2, interval=0.5, settle=0.5)
        return list(frames(t, t.start().positions))[-1][1]

    assert np.array_equal(last(1), last(1))
    assert not np.allclose(last(1), last(2), atol=1e-3)


def test_melts_are_amorphous_and_unlike():
    melts = [frozen_melt("Au", 147, seed) for seed in (0, 4)]  # not annealed
    energies = [energies_forces(m.positions, "Au")[0].sum() for m in melts]
    assert all(-525.5 < e < -521.0 for e in energies)
    assert abs(energies[0] - energies[1]) > 1e-3
    assert melts[0].info["motif"] == "Amorphous"


def test_evaporation_ends_the_trajectory_and_is_said():
    t = Trajectory(5, "Au", 55, "Ih", 6000.0, 0, frames=40, interval=0.5, settle=0.5)
    with pytest.raises(Evaporated, match="trajectory 5: the Ih start at 6000.0 K lost atoms"):
        list(frames(t, t.start().positions))
    result = record(t)
    assert "lost atoms" in result.status
    assert len(result.step) == len(result.thermal) == len(result.energy) < 40


def test_pieces():
    x = np.array([[0.0, 0, 0], [2.9, 0, 0], [12.0, 0, 0]])
    assert pieces(x, 5.0) == 2
    assert pieces(x, 9.2) == 1


@pytest.mark.parametrize("change, message", [
    ({"motif": "Sc"}, "motif is 'Sc', must be one of Ih, Dh, Fcc, Twin, Amorphous"),
    ({"temperature": -3.0}, "temperature is -3.0, must be > 0"),
    ({"frames": 0}, "frames is 0, must be > 0"),
    ({"interval": 0.001}, "interval is 0.001, must be > 0.005"),
    ({"element": "Xx"}, "element is 'Xx', must be one of Ag, Au, Cu"),
])
def test_bad_trajectories(change, message):
    good = dict(number=0, element="Au", atoms=147, motif="Ih", temperature=300.0, seed=0)
    with pytest.raises(ValueError, match=message):
        Trajectory(**(good | change))
