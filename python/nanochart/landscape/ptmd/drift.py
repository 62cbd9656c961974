"""Is the time step short enough? Energy drift without a thermostat."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.units import kB

from .deck import Settings, nve_deck
from .log import read_energies
from .run import engine, failure, stoppable

BATH_PS, FREE_PS, EVERY_PS = 10.0, 40.0, 0.1
# The bath takes away a drift within its damping time. What is left heats the cluster by
# drift * damping / (3/2 k) degrees: a hundredth of a per cent of T is below every other error.
LARGEST_HEATING = 1e-4
# Velocity Verlet's ripple of the total energy, against the fluctuation of the kinetic energy,
# kT sqrt(3N/2): about (omega dt)^2/8, the relative error of sampled energies. Au147 has 0.2 % with
# 5 fs and 1 % with 12 fs.
LARGEST_RIPPLE = 0.01


@dataclass(frozen=True)
class Drift:
    """Drift of the total energy and its standard error (eV/atom/ns), at a temperature (K).

    ripple: fluctuation of the total energy over that of the kinetic energy.
    """

    drift: float
    error: float
    ripple: float
    temperature: float

    def __str__(self) -> str:
        return (
            f"without thermostat at {self.temperature:.0f} K the total energy drifts by {1e3 * self.drift:.2f} +- "
            f"{1e3 * self.error:.2f} meV/atom/ns and ripples by {self.ripple:.2%} of the kinetic energy's fluctuation"
        )


def nve_drift(folder: Path, settings: Settings, lmp: str | None = None) -> Drift:
    """Drift of a run's first start at its highest temperature, over 40 ps without thermostat.

    Raises ValueError if the time step is too long: the drift in one damping time would heat the
    cluster by more than 1e-4 of T, or the ripple is above 1 %; RuntimeError if LAMMPS fails.
    """
    check = Path(folder) / "check"
    check.mkdir(exist_ok=True)
    bath, free, every = (max(round(t / settings.timestep), 1) for t in (BATH_PS, FREE_PS, EVERY_PS))
    top = settings.temperatures[-1]
    (check / "in.lmp").write_text(nve_deck(settings, "check/thermo", top, bath, free, every))
    (check / "thermo").unlink(missing_ok=True)
    program, env = engine(lmp)
    command = [*program, "-in", "check/in.lmp", "-log", "check/log.lammps", "-screen", "none"]
    with stoppable(), open(check / "output.txt", "w") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              env=env)  # fmt: skip
    too_long = f"ptmd: time step of {1000 * settings.timestep:g} fs is too long at {top:g} K: "
    if done.returncode:
        raise RuntimeError(f"{too_long}LAMMPS failed without a thermostat: {failure(check)}")
    rows = read_energies(check / "thermo")
    ns = rows[:, 0] * settings.timestep / 1000
    energy = (rows[:, 1] + rows[:, 2]) / settings.atoms
    (slope, _), covariance = np.polyfit(ns, energy, 1, cov=True)
    kinetic_fluctuation = kB * top * np.sqrt(1.5 / settings.atoms)
    found = Drift(float(slope), float(np.sqrt(covariance[0, 0])), float(energy.std() / kinetic_fluctuation), top)
    heating = (abs(found.drift) - 2 * found.error) * settings.damping / 1000 / (1.5 * kB * top)
    if not (heating < LARGEST_HEATING and found.ripple < LARGEST_RIPPLE):
        raise ValueError(f"{too_long}{found}; shorten it (--timestep)")
    return found
