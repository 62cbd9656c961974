"""Runs as they went: a tour of the chart, and parallel tempering."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .style import RUN_COLOURS, plt, save


def chart_tour(runs: dict[str, np.ndarray], target: np.ndarray | None, path: Path, title: str = "") -> None:
    """Chart coordinates of several runs: each s_i against time, and all runs on the chart.

    Parameters
    ----------
    runs
        name -> array [frames, 1 + d]: time in ps, then s.
    target
        where the run `held` is held, [d], NaN for a free component; None without such a run.
    """
    d = next(iter(runs.values())).shape[1] - 1
    figure = plt.figure(figsize=(11, 5.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.15, 1])
    axes = left.subplots(d, 1, sharex=True)
    for i, axis in enumerate(np.atleast_1d(axes)):
        for name, run in runs.items():
            axis.plot(run[:, 0], run[:, 1 + i], lw=0.8, color=RUN_COLOURS.get(name), label=name)
        if target is not None and np.isfinite(target[i]):
            axis.axhline(target[i], color=RUN_COLOURS["held"], lw=0.8, ls=":")
        axis.set_ylabel(f"$s_{i + 1}$")
    np.atleast_1d(axes)[-1].set_xlabel("time (ps)")
    chart = right.add_subplot(projection="3d") if d >= 3 else right.add_subplot()
    for name, run in runs.items():
        chart.scatter(*run[:, 1 : 1 + min(d, 3)].T, s=5, color=RUN_COLOURS.get(name), label=name)
    if target is not None and np.all(np.isfinite(target)):
        chart.scatter(*[[t] for t in target[:3]], marker="x", s=80, color=RUN_COLOURS["held"])
    if d >= 3:
        chart.set_box_aspect(None, zoom=0.88)  # room for the labels
    chart.set_xlabel("$s_1$")
    chart.set_ylabel("$s_2$")
    if d >= 3:
        chart.set_zlabel("$s_3$")
    right.legend(*chart.get_legend_handles_labels(), loc="upper center", ncols=len(runs), markerscale=3, frameon=False)
    figure.suptitle(title)
    save(figure, path)


def tempering(summary, path: Path) -> None:
    """Parallel tempering at a glance: swaps, kinetic temperature, energy and heat capacity.

    Parameters
    ----------
    summary
        nanochart.landscape.ptmd.analysis.Summary.
    """
    t = np.array(summary.temperatures)
    figure, ((swaps, kinetic), (energy, heat)) = plt.subplots(2, 2, figsize=(10, 6.5), layout="constrained")
    swaps.bar(np.sqrt(t[1:] * t[:-1]), summary.acceptance, width=0.7 * np.diff(t), color="#2f6db3")
    swaps.set(ylim=(0, 1), ylabel="swaps accepted")
    kinetic.axhline(0, color="0.6", lw=0.8)
    difference = 100 * (np.array(summary.kinetic_temperatures) / t - 1)
    kinetic.errorbar(t, difference, 100 * np.array(summary.kinetic_errors) / t, fmt="o", ms=3, color="#2e8b57")
    kinetic.set(ylabel="kinetic - set temperature (%)")
    energy.errorbar(t, summary.energies, summary.energy_errors, fmt="o-", ms=3, lw=0.8, color="#c0392b")
    energy.set(ylabel="mean potential energy (eV)")
    at, c, error = (np.array(v) for v in (summary.heat_capacity_at, summary.heat_capacity, summary.heat_capacity_errors))
    heat.plot(at, c, color="#d98a00")
    heat.fill_between(at, c - error, c + error, color="#d98a00", alpha=0.25, lw=0)
    for low, high in summary.gaps:
        heat.axvspan(low, high, color="0.9", lw=0, label="energies do not overlap")
    heat.set(ylabel="heat capacity ($k_B$)", xlim=(t[0], t[-1]))
    if summary.gaps:
        heat.legend(*(entry[:1] for entry in heat.get_legend_handles_labels()), frameon=False)
    if np.isfinite(c).any():
        heat.set_ylim(0.98 * np.nanmin(c), None)
    for axis in (swaps, kinetic, energy, heat):
        axis.set_xlabel("temperature (K)")
    trips = sum(summary.round_trips)
    figure.suptitle(f"{summary.nanoseconds:g} ns a replica, {summary.frames} frames, {trips} round trips")
    save(figure, path)
