"""HDF5 data set of (thermal, quenched) pairs of structures.

One row a frame: positions_thermal and positions_quenched [n,N,3] (float32, A), energy (eV, of the
quenched frame), force_norm (eV/A, 2-norm after quenching), converged (bool), temperature (K),
replica (number of its trajectory), step (MD step, or number of the frame in a trajectory file),
motif (of the start), cna (code of the quenched frame's label, see `label`; -1: none yet). The group
`trajectories` has one row for each trajectory that `production` has finished.
`dataset_file` says how it grows.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np

from . import dataset_file as files
from .dataset_file import REQUIRED, SLAB, blocks_folder, open_file, pack
from .trajectories import MOTIFS, Trajectory


SPLITS = ("random", "blocks")


@dataclass(frozen=True)
class Frames:
    """The frames of one trajectory; arrays have one row a frame. `status`: "complete" or why not."""

    thermal: np.ndarray  # [n,N,3], A
    quenched: np.ndarray  # [n,N,3], A
    energy: np.ndarray  # [n], eV
    force_norm: np.ndarray  # [n], eV/A
    converged: np.ndarray  # [n], bool
    step: np.ndarray  # [n]
    status: str
    start: np.ndarray  # [N,3], A, not relaxed


def create(path: str | os.PathLike, element: str, atoms: int, **attrs) -> Path:
    """Make an empty data set, unless there is one already, which then must fit."""
    path = Path(path)
    if path.exists():
        have = files.read_attributes(path)
        if (have["elements"], have["atoms"]) != (element, atoms):
            raise ValueError(
                f"data set {path}: holds {have['elements']}{have['atoms']}, asked for {element}{atoms}; "
                "give another file"
            )
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    # Blocks of a file that was removed by hand must not come back to life.
    shutil.rmtree(blocks_folder(path), ignore_errors=True)
    files.write(path, files.attributes(element, atoms, **attrs))
    return path


def append(path: str | os.PathLike, trajectory: Trajectory, frames: Frames) -> None:
    """Add a finished trajectory, whole or not at all. ValueError if its number is there already."""
    path = Path(path)
    if trajectory.number in finished(path):
        raise ValueError(f"data set {path}: trajectory {trajectory.number} is in it already")
    n = len(frames.step)
    rows = {
        "positions_thermal": frames.thermal,
        "positions_quenched": frames.quenched,
        "energy": frames.energy,
        "force_norm": frames.force_norm,
        "converged": frames.converged,
        "temperature": np.full(n, trajectory.temperature),
        "replica": np.full(n, trajectory.number),
        "step": frames.step,
        "cna": np.full(n, -1),
        "motif": np.full(n, MOTIFS.index(trajectory.motif)),
    }
    run = {"number": [trajectory.number], "seed": [trajectory.seed], "description": [json.dumps(asdict(trajectory))],
           "status": [frames.status], "start": frames.start[None]}  # fmt: skip
    add_block(path, f"trajectory-{trajectory.number:06d}", rows, [run])


def add_block(path: Path, name: str, rows: dict[str, np.ndarray], trajectories=()) -> None:
    """Add rows under a name that no other block of this data set has or had."""
    blocks_folder(path).mkdir(exist_ok=True)
    optional = [column for column in files.OPTIONAL if column in rows]
    files.write(blocks_folder(path) / f"{name}.h5", files.read_attributes(path), [rows], trajectories, optional)


def label(path: str | os.PathLike) -> None:
    """Fill the column `cna` with the labels of the quenched frames (-1 where the quench failed)."""
    from . import cna

    path = Path(path)
    pack(path)
    element = str(files.read_attributes(path)["elements"])
    part = path.with_name(path.name + ".part")
    shutil.copyfile(path, part)
    with h5py.File(part, "r+") as file:
        for at in range(0, len(file["energy"]), SLAB):
            rows = slice(at, at + SLAB)
            file["cna"][rows] = cna.labels_or_none(
                file["positions_quenched"][rows], file["converged"][rows], element)
        file["cna"].attrs["labels"] = list(cna.LABELS)
    os.replace(part, path)


def finished(path: str | os.PathLike) -> dict[int, Trajectory]:
    """Trajectories that are in the data set, by number."""
    return {
        t.number: t
        for rows in files.trajectory_rows(Path(path))
        for t in (Trajectory(**json.loads(d)) for d in rows["description"])
    }


class Dataset:
    """A data set in memory, rows in the order (replica, step).

    Attributes are the columns of the file (`positions_thermal`, .., see above), `motif` as names,
    and `element`, `atoms`, `potential`, `versions`, `hash`, `path`. Frames whose quench failed are
    left out unless converged_only is False. Raises FileNotFoundError, or ValueError for a
    truncated or foreign file.
    """

    def __init__(self, path: str | os.PathLike, converged_only: bool = True):
        self.path = Path(path)
        attrs = files.read_attributes(self.path)
        self.element, self.atoms = str(attrs["elements"]), int(attrs["atoms"])
        self.potential = str(attrs["potential"])
        self.versions = json.loads(attrs["versions"])
        columns = files.read_columns(self.path, files.columns_of(self.path))
        order = np.lexsort((columns["step"], columns["replica"]))
        columns = {name: values[order] for name, values in columns.items()}
        self.failed = int(np.count_nonzero(~columns["converged"]))
        if attrs["schema"] == files.SCHEMA:
            self.hash = files.content_hash(files.row_digests(columns))
        else:
            self.hash = _hash_1({name: columns[name] for name in REQUIRED})
        keep = columns["converged"] if converged_only else np.ones(len(order), dtype=bool)
        columns["motif"] = np.array((*MOTIFS, "unknown"))[columns["motif"]]
        for name, values in columns.items():
            setattr(self, name, values[keep])

    def __len__(self) -> int:
        return len(self.energy)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that `nanochart dataset` has stored: "random", "blocks", or none."""
        return tuple(name for name in SPLITS if hasattr(self, f"split_{name}"))

    def split(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the training and of the validation side of a stored split; some may be in neither.

        random: 80/20 as in the papers; blocks: whole stretches of trajectory are held out. Raises
        ValueError if the data set has no such split.
        """
        if name not in self.splits:
            have = f"has only {' and '.join(self.splits)}" if self.splits else "has none"
            raise ValueError(f"data set {self.path}: split is {name!r}, {have}; `nanochart dataset` stores {', '.join(SPLITS)}")
        side = getattr(self, f"split_{name}")
        return np.flatnonzero(side == files.TRAINING), np.flatnonzero(side == files.VALIDATION)


def summary(path: str | os.PathLike) -> dict[str, object]:
    """element, atoms, rows, failed and content hash of a data set of any length, streamed."""
    path = Path(path)
    attrs, digests, failed = files.read_attributes(path), [], 0
    for rows in files.slabs(path, list(REQUIRED)):
        digests += files.row_digests(rows)
        failed += int(np.count_nonzero(~rows["converged"]))
    return {"element": attrs["elements"], "atoms": int(attrs["atoms"]), "rows": len(digests), "failed": failed,
            "hash": files.content_hash(digests)}  # fmt: skip


def _hash_1(columns: dict[str, np.ndarray]) -> str:
    """Content hash of schema 1, which older models carry: of whole columns in (replica, step)."""
    digest = hashlib.sha256(files.READABLE[0].encode())
    for name in sorted(columns.keys() - {"cna"}):
        values = np.ascontiguousarray(columns[name])
        digest.update(f"{name}{values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


__all__ = ["Dataset", "Frames", "add_block", "append", "create", "finished", "label", "open_file", "pack", "summary"]
