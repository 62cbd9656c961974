"""The decks and the example of the manual run as they are, with the shipped chart."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from lammps_runner import GRID, colvar, run, weights, write_model

import nanochart
from nanochart.sampling.hills import read_hills
from nanochart.sampling.umbrella import read_windows

ROOT = Path(__file__).parent.parent
DECKS = ROOT / "lammps_inputs"


@pytest.fixture
def folder(tmp_path):
    from nanochart.landscape.potential import write_setfl

    for path in [*DECKS.glob("*.lmp"), *DECKS.glob("*147.data")]:
        shutil.copy(path, tmp_path)
    write_setfl(tmp_path / "Au.eam.alloy", "Au")
    return tmp_path


def start(name):
    """Positions [147,3] of a start structure."""
    body = (DECKS / f"{name}147.data").read_text().split("Atoms # atomic")[1]
    return np.array([line.split()[2:5] for line in body.strip().splitlines()], float)


def test_one_line_more_than_plain_md():
    plain, chart = ((DECKS / name).read_text().splitlines() for name in ("plain.lmp", "chart.lmp"))
    more = [line for line in chart if line not in plain]
    assert more == ["fix chart all nanochart Au147 log COLVAR 100"]
    assert [line for line in chart if line not in more] == plain


@pytest.mark.parametrize("name", ["Ih", "Dh", "Fcc", "Twin"])
def test_chart_deck(folder, name):
    result = run(folder, (folder / "chart.lmp").read_text(), args=["-var", "steps", "100", "-var", "start", name])
    assert result.code == 0, result.output
    log = colvar(folder / "COLVAR")
    assert log["time"] == pytest.approx([0, 0.5])
    chart = nanochart.ChartCV("Au147")
    s = chart.evaluate(start(name))
    assert log["chart.outside"][0] == pytest.approx(chart.outside(start(name)), rel=1e-6) and log["chart.outside"][1] < 1
    assert [log[f"chart.s{i}"][0] for i in (1, 2, 3)] == pytest.approx(s, abs=1e-6)
    assert abs(log["chart.s1"][1] - log["chart.s1"][0]) > 1e-4  # hot


def test_plain_deck(folder):
    result = run(folder, (folder / "plain.lmp").read_text(), args=["-var", "steps", "100"])
    assert result.code == 0 and not (folder / "COLVAR").exists()


def test_hold_deck(folder):
    result = run(folder, (folder / "hold.lmp").read_text(), args=["-var", "steps", "10", "-var", "s1", "0.5"])
    assert result.code == 0, result.output
    log = colvar(folder / "COLVAR")
    away = np.array([log["chart.s1"] - 0.5, log["chart.s2"], log["chart.s3"]])
    assert log["hold.bias"] == pytest.approx((away**2).sum(0), rel=1e-6)  # kappa/2 = 1 eV


def test_hold_deck_holds(folder):
    """With a closed-form chart, which is cheap: the mean of s moves to where the restraint is."""
    write_model(folder / "au.pt")
    hold = (folder / "hold.lmp").read_text().replace("nanochart Au147", "nanochart ./au.pt")
    target = weights() @ nanochart.rdf(start("Ih"), GRID).ravel() + [1.5, 0.0, -0.5]
    place = [word for i in range(3) for word in ("-var", f"s{i + 1}", f"{target[i]:.6f}")]
    away = []
    for kappa in ("0.0", "20.0"):
        result = run(folder, hold, args=[*place, "-var", "kappa", kappa, "-var", "steps", "3000"])
        assert result.code == 0, result.output
        log = colvar(folder / "COLVAR")
        away.append(np.linalg.norm([log[f"chart.s{i + 1}"][5:].mean() - target[i] for i in range(3)]))
    assert away[0] > 1 and away[1] < 0.3 * away[0]


def test_steer_deck(folder):
    args = ["-var", "settle", "10", "-var", "steps", "100", "-var", "after", "10"]
    result = run(folder, (folder / "steer.lmp").read_text().replace("COLVAR 100", "COLVAR 10"), args=args)
    assert result.code == 0, result.output
    log = colvar(folder / "COLVAR")
    assert log["time"][-1] == pytest.approx(0.6) and log["pull.work"][0] == 0
    assert abs(log["pull.work"][-1] - log["pull.work"][-2]) < 1e-12 and abs(log["pull.work"][-1]) > 0.1


def test_metad_deck_with_two_walkers_goes_on(folder):
    text = (folder / "metad.lmp").read_text().replace("COLVAR 100", "COLVAR 10")
    two = ["-partition", "1", "1", "-pscreen", "none", "-var", "pace", "20", "-var", "steps", "40"]
    for hills, restart in ((4, "no"), (8, "yes")):
        result = run(folder, text, ranks=2, args=[*two, "-var", "restart", restart])
        assert result.code == 0, result.output
        assert len(read_hills(folder / "HILLS").time) == hills
    logs = [colvar(folder / f"COLVAR.{k}") for k in (0, 1)]
    assert np.abs(logs[0]["chart.s1"][1:] - logs[1]["chart.s1"][1:]).min() > 1e-6  # seeds of their own
    assert logs[0]["meta.bias"][0] > 0.1  # of the first run's hills


def test_metad_deck_with_walkers_of_their_own(folder):
    """Two jobs, one after the other, in one folder of hills: the second begins with the hills of the first."""
    text = (folder / "metad.lmp").read_text().replace("COLVAR 100", "COLVAR 10")
    (folder / "hills").mkdir()
    more = ["-var", "pace", "20", "-var", "steps", "60", "-var", "timestep", "0.01", "-var", "every", "2", "-var", "sigma", "0.2"]
    for number, (name, start) in enumerate((("a", "Ih"), ("b", "Dh")), 1):
        args = ["-var", "walkers", f"hills {name} 20", "-var", "walker", str(number), "-var", "start", start, *more]
        result = run(folder, text, args=args)
        assert result.code == 0, result.output
        assert len(read_hills(folder / "hills" / f"HILLS.{name}").time) == 3
        assert (folder / f"frames.{number}.lammpstrj").exists()
    assert result.thermo()["f_meta[1]"][-1] == 6 and colvar(folder / "COLVAR")["time"][1] == pytest.approx(0.1)


def test_umbrella_deck(folder):
    args = ["-var", "windows", "3", "-var", "steps", "100", "-var", "to", "-1.2"]
    result = run(folder, (folder / "umbrella.lmp").read_text().replace(" 100\n", " 10\n"), args=args)
    assert result.code == 0, result.output
    windows = read_windows(folder / "WINDOWS")
    assert [w.at[0] for w in windows] == pytest.approx([-1.6, -1.4, -1.2])
    for window in windows:
        assert window.energy(window.table["chart.s2"][:, None]) == pytest.approx(window.table["hold.bias"], rel=1e-6)


def test_example_of_the_manual(folder):
    example = re.search("```lammps\n(.*?)```", (ROOT / "docs" / "fix_nanochart.md").read_text(), re.S).group(1)
    result = run(folder, example)
    assert result.code == 0, result.output
    log = colvar(folder / "COLVAR")
    assert list(log) == ["time", "chart.s1", "chart.s2", "chart.s3", "chart.outside", "hold.bias"]
    assert log["hold.bias"] == pytest.approx(log["chart.s1"] ** 2, rel=1e-9)  # kappa/2 = 1 eV, at 0
    assert result.thermo()["f_chart[1]"][0] == pytest.approx(log["chart.s1"][0], rel=1e-6)


