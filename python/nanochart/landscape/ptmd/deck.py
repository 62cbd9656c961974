"""Settings of a parallel-tempering run, and the LAMMPS deck that carries them out."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from .ladder import checked_ladder

# Momentum and rotation are removed every this many steps, swaps and frames included. Within 10
# steps of 5 fs the noise of a 1 ps Langevin bath brings back 10 % of kT/2 of each rotation: by
# removing seldom, the number of degrees of freedom would lie somewhere between 3N - 6 and 3N - 3.
STILL_EVERY = 10
REMOVED_DEGREES = 6
WALL_WIDTH = 3.0  # A; 1 eV/A^2 (r - wall)^2 is 9 eV there, more than any atom's kinetic energy


@dataclass(frozen=True)
class Settings:
    """One parallel-tempering run. Times in ps and steps; temperatures in K, one per replica.

    steps: length. swap, frame, checkpoint: steps between swap attempts, kept frames, restart files.
    potential: the pair_style and pair_coeff lines. extra: lines put before `temper`, for a fix that
    all replicas share. wall: radius (A) of a soft spherical wall that keeps evaporated atoms near.
    ranks: MPI processes of each replica, more than one for large clusters.
    composition: of an alloy, the number of atoms of each of its elements.
    """

    elements: tuple[str, ...]
    atoms: int
    temperatures: tuple[float, ...]
    timestep: float
    damping: float
    steps: int
    swap: int
    frame: int
    checkpoint: int
    seed: int
    potential: tuple[str, ...]
    extra: tuple[str, ...] = ()
    wall: float | None = None
    ranks: int = 1
    composition: tuple[int, ...] = ()

    def __post_init__(self):
        checked_ladder(self.temperatures)
        if list(self.elements) != sorted(set(self.elements)):
            raise ValueError(f"ptmd: elements are {' '.join(self.elements)}, must be in alphabetical order, each once")
        alloy = len(self.elements) > 1
        if alloy and (len(self.composition), sum(self.composition)) != (len(self.elements), self.atoms):
            raise ValueError(f"ptmd: composition is {self.composition}, must be {self.atoms} atoms of "
                             f"{' '.join(self.elements)}")
        for name in ("timestep", "damping"):
            if not getattr(self, name) > 0:
                raise ValueError(f"ptmd: {name} is {getattr(self, name)} ps, must be > 0")
        if self.swap < 1 or self.swap % STILL_EVERY:
            raise ValueError(
                f"ptmd: swap period is {self.swap} steps, must be a multiple of {STILL_EVERY} (momentum is "
                f"removed every {STILL_EVERY} steps, swap steps included); change swap or time step"
            )
        for name in ("frame", "checkpoint", "steps"):
            value = getattr(self, name)
            if value < 1 or value % self.swap:
                raise ValueError(
                    f"ptmd: {name} is {value} steps, must be a multiple of the swap period of {self.swap} steps"
                )
        if self.ranks < 1:
            raise ValueError(f"ptmd: ranks is {self.ranks}, must be at least 1 process a replica")
        for line in self.extra:
            if "nanochart" in line and line.split()[0] in ("if", "jump", "python", "shell"):
                raise ValueError(
                    f"ptmd: extra has {line!r}, must be unconditional: swaps are right only if all replicas have the "
                    "same chart and biases"
                )
        if not 0 < self.seed < 900_000_000:
            raise ValueError(f"ptmd: seed is {self.seed}, must lie between 1 and 899999999")

    @property
    def replicas(self) -> int:
        return len(self.temperatures)

    @property
    def counts(self) -> dict[str, int]:
        """Atoms of each element."""
        return dict(zip(self.elements, self.composition or (self.atoms,)))

    @property
    def formula(self) -> str:
        return "".join(f"{e}{n}" for e, n in self.counts.items())

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the velocities: momentum and rotation are removed."""
        return 3 * self.atoms - REMOVED_DEGREES

    def save(self, path: Path) -> None:
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(asdict(self), indent=1) + "\n")
        os.replace(part, path)

    @classmethod
    def load(cls, path: Path) -> Settings:
        if not path.exists():
            raise FileNotFoundError(f"ptmd: {path.parent} has no {path.name}, must be the folder of a run")
        values = json.loads(path.read_text())
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def replica_name(replica: int, replicas: int) -> str:
    """Number of a replica as in file names: leading zeros, so that names sort."""
    return f"{replica:0{len(str(replicas - 1))}d}"


def data_file(cluster: Atoms, elements: tuple[str, ...]) -> str:
    """A LAMMPS data file (atom_style atomic) of a free cluster, centred on the origin."""
    x = cluster.positions - cluster.get_center_of_mass()
    half = float(np.abs(x).max()) + 10.0
    lines = [
        f"{cluster.get_chemical_formula()}, a start of nanochart ptmd", "",
        f"{len(x)} atoms", f"{len(elements)} atom types", "",
        *(f"{-half:.6f} {half:.6f} {a}lo {a}hi" for a in "xyz"), "",
        "Masses", "",
        *(f"{k + 1} {atomic_masses[atomic_numbers[e]]}" for k, e in enumerate(elements)), "",
        "Atoms # atomic", "",
    ]  # fmt: skip
    for i, (symbol, (a, b, c)) in enumerate(zip(cluster.symbols, x)):
        lines.append(f"{i + 1} {elements.index(symbol) + 1} {a:.8f} {b:.8f} {c:.8f}")
    return "\n".join(lines) + "\n"


