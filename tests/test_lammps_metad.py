"""fix nanochart/metad: hills, forces, files, continuation, worlds, bad input."""

import signal
import subprocess
import time

import numpy as np
import pytest
from lammps_runner import (
    cluster, colvar, continued, cv, deck, finite_difference_forces, good, lmp_binary, run, thermo, write_model,
)  # fmt: skip

from nanochart.sampling.biases import Metadynamics
from nanochart.sampling.hills import read_hills

S = cv(cluster(noise=0.02))
HOT = "velocity all create 300 11 mom yes rot yes\nfix m all nve\ntimestep 0.002\n"
CHART = "fix c all nanochart ./au.pt every {every} log COLVAR {every}\n"
AXES = [(S[0] - 4, S[0] + 4, 200), (S[2] - 4, S[2] + 4, 200)]
GRID = "".join(f" grid {lo:.17g} {hi:.17g} {bins}" for lo, hi, bins in AXES)
TEMPERED = "fix b all nanochart/metad c sigma 0.1 * 0.2 height 0.3 pace 10 biasfactor 5 temp 300 hills HILLS"
PLAIN = "fix b all nanochart/metad c sigma 0.1 * 0.2 height 0.3 pace 10 hills HILLS"
OUTPUT = thermo("f_c f_b f_b[1] f_b[2] f_b[3] f_c[1] f_c[3]", 1)


def commands(metad=TEMPERED + GRID, every=1):
    return HOT + CHART.format(every=every) + metad + "\n" + OUTPUT


