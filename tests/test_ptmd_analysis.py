"""Figures of a parallel-tempering run, on made-up data with known answers."""

import json
from dataclasses import replace

import numpy as np
import pytest
from ase.units import kB

from nanochart.landscape.ptmd.analysis import Summary, density_of_states, gaps, heat_capacity, round_trips, table
from nanochart.landscape.ptmd.log import cluster_pieces
from nanochart.plots import tempering

TEMPERATURES = np.array([300.0, 330.0, 363.0, 400.0])
AT = np.array([310.0, 350.0, 390.0])


def oscillators(degrees: int, n: int) -> np.ndarray:
    """Potential energies [n, rungs] of `degrees` harmonic oscillators: gamma distributions."""
    rng = np.random.default_rng(3)
    return np.stack([rng.gamma(degrees / 2, kB * t, n) for t in TEMPERATURES], axis=1)


def test_heat_capacity_is_that_of_pymbar():
    """pymbar 4.0.3, MBAR(u_kn, N_k).compute_multiple_expectations of E and E^2, on the same samples."""
    found = heat_capacity(oscillators(435, 3000), TEMPERATURES, AT, 435)
    assert found == pytest.approx([432.86686, 435.11499, 434.44503], abs=0.06)


def test_heat_capacity_of_oscillators_is_exact():
    found = heat_capacity(oscillators(435, 100_000), TEMPERATURES, AT, 435)
    assert found == pytest.approx(435, rel=0.006)  # degrees/2 k_B each from potential and kinetic energy


def test_density_of_states_of_oscillators_is_a_power():
    e, log_omega = density_of_states(oscillators(100, 50_000), TEMPERATURES)
    middle = (e > 1.2) & (e < 1.9)
    exponent = np.polyfit(np.log(e[middle]), log_omega[middle], 1)[0]
    assert exponent == pytest.approx(100 / 2 - 1, rel=0.01)


def test_rungs_without_overlap_are_refused():
    with pytest.raises(ValueError, match="energies of neighbouring rungs do not overlap; use more temperatures"):
        density_of_states(np.array([[0.0, 5.0], [0.1, 5.1]]), [100, 900])


def test_heat_capacity_stops_at_a_gap_in_energy():
    """Melting between the second and the third rung that no sample crosses: each side by itself."""
    below, above = oscillators(435, 20_000), oscillators(435, 20_000)[:, 2:] + 9.0
    energies = np.concatenate([below[:, :2], above], axis=1)
    assert gaps(energies).tolist() == [1] and len(gaps(below)) == 0
    found = heat_capacity(energies, TEMPERATURES, np.array([300.0, 320.0, 340.0, 350.0, 370.0, 400.0]), 435)
    assert np.isnan(found).tolist() == [False, False, True, True, False, False]
    assert found[[0, 1, 4, 5]] == pytest.approx(435, rel=0.03)
    alone = np.concatenate([below[:, :1], below[:, 1:] + 30.0], axis=1)  # the lowest rung has no neighbour
    assert np.isnan(heat_capacity(alone, TEMPERATURES, AT, 435)).tolist() == [True, False, False]
    # Neighbours that do not overlap are no gap where the rungs beyond them do.
    assert len(gaps(np.array([[0.0, 0.2, 0.5], [3.0, 0.3, 4.0]]))) == 0


def test_round_trips():
    first = [0, 1, 2, 1, 2, 1, 0, 1, 0, 1, 2, 2, 1, 0]  # two, however often it turns back on the way
    second = [2, 1, 0, 0, 1, 2, 1, 2, 1, 1, 0, 1, 2, 1]  # one, and half of another
    third = [1] * 14
    assert round_trips(np.array([first, second, third]).T).tolist() == [2, 1, 0]
    assert round_trips(np.array([[0, 1], [0, 1]])).tolist() == [0, 0]


def test_lost_atoms_show_as_pieces():
    grid = 2.9 * np.stack(np.meshgrid(*[np.arange(3.0)] * 3), -1).reshape(-1, 3)
    assert cluster_pieces(grid) == 1
    assert cluster_pieces(np.vstack([grid, [[12.0, 0, 0]]])) == 2


def test_summary_as_table_file_and_picture(tmp_path):
    k = len(TEMPERATURES)
    summary = Summary(
        steps=1000, nanoseconds=0.005, frames=40, temperatures=TEMPERATURES.tolist(),
        kinetic_temperatures=(TEMPERATURES + 1).tolist(), kinetic_errors=[0.5] * k, energies=[-5.0, -4.5, -4.0, -3.0],
        energy_errors=[0.01] * k, acceptance=[0.5, 0.25, 0.125], round_trips=[1, 0, 2, 0], heat_capacity_at=AT.tolist(),
        heat_capacity=[400.0, 500.0, 450.0], heat_capacity_errors=[1.0] * 3,
        lost_atoms=[dict(replica=3, step=600, temperature=400.0, pieces=2)],
    )  # fmt: skip
    text = table(summary)
    assert "330.00   331.00 +- 0.50      -4.500 +- 0.010       25%" in text
    assert "3 round trips; heat capacity highest, 500 k_B, at 350 K" in text
    assert "WARNING" not in text
    assert "LOST ATOMS: replica 3 is in 2 pieces at step 600 (400 K)" in text
    summary.save(tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text())["round_trips"] == [1, 0, 2, 0]
    tempering(summary, tmp_path / "ptmd.png")
    assert (tmp_path / "ptmd.png").stat().st_size > 10_000
    nothing = replace(summary, heat_capacity=[np.nan] * 3, heat_capacity_errors=[np.nan] * 3, gaps=[[300.0, 330.0]])
    text = table(nothing)
    assert "3 round trips; no heat capacity" in text
    assert "WARNING: energies at 300 K and below lie apart from those at 330 K and above: no heat capacity" in text
    tempering(nothing, tmp_path / "nothing.png")
    assert (tmp_path / "nothing.png").stat().st_size > 10_000
    text = table(replace(summary, heat_capacity_errors=[1.0, np.nan, 1.0]))
    assert "WARNING: heat capacity between 350 and 350 K is without error: it rests on a single stretch" in text
