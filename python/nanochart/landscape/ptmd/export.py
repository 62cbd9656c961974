"""Frames of a parallel tempering as extxyz files, one per temperature or one per replica."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from ase import Atoms
from ase.data import atomic_numbers
from ase.io import read, write
from tqdm import tqdm

from .deck import replica_name
from .record import Frame, Record

ORDERS = ("temperature", "replica")


def symbols_of(record: Record) -> list[list[str]]:
    """Symbols of each replica's atoms in the order of their IDs, which is that of its start."""
    s = record.settings
    types = {k + 1: atomic_numbers[e] for k, e in enumerate(s.elements)}
    starts = (record.folder / "starts" / f"start.{replica_name(r, s.replicas)}.data" for r in range(s.replicas))
    return [list(read(path, format="lammps-data", atom_style="atomic", Z_of_type=types).symbols) for path in starts]


def export_frames(record: Record, by: str, after: int = 0) -> list[Path]:
    """Write FOLDER/frames/T=300.00K.extxyz, .. (by "temperature") or replica-00.extxyz, .. (by "replica").

    Each frame carries step, replica, temperature (K), potential_energy and kinetic_energy (eV).
    Frames come in the order of time, one in memory at a time; files appear whole. Raises ValueError
    for another `by`.
    """
    if by not in ORDERS:
        raise ValueError(f"ptmd: frames are to be sorted by {by!r}, must be by {' or '.join(ORDERS)}")
    s = record.settings
    folder = record.folder / "frames"
    folder.mkdir(exist_ok=True)
    if by == "temperature":
        paths = [folder / f"T={t:.2f}K.extxyz" for t in s.temperatures]
    else:
        paths = [folder / f"replica-{replica_name(r, s.replicas)}.extxyz" for r in range(s.replicas)]
    parts = [path.with_name(path.name + ".part") for path in paths]
    symbols = symbols_of(record)
    total = (record.last // s.frame - after // s.frame) * s.replicas
    with ExitStack() as stack:
        files = [stack.enter_context(open(part, "w")) for part in parts]
        for frame in tqdm(record.frames(after=after), total=total, desc="frames", unit="frame", mininterval=1):
            file = files[frame.rung if by == "temperature" else frame.replica]
            write(file, _atoms(frame, symbols[frame.replica]), format="extxyz")
    for part, path in zip(parts, paths):
        os.replace(part, path)
    return paths


def _atoms(frame: Frame, symbols: list[str]) -> Atoms:
    names = ("step", "replica", "temperature", "potential_energy", "kinetic_energy")
    return Atoms(symbols, frame.positions, info={name: getattr(frame, name) for name in names})
