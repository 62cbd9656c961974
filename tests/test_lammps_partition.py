"""fix nanochart/metad with walkers partition: the worlds of one run share one HILLS file."""

import time

import numpy as np
import pytest
from lammps_runner import cluster, continued, cv, deck, good, run

from nanochart.sampling.biases import Metadynamics
from nanochart.sampling.hills import read_hills

TWO = ["-partition", "1", "1", "-pscreen", "none"]
THREE = ["-partition", "1", "2", "1", "-pscreen", "none"]  # unequal worlds
S = cv(cluster(noise=0.02))
AXES = [(S[0] - 4, S[0] + 4, 200), (S[2] - 4, S[2] + 4, 200)]
GRID = "".join(f" grid {lo:.17g} {hi:.17g} {bins}" for lo, hi, bins in AXES)
HOT = "variable w world a b c\nvariable seed world 11 12 13\nvelocity all create 300 ${seed} mom yes rot yes\n"
HOT += "fix m all nve\ntimestep 0.002\n"
CHART = "fix c all nanochart ./au.pt log CV 1\n"
META = "fix b all nanochart/metad c sigma 0.1 * 0.2 height 0.3 pace 10 biasfactor 5 temp 300 hills HILLS walkers partition"
ALL = HOT + CHART + META + GRID + "\n"


def worlds(text, n):
    """The deck for the first n worlds."""
    return text.replace("world a b c", "world " + " ".join("abc"[:n])).replace(
        "world 11 12 13", "world " + " ".join(("11", "12", "13")[:n])
    )


def logs(folder, n, start="CV"):
    return [np.loadtxt(folder / f"{start}.{k}") for k in range(n)]


def test_every_hill_once_in_one_file(folder):
    good(run(folder, deck(ALL + "run 60"), ranks=4, args=THREE))
    hills = read_hills(folder / "HILLS")
    assert not list(folder.glob("HILLS.*")) and len(hills.time) == 3 * 6
    bias = Metadynamics([0.1, None, 0.2], 0.3, 10, biasfactor=5, temperature=300, grid=AXES)
    tables = logs(folder, 3)
    for step in range(61):
        rows = [table[step] for table in tables]
        for row in rows:  # V of each walker, from the hills of all
            assert row[5] == pytest.approx(bias.value(row[1:4])[0], rel=1e-9, abs=1e-12)
            assert row[6] == pytest.approx(bias.ct, rel=1e-9, abs=1e-12)
        if step and step % 10 == 0:
            v = [bias.value(row[1:4])[0] for row in rows]
            heights = 0.3 * np.exp(-np.array(v) / (8.617333262e-5 * 300 * 4))
            bias.add(np.array([row[[1, 3]] for row in rows]), heights)
            at = 3 * (step // 10 - 1)
            assert hills.center[at : at + 3] == pytest.approx(np.array([row[[1, 3]] for row in rows]), rel=1e-12)
            assert hills.height[at : at + 3] == pytest.approx(heights, rel=1e-9)
    assert max(table[:, 5].max() for table in tables) > 0.5  # hills overlap


@pytest.mark.parametrize("half", [45, 50], ids=["between hills", "at a hill"])
def test_continued_runs_are_one(folder, half):
    two = worlds(ALL, 2)
    good(run(folder, deck(two + "run 100"), ranks=2, args=TWO))
    whole, hills = logs(folder, 2), read_hills(folder / "HILLS")
    good(run(folder, deck(two + f"run {half}\nwrite_restart half.$w\nrun {100 - half}"), ranks=2, args=TWO))
    before = (folder / "HILLS").read_bytes()
    variables = "variable w world a b\n"
    again = variables + continued(deck(two.replace(variables, "") + f"run {100 - half}"), "half.$w")
    good(run(folder, again, ranks=2, args=TWO))
    assert (folder / "bck.1.HILLS").read_bytes() == before
    then = read_hills(folder / "HILLS")
    assert len(then.time) == len(hills.time) == 20
    for name in ("time", "center", "height"):
        assert getattr(then, name) == pytest.approx(getattr(hills, name), rel=1e-9, abs=1e-9), name
    for k in range(2):
        table = np.loadtxt(folder / f"CV.{k}")
        assert table[:, 1:] == pytest.approx(whole[k][half:, 1:], rel=1e-9, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    "text, message",
    [
        (ALL.replace("pace 10", "pace $p"), "pace is 10 in world 0 and 20 in world 1"),
        (ALL + "run ${n}\n", "the run length is 40 in world 0 and 60 in world 1"),
        (ALL.replace("sigma 0.1", "sigma 0.${p}"), "sigma is"),
        (ALL + 'if "$w == b" then "unfix b"\n', "world 1 has not answered for 2 s"),
        (ALL + 'if "$w == b" then "fix h all halt 1 v_stop > 5"\n', "has not answered for 2 s"),
        (ALL.replace("HILLS ", "none restart yes "), "none is missing, but the run is to continue from it"),
        (ALL.replace("height 0.3 pace 10 biasfactor 5", "height 0"), "height is 0, must be > 0 with walkers partition"),
    ],
    ids=["pace", "run length", "sigma", "no fix", "stops early", "no file", "height 0"],
)
def test_worlds_that_do_not_fit_end_with_one_error(folder, text, message):
    (folder / "HILLS").write_text("mine\n")
    both = worlds("variable p world 10 20\nvariable n world 40 60\nvariable stop equal step\n" + text, 2)
    began = time.time()
    result = run(folder, deck(both + "run 30"), ranks=2, args=TWO[:3], environment={"NANOCHART_WORLDS_WAIT": "2"},
                 timeout=60)  # fmt: skip
    found = result.output + "".join(path.read_text() for path in folder.glob("screen.*"))
    assert result.code != 0 and message in " ".join(found.split()), found[-3000:]
    assert time.time() - began < 60
    if "stops early" not in message and "answered" not in message:
        assert (folder / "HILLS").read_text() == "mine\n"


def test_one_world_has_no_partition(folder):
    result = run(folder, deck(worlds(ALL, 1).replace("world ", "index ") + "run 1"))
    assert result.code != 0 and "walkers partition needs several worlds: start LAMMPS with -partition" in result.error
