"""How the fixes behave in whole runs: dynamics, minimisation, rerun, order of commands."""

import itertools
import re

import numpy as np
import pytest
from lammps_runner import (
    GRID, cluster, colvar, deck, dump, good, run, thermo, weights, write_data, write_model,
)

import nanochart

RESTRAINT = "fix r all nanochart/restraint c at 0.3 -0.4 0.1 kappa 2.0 0.5 1.0\n"
HOT = "velocity all create 300 11 mom yes rot yes\nfix m all nve\ntimestep 0.002\n"
CHART = "fix c all nanochart ./au.pt log COLVAR 5\n"


def nve(folder, dt, steps, every=1, kappa=0.0, shift=0.0, output=1):
    """Thermo columns of an NVE run with a restraint at s(0) + shift."""
    s0 = weights() @ nanochart.rdf(cluster(noise=0.02), GRID).ravel()
    hold = " ".join(f"{v + shift:.9f}" for v in s0) + f" kappa {kappa} {kappa} {kappa}"
    commands = (
        "velocity all create 300 11 mom yes rot yes\nfix m all nve\n"
        f"fix c all nanochart ./au.pt every {every}\nfix r all nanochart/restraint c at {hold}\n"
        f"{thermo('pe etotal f_c[1] f_c[2] f_c[3] f_c', output)}timestep {dt}\nrun {steps}"
    )
    return good(run(folder, deck(commands))).thermo()


def drift(energy):
    return abs(np.polyfit(np.linspace(0, 1, len(energy)), energy, 1)[0])


