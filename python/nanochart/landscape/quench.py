"""Local minimisation of frames: the inherent structure of each configuration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._lammps import new_lammps, positions_of

FORCE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Quenched:
    """positions[N,3] (A), energy (eV), 2-norm of all forces (eV/A), and whether it converged."""

    positions: np.ndarray
    energy: float
    force_norm: float
    converged: bool


class Quencher:
    """Minimises free clusters of one metal and size in one LAMMPS instance, one after the other.

    Conjugate gradients (the fastest of the five LAMMPS minimisers tried on Au147, 24 ms a frame);
    where its line search gives up, FIRE finishes. Stops at a 2-norm of all forces below
    `tolerance` (eV/A).
    """

    def __init__(self, element: str, positions: np.ndarray, tolerance: float = FORCE_TOLERANCE,
                 max_iterations: int = 5000):
        self.atoms = len(positions)
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self._lmp = new_lammps(element, positions)
        self._lmp.command("timestep 0.005")

    def __call__(self, positions: np.ndarray) -> Quenched:
        """Minimise positions[N,3]. A frame that fails comes back with converged=False."""
        x = np.ascontiguousarray(positions, dtype=float)
        if x.shape != (self.atoms, 3):
            raise ValueError(f"quench: positions have shape {x.shape}, must be ({self.atoms}, 3)")
        if not np.all(np.isfinite(x)):
            return Quenched(np.full_like(x, np.nan), np.nan, np.inf, False)
        lmp = self._lmp
        # Far from its box an atom would be lost: `reset_atoms` is not needed, the box is rebuilt.
        x = x - x.mean(axis=0)
        half = float(np.abs(x).max()) + 10.0
        lmp.command(f"change_box all x final {-half} {half} y final {-half} {half} "
                    f"z final {-half} {half} units box")
        lmp.scatter_atoms("x", 1, 3, np.ctypeslib.as_ctypes(x.ravel()))
        try:
            for style in ("cg", "fire"):
                lmp.command(f"min_style {style}")
                lmp.command(f"minimize 0.0 {self.tolerance} {self.max_iterations} "
                            f"{10 * self.max_iterations}")
                norm = float(lmp.get_thermo("fnorm"))
                if norm <= self.tolerance:
                    break
        except Exception:  # LAMMPS reports lost atoms and the like by bare exceptions
            return Quenched(np.full_like(x, np.nan), np.nan, np.inf, False)
        energy = float(lmp.get_thermo("pe"))
        ok = bool(norm <= self.tolerance and np.isfinite(energy))
        return Quenched(positions_of(lmp), energy, norm, ok)

    def close(self) -> None:
        self._lmp.close()
