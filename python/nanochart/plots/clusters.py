"""Clusters drawn as balls, their atoms coloured by coordination."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .style import plt, save

# In the order of landscape.cna.CLASSES; green, red and white as in the charting papers.
CLASS_COLOURS = {"other": "#e9e6df", "fcc": "#3f9b57", "hcp": "#d0453a", "fivefold": "#3b74c0", "icosahedral": "#e39a1c"}
GHOST = 0.16  # opacity of atoms that are neither, in front of or behind the ones that tell


def draw_cluster(axis, x: np.ndarray, classes: np.ndarray, radius: float, title: str = "") -> None:
    """Draw x[N,3] (A), z towards the viewer, into axes: ordered atoms as balls, the others faint."""
    from matplotlib.collections import EllipseCollection
    from matplotlib.colors import to_rgb

    order = np.argsort(x[:, 2])  # from behind to the front
    x, classes = x[order], np.asarray(classes)[order]
    depth = (x[:, 2] - x[:, 2].min()) / max(np.ptp(x[:, 2]), 1e-9)
    face = np.array([to_rgb(c) for c in CLASS_COLOURS.values()])[classes] * (0.62 + 0.38 * depth)[:, None]
    opacity = np.where(classes == 0, GHOST, 1.0)
    # Each ball is followed by its highlight, so that a ball in front covers both.
    ball, shine = np.column_stack([face, opacity]), np.column_stack([0.5 + 0.5 * face, 0.8 * opacity])
    size = np.tile([2 * radius, 0.6 * radius], len(x))
    offsets = np.stack([x[:, :2], x[:, :2] + radius * np.array([-0.35, 0.35])], axis=1).reshape(-1, 2)
    edges = np.stack([np.column_stack([0.3 * face, 0.5 + 0.5 * (classes != 0)]), np.zeros((len(x), 4))], axis=1)
    axis.add_collection(EllipseCollection(
        size, size, np.zeros(2 * len(x)), units="xy", offsets=offsets, transOffset=axis.transData,
        facecolors=np.stack([ball, shine], axis=1).reshape(-1, 4), edgecolors=edges.reshape(-1, 4), linewidths=0.3,
    ))  # fmt: skip
    reach = np.abs(x[:, :2]).max() + radius
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axis.axis("off")
    axis.set_title(title, fontsize=8)


def families(structures: Sequence[tuple[np.ndarray, np.ndarray, str]], radius: float, path: Path, title: str = "") -> None:
    """A sheet of clusters: (x[N,3], classes[N], caption) each, turned as they are to be seen."""
    columns = min(6, max(len(structures), 1))
    rows = -(-len(structures) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.2 * columns, 2.6 * rows + 0.8), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, (x, classes, caption) in zip(axes.flat, structures):
        draw_cluster(axis, x, classes, radius, caption)
    handles = [plt.Line2D([], [], marker="o", ls="", mfc=c, mec="0.3", label=n) for n, c in CLASS_COLOURS.items()]
    figure.legend(handles=handles, loc="lower center", ncols=5, frameon=False, fontsize=9)
    figure.suptitle(title)
    figure.tight_layout(rect=(0, 0.6 / (2.6 * rows + 0.8), 1, 1))
    save(figure, path, dpi=130)
