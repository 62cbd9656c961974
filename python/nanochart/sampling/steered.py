"""Free energies from the work of steered runs: Jarzynski's equality and Bennett's acceptance ratio.

Both give the difference between the restrained ensembles at the end and at the start of the
schedule; with a stiff restraint that is the difference of F(s) between the two centres.
"""

from __future__ import annotations

import logging
import os

import numpy as np
from ase.units import kB

from .colvar import read_colvar
from .reweighting import WORK


def final_work(path: str | os.PathLike) -> float:
    """Work (eV) at the end of a steered run, the last row of the column ID.work of its COLVAR file."""
    table = read_colvar(path)
    names = [name for name in table if name.endswith(WORK)]
    if len(names) != 1:
        raise ValueError(f"{path}: {len(names)} columns end with {WORK}, must be one, that of a moving restraint")
    return float(table[names[0]][-1])


def jarzynski(work: np.ndarray, temperature: float) -> tuple[float, float]:
    """dF = -kT ln <exp(-W/kT)> and its standard error, eV (doi:10.1103/PhysRevLett.78.2690).

    The error is that of linear propagation, and the average is biased upwards when the spread of W
    is several kT: then trust `bar`. work[n] (eV) of independent runs from equilibrium, n >= 2.
    """
    kt, work = _checked(work, temperature, "work")
    from pymbar.other_estimators import exp

    found = exp(work / kt)
    return kt * float(found["Delta_f"]), kt * float(found["dDelta_f"])


def bar(forward: np.ndarray, reverse: np.ndarray, temperature: float) -> tuple[float, float]:
    """dF of the forward direction and its standard error, eV (doi:10.1016/0021-9991(76)90078-4).

    forward[n], reverse[m] (eV): work of runs along the schedule, and along it backwards from the
    equilibrium at its end.
    """
    kt, forward = _checked(forward, temperature, "forward work")
    _, reverse = _checked(reverse, temperature, "reverse work")
    from pymbar.other_estimators import bar as pymbar_bar

    found = pymbar_bar(forward / kt, reverse / kt)
    return kt * float(found["Delta_f"]), kt * float(found["dDelta_f"])


def _checked(work: np.ndarray, temperature: float, what: str) -> tuple[float, np.ndarray]:
    logging.getLogger("pymbar").setLevel(logging.ERROR)  # it praises jax at every import
    work = np.asarray(work, float)
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}, must be > 0 K")
    if work.ndim != 1 or len(work) < 2 or not np.isfinite(work).all():
        raise ValueError(f"{what} of {work.size} runs, must be finite numbers of at least 2 runs")
    return kB * temperature, work
