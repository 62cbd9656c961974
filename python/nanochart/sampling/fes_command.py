"""What `nanochart fes` computes: from files to a free energy and the sentences about it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nanochart.landscape.ptmd.record import Record

from .colvar import columns
from .ensemble import Ensemble
from .free_energy import Axis, FreeEnergy, convergence, ct, distance, histogram
from .hills import Hills, merged_hills
from .labels import labels_of_rows
from .ladder import ladder_of_run, logged_frames
from .reweighting import reweight, write_weights
from .steered import bar, final_work, jarzynski
from .umbrella import read_windows, umbrella
from .walkers import read_biased

BINS = 50
LOW = 5.0  # kT; F below it is what is compared


@dataclass
class Report:
    """A free energy, the lines to print, and how it came to be (label, FreeEnergy)."""

    landscape: FreeEnergy | None
    lines: list[str]
    before: list[tuple[str, FreeEnergy]] = field(default_factory=list)
    marks: dict[str, tuple[float, ...]] = field(default_factory=dict)  # families and where they lie

    def name_families(self, model: str) -> None:
        """Mark the families of a chart (its name or file) on the landscape's coordinates ID.s1 .. ID.sd."""
        from nanochart.chart.chart_cv import ChartCV  # torch, which nothing else here needs
        from nanochart.chart.families import Families, beside

        chart = ChartCV(model)
        families = Families.load(beside(chart.path), chart.hash)
        places = []
        for name in self.landscape.names:
            number = name.rpartition(".s")[2]
            if name not in _coordinates([name]) or not 1 <= int(number) <= families.centroids.shape[1]:
                raise ValueError(f"--chart: {name} is no coordinate of chart {model}, whose families lie on "
                                 f"s1 to s{families.centroids.shape[1]}")  # fmt: skip
            places.append(families.centroids[:, int(number) - 1])
        self.marks = {name.partition(" (")[0]: tuple(map(float, place)) for name, *place in zip(families.names, *places)}


def from_hills(files: list[Path], temperature: float, *, grid: list[str], project: list[str], parts: int) -> Report:
    """F(s) from the hills of all walkers, after equal parts of the run, and c(t)."""
    _positive(temperature)
    hills = merged_hills(files)
    if not len(hills.time):
        raise ValueError(f"{files[0]}: holds no hill")
    axes = _axes(grid, hills.names) or _axes_of_hills(hills)
    runs = convergence(hills, axes, temperature, parts)
    runs = [(time, f.projected(project) if project else f) for time, f in runs]
    final = runs[-1][1]
    lines = [f"{len(hills.time)} hills on {' '.join(hills.names)}, {hills.time[-1] / 1000:g} ns; last height "
             f"{hills.height[-1]:.3g} eV, c(t) = {ct(hills, axes, temperature):.3f} eV"]  # fmt: skip
    for time, f in runs[:-1]:
        lines.append(f"after {time / 1000:8.3f} ns: F differs from the last by "
                     f"{distance(f, final, LOW * final.kt) / final.kt:5.2f} kT rms where F < {LOW:g} kT")  # fmt: skip
    return Report(final, lines, [(f"{time / 1000:g} ns", f) for time, f in runs[:-1]])


def reweighted(
    files: list[Path], temperature: float, *, cv: list[str], grid: list[str], more: list[Path], hills: list[Path],
    skip: float, weights: Path | None, labels: list[str], difference: str | None, interval: float | None,
) -> Report:  # fmt: skip
    """F and populations of the unbiased ensemble from the walkers of one biased run."""
    run = read_biased(files, more=more, hills=hills, skip=skip, labels=labels, interval=interval)
    ensemble = reweight(run.bias, temperature)
    report = _projected(ensemble, run.table, cv or _coordinates(run.table), grid, files[0])
    report.before = _growth(run.bias, temperature, run.table, report.landscape, grid)
    report.lines += [f"after the first {label}: F differs from the last by {distance(f, report.landscape, LOW * f.kt) / f.kt:5.2f}"
                     f" kT rms where F < {LOW:g} kT" for label, f in report.before]  # fmt: skip
    return _with_labels(report, ensemble, run.table, weights, (run.rows, run.labels) if labels else None, difference)


def from_windows(
    file: Path, temperature: float, *, cv: list[str], grid: list[str], skip: float, weights: Path | None
) -> Report:
    """F from umbrella windows by MBAR."""
    windows = read_windows(file, skip)
    ensemble, table = umbrella(windows, temperature)
    report = _projected(ensemble, table, cv or list(windows[0].names), grid, file)
    report.lines.insert(0, f"{len(windows)} windows combined by MBAR")
    return _with_labels(report, ensemble, table, weights, None, None)


def from_ladder(
    folder: Path, temperature: float, *, cv: list[str], grid: list[str], log: str, skip: float,
    weights: Path | None, labels: str | None, difference: str | None,
) -> Report:  # fmt: skip
    """F and populations at one temperature from all rungs of a tempering run."""
    table = logged_frames(folder, log, skip)
    ensemble = ladder_of_run(folder, temperature, table)
    report = _projected(ensemble, table, cv or _coordinates(table), grid, folder)
    report.lines.insert(0, f"{len(np.unique(table['rung']))} rungs combined by MBAR")
    found = labels and labels_of_rows(labels, table, timestep=Record(folder).settings.timestep)
    return _with_labels(report, ensemble, table, weights, found, difference)


