"""Local minimisation of frames: the inherent structure of each configuration."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist

from ._lammps import new_lammps, positions_of, set_positions
from .pair_lines import PairLines, bond_length
from .rgl import gupta

FORCE_TOLERANCE = 1e-3  # eV/A, 2-norm over all atoms
CLOSEST = 0.3  # of a bond's length; nearer atoms are off the tables, not a configuration of MD


@dataclass(frozen=True)
class Quenched:
    """positions[N,3] (A), energy (eV), 2-norm of all forces (eV/A), whether it converged, and how
    often forces were evaluated.

    A frame that could not be minimised at all has NaN positions and energy.
    """

    positions: np.ndarray
    energy: float
    force_norm: float
    converged: bool
    evaluations: int = 0


class Quencher:
    """Minimises free clusters of one element and size in one LAMMPS instance, one after the other.

    potential: another one than the built-in potential of Au, Ag or Cu.

    Conjugate gradients (of the five LAMMPS minimisers tried on Au147 the fastest, 24 ms for a
    shaken icosahedron); where its line search gives up, FIRE finishes. Stops at a 2-norm of all
    forces below `tolerance` (eV/A), with no criterion on the energy.
    """

    def __init__(self, element: str, atoms: int, tolerance: float = FORCE_TOLERANCE,
                 max_iterations: int = 5000, potential: PairLines | None = None):
        if not tolerance > 0:
            raise ValueError(f"quench: tolerance is {tolerance}, must be > 0 (eV/A)")
        self.element, self.potential = element, potential
        self.closest = CLOSEST * (bond_length(element) if potential else gupta(element).r0)
        self.atoms = atoms
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self._lmp = None
        self._log = tempfile.NamedTemporaryFile(prefix="nanochart-quench-")  # LAMMPS counts evaluations only there

    def __call__(self, positions: np.ndarray) -> Quenched:
        """Minimise positions[N,3] (A). A frame that fails comes back with converged=False.

        Raises ValueError for another number of atoms.
        """
        x = np.asarray(positions, dtype=float)
        if x.shape != (self.atoms, 3):
            raise ValueError(f"quench: positions have shape {x.shape}, must be ({self.atoms}, 3)")
        failed = Quenched(np.full_like(x, np.nan), np.nan, np.inf, False)
        if not np.all(np.isfinite(x)) or (self.atoms > 1 and pdist(x).min() < self.closest):
            return failed
        try:
            return self._minimise(x)
        except Exception:  # LAMMPS raises bare Exception, for lost atoms and the like
            self.close()  # and its state is not to be trusted after that
            return failed

    def _minimise(self, x: np.ndarray) -> Quenched:
        if self._lmp is None:
            self._lmp = new_lammps(self.element, x, self.potential)
            self._lmp.command("timestep 0.005")
        lmp = self._lmp
        set_positions(lmp, x)
        evaluations = 0
        for style in ("cg", "fire"):
            lmp.command(f"min_style {style}")
            lmp.command(f"log {self._log.name}")
            lmp.command(f"minimize 0.0 {self.tolerance} {self.max_iterations} "
                        f"{10 * self.max_iterations}")
            lmp.command("log none")
            evaluations += self._evaluations()
            norm = float(lmp.get_thermo("fnorm"))
            if norm <= self.tolerance:
                break
        energy, relaxed = float(lmp.get_thermo("pe")), positions_of(lmp)
        if lmp.get_natoms() != self.atoms or not np.all(np.isfinite(relaxed)):
            raise RuntimeError("atoms were lost")
        return Quenched(relaxed, energy, norm, bool(norm <= self.tolerance), evaluations)

    def _evaluations(self) -> int:
        self._log.seek(0)
        found = re.search(rb"force evaluations = \d+ (\d+)", self._log.read())
        return int(found.group(1)) if found else 0

    def close(self) -> None:
        """Free the LAMMPS instance; the next call starts another."""
        if self._lmp is not None:
            self._lmp.close()
            self._lmp = None
