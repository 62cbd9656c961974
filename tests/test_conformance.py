"""One set of files for every engine: Python, ASE, LAMMPS and PLUMED (tests/conformance/README.md)."""

import shutil

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from conformance_cases import NAMES, case, close, lammps_fixes, plumed_biases, python_bias
from lammps_runner import BIAS_ALONE, colvar, deck, dump, good, run, thermo, write_data
from plumed_runner import driver

import nanochart
from nanochart.descriptor import RdfGrid
from nanochart.sampling import BiasedCalculator

MASSES = {"Cu": 63.546, "Ag": 107.868}
every_case = pytest.mark.parametrize("name", NAMES)


def test_there_are_cases():
    assert len(NAMES) == 6
    for kind in ("linear", "network", "free", "orthogonal", "triclinic", "Ag13Cu42"):
        assert any(kind in name for name in NAMES)


def where(c):
    return dict(species=c.symbols) | ({} if c.cell is None else dict(cell=c.cell, pbc=True))


@every_case
def test_descriptor(name):
    c = case(name)
    grid = RdfGrid(**nanochart.ChartCV(c.path).metadata["grid"])
    close(nanochart.rdf(c.positions, grid, **where(c)), c.g, 1e-6 * c.g.max())


@every_case
def test_python(name):
    c = case(name)
    chart = nanochart.ChartCV(c.path)
    close(chart.evaluate(c.positions, **where(c)), c.s, c.tolerance)
    close(chart.jacobian(c.positions, **where(c)), c.ds_dx, c.tolerance)
    strains = [chart.pullback(c.positions, row, strain=True, **where(c))[1] for row in np.eye(3)]
    close(strains, c.ds_dstrain, c.tolerance)


@every_case
def test_biases(name):
    """At the s of the file, so that only the biases are compared."""
    c = case(name)
    for label, expected in c.biases.items():
        v, slope = python_bias(c, label).value(c.s)
        assert v == pytest.approx(expected["V"], abs=1e-9) and expected["V"] > 1e-4
        assert slope == pytest.approx(np.array(expected["dv_ds"]), abs=1e-8)


class Nothing(Calculator):
    """No interaction: what is left is the bias."""

    implemented_properties = ["energy", "forces", "stress"]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": 0.0, "forces": np.zeros((len(atoms), 3)), "stress": np.zeros(6)}


def ase_atoms(c):
    periodic = {} if c.cell is None else dict(cell=c.cell, pbc=True)
    atoms = Atoms(c.symbols, c.positions, **periodic)
    atoms.calc = BiasedCalculator(
        Nothing(), nanochart.ChartCV(c.path), {label: python_bias(c, label) for label in c.biases}
    )
    return atoms


@every_case
def test_ase(name):
    c = case(name)
    atoms = ase_atoms(c)
    assert atoms.get_potential_energy() == pytest.approx(c.V, abs=c.tolerance)
    close(atoms.calc.results["s"], c.s, c.tolerance)
    close(atoms.get_forces(), c.forces, c.tolerance)
    for label, expected in c.biases.items():
        assert atoms.calc.results[f"{label}.bias"] == pytest.approx(expected["V"], abs=c.tolerance)
    if c.cell is not None:
        close(-atoms.get_stress(voigt=False) * atoms.get_volume(), c.virial, c.tolerance)


def lammps(folder, c):
    """COLVAR row, forces and virial of a run of 0 steps."""
    cell = None if c.cell is None else (*np.diag(c.cell), c.cell[1, 0], c.cell[2, 0], c.cell[2, 1])
    masses = [MASSES[element] for element in c.elements]
    write_data(folder / "au.data", c.positions, np.array(c.species) + 1, masses, cell)
    columns = "f_chart pxx pyy pzz pxy pxz pyz vol"
    text = "fix_modify chart virial yes\n" + thermo(columns, 1)
    keep = "dump d all custom 1 forces id fx fy fz\ndump_modify d format float %.17g\nrun 0\n"
    boundary = "f f f" if c.cell is None else "p p p"
    result = good(run(folder, deck(lammps_fixes(c) + text + keep, pair=BIAS_ALONE, boundary=boundary)))
    row = {key: values[-1] for key, values in colvar(folder / "COLVAR").items()}
    table = {key: values[-1] for key, values in result.thermo().items()}
    virial = np.array([table[key] for key in ("Pxx", "Pyy", "Pzz", "Pxy", "Pxz", "Pyz")]) * table["Volume"]
    xx, yy, zz, xy, xz, yz = virial / 1.6021765e6  # bar A^3 to eV, as LAMMPS converts
    return row, dump(folder / "forces"), np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


@every_case
def test_lammps(name, tmp_path):
    c = case(name)
    row, forces, virial = lammps(tmp_path, c)
    close([row[f"chart.s{i}"] for i in (1, 2, 3)], c.s, c.tolerance)
    close(forces, c.forces, c.tolerance)
    close(virial, c.virial, c.tolerance)
    for label, expected in c.biases.items():
        assert row[f"{label}.bias"] == pytest.approx(expected["V"], abs=c.tolerance)


@every_case
def test_lammps_and_ase_agree(name, tmp_path):
    """The same C++ under both: no difference but rounding."""
    c = case(name)
    atoms = ase_atoms(c)
    row, forces, virial = lammps(tmp_path, c)
    assert forces == pytest.approx(atoms.get_forces(), abs=1e-8)
    assert sum(row[f"{label}.bias"] for label in c.biases) == pytest.approx(atoms.get_potential_energy(), abs=1e-8)
    assert [row[f"chart.s{i}"] for i in (1, 2, 3)] == pytest.approx(list(atoms.calc.results["s"]), abs=1e-8)
    if c.cell is not None:
        assert virial == pytest.approx(-atoms.get_stress(voigt=False) * atoms.get_volume(), abs=1e-8)


@every_case
def test_plumed(name, tmp_path):
    c = case(name)
    shutil.copy(c.hills, tmp_path / "HILLS")
    lists = "".join(
        f" ATOMS{k + 1 if len(c.elements) > 1 else ''}=" + ",".join(str(i + 1) for i, kind in enumerate(c.species) if kind == k)
        for k in range(len(c.elements))
    )  # fmt: skip
    biases = ",".join(f"{label}.bias" for label in c.biases)
    result = driver(
        tmp_path,
        f"UNITS LENGTH=A ENERGY=eV\n{{load}}\nchart: NANOCHART{lists} MODEL={c.path}\n{plumed_biases(c)}"
        f"PRINT ARG=chart.s1,chart.s2,chart.s3,chart.outside,{biases} FILE=COLVAR FMT=%.15g\n",
        c.symbols, [c.positions], c.cell, "--initial-step", str(c.biases["pull"]["step"]), forces=True,
    )  # fmt: skip
    row = {key: values[-1] for key, values in colvar(tmp_path / "COLVAR").items()}
    close([row[f"chart.s{i}"] for i in (1, 2, 3)], c.s, c.tolerance)
    for label, expected in c.biases.items():
        assert row[f"{label}.bias"] == pytest.approx(expected["V"], abs=c.tolerance)
    close(result.forces, c.forces, c.tolerance)
    close(result.virial, c.virial, c.tolerance)
