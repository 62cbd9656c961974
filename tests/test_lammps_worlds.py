"""Several LAMMPS worlds in one run: logs of their own, and tempering."""

import numpy as np
import pytest
from lammps_runner import colvar, deck, run

TWO = ["-partition", "1", "1", "-pscreen", "none"]
HOT = (
    "variable t world 300 350\nvelocity all create $t 11 mom yes rot yes\nfix m all nve\n"
    "fix bath all langevin $t $t 0.1 4711\ntimestep 0.002\n"
)
CHART = "fix c all nanochart ./au.pt every 2 log cv.dat 10\n"


def test_each_world_has_its_log(folder):
    (folder / "cv.dat").write_text("not ours\n")
    result = run(folder, deck(HOT + CHART + "run 20"), ranks=2, args=TWO)
    assert result.code == 0, result.output
    logs = [colvar(folder / f"cv.{world}.dat") for world in (0, 1)]
    for log in logs:
        assert log["time"] == pytest.approx([0, 0.02, 0.04], abs=1e-12)
    assert logs[0]["c.s1"][0] == logs[1]["c.s1"][0]
    assert np.abs(logs[0]["c.s1"][1:] - logs[1]["c.s1"][1:]).min() > 1e-6  # 300 K and 350 K
    assert (folder / "cv.dat").read_text() == "not ours\n"


SAME = "fix r all nanochart/restraint c at 0.3 * 0.1 kappa 2 * 1\n"
DIFFERENT = "variable a world 0.3 0.4\nfix r all nanochart/restraint c at $a * 0.1 kappa 2 * 1\n"


def test_temper_with_one_bias_for_all(folder):
    result = run(folder, deck(HOT + CHART + SAME + "temper 40 10 $t bath 3 58728"), ranks=2, args=TWO)
    assert result.code == 0, result.output
    assert len(colvar(folder / "cv.1.dat")["time"]) == 5


@pytest.mark.parametrize(
    "commands, message",
    [
        (CHART + DIFFERENT, "right only if all worlds have the same bias"),
        (CHART + SAME + "fix_modify c energy no\n", "remove fix_modify energy no"),
        (CHART.replace("2 log", "4 log").replace("10", "20") + SAME,
         "swap period of temper is 10, must be a multiple of every, which is 4"),
    ],
)  # fmt: skip
def test_temper_refuses(folder, commands, message):
    (folder / "cv.0.dat").write_text("mine\n")
    result = run(folder, deck(HOT + commands + "temper 40 10 $t bath 3 58728"), ranks=2, args=TWO, timeout=60)
    assert result.code != 0 and message in result.error, result.output
    assert (folder / "cv.0.dat").read_text() == "mine\n"


@pytest.mark.parametrize("ranks", [1, 2])
def test_worlds_without_a_chart_are_named(folder, ranks):
    """Worlds 0 and 2 of four have a chart: they end the run, and one of them says why."""
    variables = "variable t world 300 310 320 330\nvariable has world 1 0 1 0\n"
    text = variables + HOT.split("\n", 1)[1] + f'if "${{has}} == 1" then "{CHART.strip()}"\n' + "temper 40 10 $t bath 3 58728"
    result = run(folder, deck(text), ranks=4 * ranks, args=["-partition", f"4x{ranks}", "-pscreen", "none"], timeout=60,
                 environment={"NANOCHART_WORLDS_WAIT": "3"})  # fmt: skip
    assert result.code != 0 and "temper: worlds 1, 3 have not answered for 3 s" in result.error, result.output
    assert "all worlds must have fix nanochart, or none" in result.error
    assert result.output.count("have not answered") == 1


def test_a_world_may_come_to_temper_late(folder):
    late = "variable late world 0 6\nshell sleep ${late}\n"
    result = run(folder, deck(HOT + CHART + SAME + late + "temper 40 10 $t bath 3 58728"), ranks=2, args=TWO,
                 environment={"NANOCHART_WORLDS_WAIT": "3"})  # fmt: skip
    assert result.code == 0, result.output


def test_worlds_may_differ_without_temper(folder):
    result = run(folder, deck(HOT + CHART + DIFFERENT + "run 10"), ranks=2, args=TWO)
    assert result.code == 0, result.output
    bias = [colvar(folder / f"cv.{world}.dat")["r.bias"][0] for world in (0, 1)]
    assert abs(bias[0] - bias[1]) > 1e-3
