"""fix nanochart/restraint that moves: centre, forces, work, continuation, bad input."""

import re

import numpy as np
import pytest
from lammps_runner import cluster, continued, cv, deck, finite_difference_forces, good, run, thermo

from nanochart.sampling.biases import MovingRestraint

S = cv(cluster(noise=0.02))
HOT = "velocity all create 300 11 mom yes rot yes\nfix m all nve\ntimestep 0.002\n"
CHART = "fix c all nanochart ./au.pt every {every} log {log} {every}\n"
START, MIDDLE, END = S + 0.1, S + [0.4, 0, -0.2], S + [0.2, 0, 0.3]
KAPPA, LEGS = [20.0, 0.0, 8.0], [(MIDDLE, 10, 30), (END, 30, 50)]


def words(place):
    return f"{place[0]:.17g} * {place[2]:.17g}"


PULL = f"fix r all nanochart/restraint c at {words(START)} kappa 20 * 8 " + " ".join(
    f"to {words(to)} over {first} {last}" for to, first, last in LEGS
)


def commands(every=1, log="COLVAR"):
    return HOT + CHART.format(every=every, log=log) + PULL + "\n" + thermo("f_c f_r f_r[1]", 1)


def reference(folder, every):
    """Energies and work of Python's MovingRestraint along the log's s."""
    logged = np.loadtxt(folder / "COLVAR")[:, 1:4]
    free = lambda v: np.array([v[0], 0, v[2]])  # noqa: E731
    bias = MovingRestraint(free(START), KAPPA, [(free(to), a, b) for to, a, b in LEGS])
    energy, work = [], []
    for i, s in enumerate(logged):
        bias.update(i * every, s)
        energy.append(bias.value(s)[0])
        work.append(bias.work)
    return np.array(energy), np.array(work)


@pytest.mark.parametrize("every", [1, 5])
def test_energy_and_work(folder, every):
    table = good(run(folder, deck(commands(every) + "run 60"))).thermo()
    energy, work = reference(folder, every)
    assert np.ptp(work) > 0.05 and len(work) == 60 // every + 1
    assert table["f_r"][::every] == pytest.approx(energy, rel=1e-9)
    assert table["f_r[1]"][::every] == pytest.approx(work, rel=1e-9, abs=1e-12)
    assert table["f_c"] == pytest.approx(table["f_r"], rel=1e-14)


def test_forces_on_the_way(folder):
    fixes = "reset_timestep 22\n" + CHART.format(every=1, log="COLVAR") + PULL + "\n"
    forces, differences = finite_difference_forces(folder, fixes)
    assert np.abs(forces).max() > 0.01
    assert forces == pytest.approx(differences, abs=1e-6 * np.abs(forces).max())


def test_continued_runs_are_one(folder):
    """In one process, and from restart files, also between two evaluations."""
    for every, half in ((1, 20), (5, 22)):
        whole = good(run(folder, deck(commands(every) + "run 60"))).thermo()
        twice = good(run(folder, deck(commands(every) + f"run {half}\nwrite_restart half\nrun {60 - half}")))
        again = good(run(folder, continued(deck(commands(every) + f"run {60 - half}"), "half")))
        for result in (twice, again):
            for name, values in result.thermo().items():
                assert values == pytest.approx(whole[name][half:], rel=1e-9, abs=1e-9), name
        assert abs(whole["f_r[1]"][-1]) > 0.01


def test_two_ranks(folder):
    one, two = (good(run(folder, deck(commands() + "run 40"), ranks=n)).thermo() for n in (1, 2))
    for name in one:
        assert two[name] == pytest.approx(one[name], rel=1e-9, abs=1e-9), name


def test_minimize_holds_still_and_does_no_work(folder):
    moved = commands() + "run 20\nminimize 0 0 15 100\n"
    result = good(run(folder, deck(moved + "run 25")))
    dynamics, minimum, later = (result.thermo(i) for i in (0, 1, 2))
    assert minimum["Step"][-1] == 35
    assert np.all(minimum["f_r[1]"] == dynamics["f_r[1]"][-1]) and later["f_r[1]"][0] == minimum["f_r[1]"][-1]
    assert minimum["f_r"][0] == pytest.approx(dynamics["f_r"][-1], rel=1e-9)
    assert later["f_r[1]"][-1] != later["f_r[1]"][0]


def test_units_real(folder):
    energy = 23.060549
    kappa = re.sub(r"kappa 20 \* 8", f"kappa {20 * energy} * {8 * energy}", PULL)
    text = HOT.replace("0.002", "2.0") + CHART.format(every=1, log="COLVAR") + kappa + "\n" + thermo("f_r f_r[1]", 1)
    text = text.replace("fix m all nve\n", "")  # the atoms stand still: the same s in both units
    metal = commands().replace("fix m all nve\n", "")
    tables = [good(run(folder, deck(t + "run 60", units=u))).thermo() for t, u in ((metal, "metal"), (text, "real"))]
    for name in ("f_r", "f_r[1]"):
        assert tables[1][name] == pytest.approx(energy * tables[0][name], rel=1e-6)
    assert abs(tables[0]["f_r[1]"][-1]) > 0.1


@pytest.mark.parametrize(
    "command, message",
    [
        ("at 0 0 0 kappa 1 1 1 to 1 1 1", "to must be followed by over step0 step1"),
        ("at 0 0 0 kappa 1 1 1 over 0 9", "over must follow to t1 .. td"),
        ("at 0 0 0 kappa 1 1 1 to 1 1 over 0 10", "to has 2 values and kappa 3"),
        ("at 0 0 0 kappa 1 1 1 to 1 * 1 over 0 10", "to 2 is * and kappa 2 is 1: a component left free is * in both"),
        ("at 0 0 0 kappa 1 1 1 to 1 1 x over 0 10", "to 3 is x, must be a number"),
        ("at 0 0 0 kappa 1 1 1 to 1 1 1 over 0", "over step1 is missing"),
        ("at 0 0 0 kappa 1 1 1 to 1 1 1 over -5 10", "over step0 is -5, must be a whole number >= 0"),
        ("at 0 0 0 kappa 1 1 1 to 1 1 1 over 10 10", "over 10 10: the schedule's second step must be larger"),
        ("at 0 0 0 kappa 1 1 1 to 1 1 1 over 0 10 to 0 0 0 over 5 20", "over 5 20: must not begin before"),
        ("at 0 0 0 kappa 1 1 1 to 1 1 1 over 0 12", "over 0 12: both steps must be multiples of every"),
    ],
)
def test_bad_input_on_two_ranks(folder, command, message):
    (folder / "COLVAR").write_text("mine\n")
    fixes = CHART.format(every=5, log="COLVAR") + f"fix r all nanochart/restraint c {command}\n"
    result = run(folder, deck(fixes + "run 1"), ranks=2, timeout=60)
    assert result.code != 0 and message in result.error, result.output[-2000:]
    assert (folder / "COLVAR").read_text() == "mine\n"


def test_temper_refuses_it(folder):
    hot = "variable t world 300 350\nfix m all nve\nfix bath all langevin $t $t 0.1 4711\n"
    text = hot + CHART.format(every=1, log="COLVAR") + PULL + "\ntemper 40 10 $t bath 3 58728"
    result = run(folder, deck(text), ranks=2, args=["-partition", "1", "1", "-pscreen", "none"], timeout=60)
    assert result.code != 0 and "a bias that does not change with time" in result.error