def same_hills(one, two, tolerance=1e-9):
    assert len(one.time) == len(two.time)
    for name in ("time", "center", "height"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=tolerance, abs=tolerance), name


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("grid, biasfactor", [(True, 5), (True, None), (False, 5)])
def test_hills_are_those_of_python(folder, every, grid, biasfactor):
    text = (TEMPERED if biasfactor else PLAIN + " temp 300") + (GRID if grid else "")
    table = good(run(folder, deck(commands(text, every) + "run 100"))).thermo()
    bias = Metadynamics(
        [0.1, None, 0.2], 0.3, 10, biasfactor=biasfactor, temperature=300, grid=AXES if grid else [],
    )  # fmt: skip
    log = np.loadtxt(folder / "COLVAR")
    header = (folder / "COLVAR").read_text().splitlines()[0]
    assert header == "#! FIELDS time c.s1 c.s2 c.s3 c.outside b.bias b.rct"
    for i, (when, *s, outside, v, ct) in enumerate(log):
        assert v == pytest.approx(bias.value(s)[0], rel=1e-9, abs=1e-12)
        assert ct == pytest.approx(bias.ct, rel=1e-9, abs=1e-12, nan_ok=not grid)
        assert table["f_b"][i * every] == pytest.approx(v, rel=1e-12, abs=1e-14)
        if i:
            bias.update(i * every, when, s)
        assert table["f_b[1]"][i * every] == bias.hills
        assert table["f_b[2]"][i * every] == pytest.approx(bias.last_height, rel=1e-9)
        assert table["f_b[3]"][i * every] == pytest.approx(ct, rel=1e-9, abs=1e-12, nan_ok=True)
    hills = read_hills(folder / "HILLS")
    assert hills.names == ["c.s1", "c.s3"] and hills.biasfactor == biasfactor and hills.model
    assert len(hills.time) == bias.hills == 10 and hills.time[0] == pytest.approx(0.02)
    assert hills.center == pytest.approx(log[:: 10 // every][1:, [1, 3]], rel=1e-12)
    if biasfactor:
        assert hills.height[-1] < 0.9 * hills.height[0]
    assert table["f_b"].max() > 0.3


def test_forces_after_some_hills(folder):
    good(run(folder, deck(commands() + "run 100")))
    static = TEMPERED.replace("height 0.3", "height 0").replace("pace 10 ", "") + " restart yes" + GRID
    forces, differences = finite_difference_forces(folder, CHART.format(every=1) + static + "\n")
    assert np.abs(forces).max() > 0.01
    assert forces == pytest.approx(differences, abs=1e-6 * np.abs(forces).max())


@pytest.mark.parametrize("half", [45, 50], ids=["between hills", "at a hill"])
def test_continued_runs_are_one(folder, half):
    """In one process and from a restart file, after which the run had gone on; V at the last step
    of a run is that before its hill, so the hill must not count in the setup that follows."""
    whole = good(run(folder, deck(commands() + "run 100"))).thermo()
    hills = read_hills(folder / "HILLS")
    twice = good(run(folder, deck(commands() + f"run {half}\nwrite_restart half\nrun {100 - half}")))
    same_hills(read_hills(folder / "HILLS"), hills)
    before = (folder / "HILLS").read_bytes()
    again = good(run(folder, continued(deck(commands() + f"run {100 - half}"), "half")))
    assert "lines after the restart step cut off; the whole file is kept as bck.1.HILLS" in again.output
    assert (folder / "bck.1.HILLS").read_bytes() == before
    same_hills(read_hills(folder / "HILLS"), hills)
    for result in (twice, again):
        for name, values in result.thermo().items():
            assert values == pytest.approx(whole[name][half:], rel=1e-9, abs=1e-9), name


def test_killed_and_continued(folder):
    good(run(folder, deck(commands() + "run 3000")))
    hills = read_hills(folder / "HILLS")
    (folder / "HILLS").unlink()
    (folder / "in.lmp").write_text(deck(commands() + "restart 100 one two\nrun 3000"))
    lmp, environment = lmp_binary()
    process = subprocess.Popen([lmp, "-in", "in.lmp", "-log", "none"], cwd=folder, env=environment,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    deadline = time.time() + 60
    while not (folder / "HILLS").exists() or (folder / "HILLS").read_bytes().count(b"\n") < 60:
        assert process.poll() is None and time.time() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (folder / "HILLS").read_bytes().endswith(b"\n")
    killed = read_hills(folder / "HILLS")
    assert 50 < len(killed.time) < 300
    # Of two alternating files, one might have been cut: the older one of them is whole.
    older = min((folder / "one", folder / "two"), key=lambda path: path.stat().st_mtime)
    good(run(folder, continued(deck(commands() + "run 3000 upto"), older.name)))
    then = read_hills(folder / "HILLS")
    assert len(then.time) == 300
    n = len(killed.time)
    assert then.center[:n] == pytest.approx(killed.center, abs=1e-6)  # chaos, slowly
    assert hills.center[:n] == pytest.approx(killed.center, abs=1e-6)


def test_restart_yes_and_backups(folder):
    good(run(folder, deck(commands() + "run 50")))
    first = (folder / "HILLS").read_bytes()
    result = good(run(folder, deck(commands(TEMPERED + GRID + " restart yes") + "run 20")))
    assert (folder / "HILLS").read_bytes().startswith(first) and "5 hills read" in result.output
    assert result.thermo()["f_b[1]"][[0, -1]].tolist() == [5, 7]
    whole = (folder / "HILLS").read_bytes()
    good(run(folder, deck(commands() + "run 10")))
    assert (folder / "bck.0.HILLS").read_bytes() == whole


def test_two_ranks(folder):
    tables, hills = [], []
    for ranks in (1, 2):
        tables.append(good(run(folder, deck(commands() + "run 50\nrun 10"), ranks=ranks)).thermo())
        hills.append(read_hills(folder / "HILLS"))
    same_hills(*hills)
    for name in tables[0]:
        assert tables[1][name] == pytest.approx(tables[0][name], rel=1e-9, abs=1e-9), name


def test_minimize_is_static(folder):
    result = good(run(folder, deck(commands() + "run 30\nminimize 0 0 25 200\nrun 10")))
    dynamics, minimum, later = (result.thermo(i) for i in (0, 1, 2))
    assert np.all(minimum["f_b[1]"] == 3) and minimum["Step"][-1] == 55
    assert minimum["f_b"][0] == pytest.approx(dynamics["f_b"][-1], rel=1e-9)
    assert later["f_b[1]"][-1] == 4
    assert len(read_hills(folder / "HILLS").time) == 4


def test_units_real(folder):
    still = CHART.format(every=1) + TEMPERED + GRID + "\n" + OUTPUT + "run 30"
    energy = 23.060549
    real = still.replace("height 0.3", f"height {0.3 * energy}")
    metal = good(run(folder, deck("timestep 0.001\n" + still))).thermo()
    hills = read_hills(folder / "HILLS")
    kcal = good(run(folder, deck("timestep 1.0\n" + real, units="real"))).thermo()
    same_hills(read_hills(folder / "HILLS"), hills, 1e-6)
    assert kcal["f_b[1]"][-1] == 3
    for name in ("f_b", "f_b[2]", "f_b[3]"):
        assert kcal[name] == pytest.approx(energy * metal[name], rel=1e-6, abs=1e-9), name
    assert metal["f_b"][-1] > 0.31  # two hills, the second one lower


def test_worlds_have_their_own_hills_or_share_them(folder):
    two = ["-partition", "1", "1", "-pscreen", "none"]
    hot = HOT.replace("300", "$t")
    text = deck("variable t world 300 350\n" + hot + CHART.format(every=1) + TEMPERED + GRID + "\nrun 20")
    good(run(folder, text, ranks=2, args=two))
    one, other = (read_hills(folder / f"HILLS.{world}") for world in (0, 1))
    assert len(one.time) == len(other.time) == 2 and np.abs(one.center - other.center).max() > 1e-6
    assert not (folder / "HILLS").exists()

    (folder / "shared").mkdir()
    walkers = TEMPERED + GRID + " walkers shared w$t 10\n" + OUTPUT
    text = deck("variable t world 300 350\n" + hot + CHART.format(every=1) + walkers + "run 200")
    good(run(folder, text, ranks=2, args=two))
    hills = [read_hills(folder / "shared" / f"HILLS.w{t}") for t in (300, 350)]
    assert [len(h.time) for h in hills] == [20, 20]


def test_walkers_read_each_other(folder):
    (folder / "shared").mkdir()
    for name, known in (("a", 0), ("b", 5)):
        table = good(run(folder, deck(commands(TEMPERED + GRID + f" walkers shared {name} 10") + "run 50"))).thermo()
        assert table["f_b[1]"][[0, -1]].tolist() == [known, known + 5]


def test_temper_needs_a_static_bias(folder):
    good(run(folder, deck(commands() + "run 50")))
    two = ["-partition", "1", "1", "-pscreen", "none"]
    hot = "variable t world 300 350\nfix m all nve\nfix bath all langevin $t $t 0.1 4711\ntimestep 0.002\n"
    end = "\ntemper 20 10 $t bath 3 58728"
    grows = run(folder, deck(hot + CHART.format(every=1) + TEMPERED + GRID + end), ranks=2, args=two, timeout=60)
    assert grows.code != 0 and "a bias that does not change with time" in grows.error
    static = TEMPERED.replace("height 0.3", "height 0") + GRID + " restart yes"
    before = (folder / "HILLS").read_bytes()
    good(run(folder, deck(hot + CHART.format(every=1) + static + end), ranks=2, args=two))
    assert (folder / "HILLS").read_bytes() == before
    assert colvar(folder / "COLVAR.1")["b.bias"].max() > 0.1


def test_temper_compares_the_hills_of_its_worlds(folder):
    """A file of its own for each world: accepted while the hills are the same, refused when they differ."""
    good(run(folder, deck(commands() + "run 50")))
    two = ["-partition", "1", "1", "-pscreen", "none"]
    static = TEMPERED.replace("height 0.3", "height 0").replace("hills HILLS", "hills $h") + GRID + " restart yes"
    text = deck("variable t world 300 350\nvariable h world one two\nfix m all nve\n"
                "fix bath all langevin $t $t 0.1 4711\ntimestep 0.002\n" + CHART.format(every=1) + static
                + "\ntemper 20 10 $t bath 3 58728")  # fmt: skip
    hills = (folder / "HILLS").read_text()
    for name in ("one", "two"):
        (folder / name).write_text(hills)
    good(run(folder, text, ranks=2, args=two))
    (folder / "two").write_text("".join(hills.splitlines(True)[:-1]))  # one hill less
    result = run(folder, text, ranks=2, args=two, timeout=60)
    assert result.code != 0 and "right only if all worlds have the same bias" in result.error, result.error
    assert (folder / "one").read_text() == hills


def test_hills_of_another_model(folder):
    good(run(folder, deck(commands() + "run 20")))
    before = (folder / "HILLS").read_bytes()
    write_model(folder / "au.pt", seed=2)
    result = run(folder, deck(commands(TEMPERED + " restart yes") + "run 1"), ranks=2, timeout=60)
    assert result.code != 0 and "HILLS" in result.error and "model" in result.error, result.error
    assert (folder / "HILLS").read_bytes() == before
