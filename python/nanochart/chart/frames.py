"""Frames of any trajectory in batches, with their times: files that ASE reads, and tempering runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nanochart import _core
from nanochart.landscape.images import images
from nanochart.landscape.ptmd.record import Record

BATCH = 256


@dataclass(frozen=True)
class Batch:
    """Frames that follow each other: time[n] in ps, temperature[n] in K (NaN: not known), positions[n,N,3]
    in A (a cluster cut by its box is put together), symbols[N]."""

    time: np.ndarray
    temperature: np.ndarray
    positions: np.ndarray
    symbols: list[str]


def batches(source: str | os.PathLike, *, replica: int | None = None, every: int = 1, interval: float | None = None,
            timestep: float | None = None, element: str | None = None) -> Iterator[Batch]:  # fmt: skip
    """Every `every`-th frame of a source, in batches.

    source : folder of `nanochart ptmd` (its `replica`), or a file that ASE reads; extxyz, .traj and
        LAMMPS text dumps are read frame by frame.
    interval : ps between the frames of a file. Without it a frame's own `time` (ps) counts, or
        its MD step times `timestep` (ps), or else its number, from 0.
    element : of all atoms, for files that do not name it.

    Raises ValueError for frames that cannot be read or differ in their atoms, naming the frame.
    """
    if every < 1:
        raise ValueError(f"project: every is {every}, must be >= 1")
    path = Path(source)
    frames = _of_run(path, replica) if path.is_dir() else _of_file(path, interval, timestep, element)
    rows, symbols = [], None
    for number, (time, temperature, x, kinds) in enumerate(frames):
        if symbols is not None and kinds != symbols:
            raise ValueError(f"project: {path}: the atoms of frame {number} are not those of the first one: "
                             f"{len(kinds)} of {' '.join(sorted(set(kinds)))}, must be the same in the same order")
        symbols = kinds
        if number % every == 0:
            rows.append((time, temperature, x))
        if len(rows) == BATCH:
            yield _batch(rows, symbols)
            rows = []
    if symbols is None:
        raise ValueError(f"project: {path} holds no frame")
    if rows:
        yield _batch(rows, symbols)


def replicas(source: str | os.PathLike) -> int | None:
    """Number of replicas of a tempering run, None for a file."""
    return Record(Path(source)).settings.replicas if Path(source).is_dir() else None


def _batch(rows: list[tuple], symbols: list[str]) -> Batch:
    time, temperature, x = zip(*rows)
    return Batch(np.array(time, dtype=float), np.array(temperature, dtype=float), np.array(x), symbols)


def _of_run(path: Path, replica: int | None) -> Iterator[tuple]:
    record = Record(path)
    s = record.settings
    if replica is None or not 0 <= replica < s.replicas:
        raise ValueError(f"project: {path} is a run of {s.replicas} replicas: replica is {replica}, must be "
                         f"between 0 and {s.replicas - 1}")
    if len(s.elements) != 1:
        raise ValueError(f"project: {path} is of {' '.join(s.elements)}, must be of one element")
    symbols = [s.elements[0]] * s.atoms
    for frame in record.frames(replica=replica):
        yield frame.step * s.timestep, frame.temperature, frame.positions, symbols


def _of_file(path: Path, interval, timestep, element) -> Iterator[tuple]:
    if not path.is_file():
        raise FileNotFoundError(f"project: {path}: no such file, or folder of a ptmd run")
    found, number = images(path), -1
    while True:
        number += 1
        try:
            image = next(found, None)
        except Exception as e:  # every format of ASE has its own
            raise ValueError(f"project: {path}: frame {number} cannot be read: {type(e).__name__} {e}") from e
        if image is None:
            return
        x = image.positions
        if not np.isfinite(x).all():
            raise ValueError(f"project: {path}: frame {number} has positions that are not finite")
        if image.pbc.any():
            x = _core.unwrap(np.ascontiguousarray(x)[None], np.asarray(image.cell), [bool(p) for p in image.pbc])[0]
        if interval is not None:
            time = number * interval
        elif "time" in image.info:
            time = float(image.info["time"])
        elif timestep is not None and "timestep" in image.info:
            time = image.info["timestep"] * timestep
        else:
            time = float(number)
        symbols = [element] * len(image) if element else image.get_chemical_symbols()
        yield time, image.info.get("temperature", np.nan), np.asarray(x, dtype=float), symbols
