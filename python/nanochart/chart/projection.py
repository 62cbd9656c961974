"""Trajectories on the chart: CVs, outside and family of each frame, and the transitions between.

COLVAR files are PLUMED's, with the columns of `fix nanochart` and these of our own after them:
chart.family (number in the families file, -1 without one), and of quenched frames chart.label
(place in cna.LABELS) and chart.energy (eV).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nanochart._core import ColvarLog
from nanochart.landscape import cna

from . import frames
from .chart_cv import ChartCV
from .families import Families
from .frames import Batch


@dataclass
class Projection:
    """One trajectory on the chart: time[n] (ps), temperature[n] (K, or NaN), s[n,d], outside[n],
    family[n] (None without families), and of quenched frames label[n] and energy[n] (eV)."""

    name: str
    time: np.ndarray
    temperature: np.ndarray
    s: np.ndarray
    outside: np.ndarray
    family: np.ndarray | None
    label: np.ndarray | None
    energy: np.ndarray | None
    family_names: tuple[str, ...] = field(default=())

    @property
    def states(self) -> tuple[np.ndarray, tuple[str, ...]] | None:
        """What transitions are told by: labels of quenched frames, else families, else None."""
        if self.label is not None:
            return self.label, cna.LABELS
        return None if self.family is None else (self.family, self.family_names)


@dataclass(frozen=True)
class Stay:
    """A stretch of frames first..last in one state, with its times (ps)."""

    state: int
    first: int
    last: int
    begin: float
    end: float


def project(chart: ChartCV, source: str | os.PathLike, colvar: str | os.PathLike, *, families: Families | None = None,
            quench: bool = False, progress: bool = False, **options) -> Projection:  # fmt: skip
    """Evaluate the chart along a trajectory, write COLVAR batch by batch, and return what it holds.

    options: of `frames.batches`. With `quench` each frame is minimised first (of one element with
    the built-in potential); frames whose quench fails keep NaN. Raises ValueError for a trajectory
    of another system than the model's; what was read before a bad frame is in the COLVAR file. An
    existing file is kept as bck.0.NAME, as LAMMPS runs keep theirs.
    """
    from tqdm import tqdm

    name = Path(source).name + (f" replica {options['replica']}" if options.get("replica") is not None else "")
    quencher, parts = None, []
    bar = tqdm(unit="frame", desc=name, disable=None if progress else True)
    log = ColvarLog(os.fspath(colvar), append=False)
    try:
        for batch in frames.batches(source, **options):
            _check(chart, batch, source)
            if quench and quencher is None:
                quencher = _quencher(chart, batch)
            part = _evaluate(chart, batch, families, quencher)
            _write(log, part)
            parts.append(part)
            bar.update(len(batch.time))
    finally:
        bar.close()
        if quencher is not None:
            quencher.close()
    whole = {key: None if parts[0][key] is None else np.concatenate([p[key] for p in parts]) for key in parts[0]}
    return Projection(name, **whole, family_names=families.names if families else ())


def project_all(chart: ChartCV, sources: Sequence[str | os.PathLike], output: str | os.PathLike, *, window: int,
                replicas: Sequence[int] | None = None, **options) -> Iterator[tuple[Path, Projection, list[Stay]]]:  # fmt: skip
    """`project` each source, all `replicas` of a tempering run, into a folder: COLVAR, or COLVAR.0,
    COLVAR.1, .. of several. Yields (its path, what it holds, where it stays)."""
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    tasks = []
    for source in sources:
        count = frames.replicas(source)
        tasks += [(source, r) for r in ([None] if count is None else replicas or range(count))]
    for number, (source, replica) in enumerate(tasks):
        colvar = output / ("COLVAR" if len(tasks) == 1 else f"COLVAR.{number}")
        found = project(chart, source, colvar, replica=replica, **options)
        states = found.states
        yield colvar, found, stays(states[0], found.time, window) if states else []


def stays_text(found: Projection, kept: Sequence[Stay]) -> str:
    """Stays in print, one a line."""
    if found.states is None:
        return "no families are known on this model, so no transitions: nanochart families, or --quench for labels"
    names = found.states[1]
    lines = [f"  {stay.begin:12.2f} .. {stay.end:12.2f} ps  {names[stay.state]}" for stay in kept]
    return "\n".join([*lines, f"  {max(len(kept) - 1, 0)} transitions"])


def stays(states: np.ndarray, time: np.ndarray, window: int) -> list[Stay]:
    """Where a trajectory stays: the commonest state within `window` frames around each one, and of
    these the stretches of at least `window` frames; shorter ones belong to the stretch before.
    Between two stays lies a transition. Frames without a state (-1) do not vote."""
    states = np.asarray(states)
    if window < 1:
        raise ValueError(f"project: window is {window}, must be >= 1 frame")
    if not len(states) or states.max() < 0:
        return []
    kinds = np.unique(states[states >= 0])
    votes = np.array([np.convolve(states == k, np.ones(window), mode="same")[: len(states)] for k in kinds])
    common = kinds[votes.argmax(axis=0)]
    begins = np.flatnonzero(np.diff(common, prepend=-2))
    runs = [(common[b], b, e) for b, e in zip(begins, [*begins[1:], len(common)])]
    kept: list[list[int]] = []
    for state, begin, end in runs:
        if kept and (state == kept[-1][0] or end - begin < window):
            kept[-1][2] = end
        elif not kept or end - begin >= window:
            kept.append([state, begin, end])
    if len(kept) > 1 and kept[0][2] - kept[0][1] < window:  # too short a beginning joins what follows
        kept[1][1] = kept[0][1]
        kept.pop(0)
    return [Stay(int(k), int(b), int(e - 1), float(time[b]), float(time[e - 1])) for k, b, e in kept]


def running_average(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of values[n,d] over `window` frames around each; fewer at both ends; NaN are left out."""
    good = np.isfinite(values)
    sums = [np.apply_along_axis(lambda v: np.convolve(v, np.ones(window), mode="full"), 0, a.astype(float))
            for a in (np.where(good, values, 0), good)]
    start = (window - 1) // 2
    total, count = (a[start : start + len(values)] for a in sums)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _check(chart: ChartCV, batch: Batch, source) -> None:
    meta = chart.metadata
    kinds = sorted(set(batch.symbols))
    if len(batch.symbols) != meta["atoms"] or not set(kinds) <= set(meta["elements"]):
        raise ValueError(f"project: {source} holds {len(batch.symbols)} atoms of {' '.join(kinds)}, the model "
                         f"{meta['name']} is of {meta['atoms']} atoms of {' '.join(meta['elements'])}"
                         + ("; a file that names no elements needs --element" if "H" in kinds else ""))


