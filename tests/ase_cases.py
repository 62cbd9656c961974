"""A copper cluster with a linear chart, for the tests of ASE."""

import numpy as np
from ase import Atoms, units
from ase.calculators.emt import EMT
from ase.md.verlet import VelocityVerlet
from conformance_cases import FOLDER, case

import nanochart
from nanochart.sampling import BiasedCalculator, Metadynamics, Restraint

MODEL = FOLDER / "linear-Cu55.pt"
CHART = nanochart.ChartCV(MODEL)
X = case("linear-Cu55-free").positions
S = CHART.evaluate(X)
HOLD = Restraint(S + [0.3, -0.2, 0.5], [2.0, 0.5, 1.0])


def meta(**options):
    return Metadynamics([0.3, 0.2, None], 0.1, 5, biasfactor=10.0, temperature=300.0,
                        names=["chart.s1", "chart.s2"], **options)  # fmt: skip


def cluster(calculator=None, biases=(), **options):
    atoms = Atoms("Cu55", X, **options)
    atoms.calc = BiasedCalculator(calculator or EMT(), CHART, biases)
    return atoms


def moving(atoms, seed=3, temperature=300.0):
    """Momenta from a seed, the same in every test."""
    speed = np.random.default_rng(seed).normal(size=(55, 3)) * np.sqrt(units.kB * temperature / atoms.get_masses()[0])
    atoms.set_velocities(speed - speed.mean(0))
    return VelocityVerlet(atoms, 2 * units.fs)
