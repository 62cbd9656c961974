"""ASE: atoms, calculators and drivers that biases cannot follow are refused in a sentence."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.emt import EMT
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS
from ase_cases import CHART, HOLD, S, X, cluster, meta, moving
from test_conformance import Nothing

from nanochart.sampling import BiasedCalculator, ChartLog, Restraint


class EnergyAlone(Nothing):
    implemented_properties = ["energy"]


def failing(atoms, error, match):
    with pytest.raises(error, match=match):
        atoms.get_potential_energy()


def test_other_atoms():
    atoms = cluster(biases=[HOLD])
    del atoms[0]
    failing(atoms, ValueError, "model linear-Cu55 is for 55 atoms, but there are 54")
    failing(Atoms("Au55", X, calculator=cluster().calc), ValueError, "is for Cu, but the atoms are Au")
    failing(Atoms("Cu54Au", X, calculator=cluster().calc), ValueError, "is for Cu, but the atoms are Au Cu")


@pytest.mark.parametrize("change", ["Cu", "Au"])
def test_another_atom_within_a_run(change):
    atoms = cluster(biases=[HOLD])
    dyn = moving(atoms)
    atoms.calc.follow(dyn)
    dyn.run(2)
    if change == "Cu":
        atoms.append("Cu")
    else:
        atoms.symbols[3] = change
    with pytest.raises(ValueError, match="is for 55 atoms, but there are 56|is for Cu, but the atoms are Au Cu"):
        dyn.run(1)


def test_other_atoms_within_a_run():
    atoms = cluster(biases=[HOLD])
    dyn = moving(atoms)
    atoms.calc.follow(dyn)
    dyn.run(2)
    atoms.set_cell([15, 40, 40])
    atoms.pbc = True
    with pytest.raises(ValueError, match="cluster is .* wide along .*, must be < half of the box"):
        dyn.run(1)
    atoms.pbc = False
    atoms.positions[3] = np.nan
    failing(atoms, ValueError, "atom 4")
    atoms.positions[3] = atoms.positions[4]
    failing(atoms, ValueError, "are at one place")
    del atoms[0]
    failing(atoms, ValueError, "is for 55 atoms, but there are 54")


def test_indices_of_another_system():
    atoms = Atoms("Cu55", X)
    atoms.calc = BiasedCalculator(EMT(), CHART, [HOLD], indices=range(10, 65))
    failing(atoms, ValueError, "indices go up to 64, but there are 55 atoms")


def test_a_calculator_without_forces():
    atoms = cluster(EnergyAlone(), [HOLD])
    assert atoms.get_potential_energy() == pytest.approx(HOLD.value(S)[0])
    with pytest.raises(PropertyNotImplementedError, match="calculator EnergyAlone offers no forces"):
        atoms.get_forces()
    with pytest.raises(ValueError, match="calculator EnergyAlone offers no forces, which molecular dynamics needs"):
        atoms.calc.follow(VelocityVerlet(atoms, 1.0))


def test_what_cannot_be_followed_or_made():
    atoms = cluster(biases=[HOLD])
    with pytest.raises(TypeError, match="biases follow molecular dynamics, not BFGS"):
        atoms.calc.follow(BFGS(atoms))
    with pytest.raises(ValueError, match="have another calculator"):
        atoms.calc.follow(VelocityVerlet(Atoms("Cu55", X, calculator=EMT()), 1.0))
    with pytest.raises(ValueError, match="bias restraint is on 2 CVs, must be on 3 as the chart"):
        BiasedCalculator(EMT(), CHART, [Restraint([0, 0], [1, 1])])
    with pytest.raises(TypeError, match="must be an ASE calculator"):
        BiasedCalculator(None, CHART)
    with pytest.raises(TypeError, match="must be an ASE calculator"):
        BiasedCalculator(EMT, CHART)
    with pytest.raises(TypeError, match="chart is 'Cu55', must be a nanochart.ChartCV"):
        BiasedCalculator(EMT(), "Cu55")
    with pytest.raises(TypeError, match="biases is .*, must be {name: bias} or a list"):
        BiasedCalculator(EMT(), CHART, HOLD)
    with pytest.raises(TypeError, match="bias hold is 3, must be a Restraint, MovingRestraint, Wall or Metadynamics"):
        BiasedCalculator(EMT(), CHART, {"hold": 3})
    with pytest.raises(ValueError, match="the name of bias 'a b' must have no blanks"):
        BiasedCalculator(EMT(), CHART, {"a b": HOLD})
    dyn = moving(atoms)
    with pytest.raises(ValueError, match="must be the `state` of the interrupted run's calculator"):
        atoms.calc.follow(dyn, {"steps": 3})
    with pytest.raises(TypeError, match="chart is 'Cu55', must be a nanochart.ChartCV"):
        ChartLog(dyn, "Cu55", "COLVAR")


def test_outside_the_grid():
    atoms = cluster(biases=[meta(grid=[(50, 51, 10), (50, 51, 10)])])
    failing(atoms, ValueError, "outside the metadynamics grid")
