"""Bad input in LAMMPS, on two ranks: one clear error, no hang, existing files untouched."""

import json
import re
import zipfile

import numpy as np
import pytest
from lammps_runner import GRID, cluster, deck, run, write_data, write_model

CHART = "fix c all nanochart ./au.pt log COLVAR 10\n"
RESTRAINT = "fix r all nanochart/restraint c at 0 0 0 kappa 1 1 1\n"
MOVE = "fix m all nve\n"
ZERO = "pair_style zero 5\npair_coeff * *\n"


@pytest.fixture
def refused(tmp_path):
    """refused(commands, message, ..): the deck ends on two ranks with that one error, and a log
    that was there is as it was."""
    if not (tmp_path / "au.pt").exists():
        write_model(tmp_path / "au.pt")
    write_data(tmp_path / "au.data", cluster(noise=0.02))
    (tmp_path / "COLVAR").write_text("mine\n")

    def refused(commands, message, log_kept=True, ranks=2, **options):
        result = run(tmp_path, deck(commands + "run 1\n", **options), ranks=ranks, timeout=60)
        assert result.code != 0
        assert re.search(message, result.error), result.output[-2000:]
        assert len(re.findall("^ERROR", result.output, re.M)) == 1, result.output
        if log_kept:
            assert (tmp_path / "COLVAR").read_text() == "mine\n"
            assert not list(tmp_path.glob("bck.*"))

    return refused


@pytest.mark.parametrize(
    "commands, message",
    [
        ("fix c all nanochart", "MODEL is missing"),
        ("fix c all nanochart ./none.pt", "fix nanochart: model file ./none.pt cannot be read: No such file"),
        ("fix c all nanochart Pt99", "model Pt99 is not shipped; shipped are: "),
        ("fix c all nanochart ./au.pt every 0", "fix nanochart: every is 0, must be a whole number >= 1"),
        ("fix c all nanochart ./au.pt every 1.5", "every is 1.5, must be a whole number"),
        ("fix c all nanochart ./au.pt every", "every is missing at the end"),
        ("fix c all nanochart ./au.pt wall 3", "unknown keyword wall, must be one of every, log"),
        ("fix c all nanochart ./au.pt every 4 log COLVAR 10",
         "log interval is 10, must be a multiple of every, which is 4"),
        ("fix c all nanochart ./au.pt log COLVAR", "log interval is missing"),
        ("fix c all nanochart ./au.pt append maybe", "append is maybe, must be yes or no"),
        ("fix c all nanochart ./au.pt device cuda", "device is cuda, but "),
        ("fix c all nanochart ./au.pt device tpu", "device is tpu, must be cpu or cuda"),
        ("fix c all nanochart ./au.pt elements Au Ag", "elements names 2 elements, must be one for each of the 1 atom"),
        ("fix c all nanochart ./au.pt elements Ag", "atoms of type 1, which is Ag, but model linear is for Au"),
        ("mass 1 107.87\n" + CHART, "atoms of type 1, which is Ag, but model linear is for Au"),
        ("mass 1 1.5\n" + CHART, "type 1, which is no element by its mass, .* keyword elements"),
        ("group most id 1:146\nfix c most nanochart ./au.pt",
         "fix nanochart c: group most has 146 atoms, but model linear is for 147"),
        ("run_style respa 2 2\n" + CHART + RESTRAINT, "run_style is respa, must be verlet"),
        ("fix c all nanochart ./au.pt log none/COLVAR 10", "log file none/COLVAR cannot be written: No such file"),
        ("fix c all nanochart ./au.pt log . 10", "log file . is a folder, must be a file"),
        (CHART + CHART.replace("fix c", "fix d"), "log file COLVAR is also the log of fix nanochart"),
        (RESTRAINT, "fix nanochart/restraint r: CVFIX is c, must be the ID of a fix nanochart"),
        (MOVE + RESTRAINT.replace(" c ", " m "), "CVFIX is m, must be the ID of a fix nanochart"),
        (CHART + RESTRAINT + "unfix c\n", "CVFIX is c, must be the ID of a fix nanochart"),
        (CHART + "fix r all nanochart/restraint c at 0 0 0 kappa 1 -1 1",
         "fix nanochart/restraint: kappa 2 is -1, must be >= 0"),
        (CHART + "fix r all nanochart/restraint c at 0 0 kappa 1 1",
         "fix nanochart/restraint r: there are values for 2 CVs, must be 3"),
        (CHART + "fix r all nanochart/restraint c at 0 0 0 kappa 1 1", "at has 3 values and kappa 2, must be one for"),
        (CHART + "fix r all nanochart/restraint c at 0 0 x kappa 1 1 1", "at 3 is x, must be a number"),
        (CHART + "fix r all nanochart/restraint c at 0 * 0 kappa 1 1 1", "at 2 is \\* and kappa 2 is 1: .* \\* in both"),
        (CHART + "fix r all nanochart/restraint c at 0 0 0", "kappa is missing"),
        (CHART + "fix r all nanochart/restraint c kappa 1 1 1", "at is missing"),
        (CHART + "fix r all nanochart/restraint", "CVFIX, the ID of a fix nanochart, is missing"),
        (CHART + "fix r all nanochart/restraint c centre 0", "unknown keyword centre, must be one of at, kappa"),
    ],
)  # fmt: skip
def test_commands(refused, commands, message):
    refused(commands + "\n", message)


