"""fix nanochart/wall: energy, forces, units, ranks, bad input."""

import numpy as np
import pytest
from lammps_runner import BIAS_ALONE, cluster, cv, deck, finite_difference_forces, run, thermo

from nanochart.sampling.biases import Wall

CHART = "fix c all nanochart ./au.pt\n"
S = cv(cluster(noise=0.02))
# Beyond by 0.3 and by 0.2, and one wall that is not reached.
WALLS = [("upper", 1, S[0] - 0.3, 2.0, 2), ("lower", 3, S[2] + 0.2, 30.0, 4), ("upper", 2, S[1] + 0.5, 9.0, 2)]
FIXES = CHART + "".join(
    f"fix w{i} all nanochart/wall c {side} {component} at {at:.17g} kappa {kappa}" + (f" exp {e}\n" if e != 2 else "\n")
    for i, (side, component, at, kappa, e) in enumerate(WALLS)
)


def energies(folder, units="metal", ranks=1, fixes=FIXES):
    result = run(folder, deck(fixes + thermo("f_w0 f_w1 f_w2 f_c", 1) + "run 0", units=units), ranks=ranks)
    assert result.code == 0, result.output
    return [result.thermo()[f"f_{name}"][0] for name in ("w0", "w1", "w2", "c")]


def test_energy_on_one_and_two_ranks(folder):
    each = [Wall(3, side, i - 1, at=at, kappa=kappa, exp=e).value(S)[0] for side, i, at, kappa, e in WALLS]
    assert each == pytest.approx([2 * 0.3**2, 30 * 0.2**4, 0], rel=1e-9)
    for ranks in (1, 2):
        assert energies(folder, ranks=ranks) == pytest.approx([*each, sum(each)], rel=1e-9)


def test_units_real(folder):
    ev = energies(folder)
    assert energies(folder, units="real") == pytest.approx(np.array(ev), rel=1e-9)  # kappa in kcal/mol, too


def test_forces_are_the_slope_of_the_energy(folder):
    forces, differences = finite_difference_forces(folder, FIXES)
    assert np.abs(forces).max() > 0.01
    assert forces == pytest.approx(differences, abs=1e-6 * np.abs(forces).max())


def test_a_wall_holds_against_a_restraint(folder):
    """Pulled outwards, s1 ends near where both forces are equal: 10 (1 - x) = 2 100 x."""
    pull = CHART + f"fix r all nanochart/restraint c at {S[0] + 1:.9f} * * kappa 10 * *\n"
    wall = f"fix w all nanochart/wall c upper 1 at {S[0]:.9f} kappa 100\n"
    ends = []
    for fixes in (pull, pull + wall):
        result = run(folder, deck(fixes + thermo("f_c[1]", 1000) + "minimize 0 1e-5 300 3000", pair=BIAS_ALONE))
        assert result.code == 0, result.output
        ends.append(result.thermo()["f_c[1]"][-1] - S[0])
    assert ends == pytest.approx([1, 10 / 210], abs=1e-3)


@pytest.mark.parametrize(
    "command, message",
    [
        ("c", "lower or upper is missing"),
        ("c middle 1 at 0 kappa 1", "the side of the wall is middle, must be lower or upper"),
        ("c lower 0 at 0 kappa 1", "COMPONENT is 0, must be a whole number >= 1"),
        ("c lower 4 at 0 kappa 1", "fix nanochart/wall w: COMPONENT is 4, must be 1 to 3"),
        ("c lower 1 kappa 1", "at is missing"),
        ("c lower 1 at 0", "kappa is missing"),
        ("c lower 1 at x kappa 1", "at is x, must be a number"),
        ("c lower 1 at 0 kappa -1", "kappa is -1, must be finite and >= 0"),
        ("c lower 1 at 0 kappa 1 exp 1", "exp is 1, must be > 1"),
        ("c lower 1 at 0 kappa 1 eps 1", "unknown keyword eps, must be one of at, kappa, exp"),
        ("d lower 1 at 0 kappa 1", "CVFIX is d, must be the ID of a fix nanochart"),
    ],
)
def test_bad_input_on_two_ranks(folder, command, message):
    result = run(folder, deck(CHART + f"fix w all nanochart/wall {command}\nrun 1"), ranks=2, timeout=60)
    assert result.code != 0 and message in result.error, result.output[-2000:]
