"""The PLUMED action NANOCHART under the driver; skipped, with the reason, where there is no PLUMED."""

import re
from pathlib import Path

import numpy as np
import pytest
from conformance_cases import FOLDER, case, close
from lammps_runner import cluster, colvar
from plumed_runner import driver

import nanochart
from nanochart.sampling.biases import Metadynamics
from nanochart.sampling.plumed_action import library

CU = case("linear-Cu55-free")
CHART = nanochart.ChartCV(CU.path)
LINE = f"chart: NANOCHART ATOMS=1-55 MODEL={CU.path}"
UNITS = {"nm": "", "A": "UNITS LENGTH=A ENERGY=eV\n"}
CELL = case("linear-Cu55-triclinic").cell


def frames(n=12, seed=2):
    rng = np.random.default_rng(seed)
    return [CU.positions + 0.01 * k * rng.normal(size=CU.positions.shape) for k in range(n)]


def last(path):
    return {key: values[-1] for key, values in colvar(path).items()}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", ["linear-Cu55-free", "linear-Cu55-triclinic", "linear-Ag13Cu42-free"])
def test_values_and_derivatives_are_those_of_python(unit, name, tmp_path):
    """s has no unit, its derivatives have that of the input; the same C++, so they agree to the last digits."""
    c = case(name)
    chart = nanochart.ChartCV(c.path)
    periodic = {} if c.cell is None else dict(cell=c.cell, pbc=True)
    atoms = "ATOMS=1-55" if len(c.elements) == 1 else "ATOMS1=1-13 ATOMS2=14-55"
    text = f"{UNITS[unit]}{{load}}\nchart: NANOCHART {atoms} MODEL={c.path}\nPRINT ARG=chart.* FILE=COLVAR FMT=%.15g\n"
    text += "".join(f"DUMPDERIVATIVES ARG=chart.s{i} FILE=d{i} FMT=%.15g\n" for i in (1, 2, 3))
    driver(tmp_path, text, c.symbols, [c.positions], c.cell)
    row = last(tmp_path / "COLVAR")
    assert list(row) == ["time", "chart.s1", "chart.s2", "chart.s3", "chart.outside"]
    s = chart.evaluate(c.positions, species=c.symbols, **periodic)
    assert [row[f"chart.s{i}"] for i in (1, 2, 3)] == pytest.approx(s, abs=1e-10)
    angstrom = 10 if unit == "nm" else 1
    for i in range(3):
        derivatives = np.loadtxt(tmp_path / f"d{i + 1}")[:, -1]
        one = np.eye(3)[i]
        dx, strain = chart.pullback(c.positions, one, species=c.symbols, strain=True, **periodic)
        close(derivatives[:-9].reshape(-1, 3), angstrom * dx, 1e-10)
        close(derivatives[-9:].reshape(3, 3), -strain, 1e-10)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("pbc", ["", " NOPBC"])
def test_debug_forces(unit, pbc, tmp_path):
    """PLUMED's own finite differences, of the virial too."""
    energy = 96.485 if unit == "nm" else 1
    text = f"{UNITS[unit]}{{load}}\n{LINE}{pbc}\nRESTRAINT ARG=chart.s1,chart.s2 AT=-1.5,1.9 KAPPA={2 * energy},{energy}\n"
    driver(tmp_path, text, CU.symbols, [CU.positions], CELL, "--debug-forces", "debug")
    analytical, numerical = np.loadtxt(tmp_path / "debug", usecols=(-2, -1)).T
    assert len(analytical) == 3 * 55 + 9
    close(numerical, analytical, 2e-5)
    assert np.abs(analytical).max() > 1e-2


@pytest.mark.parametrize(
    "bias",
    [
        "METAD ARG=chart.s1,chart.s2 SIGMA=0.3,0.2 HEIGHT=0.1 PACE={pace} BIASFACTOR=10 TEMP=300 FILE=HILLS{restart}",
        "OPES_METAD ARG=chart.s1,chart.s3 SIGMA=0.1,0.1 PACE={pace} BARRIER=1 TEMP=300 FILE=KERNELS{restart}",
    ],
)
def test_debug_forces_under_a_bias_that_grew(bias, tmp_path):
    """A first run leaves hills, or kernels; finite differences on the bias that a second one reads and keeps."""
    text = f"{UNITS['A']}{{load}}\n{LINE}\nb: "
    driver(tmp_path, text + bias.format(pace=1, restart="") + "\n", CU.symbols, frames(6), CELL)
    text += bias.format(pace=1000000, restart=" RESTART=YES") + "\nPRINT ARG=b.bias FILE=COLVAR\n"
    driver(tmp_path, text, CU.symbols, [frames(6)[3]], CELL, "--debug-forces", "debug")
    analytical, numerical = np.loadtxt(tmp_path / "debug", usecols=(-2, -1)).T
    close(numerical, analytical, 2e-5)
    assert np.abs(analytical).max() > 1e-2


