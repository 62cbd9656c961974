"""What docs/figures/metadynamics.py draws and keeps."""

from pathlib import Path

import numpy as np

from nanochart.landscape.cna import LABELS
from nanochart.plots.style import LABEL_COLOURS, plt, save


def timeline(runs: list, path: Path) -> None:
    """The label of each quenched frame of each walker against time."""
    walkers = [(f"run {k + 1}, walker {w + 1}", t, s) for k, run in enumerate(runs)
               for w, (t, s) in enumerate(zip(run.times, run.labels))]  # fmt: skip
    figure, axis = plt.subplots(figsize=(10, 0.5 * len(walkers) + 1), layout="constrained")
    for row, (_, t, s) in enumerate(walkers):
        for k, (label, colour) in enumerate(LABEL_COLOURS.items()):
            axis.bar(t[s == k], 0.8, width=t[1] - t[0], bottom=row - 0.4, color=colour)
    axis.set(yticks=range(len(walkers)), yticklabels=[name for name, _, _ in walkers], xlabel="ns")
    axis.set_xlim(0, max(t[-1] for _, t, _ in walkers))
    axis.invert_yaxis()
    boxes = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in LABEL_COLOURS.values()]
    figure.legend(boxes, LABEL_COLOURS, loc="outside upper center", ncols=6, frameon=False)
    save(figure, path)


def bars(columns: dict[str, tuple[np.ndarray, np.ndarray | None]], path: Path) -> None:
    """Populations of the labels, one colour a source: name -> (shares [6], errors [6] or None)."""
    figure, axis = plt.subplots(figsize=(9, 3.8), layout="constrained")
    width = 0.85 / len(columns)
    for k, (name, (shares, errors)) in enumerate(columns.items()):
        at = np.arange(len(LABELS)) + (k - (len(columns) - 1) / 2) * width
        axis.bar(at, shares, 0.9 * width, yerr=errors, label=name, ecolor="k", capsize=2, color=plt.get_cmap("tab10")(k))
    axis.set(xticks=range(len(LABELS)), xticklabels=LABELS, ylabel="population", ylim=(0, 1.05))
    axis.legend(frameon=False, ncols=2)
    save(figure, path)


def keep_hills(folder: Path, path: Path) -> None:
    """The hills of all walkers in one file by time, with seven digits of the seventeen that were written."""
    files = [file.read_text().splitlines() for file in sorted(folder.glob("hills/HILLS.*"))]
    head = [line for line in files[0] if line.startswith("#")]
    rows = np.concatenate([np.array([line.split() for line in file if not line.startswith("#")], float) for file in files])
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([*head, *(" ".join(f"{value:.7g}" for value in row) for row in rows)]) + "\n")