def _quencher(chart: ChartCV, batch: Batch):
    from nanochart.landscape.quench import Quencher

    if len(set(batch.symbols)) != 1:
        raise ValueError("project: only clusters of one element can be quenched; leave --quench out")
    return Quencher(batch.symbols[0], len(batch.symbols))


def _evaluate(chart: ChartCV, batch: Batch, families: Families | None, quencher) -> dict:
    x, label, energy = batch.positions, None, None
    good = np.full(len(x), True)
    if quencher is not None:
        quenched = [quencher(frame) for frame in x]
        good = np.array([q.converged for q in quenched])
        x = np.array([q.positions for q in quenched])
        energy = np.where(good, [q.energy for q in quenched], np.nan)
        label = cna.labels_or_none(x, good, batch.symbols[0])
    s, outside = np.full((len(x), chart.dim), np.nan), np.full(len(x), np.nan)
    if good.any():
        species = batch.symbols if len(chart.metadata["elements"]) > 1 else None
        s[good], outside[good] = chart.evaluate(x[good], species), chart.outside(x[good], species)
    return {"time": batch.time, "temperature": batch.temperature, "s": s, "outside": outside,
            "family": families.assign(s) if families else None, "label": label, "energy": energy}  # fmt: skip


def _write(log: ColvarLog, part: dict) -> None:
    d = part["s"].shape[1]
    columns = {f"chart.s{i + 1}": part["s"][:, i] for i in range(d)} | {"chart.outside": part["outside"]}
    columns |= {f"chart.{name}": part[name] for name in ("family", "label", "energy") if part[name] is not None}
    log.header(["time", *columns])
    for time, *values in zip(part["time"], *columns.values()):
        log.row(time, values)