def ensemble(settings: Settings) -> list[str]:
    """Lines of the dynamics at temperature T: velocity Verlet, Langevin bath, no momentum or rotation."""
    s = settings
    lines = [
        f"timestep {s.timestep:g}",
        "fix move all nve",
        f"fix bath all langevin $T $T {s.damping:g} ${{seed}} zero yes",
        f"fix still all momentum {STILL_EVERY} linear 1 1 1 angular",
        "# 3N - 6 degrees of freedom: momentum and rotation are removed",
        f"compute_modify thermo_temp extra/dof {REMOVED_DEGREES}",
    ]
    if s.wall:
        lines += [
            f"region cage sphere 0 0 0 {s.wall + WALL_WIDTH:g}",
            f"fix cage all wall/region cage harmonic 1.0 0.0 {WALL_WIDTH:g}",
            "fix_modify cage energy yes",
        ]
    return lines


def interactions(settings: Settings) -> list[str]:
    """Lines of the potential and its neighbour list."""
    return [*settings.potential, "neighbor 1.0 bin", "neigh_modify every 1 delay 0 check yes",
            "thermo_modify lost error norm no"]  # fmt: skip


HEAD = ["units metal", "atom_style atomic", "atom_modify map array sort 0 0", "boundary m m m"]
HEAT = ["minimize 0 1.0e-3 5000 50000", "reset_timestep 0",
        "# half of the kinetic energy of a minimum flows into its potential energy",
        "velocity all create $(2*v_T) ${seed} mom yes rot yes"]  # fmt: skip
THERMO = ["thermo_style custom step pe ke", "thermo_modify flush yes norm no lost error format float %.8g"]


def nve_deck(settings: Settings, log: str, temperature: float, bath: int, free: int, every: int) -> str:
    """Serial deck: `bath` steps with the thermostat, then `free` steps without, energies every `every`."""
    return "\n".join([
        f"variable T index {temperature:.10g}", f"variable seed index {settings.seed}", *HEAD,
        f"read_data starts/start.{replica_name(0, settings.replicas)}.data",
        *interactions(settings), *HEAT, *ensemble(settings), f"run {bath}", "unfix bath", "unfix still",
        f"log {log}", f"thermo {every}", *THERMO, f"run {free}",
    ]) + "\n"  # fmt: skip


def deck(settings: Settings, folder: str, *, start: int = 0, restart: str | None = None,
         order: list[int] | None = None, segment: int = 0) -> str:
    """The deck of one segment: from step `start` to the end, its files in `folder`.

    restart: prefix of the restart files to go on from, None for the starting structures.
    order[replica] is the rung (index of its temperature) at the beginning.
    """
    s = settings
    names = [replica_name(r, s.replicas) for r in range(s.replicas)]
    order = list(range(s.replicas)) if order is None else order
    random = np.random.SeedSequence([s.seed, segment])
    seeds = random.generate_state(s.replicas + 1) % 899_000_000 + 1
    kelvin = [f"{t:.10g}" for t in s.temperatures]
    lines = [
        f"# Parallel tempering of {s.replicas} replicas of {s.formula}, "
        f"{kelvin[0]}-{kelvin[-1]} K;",
        f"# run it as: mpiexec -n {s.replicas * s.ranks} lmp -partition {s.replicas}x{s.ranks} -in {folder}/in.lmp "
        f"-log {folder}/log.lammps -plog none -screen none -pscreen none",
        f"variable replica world {' '.join(names)}",
        f"log {folder}/setup.${{replica}}",
        f"variable T world {' '.join(kelvin)}",
        f"variable rung world {' '.join(str(r) for r in order)}",
        f"variable seed world {' '.join(str(n) for n in seeds[1:])}",
        *HEAD,
    ]
    if restart is None:
        lines += ["read_data starts/start.${replica}.data", *interactions(s), *HEAT]
    else:
        lines += [
            f"read_restart {restart}.${{replica}}",
            f'if "$(step) != {start}" then "restart_file_is_not_of_step_{start}"  # an unknown command aborts',
            *interactions(s),
        ]
    lines += [
        *ensemble(s),
        *s.extra,
        f"log {folder}/thermo.${{replica}}",
        f"thermo {s.swap}",
        *THERMO,
        f"dump frames all custom {s.frame} {folder}/frames.${{replica}}.bin x y z",
        f"dump_modify frames sort id delay {start + 1}",
        f"restart {s.checkpoint} {folder}/a.${{replica}} {folder}/b.${{replica}}",
        "# seed 0: even and odd pairs of neighbours take turns",
        f"temper {s.steps - start} {s.swap} $T bath 0 {seeds[0]} ${{rung}}",
    ]
    return "\n".join(lines) + "\n"


def queue_script(settings: Settings) -> str:
    """A SLURM script that runs, or goes on with, a run prepared by `nanochart ptmd --write-only`."""
    return f"""#!/bin/bash
#SBATCH --job-name=ptmd-{settings.formula}
#SBATCH --ntasks={settings.replicas * settings.ranks}
#SBATCH --cpus-per-task=1
#SBATCH --time=24:00:00
# Submit it again after the time limit: it goes on from the last step complete in all replicas.
cd "$SLURM_SUBMIT_DIR"
export OMP_NUM_THREADS=1
nanochart ptmd --output . --mpiexec srun
"""
