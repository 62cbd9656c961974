"""Pictures and numbers of docs/cna.md, from a data set of quenched clusters.

    python docs/figures/cna.py DATA.h5 [FOLDER]

Writes into FOLDER (default docs/img) cna_LABEL.png (ten random clusters of each label), cna_thresholds.png and
cna.json (composition; how many labels change when a threshold moves).
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from nanochart.landscape import cna
from nanochart.landscape.dataset import Dataset

IMAGES = Path(__file__).parent.parent / "img"
COLOURS = np.array(["#c9c9c9", "#2f9e44", "#d6303a", "#2456c9", "#ff9f1a"])  # of cna.CLASSES
LABEL_COLOURS = dict(zip(
    cna.LABELS, ["#2f6db3", "#d98a00", "#2e8b57", "#c0392b", "#7b4bb3", "#d46fa8"]
))  # fmt: skip
EDGE = 11.5  # half width of a picture, angstrom


def towards_viewer(x: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Rotation: along a fivefold axis where there is one, else hcp planes on edge and upright."""
    for kind, order in (("fivefold", [1, 2, 0]), ("hcp", [2, 1, 0])):
        atoms = x[classes == cna.CLASSES.index(kind)]
        if len(atoms) >= 2:
            return np.linalg.svd(atoms - atoms.mean(axis=0))[2][order]
    return np.linalg.svd(x - x.mean(axis=0))[2]


def draw(axis, x: np.ndarray, classes: np.ndarray, title: str) -> None:
    """Spheres coloured by class, the nearest on top; atoms of class `other` are see-through."""
    seen = (x - x.mean(axis=0)) @ towards_viewer(x, classes).T
    for i in np.argsort(seen[:, 2]):
        ordered = classes[i] != 0
        axis.add_patch(plt.Circle(seen[i, :2], 1.3 if ordered else 1.1, fc=COLOURS[classes[i]],
                                  ec="black", lw=0.3, alpha=0.9 if ordered else 0.22))
    axis.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), aspect="equal")
    axis.set_title(title, fontsize=7)
    axis.axis("off")


def sheets(folder: Path, data: Dataset, rows: np.ndarray, labels: np.ndarray, table: np.recarray, seed: int):
    """Ten clusters of each label, drawn by chance among the unique structures."""
    rng = np.random.default_rng(seed)
    for name in cna.LABELS:
        chosen = rng.permutation(np.flatnonzero(labels == name))[:10]
        figure, axes = plt.subplots(2, 5, figsize=(12, 5.4))
        for axis in axes.flat:
            axis.axis("off")
        for axis, k in zip(axes.flat, chosen):
            x = data.positions_quenched[rows[k]].astype(float)
            s = table[k]
            draw(axis, x, cna.atom_classes(x, cna.default_cutoff(data.element)),
                 f"from {data.motif[rows[k]]}, {data.temperature[rows[k]]:.0f} K, "
                 f"{data.energy[rows[k]]:.2f} eV\nordered {s.ordered}/{s.interior}, fcc {s.fcc}, "
                 f"hcp {s.hcp} ({s.hcp_parallel}), axes {s.axes}")
        handles = [plt.Line2D([], [], marker="o", ls="", mfc=c, mec="black", label=n)
                   for n, c in zip(cna.CLASSES, COLOURS)]
        figure.suptitle(f"{data.element}{data.atoms}: ten random clusters labelled {name}")
        figure.legend(handles=handles, loc="lower center", ncols=5, frameon=False)
        figure.tight_layout(rect=(0, 0.04, 1, 1))
        figure.savefig(folder / f"cna_{name}.png", dpi=75)
        plt.close(figure)


