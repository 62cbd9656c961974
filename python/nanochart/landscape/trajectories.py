"""Molecular dynamics of single clusters from known starts: frames at one temperature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from ._lammps import new_lammps, positions_of
from .motifs import start
from .rgl import gupta

TIMESTEP = 0.005  # ps
DAMPING = 1.0  # ps
MELT_TEMPERATURE = 1000.0  # K, for frozen melts
MELT = 20.0  # ps
COOLING = (0.0, 50.0, 150.0, 400.0)  # ps
# Starts; a code in a data set is an index into this table, so new ones go to the end.
MOTIFS = ("Ih", "Dh", "Fcc", "Twin", "Amorphous", "Marks", "Ino", "TO", "Fault", "Hcp")


class Evaporated(RuntimeError):
    """The cluster has lost atoms: it is no longer one piece."""


@dataclass(frozen=True)
class Trajectory:
    """One run: (start, temperature, seed) and how many frames it gives at what interval.

    number: its ID in the data set; temperature in K; settle and interval in ps. Frames are taken
    at settle + interval, settle + 2 interval, ..
    """

    number: int
    element: str
    atoms: int
    motif: str
    temperature: float
    seed: int
    frames: int = 60
    interval: float = 10.0
    settle: float = 10.0

    def __post_init__(self) -> None:
        if self.motif not in MOTIFS:
            raise ValueError(f"trajectory: motif is {self.motif!r}, must be one of {', '.join(MOTIFS)}")
        gupta(self.element)
        rules = {"temperature": 0.0, "frames": 0, "interval": TIMESTEP, "settle": TIMESTEP}
        for name, least in rules.items():
            if not getattr(self, name) > least:
                raise ValueError(f"trajectory: {name} is {getattr(self, name)}, must be > {least}")

    def start(self) -> Atoms:
        """The structure that it starts from; "Amorphous" is a melt, minimised."""
        if self.motif == "Amorphous":
            return frozen_melt(self.element, self.atoms, self.seed)
        return start(self.motif, self.element, self.atoms, self.seed)


def pieces(positions: np.ndarray, cutoff: float) -> int:
    """Number of connected pieces of a cluster whose atoms are bound within `cutoff` (A)."""
    pairs = cKDTree(positions).query_pairs(cutoff, output_type="ndarray")
    n = len(positions)
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(n, n))
    return connected_components(graph, directed=False)[0]


def _thermostat(lmp, temperature: float, seed: int, stop: float | None = None) -> None:
    """NVE with a Langevin thermostat; linear and angular momentum of the cluster are removed."""
    lmp.commands_list([
        "fix move all nve",
        f"fix bath all langevin {temperature} {stop or temperature} {DAMPING} {seed} zero yes",
        "fix still all momentum 100 linear 1 1 1 angular",
        f"timestep {TIMESTEP}",
    ])


def _lammps_seed(*numbers: int) -> int:
    """A positive seed for LAMMPS, well mixed from small numbers."""
    return 1 + int(np.random.SeedSequence(numbers).generate_state(1)[0]) % 900_000_000


def frozen_melt(element: str, atoms: int, seed: int) -> Atoms:
    """Amorphous start: 20 ps at 1000 K, cooled from 600 to 300 K, minimised.

    The cooling takes 0, 50, 150 or 400 ps (seed modulo 4): from fully amorphous to partly
    crystalline.
    """
    lmp = new_lammps(element, start("Ih", element, atoms, 0).positions)
    try:
        random = _lammps_seed(seed, atoms, 7)
        lmp.command("minimize 0.0 1.0e-3 5000 50000")
        lmp.command(f"velocity all create {2 * MELT_TEMPERATURE} {random} mom yes rot yes")
        _thermostat(lmp, MELT_TEMPERATURE, random)
        lmp.command(f"run {round(MELT / TIMESTEP)}")
        if cooling := COOLING[seed % len(COOLING)]:
            _thermostat(lmp, 600.0, random, stop=300.0)
            lmp.command(f"run {round(cooling / TIMESTEP)}")
        lmp.command("minimize 0.0 1.0e-3 5000 50000")
        cluster = Atoms([element] * atoms, positions_of(lmp))
    finally:
        lmp.close()
    cluster.info.update(motif="Amorphous", seed=seed)
    return cluster


def frames(trajectory: Trajectory, begin: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (step, positions[N,3] in A) of each frame of a Langevin run from begin[N,3].

    Time step 5 fs. Raises Evaporated when the cluster falls into pieces farther apart than the
    range of the potential; frames before that stand.
    """
    t = trajectory
    reach = gupta(t.element).cut_end
    lmp = new_lammps(t.element, begin)
    try:
        random = _lammps_seed(t.number, t.seed, round(10 * t.temperature))
        lmp.command("minimize 0.0 1.0e-3 5000 50000")
        lmp.command("reset_timestep 0")
        # Half of the kinetic energy of a minimum flows into its potential energy.
        lmp.command(f"velocity all create {2 * t.temperature} {random} mom yes rot yes")
        _thermostat(lmp, t.temperature, random)
        lmp.command(f"run {round(t.settle / TIMESTEP)}")
        every = round(t.interval / TIMESTEP)
        for _ in range(t.frames):
            lmp.command(f"run {every} post no")
            x = positions_of(lmp)
            if not np.all(np.isfinite(x)) or pieces(x, reach) > 1:
                raise Evaporated(
                    f"trajectory {t.number}: the {t.motif} start at {t.temperature} K lost atoms"
                )
            yield int(lmp.extract_global("ntimestep")), x
    finally:
        lmp.close()
