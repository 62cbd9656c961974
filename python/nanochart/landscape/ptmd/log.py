"""What `temper` leaves behind: swap log, energies and frames of one segment of a run.

At a step s that is a multiple of the swap period, LAMMPS writes thermo rows, frames and restart
files, and only THEN swaps and writes the log line of step s. So everything written at step s was
sampled on the rungs of the line before, of step s - swap.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from ..trajectories import pieces


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


def energy_rows(lines: list[str]) -> list[list[float]]:
    """Rows [step, potential energy, kinetic energy] (eV) among lines of a replica's thermo output."""
    rows = []
    for line in lines:
        words = line.split()
        if len(words) == 3 and words[0].isdigit():
            try:
                rows.append([float(w) for w in words])
            except ValueError:
                continue
    return rows


def read_energies(path: Path) -> np.ndarray:
    """Rows (step, potential energy, kinetic energy) of a replica's thermo output, [n,3] (eV)."""
    return np.array(energy_rows(whole_lines(path)[0])).reshape(-1, 3)


HEADER = np.dtype([
    ("magic_length", "<i8"), ("magic", "S10"), ("byte_order", "<i4"), ("revision", "<i4"),
    ("step", "<i8"), ("atoms", "<i8"), ("triclinic", "<i4"), ("boundary", "<i4", 6),
    ("box", "<f8", 6), ("fields", "<i4"), ("units", "<i4"), ("time", "i1"),
    ("columns_length", "<i4"), ("columns", "S5"), ("parts", "<i4"),
])  # fmt: skip


def open_frames(path: Path, atoms: int) -> np.ndarray:
    """The whole frames of a dump with columns x y z, as a memory map: only what is used gets read.

    A frame has the fields of HEADER and, for each rank k of its replica, `valuesk` and `xk`[n,3].
    Raises ValueError if the file is something else or holds another number of atoms.
    """
    size = path.stat().st_size if path.exists() else 0
    if size < HEADER.itemsize:
        return np.empty(0, HEADER)
    first = np.memmap(path, HEADER, "r", shape=(1,))[0]
    if first["magic"] != b"DUMPCUSTOM" or first["byte_order"] != 1 or first["columns"] != b"x y z":
        raise ValueError(f"{path}: is not a binary LAMMPS dump of {atoms} atoms with the columns x y z")
    if first["atoms"] != atoms:
        raise ValueError(f"{path}: a frame holds {first['atoms']} atoms, must hold {atoms}")
    # Sorted by ID, each rank writes the same share of the atoms in every frame.
    fields = [(name, HEADER[name]) for name in HEADER.names]
    at = HEADER.itemsize
    for rank in range(first["parts"]):
        if at + 4 > size:
            return np.empty(0, HEADER)
        values = int(np.memmap(path, "<i4", "r", at, (1,))[0])
        fields += [(f"values{rank}", "<i4"), (f"x{rank}", "<f8", (values // 3, 3))]
        at += 4 + 8 * values
    kind = np.dtype(fields)
    return np.memmap(path, kind, "r", shape=(size // at,)) if size >= at else np.empty(0, kind)


def frame_positions(frame: np.void) -> np.ndarray:
    """Positions [N,3] of one frame of open_frames, in the order of atom IDs."""
    return np.concatenate([frame[f"x{rank}"] for rank in range(frame["parts"])])


def cluster_pieces(positions: np.ndarray) -> int:
    """Pieces of a cluster whose atoms are bound within 1.75 median nearest-neighbour distances."""
    nearest = cKDTree(positions).query(positions, k=2)[0][:, 1]
    return pieces(positions, 1.75 * float(np.median(nearest)))
