"""What `temper` leaves behind: swap log, energies and frames of one segment of a run.

At a step s that is a multiple of the swap period, LAMMPS writes thermo rows, frames and restart
files, and only THEN swaps and writes the log line of step s. So everything written at step s was
sampled on the rungs of the line before, of step s - swap.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from .trajectories import pieces


def whole_lines(path: Path, offset: int = 0) -> tuple[list[str], int]:
    """Lines of a growing file from byte `offset` on that have an end, and the offset after them."""
    if not path.exists():
        return [], offset
    with open(path, "rb") as file:
        file.seek(offset)
        data = file.read()
    data = data[: data.rfind(b"\n") + 1]
    return data.decode(errors="replace").splitlines(), offset + len(data)


def read_swap_log(path: Path, replicas: int, offset: int = 0) -> tuple[np.ndarray, np.ndarray, int]:
    """Steps [n] and order [n, replicas] of the universe log; order[k, r] is the rung of replica r.

    Reads from byte `offset` on and returns the offset to go on from. A line that an interruption
    cut off is left out. Raises ValueError for a line that does not hold each rung once.
    """
    steps, order = [], []
    lines, offset = whole_lines(path, offset)
    for line in lines:
        words = line.split()
        if len(words) == replicas + 1 and all(w.isdigit() for w in words):
            rungs = [int(w) for w in words[1:]]
            if sorted(rungs) != list(range(replicas)):
                raise ValueError(f"{path}: step {words[0]} has rungs {rungs}, must hold each rung once")
            steps.append(int(words[0]))
            order.append(rungs)
    return np.array(steps, np.int64), np.array(order, np.int32).reshape(-1, replicas), offset


def read_energies(path: Path) -> np.ndarray:
    """Rows (step, potential energy, kinetic energy) of a replica's thermo output, [n,3] (eV)."""
    rows = []
    for line in whole_lines(path)[0]:
        words = line.split()
        if len(words) != 3 or not words[0].isdigit():
            continue
        try:
            rows.append([float(w) for w in words])
        except ValueError:
            continue
    return np.array(rows).reshape(-1, 3)


def frame_dtype(atoms: int) -> np.dtype:
    """One frame of a binary `dump custom` with the columns x y z, written by one process."""
    return np.dtype([
        ("magic_length", "<i8"), ("magic", "S10"), ("byte_order", "<i4"), ("revision", "<i4"),
        ("step", "<i8"), ("atoms", "<i8"), ("triclinic", "<i4"), ("boundary", "<i4", 6),
        ("box", "<f8", 6), ("fields", "<i4"), ("units", "<i4"), ("time", "i1"),
        ("columns_length", "<i4"), ("columns", "S5"), ("parts", "<i4"), ("values", "<i4"),
        ("x", "<f8", (atoms, 3)),
    ])  # fmt: skip


def open_frames(path: Path, atoms: int) -> np.ndarray:
    """The whole frames of a dump, as a memory map of frame_dtype: only what is used gets read.

    Raises ValueError if the file is something else or holds another number of atoms.
    """
    kind = frame_dtype(atoms)
    whole = path.stat().st_size // kind.itemsize if path.exists() else 0
    if whole == 0:
        return np.empty(0, kind)
    frames = np.memmap(path, kind, "r", shape=(whole,))
    for first in (frames[0], frames[-1]):
        if first["magic"] != b"DUMPCUSTOM" or first["byte_order"] != 1 or first["columns"] != b"x y z":
            raise ValueError(f"{path}: is not a binary LAMMPS dump of {atoms} atoms with the columns x y z")
        if first["atoms"] != atoms or first["values"] != 3 * atoms:
            raise ValueError(f"{path}: a frame holds {first['atoms']} atoms, must hold {atoms}")
    return frames


def cluster_pieces(positions: np.ndarray) -> int:
    """Pieces of a cluster whose atoms are bound within 1.75 median nearest-neighbour distances."""
    nearest = cKDTree(positions).query(positions, k=2)[0][:, 1]
    return pieces(positions, 1.75 * float(np.median(nearest)))