def thresholds(folder: Path, labels: np.ndarray, table: np.recarray) -> None:
    """The four numbers that the rules cut, over the unique structures, stacked by label."""
    interior = np.maximum(table.interior, 1)
    crystal = (table.fivefold + table.icosahedral == 0) & (table.ordered >= cna.ORDERED * interior)
    faulted = crystal & (table.hcp > cna.STRAY * table.ordered)
    panels = [
        ("ordered / interior", table.ordered / interior, np.full(len(table), True), cna.ORDERED,
         np.linspace(0, 1.05, 43)),
        ("fivefold axes (ordered clusters)", table.axes,
         table.ordered >= cna.ORDERED * interior, cna.AXES - 0.5, np.arange(-0.5, 18)),
        ("hcp / ordered (no fivefold atom)", table.hcp / np.maximum(table.ordered, 1), crystal,
         cna.STRAY, np.linspace(0, 1.05, 43)),
        ("hcp in parallel planes / hcp (faulted)",
         table.hcp_parallel / np.maximum(table.hcp, 1), faulted, cna.PARALLEL,
         np.linspace(0, 1.05, 43)),
    ]  # fmt: skip
    figure, axes = plt.subplots(1, 4, figsize=(15, 3.4), layout="constrained")
    for axis, (name, values, among, cut, bins) in zip(axes, panels):
        parts = [values[among & (labels == label)] for label in cna.LABELS]
        axis.hist(parts, bins=bins, stacked=True, color=LABEL_COLOURS.values(), label=cna.LABELS)
        axis.axvline(cut, color="black", ls="--", lw=1)
        axis.set(xlabel=name)
    axes[0].set_ylabel("unique structures")
    axes[0].legend(fontsize=8)
    figure.savefig(folder / "cna_thresholds.png", dpi=90)
    plt.close(figure)


def sensitivity(x: np.ndarray, element: str) -> dict[str, float]:
    """Share of clusters whose label changes when one number of the scheme moves."""
    cutoff = cna.default_cutoff(element)
    labels = cna.label(x, cutoff=cutoff)
    changed = {}
    moves = dict(ORDERED=(0.35, 0.45), AXES=(4, 6), AXIS=(1, 3), STRAY=(0.05, 0.15),
                 PARALLEL=(0.7, 0.9))  # fmt: skip
    for name, values in moves.items():
        kept = getattr(cna, name)
        for value in values:
            setattr(cna, name, value)
            changed[f"{name} {value}"] = float(np.mean(cna.label(x, cutoff=cutoff) != labels))
        setattr(cna, name, kept)
    for factor in (0.97, 1.03):
        other = cna.label(x, cutoff=factor * cutoff)
        changed[f"cutoff {factor:.2f}"] = float(np.mean(other != labels))
    return changed


def composition_of(labels: np.ndarray) -> dict[str, int]:
    return {name: int(np.sum(labels == name)) for name in cna.LABELS}


def main(path: str, folder: Path = IMAGES) -> None:
    data = Dataset(path)
    cutoff = cna.default_cutoff(data.element)
    codes = cna.label_codes(data.positions_quenched, cutoff=cutoff)
    frame_labels = np.array(cna.LABELS)[codes]
    # One structure for each energy (0.1 meV) and label.
    key = np.stack([np.round(data.energy, 4), codes])
    rows = np.unique(key, axis=1, return_index=True)[1]
    labels, table = frame_labels[rows], cna.summary(data.positions_quenched[rows], cutoff)
    folder.mkdir(exist_ok=True)
    sheets(folder, data, rows, labels, table, seed=0)
    thresholds(folder, labels, table)
    composition = {
        "data": {"hash": data.hash, "clusters": len(frame_labels), "unique": len(rows)},
        "cutoff": cutoff,
        "frames": composition_of(frame_labels),
        "unique": composition_of(labels),
        "by temperature": {f"{t:g} K": composition_of(frame_labels[data.temperature == t])
                           for t in np.unique(data.temperature)},
        "by start": {str(m): composition_of(frame_labels[data.motif == m])
                     for m in np.unique(data.motif)},
        "labels changed": sensitivity(data.positions_quenched[rows], data.element),
    }  # fmt: skip
    (folder / "cna.json").write_text(json.dumps(composition, indent=1) + "\n")
    print(json.dumps(composition, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
