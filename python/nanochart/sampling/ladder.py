"""A tempering run as one ensemble at any temperature of its ladder, by MBAR over its rungs."""

from __future__ import annotations

import os

import numpy as np
from ase.units import kB

from nanochart.landscape.ptmd.record import Record

from .colvar import read_colvar
from .ensemble import BLOCKS, Ensemble
from .mbar import combine
from .reweighting import BIAS


def ladder(
    energies: np.ndarray,
    rung: np.ndarray,
    temperatures: np.ndarray,
    at: float,
    time: np.ndarray,
    bias: np.ndarray | None = None,
    blocks: int = BLOCKS,
) -> Ensemble:
    """The unbiased ensemble at the temperature `at` from frames of all rungs.

    Parameters
    ----------
    energies : [n] eV, of each frame as the swaps compare it, a static bias included.
    rung : [n], on which it was sampled.
    temperatures : [K], of the rungs.
    at : K, within the ladder.
    time : [n], of any unit; blocks are equal stretches of it.
    bias : [n] eV, the static bias in `energies`; None without one.
    """
    temperatures = np.asarray(temperatures, float)
    if not temperatures.min() <= at <= temperatures.max():
        raise ValueError(f"temperature is {at:g} K, must be within the ladder, {temperatures.min():g} to "
                         f"{temperatures.max():g} K")  # fmt: skip
    energies = np.asarray(energies, float)
    free = energies if bias is None else energies - bias
    reference = energies.mean()
    reduced = (energies - reference) / (kB * temperatures[:, None])
    edges = np.linspace(time.min(), time.max(), blocks + 1)[1:-1]
    return combine(reduced, rung, (free - reference) / (kB * at), at, np.searchsorted(edges, time), blocks)


def logged_frames(folder: str | os.PathLike, log: str = "COLVAR", after: float = 0.0) -> dict[str, np.ndarray]:
    """Rows of a tempering run's COLVAR files, one a replica, with the state in which each was sampled.

    The run's deck had a `fix nanochart .. log COLVAR n` in its extra lines, n a multiple of the
    swap period; replica k then wrote COLVAR.k. Columns: those of COLVAR, and `replica`, `rung`,
    `energy` (eV, as swaps compare it). Rows before `after` ps are left out.
    """
    record = Record(folder)
    s = record.settings
    parts = []
    for replica in range(s.replicas):
        path = record.folder / f"{log}.{replica}"
        table = read_colvar(path)
        step = np.round(table["time"] / s.timestep).astype(np.int64)
        _, here, there = np.intersect1d(step, record.steps, return_indices=True)
        late = table["time"][here] >= after
        here, there = here[late], there[late]
        if not len(here):
            raise ValueError(f"{path}: no row at a swap step later than {after:g} ps: log at multiples of {s.swap} steps")
        part = {name: column[here] for name, column in table.items()}
        part |= {"replica": np.full(len(here), replica), "rung": record.order[there, replica],
                 "energy": record.energies[0][there, replica]}  # fmt: skip
        parts.append(part)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def ladder_of_run(
    folder: str | os.PathLike, at: float, table: dict[str, np.ndarray], blocks: int = BLOCKS
) -> Ensemble:
    """The ensemble at `at` K of the rows of `logged_frames(folder)`."""
    temperatures = np.array(Record(folder).settings.temperatures)
    biases = [column for name, column in table.items() if name.endswith(BIAS)]
    bias = np.sum(biases, axis=0) if biases else None
    return ladder(table["energy"], table["rung"], temperatures, at, table["time"], bias, blocks)
