"""`nanochart fes`: files in, tables, pictures and sentences out; bad input is one sentence."""

from pathlib import Path

import numpy as np
import pytest
from test_free_energies import KT, K, T, harmonic, windows, write
from typer.testing import CliRunner

import nanochart
from nanochart.chart.families import Families, beside
from nanochart.cli import app
from nanochart.sampling.fes_command import reweighted
from nanochart.sampling.free_energy import FreeEnergy

HILLS = Path(__file__).parent / "data" / "plumed_biases" / "HILLS"


def fes(*arguments):
    return CliRunner().invoke(app, ["fes", *map(str, arguments)])


def good(*arguments):
    result = fes(*arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


def error(*arguments):
    result = fes(*arguments)
    assert result.exit_code != 0 and isinstance(result.exception, (ValueError, OSError)), result.output
    return str(result.exception)


def run(folder, n=4000):
    """Sampled with K - 0.1 by a bias, and logged with an energy and what each frame is."""
    s = harmonic(n, K - 0.1)
    time = np.arange(n) * 0.5
    write(folder / "COLVAR", time=time, c_s1=s, c_family=(s > 0.2).astype(float), r_bias=-0.05 * s**2)
    write(folder / "ENERGY", time=time[::2], pe=K / 2 * s[::2] ** 2)
    return s


def test_hills(tmp_path):
    text = good("hills", HILLS, "-T", 300, "-o", tmp_path / "f.dat", "--project", "x", "--parts", 3)
    assert "99 hills on x y" in text and text.count("F differs from the last by") == 2
    rows = np.loadtxt(tmp_path / "f.dat")
    assert rows.shape[1] == 3 and rows[:, 1].min() == 0 and (tmp_path / "f.png").stat().st_size > 5000
    assert (tmp_path / "f.dat").read_text().startswith("#! FIELDS x file.free file.error\n")
    good("hills", HILLS, "-T", 300, "-o", tmp_path / "g.dat", "--grid=-2 2 20", "--grid=-2 2 30")
    assert len(np.loadtxt(tmp_path / "g.dat")) == 600 and (tmp_path / "g.png").exists()


def test_reweight_with_populations_and_weights(tmp_path):
    s = run(tmp_path)
    text = good("reweight", tmp_path / "COLVAR", "-T", T, "-o", tmp_path / "f.dat", "--labels", "c.family",
                "--difference", "0 1", "--weights", tmp_path / "w", "--grid=-0.8 0.8 16")  # fmt: skip
    x, f, errors = np.loadtxt(tmp_path / "f.dat").T
    exact = K / 2 * x**2
    assert abs(f - exact - (f - exact)[exact < KT].mean())[exact < 3 * KT].max() < 0.25 * KT and np.isfinite(errors).all()
    weights = np.loadtxt(tmp_path / "w")
    assert len(weights) == len(s) and weights[:, 1].sum() == pytest.approx(1, abs=1e-6)
    share = weights[s > 0.2, 1].sum()
    assert f"  1            {share:7.4f} +- " in text
    assert f"F(1) - F(0) = {KT * np.log((1 - share) / share):.4f} +- " in text


def test_another_column_by_time_and_labels_from_a_file(tmp_path):
    s = run(tmp_path)
    lines = [f"{0.5 * i:g} {'right' if s[i] > 0 else 'left'}" for i in range(0, len(s), 4)]
    (tmp_path / "labels").write_text("\n".join(lines) + "\n")
    text = good("reweight", tmp_path / "COLVAR", "-T", T, "-o", tmp_path / "f.dat", "--cv", "pe", "--cv", "c.s1",
                "--join", tmp_path / "ENERGY", "--labels", tmp_path / "labels")  # fmt: skip
    assert "2000 frames" in text and "from 1000 labelled frames" in text and "right" in text
    assert (tmp_path / "f.dat").read_text().startswith("#! FIELDS pe c.s1 ")


def test_walkers_are_one_run(tmp_path):
    """Two halves of one run as walkers: weights, joined columns and labels stay with their frames."""
    s = run(tmp_path)
    whole = good("reweight", tmp_path / "COLVAR", "-T", T, "-o", tmp_path / "f.dat", "--labels", "c.family", "--cv", "c.s1")
    halves = [s[::2], s[1::2]]
    time = np.arange(len(halves[0])) * 1.0
    for name, x in zip("ab", halves):
        write(tmp_path / f"COLVAR.{name}", time=time, c_s1=x, r_bias=-0.05 * x**2)
        write(tmp_path / f"PE.{name}", time=time, pe=K / 2 * x**2)
        write(tmp_path / f"P.{name}", time=time, chart_s1=x, chart_label=np.where(x > 0.2, 1, 0), chart_family=np.sign(x))
    both = ("reweight", tmp_path / "COLVAR.a", tmp_path / "COLVAR.b", "-T", T, "-o", tmp_path / "g.dat", "--cv", "c.s1")
    join = ("--join", tmp_path / "PE.a", "--join", tmp_path / "PE.b")
    text = good(*both, *join, "--labels", tmp_path / "P.a", "--labels", tmp_path / "P.b")
    assert np.loadtxt(tmp_path / "f.dat") == pytest.approx(np.loadtxt(tmp_path / "g.dat"), rel=1e-9, nan_ok=True)
    shares = [[line.split()[1:] for line in t.splitlines() if line.startswith("  ")] for t in (whole, text)]
    assert shares[0] == shares[1] and "  Ih  " in text and "  Dh  " in text
    right = good(*both, "--labels", f"{tmp_path}/P.a:chart.family", "--labels", f"{tmp_path}/P.b:chart.family")
    assert f"from {np.sum(s > 0)} labelled frames" in right  # family -1 is none
    assert "--join is given 1 times, must be once for each of 2" in error(*both, *join[:2])
    assert "--labels is given 1 times" in error(*both, "--labels", tmp_path / "P.a")
    assert "columns are time c.s1 c.family r.bias, must be time c.s1 r.bias" in error(*both[:2], tmp_path / "COLVAR", *both[2:])


def test_hills_of_walkers(tmp_path):
    """A file cut into two gives the free energy of the whole; files of two runs are refused."""
    head, body = [[line for line in HILLS.read_text().splitlines() if line.startswith("#") == mark] for mark in (True, False)]
    (tmp_path / "a").write_text("\n".join([*head, *body[::2], ""]))
    (tmp_path / "b").write_text("\n".join([*head, *body[1::2], ""]))
    texts = [good("hills", *files, "-T", 300, "-o", tmp_path / "f.dat") for files in ([HILLS], [tmp_path / "b", tmp_path / "a"])]
    assert texts[0] == texts[1]
    (tmp_path / "c").write_text((tmp_path / "b").read_text().replace(body[1].split()[3], "0.7"))
    assert "sigma is" in error("hills", tmp_path / "a", tmp_path / "c", "-T", 300)


def test_umbrella_and_steered(tmp_path):
    assert "9 windows combined by MBAR" in good("umbrella", windows(tmp_path, n=200), "-T", T, "-o", tmp_path / "f.dat")
    for name, work in (("a", 1.0), ("b", 1.2), ("back", -0.9), ("back2", -1.0)):
        t = np.arange(3.0)
        write(tmp_path / name, time=t, c_s1=t, p_bias=t, p_work=work * t / 2)
    text = good("steered", tmp_path / "a", tmp_path / "b", "-T", T, "--reverse", tmp_path / "back",
                "--reverse", tmp_path / "back2")  # fmt: skip
    assert "work forward: 1.1000 +- 0.1414 eV (spread) in 2 runs" in text and "BAR: dF = 1.0" in text
    assert "do not overlap, 0.00 eV" not in text
    far = good("steered", tmp_path / "a", tmp_path / "b", "-T", T, "--reverse", tmp_path / "a", "--reverse", tmp_path / "b")
    assert "the works of both directions do not overlap, 2.00 eV lie between them" in far


def test_page_of_three_coordinates(tmp_path):
    from nanochart.plots import landscape_page

    x = np.linspace(-1, 1, 12)
    f = 0.2 * (x[:, None, None] ** 2 + x[:, None] ** 2 + x**2)
    landscape_page(FreeEnergy(("a", "b", "c"), (x, x, x), f, None, T), tmp_path / "f.html", marks={"Ih": (0, 0, 0)})
    page = (tmp_path / "f.html").read_text()
    assert "plotly" in page and "Ih" in page and 'src="http' not in page


def test_families_of_a_chart_are_named(tmp_path):
    s = np.random.default_rng(2).normal(size=(400, 3))
    write(tmp_path / "COLVAR", time=np.arange(400.0), c_s1=s[:, 0], c_s2=s[:, 1], c_s3=s[:, 2], r_bias=0 * s[:, 0])
    asked = ("reweight", tmp_path / "COLVAR", "-T", T, "-o", tmp_path / "f.dat", "--chart", "Au147")
    good(*asked, "--grid=-2 2 6", "--grid=-2 2 6", "--grid=-2 2 6")
    page = (tmp_path / "f.html").read_text()
    families = Families.load(beside(nanochart.ChartCV("Au147").path))
    assert all(f'"{name.partition(" (")[0]}"' in page for name in families.names) and "(missing" not in page
    assert str(families.centroids[3, 1])[:8] in page
    report = reweighted([tmp_path / "COLVAR"], T, cv=["c.s3", "c.s1"], grid=[], more=[], hills=[], skip=0.0, weights=None,
                        labels=[], difference=None, interval=None)  # fmt: skip
    report.name_families("Au147")
    assert report.marks["Fcc-1"] == tuple(families.centroids[list(families.names).index("Fcc-1"), [2, 0]])
    good(*asked, "--cv", "c.s2")
    assert "--chart: time is no coordinate of chart Au147" in error(*asked, "--cv", "time")


def test_bad_input(tmp_path):
    run(tmp_path)
    colvar = tmp_path / "COLVAR"
    for arguments, message in [
        (("reweight", colvar, "-T", 0), "temperature is 0.0, must be > 0 K"),
        (("reweight", colvar, "-T", T, "--cv", "z"), "there is no column z, must be one of time, c.s1"),
        (("reweight", colvar, "-T", T, "--grid", "1 0 5"), "grid 1 0 5: lo must be smaller than hi"),
        (("reweight", colvar, "-T", T, "--grid", "0 1"), "is `0 1`, must be `lo hi bins`"),
        (("reweight", colvar, "-T", T, "--grid", "8 9 5"), "no frame is on the grid"),
        (("reweight", colvar, "-T", T, "--skip", 1e9), "no row is later than 1e+09 ps"),
        (("reweight", colvar, "-T", T, "--difference", "a b"), "--difference needs --labels"),
        (("reweight", colvar, "-T", T, "--labels", "c.family", "--difference", "0 7"), "label 7 was never seen"),
        (("reweight", tmp_path / "none", "-T", T), "No such file"),
        (("hills", colvar, "-T", T), "COLVAR"),
        (("hills", HILLS, "-T", T, "--project", "z"), "there is no coordinate z"),
        (("hills", HILLS, "-T", T, "--grid", "0 1 5"), "--grid is given 1 times"),
        (("steered", colvar, "-T", T), "0 columns end with .work, must be one"),
        (("ladder", tmp_path, "-T", T), "must be the folder of a run"),
    ]:
        assert message in error(*arguments, *(() if arguments[0] == "steered" else ("-o", tmp_path / "x.dat"))), arguments
    assert not list(tmp_path.glob("x.*"))
