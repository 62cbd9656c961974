"""Pictures of structural landscapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .style import LABEL_COLOURS, plt, save


def populations(comparison, path: Path) -> None:
    """Populations of the six labels against temperature in two runs, with errors.

    Parameters
    ----------
    comparison
        nanochart.landscape.convergence.Comparison. Temperatures at which the runs differ are grey.
    """
    t = np.asarray(comparison.temperatures)
    edges = np.concatenate([t[:1] - (t[1] - t[0]) / 2, (t[1:] + t[:-1]) / 2, t[-1:] + (t[-1] - t[-2]) / 2])
    figure, axes = plt.subplots(2, 3, figsize=(11, 5.6), sharex=True, sharey=True, layout="constrained")
    for axis, (label, colour) in zip(axes.flat, LABEL_COLOURS.items()):
        k = list(LABEL_COLOURS).index(label)
        for low, high, same in zip(edges, edges[1:], comparison.agree):
            if not same:
                axis.axvspan(low, high, color="0.93", lw=0)
        for run, style in enumerate((dict(fmt="o-", mfc=colour), dict(fmt="s--", mfc="white"))):
            axis.errorbar(t, comparison.populations[run, :, k], comparison.errors[run, :, k], ms=4, lw=1, capsize=2,
                          color=colour, label=comparison.runs[run], **style)  # fmt: skip
        axis.set_title(label)
    axes[0, 0].set(ylim=(-0.03, 1.03), xlim=(edges[0], edges[-1]))
    axes[0, 0].legend(frameon=False)
    figure.supxlabel("temperature (K); grey: the runs differ by more than their errors")
    figure.supylabel("share of the quenched frames")
    figure.suptitle(f"{comparison.system}: label populations of two runs from different starts")
    save(figure, path)
