"""Convergence, shown: label populations of two tempering runs from different starts, compared.

The population p of a label at a temperature is its share of the quenched frames there; its error is
the standard error over ten stretches of time. Two runs agree at a temperature if no label's
difference, in units of its error, exceeds the two-sided 5 % point of Student's t (18 degrees of
freedom, Bonferroni for six labels): |p1 - p2| <= 3.0 sqrt(e1^2 + e2^2). Where a run changes more
slowly than one stretch the errors are too small, so that runs are called different too readily.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from . import cna
from .dataset_file import formula_of, read_attributes
from .ptmd.analysis import BLOCKS, block_error
from .unique import labelled

SKIPPED = 0.2  # of a run, at its beginning
LEVEL = 0.05  # chance that runs which do agree are called different at a temperature
LARGEST = float(student.ppf(1 - LEVEL / 2 / len(cna.LABELS), 2 * (BLOCKS - 1)))  # 3.0


@dataclass(frozen=True)
class Comparison:
    """Two runs at their common temperatures [t] (K); populations and errors [2,t,6], labels as cna.LABELS."""

    system: str
    runs: tuple[str, str]
    temperatures: np.ndarray
    frames: np.ndarray  # [2,t]
    populations: np.ndarray
    errors: np.ndarray

    @property
    def deviations(self) -> np.ndarray:
        """[t,6] differences of the populations in units of their error."""
        combined = np.sqrt((self.errors**2).sum(axis=0))
        return (self.populations[0] - self.populations[1]) / combined

    @property
    def distances(self) -> np.ndarray:
        """[t] total variation distance, the share of frames that would have to change their label."""
        return np.abs(self.populations[0] - self.populations[1]).sum(axis=1) / 2

    @property
    def agree(self) -> np.ndarray:
        """[t] whether the runs agree within errors."""
        return np.all(np.abs(self.deviations) <= LARGEST, axis=1)

    def verdict(self) -> str:
        n, ok = len(self.temperatures), int(self.agree.sum())
        if ok == n:
            said = f"{' and '.join(self.runs)} agree within errors at all {n} temperatures"
        else:
            where = ", ".join(f"{t:.0f}" for t in self.temperatures[~self.agree])
            said = f"{' and '.join(self.runs)} agree within errors at {ok} of {n} temperatures, and differ at {where} K"
        k, label = np.unravel_index(np.argmax(np.abs(self.populations[0] - self.populations[1])), self.errors.shape[1:])
        (p, q), (e, f) = self.populations[:, k, label], self.errors[:, k, label]
        return (f"{said}; largest difference: {cna.LABELS[label]} at {self.temperatures[k]:.0f} K, "
                f"{p:.2f} +- {e:.2f} against {q:.2f} +- {f:.2f}")

    def table(self) -> str:
        """One line a temperature, and the verdict."""
        lines = [f"{'T (K)':>8}{'most frequent label':>34}{'distance':>10}{'largest deviation':>24}"]
        for k, t in enumerate(self.temperatures):
            first, second = (f"{cna.LABELS[p.argmax()]} {p.max():.0%}" for p in self.populations[:, k])
            worst = int(np.abs(self.deviations[k]).argmax())
            deviation = f"{cna.LABELS[worst]} {self.deviations[k, worst]:+.1f} errors"
            lines.append(f"{t:8.1f}{first:>17}{second:>17}{self.distances[k]:10.2f}{deviation:>24}"
                         f"{'' if self.agree[k] else '  differ'}")
        return "\n".join([f"{self.system}: {self.runs[0]} and {self.runs[1]}", *lines, self.verdict()])

    def save(self, path: Path) -> None:
        found = {k: v.round(6).tolist() if isinstance(v, np.ndarray) else v for k, v in asdict(self).items()}
        found |= {"labels": cna.LABELS, "agree": self.agree.tolist(), "verdict": self.verdict()}
        path.write_text(json.dumps(found) + "\n")


def compare(path: Path, threads: int = 1, runs: Sequence[str] | None = None) -> Comparison:
    """Compare two runs in a data set of `nanochart quench`: `runs` by name, default: the two it holds.

    Raises ValueError for runs that are not in the set, for fewer than two common temperatures, or
    with too few frames for errors.
    """
    attrs = read_attributes(path)
    made = json.loads(attrs.get("quench", "{}"))
    names = [Path(source).name for source in made.get("sources", [])]
    chosen = list(runs or names)
    if len(set(chosen)) != 2 or len(chosen) != 2 or not set(chosen) <= set(names):
        raise ValueError(f"convergence: {path} holds {len(names)} runs ({', '.join(names)}), of which two must be "
                         f"compared: --runs is {' '.join(runs) if runs else 'not given'}; "
                         "`nanochart quench RUN1 RUN2 -o FILE.h5` makes a set of two")  # fmt: skip
    ends = np.cumsum([0, *made["trajectories"]])
    columns = labelled([path], threads)
    columns = {name: values[columns["cna"] >= 0] for name, values in columns.items()}
    parts = []
    for name in chosen:
        first, last = ends[names.index(name) :][:2]
        rows = (columns["replica"] >= first) & (columns["replica"] < last)
        parts.append({column: values[rows] for column, values in columns.items()})
    common = np.intersect1d(*(run["temperature"] for run in parts))
    if len(common) < 2:
        raise ValueError(f"convergence: {path}: {' and '.join(chosen)} share {len(common)} temperatures, "
                         "must be 2 or more")
    found = [_populations(run, common, name) for run, name in zip(parts, chosen)]
    frames, populations, errors = (np.array(values) for values in zip(*found))
    return Comparison(formula_of(attrs), tuple(chosen), common, frames, populations, errors)


def _populations(run: dict[str, np.ndarray], temperatures: Sequence[float], name: str) -> tuple[np.ndarray, ...]:
    """frames [t], populations [t,6] and errors [t,6] of one run, its beginning left out."""
    frames, populations, errors = [], [], []
    first, last = run["step"].min(), run["step"].max()
    for t in temperatures:
        rows = np.flatnonzero((run["temperature"] == t) & (run["step"] > first + SKIPPED * (last - first)))
        if len(rows) < 2 * BLOCKS:
            raise ValueError(f"convergence: {name} has {len(rows)} frames at {t:g} K after its first fifth, "
                             f"needs {2 * BLOCKS}")
        rows = rows[np.argsort(run["step"][rows], kind="stable")]
        is_label = np.eye(len(cna.LABELS))[run["cna"][rows]]
        frames.append(len(rows))
        populations.append(is_label.mean(axis=0))
        # A label that every stretch holds, or none, is not known better than to one frame.
        errors.append(np.maximum(block_error(is_label), 1 / len(rows)))
    return np.array(frames), np.array(populations), np.array(errors)
