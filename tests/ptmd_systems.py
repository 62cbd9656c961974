"""Small systems for the tests of parallel tempering: a dimer whose populations are integrals."""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.cluster import Icosahedron
from ase.units import kB

from nanochart.landscape.ptmd.deck import Settings
from nanochart.landscape.ptmd.starts import prepare

HEIGHT, CENTRE, WIDTH, TILT = 0.05, 4.0, 0.8, 0.02  # eV, A, A, eV/A
BETWEEN = 4.0  # A: shorter bonds are in the inner well


def double_well(r):
    """Bond energy (eV) of two atoms at distance r (A): wells near 3.2 and 4.8 A, the inner one deeper."""
    return HEIGHT * (((r - CENTRE) / WIDTH) ** 2 - 1) ** 2 + TILT * (r - CENTRE)


def double_well_slope(r):
    u = (r - CENTRE) / WIDTH
    return 4 * HEIGHT * u * (u**2 - 1) / WIDTH + TILT


def write_table(path: Path) -> None:
    """The double well as a table for LAMMPS's pair_style table."""
    r = np.linspace(1.5, 6.5, 5001)
    rows = [f"{i + 1} {x:.6f} {double_well(x):.12g} {-double_well_slope(x):.12g}" for i, x in enumerate(r)]
    path.write_text("DOUBLE\nN 5001 R 1.5 6.5\n\n" + "\n".join(rows) + "\n")


class Dimer:
    """Exact thermodynamics of the dimer without rotation: p(r) ~ exp(-U(r)/kT).

    With angular momentum held at zero, the momenta integrate to det(inertia)^(-1/2) ~ r^-2, which
    takes away the r^2 of the volume element; a rotating dimer would have p ~ r^2 exp(-U/kT).
    `energy` may add a restraint to the bond energy.
    """

    def __init__(self, temperature: float, energy=double_well, power: int = 0):
        self.r = np.linspace(1.5, 6.5, 4001)
        self.energy = energy(self.r)
        p = self.r**power * np.exp(-(self.energy - self.energy.min()) / (kB * temperature))
        self.p = p / p.sum()
        self.beta = 1 / (kB * temperature)

    def inner(self) -> float:
        """Share of the time that the bond is in the inner well."""
        return float(self.p[self.r < BETWEEN].sum())

    def mean_energy(self) -> float:
        return float(self.p @ self.energy)

    def acceptance(self, other: "Dimer") -> float:
        """Share of swaps with `other` that are accepted: <min(1, exp(dbeta dE))>."""
        e, p = self.energy[::4], self.p[::4] / self.p[::4].sum()
        f, q = other.energy[::4], other.p[::4] / other.p[::4].sum()
        chance = np.minimum(1.0, np.exp((self.beta - other.beta) * (e[:, None] - f)))
        return float(p @ chance @ q)


def write_icosahedron(path: Path, element: str) -> Path:
    """The 13-atom icosahedron, the lowest minimum of silver: no other structure at low temperature."""
    Icosahedron(element, 2).write(path)
    return path


def prepare_dimer(folder: Path, temperatures, *, steps: int, extra: tuple[str, ...] = (), ranks: int = 1,
                  seed: int = 7, **others) -> Settings:  # fmt: skip
    """Lay out a run of the dimer: half of the replicas start in either well."""
    usual = dict(timestep=0.005, damping=4.0, swap=100, frame=100, checkpoint=10_000)
    settings = Settings(
        elements=("Au",), atoms=2, temperatures=tuple(temperatures), steps=steps, seed=seed, extra=extra, ranks=ranks,
        potential=("pair_style table linear 5001", "pair_coeff 1 1 dimer.table DOUBLE 6.5"), **usual | others,
    )  # fmt: skip
    starts = [Atoms("Au2", [[0, 0, 0], [0, 0, d]]) for d in [3.2, 4.8] * len(temperatures)][: len(temperatures)]
    prepare(folder, settings, starts)
    write_table(folder / "dimer.table")
    return settings