def from_work(forward: list[Path], reverse: list[Path], temperature: float) -> Report:
    """Free-energy differences from the work of steered runs."""
    there = np.array([final_work(path) for path in forward])
    df, error = jarzynski(there, temperature)
    lines = [f"work forward: {there.mean():.4f} +- {there.std(ddof=1):.4f} eV (spread) in {len(there)} runs",
             f"Jarzynski, forward: dF = {df:.4f} +- {error:.4f} eV"]  # fmt: skip
    if reverse:
        back = np.array([final_work(path) for path in reverse])
        df, error = jarzynski(back, temperature)
        lines.append(f"work back: {back.mean():.4f} +- {back.std(ddof=1):.4f} eV (spread) in {len(back)} runs")
        lines.append(f"Jarzynski, back: dF = {-df:.4f} +- {error:.4f} eV")
        df, error = bar(there, back, temperature)
        lines.append(f"BAR: dF = {df:.4f} +- {error:.4f} eV")
        if (gap := there.min() + back.min()) > 0:
            lines.append(f"the works of both directions do not overlap, {gap:.2f} eV lie between them: no number above is to be trusted, "
                         "pull more slowly or more often")  # fmt: skip
    return Report(None, lines)


def _positive(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}, must be > 0 K")


def _coordinates(table: Iterable[str]) -> list[str]:
    """The columns ID.s1 .. among those of a COLVAR table."""
    return [n for n in table if n.rpartition(".")[2].startswith("s") and n.rpartition(".")[2][1:].isdigit()]


def _axes(grid: list[str], names: list[str]) -> list[Axis]:
    """`lo hi bins` of each coordinate; none: []."""
    if not grid:
        return []
    if len(grid) != len(names):
        raise ValueError(f"--grid is given {len(grid)} times, must be given once for each of {' '.join(names)}")
    axes = []
    for text, name in zip(grid, names):
        try:
            lo, hi, bins = text.split()
            axes.append((float(lo), float(hi), int(bins)))
        except ValueError:
            raise ValueError(f"--grid of {name} is `{text}`, must be `lo hi bins`") from None
    return axes


def _axes_of_hills(hills: Hills) -> list[Axis]:
    """Where hills are, at spacing sigma/2; at most 100 bins in three dimensions."""
    reach = 3.0 * hills.sigma
    lo, hi = hills.center.min(0) - reach, hills.center.max(0) + reach
    bins = np.minimum(np.ceil(2 * (hi - lo) / hills.sigma).astype(int), {1: 2000, 2: 400, 3: 100}[len(lo)])
    return [(float(a), float(b), int(n)) for a, b, n in zip(lo, hi, bins)]


def _projected(
    ensemble: Ensemble, table: dict[str, np.ndarray], cv: list[str], grid: list[str], file: Path
) -> Report:
    if not 1 <= len(cv) <= 3:
        raise ValueError(f"--cv names {len(cv)} columns, must be 1 to 3")
    values = columns(table, cv, file)
    axes = _axes(grid, cv) or [(float(v.min()), float(np.nextafter(v.max(), np.inf)), BINS) for v in values.T]
    landscape = histogram(values, ensemble, axes, cv)
    low = (landscape.values < LOW * landscape.kt) & np.isfinite(landscape.errors)
    worst = f"{landscape.errors[low].max() / landscape.kt:.2f} kT" if low.any() else "unknown"
    lines = [f"{len(values)} frames, worth {ensemble.effective_size:.0f} of equal weight; largest error where "
             f"F < {LOW:g} kT: {worst}"]  # fmt: skip
    return Report(landscape, lines)


def _growth(bias, temperature, table, final: FreeEnergy, grid, parts: int = 4) -> list[tuple[str, FreeEnergy]]:
    """F of the first 1/parts, 2/parts, .. of a run, on the final one's bins."""
    values = columns(table, list(final.names), "")
    axes = []
    for middle in final.axes:
        half = (middle[-1] - middle[0]) / max(2 * (len(middle) - 1), 1) or 0.5
        axes.append((middle[0] - half, middle[-1] + half, len(middle)))
    grown = []
    for k in range(1, parts):
        n = len(bias) * k // parts
        if n >= 10:
            f = histogram(values[:n], reweight(bias[:n], temperature), axes, list(final.names))
            grown.append((f"{table['time'][n - 1] / 1000:g} ns", f))
    return grown


def _with_labels(report: Report, ensemble: Ensemble, table, weights, labels, difference) -> Report:
    """labels: rows that have one, and the labels; None if there are none."""
    if weights:
        write_weights(weights, table["time"], ensemble)
        report.lines.append(f"wrote the weights of the frames, {weights}")
    if difference and not labels:
        raise ValueError("--difference needs --labels, which say what each frame is")
    if not labels:
        return report
    rows, names = labels
    part = Ensemble(ensemble.temperature, ensemble.log_weights[rows], ensemble.without[:, rows])
    report.lines.append(f"populations at {ensemble.temperature:g} K, from {len(rows)} labelled frames:")
    for name, (share, error) in part.populations(names).items():
        report.lines.append(f"  {name:12} {share:7.4f} +- {error:.4f}")
    if difference:
        try:
            of, to = difference.split()
        except ValueError:
            raise ValueError(f"--difference is `{difference}`, must be two labels, `A B`") from None
        df, error = part.difference(names, of, to)
        report.lines.append(f"F({to}) - F({of}) = {df:.4f} +- {error:.4f} eV")
    return report
