"""Pictures. Functions take arrays and a path; nothing here computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

COLOURS = {"Ih": "#d98a00", "Dh": "#2f6db3", "Fcc": "#c0392b", "Twin": "#2e8b57", "melt": "#b05a9a", "held": "#222222"}


def chart_tour(runs: dict[str, np.ndarray], target: np.ndarray | None, path: Path, title: str = "") -> None:
    """Chart coordinates of several runs: each s_i against time, and all runs on the chart.

    Parameters
    ----------
    runs
        name -> array [frames, 1 + d]: time in ps, then s.
    target
        where the run `held` is held, [d], NaN for a free component; None without such a run.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    d = next(iter(runs.values())).shape[1] - 1
    figure = plt.figure(figsize=(11, 5.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.15, 1])
    axes = left.subplots(d, 1, sharex=True)
    for i, axis in enumerate(np.atleast_1d(axes)):
        for name, run in runs.items():
            axis.plot(run[:, 0], run[:, 1 + i], lw=0.8, color=COLOURS.get(name), label=name)
        if target is not None and np.isfinite(target[i]):
            axis.axhline(target[i], color=COLOURS["held"], lw=0.8, ls=":")
        axis.set_ylabel(f"$s_{i + 1}$")
    np.atleast_1d(axes)[-1].set_xlabel("time (ps)")
    chart = right.add_subplot(projection="3d") if d >= 3 else right.add_subplot()
    for name, run in runs.items():
        chart.scatter(*run[:, 1 : 1 + min(d, 3)].T, s=5, color=COLOURS.get(name), label=name)
    if target is not None and np.all(np.isfinite(target)):
        chart.scatter(*[[t] for t in target[:3]], marker="x", s=80, color=COLOURS["held"])
    if d >= 3:
        chart.set_box_aspect(None, zoom=0.88)  # room for the labels
    chart.set_xlabel("$s_1$")
    chart.set_ylabel("$s_2$")
    if d >= 3:
        chart.set_zlabel("$s_3$")
    right.legend(*chart.get_legend_handles_labels(), loc="upper center", ncols=len(runs), markerscale=3, frameon=False)
    figure.suptitle(title)
    figure.savefig(path, dpi=140)
    plt.close(figure)
