"""Equilibrium populations of labels from minima, without a long run: harmonic superposition.

Each minimum a is a set of harmonic oscillators that turns as a rigid body; its share at temperature T is

    p_a ~ n_a exp(-E_a / k_B T) sqrt(det I_a) / prod_i omega_ai,     n_a = 2 N! / h_a,

with energy E_a, angular frequencies omega_ai of the 3N - 6 vibrations, tensor of inertia I_a and order h_a
of the point group (F. H. Stillinger and T. A. Weber, doi:10.1103/PhysRevA.25.978; D. J. Wales,
doi:10.1080/00268979300100141). The population of a label is the sum over its minima. Nothing has to cross
from one to another, so two runs that never left their starts can be compared. What it leaves out:
anharmonic motion (not small near melting) and the minima that are not in the data set.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.data import atomic_masses, atomic_numbers
from ase.units import kB
from scipy.special import softmax

from . import cna
from ._lammps import new_lammps
from .dataset import Dataset
from .executors import executor, results
from .symmetry import point_group_order

STEP = 0.003  # A, of the central differences of the forces
SOFTEST = 1e-4  # of omega^2, times the median one: vibrations of clusters are above it, rotations far below


@dataclass(frozen=True)
class Minima:
    """Minima of one cluster: energies (eV), sum of ln omega, 1/2 ln det I, point-group orders [n]; labels [n].

    left_out: minima of the data set that had no 3N - 6 real frequencies.
    """

    energies: np.ndarray
    log_frequencies: np.ndarray
    log_inertia: np.ndarray
    orders: np.ndarray
    labels: np.ndarray
    left_out: int = 0

    def log_weights(self, temperature: float) -> np.ndarray:
        """[n] ln p_a, up to a constant common to all minima."""
        return -self.energies / (kB * temperature) - self.log_frequencies + self.log_inertia - np.log(self.orders)

    def populations(self, temperatures: Sequence[float]) -> np.ndarray:
        """[t,6] share of each label of cna.LABELS at each temperature (K)."""
        shares = [softmax(self.log_weights(t)) for t in temperatures]
        return np.array([np.bincount(self.labels, share, minlength=len(cna.LABELS)) for share in shares])

    def open_ends(self, temperature: float) -> np.ndarray:
        """[6] share of a label's population in the tenth of its minima that is highest in energy.

        Where it is large, the minima of that label in hand are too few for this temperature.
        """
        w = self.log_weights(temperature)
        ends = np.full(len(cna.LABELS), np.nan)
        for k in range(len(ends)):
            of = np.flatnonzero(self.labels == k)
            if len(of) >= 10:
                of = of[np.argsort(self.energies[of])]
                ends[k] = softmax(w[of])[-(len(of) // 10) :].sum()
        return ends

    def table(self, temperatures: Sequence[float]) -> str:
        """Populations by temperature; in brackets the open ends."""
        lines = [f"{'T (K)':>8}" + "".join(f"{label:>18}" for label in cna.LABELS)]
        for t, shares in zip(temperatures, self.populations(temperatures)):
            ends = (f"({e:.0%} open)" if np.isfinite(e) else "(few)" for e in self.open_ends(t))
            lines.append(f"{t:8.1f}" + "".join(f"{s:>7.1%} {e:>10}" for s, e in zip(shares, ends)))
        counts = np.bincount(self.labels, minlength=len(cna.LABELS))
        low = (f"{label} {n} from {self.energies[self.labels == k].min():.3f} eV"
               for k, (label, n) in enumerate(zip(cna.LABELS, counts)) if n)  # fmt: skip
        return "\n".join([*lines, f"minima: {', '.join(low)}; {self.left_out} left out"])

    def save(self, path: Path, temperatures: Sequence[float]) -> None:
        path.write_text(json.dumps({
            "labels": cna.LABELS, "temperatures": list(temperatures),
            "populations": self.populations(temperatures).round(6).tolist(),
            "open_ends": [[round(e, 4) if np.isfinite(e) else None for e in self.open_ends(t)] for t in temperatures],
            "minima": np.bincount(self.labels, minlength=len(cna.LABELS)).tolist(), "left_out": self.left_out,
            "lowest": [round(float(self.energies[self.labels == k].min()), 4) if (self.labels == k).any() else None
                       for k in range(len(cna.LABELS))],
        }) + "\n")  # fmt: skip


def frequencies(symbols: str | Sequence[str], positions: np.ndarray) -> np.ndarray:
    """Angular frequencies squared [3N], ascending (eV/A^2/u), of a free cluster at positions[N,3] (A).

    By LAMMPS's dynamical_matrix with the built-in potential; the first six belong to translation and rotation.
    """
    lmp = new_lammps(symbols, positions)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "matrix")
        lmp.commands_list(["run 0", f"dynamical_matrix all regular {STEP} file {path}"])
        matrix = np.loadtxt(path).reshape(2 * (3 * len(positions),))
    lmp.close()
    return np.linalg.eigvalsh((matrix + matrix.T) / 2)


def describe(symbols: str | Sequence[str], positions: np.ndarray) -> tuple[float, float, int] | None:
    """Sum of ln omega, 1/2 ln det I and point-group order of a minimum; None if it has no 3N - 6 real frequencies."""
    squares = frequencies(symbols, positions)
    if squares[6] < SOFTEST * np.median(squares) or abs(squares[:6]).max() > squares[6] / 2:
        return None
    species = [symbols] * len(positions) if isinstance(symbols, str) else list(symbols)
    mass = atomic_masses[[atomic_numbers[s] for s in species]]
    x = positions - np.average(positions, axis=0, weights=mass)
    inertia = np.einsum("n,nij->ij", mass, np.einsum("nk,nk,ij->nij", x, x, np.eye(3)) - np.einsum("ni,nj->nij", x, x))
    kinds = np.unique(species, return_inverse=True)[1]
    return 0.5 * np.log(squares[6:]).sum(), 0.5 * np.linalg.slogdet(inertia)[1], point_group_order(x, kinds)


def minima(path: str | os.PathLike, most: int = 200, jobs: int = 1) -> Minima | None:
    """The `most` lowest minima of each label in a data set of `nanochart dataset`, with their frequencies.

    Raises ValueError for a data set whose structures are not minima of the built-in potential.
    """
    data = Dataset(path)
    first = np.flatnonzero(data.count > 0) if hasattr(data, "count") else np.arange(len(data))
    first = first[np.argsort(data.energy[first], kind="stable")]
    rows = np.concatenate([first[data.cna[first] == k][:most] for k in range(len(cna.LABELS))])
    found = np.full((len(rows), 4), np.nan)
    with executor(jobs) as (pool, workers):
        if pool is None:
            return None
        tasks = ((k, data.symbols, data.positions_quenched[row].astype(float)) for k, row in enumerate(rows))
        for k, values in results(pool, workers, _task, tasks):
            found[k] = values
    same = np.abs(found[:, 0] - data.energy[rows]) < 1e-3  # NaN where there are no frequencies
    energy, log_frequency, log_inertia, order = found[same].T
    if not same.any():
        raise ValueError(f"superposition: no structure of {path} is a minimum of the built-in potential of "
                         f"{data.element}; its energies are of {data.potential!r}")
    return Minima(energy, log_frequency, log_inertia, order, data.cna[rows][same].astype(int), int((~same).sum()))


def _task(k: int, symbols: str | Sequence[str], positions: np.ndarray) -> tuple[int, tuple]:
    from .quench import Quencher

    quench = Quencher(symbols, len(positions), tolerance=1e-5)  # compact positions are rounded
    relaxed = quench(positions)
    quench.close()
    described = describe(symbols, relaxed.positions) if np.isfinite(relaxed.energy) else None
    return k, (relaxed.energy, *described) if described else (np.nan,) * 4
