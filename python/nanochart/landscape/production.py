"""From a plan of trajectories to a data set: MD, quench, file, over several processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import dataset
from .dataset import Frames
from .quench import Quencher
from .trajectories import Evaporated, Trajectory, frames


def record(trajectory: Trajectory) -> Frames:
    """Run one trajectory and quench each of its frames. An evaporated one ends early, and says so."""
    begin = trajectory.start().positions
    quencher = Quencher(trajectory.element, trajectory.atoms)
    steps, thermal, quenched, status = [], [], [], "complete"
    try:
        for step, x in frames(trajectory, begin):
            steps.append(step)
            thermal.append(x)
            quenched.append(quencher(x))
    except Evaporated as e:
        status = str(e)
    finally:
        quencher.close()
    shape = (-1, trajectory.atoms, 3)
    return Frames(
        thermal=np.reshape(thermal, shape),
        quenched=np.reshape([q.positions for q in quenched], shape),
        energy=np.array([q.energy for q in quenched]),
        force_norm=np.array([q.force_norm for q in quenched]),
        converged=np.array([q.converged for q in quenched], dtype=bool),
        step=np.array(steps, dtype=int),
        status=status,
        start=begin,
    )


def _record(trajectory: Trajectory) -> tuple[Trajectory, Frames]:
    return trajectory, record(trajectory)


def produce(path: str | os.PathLike, plan: Sequence[Trajectory], jobs: int = 1,
            progress: bool = True) -> Path:
    """Run what of `plan` is not yet in the data set at `path`, `jobs` processes side by side.

    Raises ValueError when the file holds other trajectories under the same numbers.
    """
    kinds = {(t.element, t.atoms) for t in plan}
    if len(kinds) != 1 or len({t.number for t in plan}) != len(plan):
        raise ValueError("plan: must be of one element, one size and have distinct numbers")
    path = dataset.create(path, *kinds.pop())
    have = dataset.finished(path)
    for t in plan:
        if have.get(t.number, t) != t:
            raise ValueError(
                f"data set {path}: trajectory {t.number} is {have[t.number]}, the plan says {t}; "
                "give another file"
            )
    todo = [t for t in plan if t.number not in have]
    bar = tqdm(total=len(plan), initial=len(plan) - len(todo), unit="trajectory",
               disable=not progress)
    # Spawned, not forked: LAMMPS and MPI of this process must not be inherited.
    with bar, multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=8) as pool:
        for trajectory, result in pool.imap_unordered(_record, todo):
            dataset.append(path, trajectory, result)
            bar.update()
    dataset.pack(path)
    return path