def test_units_do_not_matter(tmp_path):
    """The same restraint in kJ/mol and nm, and in eV and angstrom: the same forces on the engine."""
    results = []
    for unit, energy in (("nm", 96.48530749925792), ("A", 1.0)):
        text = f"{UNITS[unit]}{{load}}\n{LINE}\nRESTRAINT ARG=chart.s1 AT=-1.5 KAPPA={2 * energy:.17g}\n"
        results.append(driver(tmp_path, text, CU.symbols, [CU.positions], CELL, forces=True))
    close(results[0].forces, results[1].forces, 1e-10)
    close(results[0].virial, results[1].virial, 1e-10)
    slope = np.array([2 * (CHART.evaluate(CU.positions)[0] + 1.5), 0, 0])
    close(results[1].forces, -CHART.pullback(CU.positions, slope), 1e-8)


def test_nopbc_takes_positions_as_they_are(tmp_path):
    small = 12.0 * np.eye(3)
    text = f"UNITS LENGTH=A\n{{load}}\n{LINE} NOPBC\nPRINT ARG=chart.s1 FILE=COLVAR FMT=%.15g\n"
    driver(tmp_path, text, CU.symbols, [CU.positions], small)
    assert last(tmp_path / "COLVAR")["chart.s1"] == pytest.approx(CHART.evaluate(CU.positions)[0], abs=1e-10)


def test_metad_is_ours(tmp_path):
    text = (
        f"{UNITS['A']}{{load}}\n{LINE}\nm: METAD ARG=chart.s1,chart.s2 SIGMA=0.3,0.2 HEIGHT=0.1 PACE=3 "
        "BIASFACTOR=10 TEMP=300\nPRINT ARG=m.bias FILE=COLVAR FMT=%.15g\n"
    )
    driver(tmp_path, text, CU.symbols, frames(), None)
    temperature = 300 * (0.0083144621 / 96.48530749925792) / 8.617333262e-5  # PLUMED's Boltzmann constant
    ours, expected = Metadynamics([0.3, 0.2, None], 0.1, 3, biasfactor=10.0, temperature=temperature), []
    for step, x in enumerate(frames()):
        s = CHART.evaluate(x)
        expected.append(ours.value(s)[0])
        if step:
            ours.update(step, float(step), s)
    assert colvar(tmp_path / "COLVAR")["m.bias"] == pytest.approx(np.array(expected), abs=1e-8)
    assert max(expected) > 0.1


def test_opes_metad_grows_and_pushes(tmp_path):
    text = (
        f"{UNITS['A']}{{load}}\n{LINE}\no: OPES_METAD ARG=chart.s1,chart.s2 SIGMA=0.1,0.1 PACE=2 BARRIER=1 TEMP=300\n"
        "PRINT ARG=o.* FILE=COLVAR FMT=%.15g\n"
    )
    result = driver(tmp_path, text, CU.symbols, frames(), None, forces=True)
    assert np.ptp(colvar(tmp_path / "COLVAR")["o.bias"]) > 1e-3
    assert np.abs(result.forces).max() > 1e-4
    assert np.abs(result.forces.sum(0)).max() < 1e-9  # no net force on the cluster


@pytest.mark.parametrize("name", ["linear-Cu55-triclinic", "network-Ag13Cu42-triclinic"])
def test_two_ranks_are_one(name, tmp_path):
    """Under each kind of bias; hills and kernels come from the s of earlier frames."""
    c = case(name)
    rng = np.random.default_rng(7)
    moved = [c.positions + 0.02 * k * rng.normal(size=c.positions.shape) for k in range(4)]
    atoms = "ATOMS=1-55" if len(c.elements) == 1 else "ATOMS1=1-13 ATOMS2=14-55"
    text = (
        f"{UNITS['A']}{{load}}\nchart: NANOCHART {atoms} MODEL={c.path}\n"
        "r: RESTRAINT ARG=chart.s1,chart.s3 AT=0.3,-0.4 KAPPA=2,1\n"
        "m: METAD ARG=chart.s1,chart.s2 SIGMA=0.3,0.2 HEIGHT=0.1 PACE=1 BIASFACTOR=10 TEMP=300 FILE=HILLS\n"
        "o: OPES_METAD ARG=chart.s2,chart.s3 SIGMA=0.1,0.1 PACE=1 BARRIER=1 TEMP=300 FILE=KERNELS\n"
        "PRINT ARG=chart.*,r.bias,m.bias,o.bias FILE=COLVAR FMT=%.15g\n"
    )
    results, rows = [], []
    for ranks in (2, 1):
        folder = tmp_path / str(ranks)
        folder.mkdir()
        results.append(driver(folder, text, c.symbols, moved, c.cell, forces=True, ranks=ranks))
        rows.append(np.loadtxt(folder / "COLVAR"))
    assert rows[0] == pytest.approx(rows[1], abs=1e-10, nan_ok=True)
    assert np.abs(rows[0][-1, -3:]).min() > 1e-3
    close(results[0].forces, results[1].forces, 1e-10)
    close(results[0].virial, results[1].virial, 1e-10)