def test_energy_is_conserved_as_the_square_of_the_time_step(folder):
    """Stiff restraint: its share of the energy moves by more than 4 eV, the sum does not."""
    spread = []
    for n in (1, 2, 4):
        table = nve(folder, 0.001 * n, 400 // n, kappa=200.0, shift=0.1, output=4 // n)
        assert np.ptp(table["f_c"]) > 4
        spread.append(np.std(table["TotEng"]))
        assert drift(table["TotEng"]) < spread[-1]
    assert spread[1] / spread[0] == pytest.approx(4, rel=0.05)
    assert spread[2] / spread[1] == pytest.approx(4, rel=0.05)
    assert spread[0] < 0.002


def test_every_conserves_energy_at_outer_steps_and_has_its_effect(folder):
    tables = {n: nve(folder, 0.002, 600, every=n, kappa=10.0, shift=0.5, output=10) for n in (1, 2, 5)}
    free = nve(folder, 0.002, 600, output=10)
    means = {n: np.array([t[f"f_c[{i}]"][10:].mean() for i in (1, 2, 3)]) for n, t in tables.items()}
    pulled = means[1] - [free[f"f_c[{i}]"][10:].mean() for i in (1, 2, 3)]
    assert np.abs(pulled).max() > 0.2
    for n, table in tables.items():
        exchanged = np.ptp(table["f_c"])  # with the restraint
        assert exchanged > 2
        assert np.std(table["TotEng"]) < 0.01 * exchanged
        assert drift(table["TotEng"]) < 0.01 * exchanged
        assert means[n] == pytest.approx(means[1], abs=0.05 * np.abs(pulled).max())


def test_output_on_any_step_is_of_that_step(folder):
    """Between the steps that are multiples of every, too."""
    commands = (
        HOT + "fix c all nanochart ./au.pt every 3\n" + RESTRAINT + thermo("pe f_c[1] f_c[2] f_c[3]", 1)
        + "dump d all custom 1 frames id x y z\ndump_modify d format float %.17g\nrun 7"
    )  # fmt: skip
    table = good(run(folder, deck(commands))).thermo()
    frames = (folder / "frames").read_text().split("ITEM: ATOMS id x y z\n")[1:]
    assert len(frames) == len(table["Step"]) == 8
    for i, frame in enumerate(frames):
        x = np.array([line.split()[1:] for line in frame.split("ITEM")[0].splitlines()], float)
        s = weights() @ nanochart.rdf(x, GRID).ravel()
        assert [table[f"f_c[{k}]"][i] for k in (1, 2, 3)] == pytest.approx(s, rel=0, abs=1e-10)


def on_ranks(folder, ranks, x):
    here = folder / str(ranks)
    here.mkdir()
    write_model(here / "au.pt")
    write_data(here / "au.data", x)
    commands = (
        HOT + CHART + RESTRAINT + thermo("pe etotal press f_c f_c[1] f_c[2] f_c[3]", 10)
        + "dump d all custom 10 forces id fx fy fz\ndump_modify d format float %.17g\nrun 10"
    )  # fmt: skip
    result = good(run(here, deck(commands), ranks=ranks))
    return result.thermo(), dump(here / "forces"), (here / "COLVAR").read_text()


@pytest.mark.parametrize("corner", [0, -25], ids=["in the middle", "one rank has no atom"])
def test_ranks_agree(folder, corner):
    found = {n: on_ranks(folder, n, cluster(noise=0.02) + corner) for n in ((1, 2) if corner else (1, 2, 3))}
    for n in found:
        for name, values in found[1][0].items():
            assert found[n][0][name] == pytest.approx(values, rel=1e-10, abs=1e-10), name
        assert found[n][1] == pytest.approx(found[1][1], rel=0, abs=1e-10)
        assert len(found[n][2].splitlines()) == 4  # header, steps 0, 5, 10


def test_omp_styles_equal_serial(folder):
    from nanochart.landscape.potential import write_setfl

    write_setfl(folder / "Au.setfl", "Au")
    pair = "pair_style eam/alloy\npair_coeff * * Au.setfl Au\n"
    text = deck(HOT + CHART + RESTRAINT + thermo("pe f_c f_c[1]", 1) + "run 20", pair=pair)
    serial = good(run(folder, text)).thermo()
    threads = run(folder, text, args=["-sf", "omp", "-pk", "omp", "2"], environment={"OMP_NUM_THREADS": "2"})
    assert "eam/alloy/omp" in threads.output and "2 OpenMP thread(s)" in threads.output
    for name, values in good(threads).thermo().items():
        assert values == pytest.approx(serial[name], rel=1e-10, abs=1e-10), name


def test_two_runs_are_one(folder):
    logs = []
    for i, commands in enumerate(["run 100", "run 50\nrun 50"]):
        log = f"fix c all nanochart ./au.pt every 2 log COLVAR{i} 10\n"
        good(run(folder, deck(HOT + log + RESTRAINT + commands)))
        logs.append(colvar(folder / f"COLVAR{i}"))
    assert list(logs[0]) == ["time", "c.s1", "c.s2", "c.s3", "c.outside", "r.bias"]
    assert logs[0]["time"] == pytest.approx(np.arange(0, 0.201, 0.02), abs=1e-12)
    for name in logs[0]:
        assert logs[1][name] == pytest.approx(logs[0][name], rel=1e-9, abs=1e-9, nan_ok=True), name


def test_continue_from_a_restart_file(folder):
    commands = HOT + CHART + RESTRAINT
    good(run(folder, deck(commands + "run 20\nwrite_restart half\nrun 20")))
    whole = colvar(folder / "COLVAR")
    restarted = deck(commands.split("\n", 1)[1] + "run 20").replace("read_data au.data", "read_restart half")
    restarted = re.sub("^(units|atom_style|atom_modify|boundary).*\n", "", restarted, flags=re.M)
    good(run(folder, restarted.replace("log COLVAR 5", "log COLVAR 5 append yes")))
    both = colvar(folder / "COLVAR")
    assert both["time"] == pytest.approx([*whole["time"], *whole["time"][4:]], abs=1e-12)
    for name in whole:
        assert both[name][9:] == pytest.approx(whole[name][4:], rel=1e-9, abs=1e-9, nan_ok=True), name


def test_logs_are_kept_or_appended(folder):
    (folder / "COLVAR").write_text("mine\n")
    (folder / "bck.0.COLVAR").write_text("older\n")
    good(run(folder, deck(HOT + CHART + "run 5")))
    assert (folder / "bck.0.COLVAR").read_text() == "older\n"
    assert (folder / "bck.1.COLVAR").read_text() == "mine\n"
    first = (folder / "COLVAR").read_text()
    good(run(folder, deck(HOT + CHART.strip() + " append yes\nrun 5")))
    assert (folder / "COLVAR").read_text() == first + first
    assert re.fullmatch(r"#! FIELDS time c.s1 c.s2 c.s3 c.outside\n(( -?[\d.]+){4} nan\n){2}", first)


def test_minimize(folder):
    """The bias is part of what is minimised, at every step, whatever `every`."""
    ends = []
    for every in (1, 5):
        chart = f"fix c all nanochart ./au.pt every {every} log COLVAR{every} {every}\n"
        commands = chart + RESTRAINT + thermo("pe fnorm f_c f_c[1]", 1) + "minimize 0 1e-5 2000 20000"
        ends.append(good(run(folder, deck(commands))).thermo())
        log, table = colvar(folder / f"COLVAR{every}"), ends[-1]
        rows = table["Step"] % every == 0
        assert log["time"] == pytest.approx(0.001 * table["Step"][rows], abs=1e-12)
        assert log["r.bias"] == pytest.approx(table["f_c"][rows], rel=1e-12)  # accepted positions, not trials
        assert table["PotEng"][-1] < table["PotEng"][0] - 1 and table["Fnorm"][-1] < 1e-5
    assert ends[1]["PotEng"][-1] == pytest.approx(ends[0]["PotEng"][-1], abs=1e-8)
    assert ends[0]["f_c"][-1] > 0.01


def test_rerun_writes_the_log_again(folder):
    keep = "dump d all custom 5 frames id type x y z\ndump_modify d format float %.17g\n"
    good(run(folder, deck(HOT + CHART + RESTRAINT + keep + "run 30")))
    good(run(folder, deck("timestep 0.002\n" + CHART.replace("COLVAR", "AGAIN") + RESTRAINT + "rerun frames dump x y z")))
    first, again = colvar(folder / "COLVAR"), colvar(folder / "AGAIN")
    assert len(first["time"]) == 7
    for name in first:
        assert again[name] == pytest.approx(first[name], rel=1e-12, abs=1e-12, nan_ok=True), name


def test_fixes_come_and_go_in_every_order(folder):
    fixes = {"c": "fix c all nanochart ./au.pt", "r": RESTRAINT.strip()}
    ask = 'run 0\nprint "V $(f_c:%.15g) $(f_r:%.15g) $(pe:%.15g)"\n'
    commands = ""
    for issue, withdraw in itertools.product(["cr", "rc"], ["cr", "rc"]):
        commands += "".join(fixes[f] + "\n" for f in issue) + ask
        for f in issue:  # re-issue one of the two
            commands += f"unfix {f}\n{fixes[f]}\n" + ask
        commands += "".join(f"unfix {f}\n" for f in withdraw) + "run 0\n"
    once = deck(commands)
    result = good(run(folder, once + "clear\n" + once))
    values = np.array([line.split()[1:] for line in result.output.splitlines() if line.startswith("V ")], float)
    assert len(values) == 24
    assert values == pytest.approx(np.tile(values[0], (24, 1)), rel=1e-12)
    assert values[0, 0] == values[0, 1] > 0.1


def test_nothing_is_evaluated_unasked(folder):
    """A chart without log, bias and output reads no positions: a cluster that does not fit its
    box is no error until someone asks."""
    write_data(folder / "au.data", cluster() + 12, cell=(24, 24, 24, 0, 0, 0))
    text = deck("fix c all nanochart ./au.pt\nrun 2", boundary="p p p", pair="pair_style zero 5\npair_coeff * *\n")
    good(run(folder, text))
    assert "cluster is" in run(folder, text + "thermo_style custom step f_c[1]\nrun 0").error


@pytest.mark.parametrize("first", ["torch", "lammps"])
def test_torch_and_lammps_in_one_process(folder, first):
    import subprocess
    import sys

    text = deck(HOT + CHART + RESTRAINT + "run 5")
    code = f"""
from nanochart.lammps_plugin import load_mpi, new_lammps
load_mpi()
import {first}
import torch
lmp = new_lammps(["-log", "none", "-screen", "none"])
torch.set_num_threads(2)  # after LAMMPS, which sets OpenMP's count when it starts
a = torch.rand(100, 100); a @ a
lmp.commands_string({text!r})
print(torch.get_num_threads(), (a @ a).shape[0], "%.15g" % lmp.extract_fix("c", 0, 1, 0))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    threads, size, s = done.stdout.split()[-3:]
    assert (threads, size) == ("2", "100")
    assert float(s) == pytest.approx(colvar(folder / "COLVAR")["c.s1"][-1], rel=1e-12)
