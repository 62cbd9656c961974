"""Where an interrupted parallel tempering goes on: the last step complete in all replicas.

Each replica writes its restart file of every checkpoint in turn to a and b. None gets beyond a swap
before all have reached it, so that while some write step s over that of two checkpoints before,
the files of the checkpoint before s are whole in all replicas. Which step that is only the files
tell: the log, which one process writes after the swap, may be a line behind them.
"""

from __future__ import annotations

import shutil
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .deck import Settings, replica_name
from .log import open_frames, read_energies
from .record import Segment, read_segment

MAGIC = b"LammpS RestartT\0"  # first and last in every restart file
VERSION, BIGINT_SIZE, UNITS, NTIMESTEP = 0, 3, 4, 5  # fields of its header, 4 bytes or as said; in this order


@dataclass(frozen=True)
class Checkpoint:
    """Where a run can go on: step, prefix of the restart files, and rung of each replica.

    Restart files hold the velocities before the swap of their step, so `order` is the one before
    it too: that one decision is taken again later, the rest of the run is kept.
    """

    step: int
    restart: str
    order: list[int]


def restart_step(path: Path) -> int | None:
    """Step of a LAMMPS restart file; None if it is missing, cut off, or no such file."""
    data = path.read_bytes() if path.exists() else b""
    if not (data.startswith(MAGIC) and data.endswith(MAGIC) and len(data) > 2 * len(MAGIC)):
        return None
    at, bigint = len(MAGIC) + 8, 8  # after the byte order and the revision of the format
    while at + 8 <= len(data):
        field, value = struct.unpack_from("=ii", data, at)
        if field == NTIMESTEP:
            return int.from_bytes(data[at + 4 : at + 4 + bigint], sys.byteorder, signed=True)
        if field == BIGINT_SIZE:
            bigint = value
        at += 8 + (max(value, 0) if field in (VERSION, UNITS) else 0)
    return None


def segment_checkpoint(segment: Segment, settings: Settings) -> Checkpoint | None:
    """The last checkpoint of a segment that is complete in all replicas, None without one.

    Complete: restart file, energies and frames up to its step, and the order before its swap.
    """
    s = settings
    names = [replica_name(r, s.replicas) for r in range(s.replicas)]
    found = {}
    for file in "ab":
        steps = {restart_step(segment.folder / f"{file}.{name}") for name in names}
        if len(steps) == 1 and (step := steps.pop()) is not None:
            found[step] = f"{segment.folder.name}/{file}"
    last = int(segment.steps[-1])
    # The end of the run counts only with its line in the log, without which it would stay unread.
    found = {step: file for step, file in found.items()
             if segment.start < step <= last + s.swap and (step < s.steps or step <= last)}  # fmt: skip
    for name in names if found else ():
        rows = read_energies(segment.folder / f"thermo.{name}")
        frames = len(open_frames(segment.folder / f"frames.{name}.bin", s.atoms))
        found = {step: file for step, file in found.items()
                 if len(rows) and rows[-1, 0] >= step and frames >= step // s.frame - segment.start // s.frame}  # fmt: skip
    if not found:
        return None
    step = max(found)
    return Checkpoint(step, found[step], segment.order[(step - s.swap - segment.start) // s.swap].tolist())


def last_checkpoint(folder: Path, settings: Settings) -> Checkpoint | None:
    """Where the run goes on, None at its beginning. Segments that reached no checkpoint are removed.

    A segment that did, but whose restart files are damaged, is kept aside under the name damaged-..
    """
    for path in sorted(folder.glob("segment-*"), reverse=True):
        segment = read_segment(path, settings)
        if segment is None:
            shutil.rmtree(path)
            continue
        if found := segment_checkpoint(segment, settings):
            return found
        if segment.steps[-1] // settings.checkpoint == segment.start // settings.checkpoint:
            shutil.rmtree(path)
            continue
        number = len(list(folder.glob("damaged-*")))
        aside = path.rename(folder / f"damaged-{number:04d}-of-{path.name}")
        print(f"ptmd: {path} has no checkpoint that is whole in all replicas; it is kept as {aside.name}, and the run "
              f"goes on from before it", flush=True)  # fmt: skip
    return None