def test_units(refused):
    refused(CHART, "fix nanochart: units are lj, must be metal or real", units="lj", pair=ZERO)


def rewritten(path, change):
    """The model file with its nanochart.json changed."""
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    name = next(name for name in files if name.endswith("nanochart.json"))
    entries = json.loads(files[name])
    entries.update(change)
    files[name] = json.dumps(entries).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, content in files.items():
            new.writestr(name, content)


def damage(path, how):
    import torch

    if how == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "text":
        path.write_text("s = w.g\n")
    elif how == "plain":
        torch.jit.save(torch.jit.script(torch.nn.Linear(GRID.bins, 3)), str(path))
    elif how == "folder":
        path.unlink()
        path.mkdir()
    else:
        rewritten(path, how)


@pytest.mark.parametrize(
    "how, message",
    [
        ("truncated", "model file ./au.pt is truncated or not TorchScript"),
        ("text", "model file ./au.pt is not a TorchScript archive"),
        ("plain", "model file ./au.pt is TorchScript without nanochart.json"),
        ("folder", "model file ./au.pt is a folder"),
        ({"schema": 99}, "model file ./au.pt has schema 99, this nanochart reads schema"),
        ({"latent": 2, "s_mean": [0, 0], "s_scale": [1, 1]}, r"says g.*-> s\[1\]\[2\] in float64, the network returns"),
        ({"elements": ["Ag", "Cu"]}, "model file ./au.pt: nanochart.json says .* the network"),
    ],
    ids=str,
)
def test_model_files(refused, tmp_path, how, message):
    damage(tmp_path / "au.pt", how)
    refused(CHART, message)


def test_two_atoms_at_one_place(refused, tmp_path):
    x = cluster(noise=0.02).copy()
    x[76] = x[20]
    write_data(tmp_path / "au.data", x)
    refused(CHART, "atoms 21 and 77 are at one place", log_kept=False, pair=ZERO)


def test_cluster_wider_than_half_the_box(refused, tmp_path):
    write_data(tmp_path / "au.data", cluster() + 12, cell=(24, 40, 40, 0, 0, 0))
    refused(CHART, r"cluster is .* A wide along x, must be < half of the box \(24 A\)", log_kept=False,
            boundary="p p p", pair=ZERO)  # fmt: skip


def test_lost_atom(refused):
    commands = (MOVE + CHART + RESTRAINT + "group one id 5\nvelocity one set 90000 0 0\n"
                "neigh_modify delay 0 every 1\nthermo_modify lost ignore\nrun 20\n")  # fmt: skip
    refused(commands, "group all has 146 atoms, but model linear is for 147: atoms were lost", log_kept=False, pair=ZERO)


def test_position_that_is_no_number(refused):
    commands = (MOVE + CHART + RESTRAINT + "group one id 5\nvelocity one set 1e308 0 0\ntimestep 1e3\n"
                "neigh_modify delay 100 every 100 check no\n")  # fmt: skip
    refused(commands, "atom 5 is at a place that is not a finite number", log_kept=False, pair=ZERO)


def test_a_dynamic_group_is_counted_at_every_evaluation(refused, tmp_path):
    """An atom leaves the region of the group during the run."""
    commands = (MOVE + "region ball sphere 0 0 0 11\ngroup near dynamic all region ball every 1\n"
                "group one id 5\nvelocity one set 2000 0 0\n"
                + CHART.replace("all", "near") + RESTRAINT + "run 50\n")  # fmt: skip
    refused(commands, "group near has 146 atoms", log_kept=False, pair=ZERO)
    assert (tmp_path / "bck.0.COLVAR").read_text() == "mine\n"
    assert len(np.loadtxt(tmp_path / "COLVAR", ndmin=2)) >= 1  # it did run until then
