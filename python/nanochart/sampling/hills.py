"""HILLS files, nanochart's own and PLUMED's, as arrays and as a bias."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nanochart import _core


@dataclass(frozen=True)
class Hills:
    """All hills of a file, in its order."""

    names: list[str]  # of the k biased CVs
    sigma: np.ndarray  # [k]
    biasfactor: float | None  # gamma; None: plain metadynamics
    model: str  # hash of the chart model, empty if the file does not say
    time: np.ndarray  # [n], ps
    center: np.ndarray  # [n, k]
    height: np.ndarray  # [n], eV, of the bias; the file holds height gamma/(gamma - 1)


def read_hills(path: str | os.PathLike) -> Hills:
    """The hills of a file in PLUMED's HILLS format; an unfinished last line is not used.

    Raises ValueError, naming file and line, for anything that is not such a file.
    """
    names, sigma, biasfactor, model, time, center, height = _core.read_hills(os.fspath(path))
    return Hills(names, np.array(sigma), biasfactor if biasfactor > 1 else None, model, time, center, height)


def merged_hills(paths: Sequence[str | os.PathLike]) -> Hills:
    """The hills of all walkers of one run, each walker's in a file of its own, in the order of time.

    Raises ValueError as `read_hills`, and for files of different runs.
    """
    files = [read_hills(path) for path in paths]
    for path, other in zip(paths, files):
        for what in ("names", "sigma", "biasfactor", "model"):
            have, must = (getattr(hills, what) for hills in (other, files[0]))
            if not np.array_equal(have, must):
                raise ValueError(f"{path}: {what} is {have}, must be {must} as in {paths[0]}, the file of another walker")
    order = np.argsort(np.concatenate([hills.time for hills in files]), kind="stable")
    columns = {what: np.concatenate([getattr(hills, what) for hills in files])[order] for what in ("time", "center", "height")}
    return replace(files[0], **columns)


def static_bias(path: str | os.PathLike, grid: list[tuple[float, float, int]] | None = None) -> _core.Metadynamics:
    """V(s[k]) of all hills of a file, over its k CVs; the file is only read."""
    hills = read_hills(path)
    return _core.Metadynamics(
        list(hills.sigma), 0.0, 1, grid=grid or [], hills=os.fspath(path), restart=True, names=hills.names
    )