@pytest.mark.parametrize(
    "line, message",
    [
        (f"NANOCHART ATOMS=1-54 MODEL={CU.path}", "ATOMS are 54, but model linear-Cu55 is for 55"),
        ("NANOCHART ATOMS=1-55 MODEL=./none.pt", "none.pt cannot be read"),
        ("NANOCHART ATOMS=1-55 MODEL=Xx999", "model Xx999 is not shipped"),
        (f"NANOCHART ATOMS=1-55 MODEL={FOLDER}/make.py", "is not a TorchScript archive"),
        (f"NANOCHART ATOMS=1-55 MODEL={FOLDER}/linear-Ag13Cu42.pt", "give ATOMS1, ATOMS2, .., the atoms of each"),
        (f"NANOCHART ATOMS1=1-55 MODEL={FOLDER}/linear-Ag13Cu42.pt", "there are 1 lists of atoms, must be 2"),
        (f"NANOCHART ATOMS1=1-5 ATOMS2=6-55 MODEL={CU.path}", "ATOMS2 is one list too many"),
        ("NANOCHART ATOMS=1-55", "MODEL"),
    ],
)
def test_bad_lines(line, message, tmp_path):
    result = driver(tmp_path, f"{{load}}\nchart: {line}\n", CU.symbols, [CU.positions], None, fails=True)
    assert message in " ".join(result.output.split())


def test_a_box_that_is_too_small(tmp_path):
    text = f"UNITS LENGTH=A\n{{load}}\n{LINE}\nPRINT ARG=chart.s1 FILE=COLVAR\n"
    result = driver(tmp_path, text, CU.symbols, [CU.positions], 15.0 * np.eye(3), fails=True)
    assert "NANOCHART chart: cluster is" in result.output and "must be < half of the box" in result.output


def test_other_elements_by_their_masses(tmp_path):
    for mass, fails in ((63.546, False), (1.0, False), (107.868, True)):  # 1: the engine knows none
        (tmp_path / "mc").write_text(
            "#! FIELDS index mass charge\n" + "".join(f" {i} {mass} 0.0\n" for i in range(55))
        )
        text = f"UNITS LENGTH=A\n{{load}}\n{LINE}\nPRINT ARG=chart.s1 FILE=COLVAR\n"
        result = driver(tmp_path, text, CU.symbols, [CU.positions], None, "--mc", "mc", fails=fails)
        assert ("atom 1 is Ag by its mass, but model linear-Cu55 expects Cu" in result.output) == fails


def test_the_input_of_the_page(tmp_path):
    page = (Path(__file__).parent.parent / "docs" / "engines" / "plumed.md").read_text()
    text = re.search(r"```plumed\n(.*?)```", page, re.S).group(1)
    assert "LOAD FILE=./libnanochart_plumed.so" in text and "ln -s" in page
    (tmp_path / library().name).symlink_to(library())
    text = text.replace("STRIDE=100", "STRIDE=1")
    driver(tmp_path, text, ["Au"] * 147, [cluster(noise=0.02)], None)
    row = last(tmp_path / "COLVAR")
    s = nanochart.ChartCV("Au147").evaluate(cluster(noise=0.02))
    assert [row[f"chart.s{i}"] for i in (1, 2, 3)] == pytest.approx(s, abs=1e-5)  # float32, printed with 6 digits


def test_where_plumed_is_absent(monkeypatch):
    """Skipped with the reason; an error where NANOCHART_REQUIRE names plumed."""
    import plumed_runner

    monkeypatch.setattr(plumed_runner.shutil, "which", lambda name: None)
    monkeypatch.delenv("PLUMED", raising=False)
    monkeypatch.delenv("NANOCHART_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is no command `plumed`"):
        plumed_runner.command()
    monkeypatch.setenv("NANOCHART_REQUIRE", "gpu,plumed")
    with pytest.raises(pytest.fail.Exception, match="NANOCHART_REQUIRE names plumed, but there is no command"):
        plumed_runner.command()
