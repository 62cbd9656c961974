"""CVs along a trajectory, with running average, states and transitions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .style import LABEL_COLOURS, OTHER_COLOUR, family_colours, plt, save

MOST_NAMES = 12  # in a legend


def projection(time: np.ndarray, s: np.ndarray, average: np.ndarray, outside: np.ndarray, path: Path, *,
               states: tuple[np.ndarray, Sequence[str]] | None = None, stays: Sequence = (), title: str = "") -> None:  # fmt: skip
    """Each s_i[n] against time[n] (ps), its running average, the transitions between `stays`
    (chart.projection.Stay), and below how far outside its training data the model is used.

    states: number [n] of the state of each frame (-1: none), which colours it, and their names.
    """
    d = s.shape[1]
    unit, name = (1000.0, "ns") if time[-1] - time[0] > 5000 else (1.0, "ps")
    figure, axes = plt.subplots(d + 1, 1, figsize=(10, 1.7 * d + 2.2), sharex=True, layout="constrained",
                                height_ratios=[*[1.0] * d, 0.6])  # fmt: skip
    colour = np.full(len(time), OTHER_COLOUR, dtype=object)
    if states is not None:
        palette = _palette(states[1])
        for k in np.unique(states[0][states[0] >= 0]):
            colour[states[0] == k] = palette[k]
    size = float(np.clip(4000 / max(len(time), 1), 1.0, 8))
    for i, axis in enumerate(axes[:d]):
        axis.scatter(time / unit, s[:, i], c=list(colour), s=size, lw=0, alpha=0.6, rasterized=True)
        axis.plot(time / unit, average[:, i], color="black", lw=1)
        axis.set_ylabel(f"$s_{i + 1}$")
    axes[d].plot(time / unit, outside, color="#555555", lw=0.6)
    axes[d].axhline(1, color="#c0392b", lw=0.8, ls="--")
    axes[d].set(ylabel="outside", xlabel=f"time ({name})", ylim=(0, max(1.2, np.nanmax(outside, initial=0) * 1.05)))
    for before, after in zip(stays[:-1], stays[1:]):
        for axis in axes:
            axis.axvline((before.end + after.begin) / 2 / unit, color="black", lw=0.8, ls=":")
    if states is not None:
        seen, counts = np.unique(states[0][states[0] >= 0], return_counts=True)
        shown = sorted(seen[np.argsort(-counts, kind="stable")[:MOST_NAMES]])
        handles = [plt.Line2D([], [], marker="o", ls="", color=palette[k], label=states[1][k]) for k in shown]
        figure.legend(handles=handles, loc="outside upper center", ncols=min(6, max(len(handles), 1)), frameon=False)
    axes[0].set_title(title, fontsize=10)
    save(figure, path)


def _palette(names: Sequence[str]) -> list[str]:
    if set(names) <= set(LABEL_COLOURS):
        return [LABEL_COLOURS[name] for name in names]
    return family_colours(len(names))
