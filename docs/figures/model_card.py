"""Numbers and picture of a model card, from a shipped model and the data set it was learned on.

    python docs/figures/model_card.py Au147 Au147.h5

Writes docs/img/MODEL.png and docs/models/MODEL.json. All numbers are of trajectories that the
training did not see.
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from nanochart import ChartCV
from nanochart.chart.samples import parts_of
from nanochart.landscape.unique import VALIDATION
from nanochart.landscape import cna
from nanochart.landscape.dataset import Dataset

DOCS = Path(__file__).parent.parent
COLOURS = dict(zip(cna.LABELS, ["#2f6db3", "#d98a00", "#2e8b57", "#c0392b", "#7b4bb3", "#d46fa8"]))
NEIGHBOURS = 10


def neighbour_agreement(s: np.ndarray, labels: np.ndarray, trajectory: np.ndarray) -> float:
    """Mean share of the 10 nearest neighbours in s, of other trajectories, that carry one's label."""
    share = []
    for i in range(len(s)):
        distance = np.linalg.norm(s - s[i], axis=1)
        distance[trajectory == trajectory[i]] = np.inf
        share.append(np.mean(labels[np.argpartition(distance, NEIGHBOURS)[:NEIGHBOURS]] == labels[i]))
    return float(np.mean(share))


def numbers(hot: np.ndarray, cold: np.ndarray, labels: np.ndarray, trajectory: np.ndarray) -> dict:
    """How well s of a hot frame [n,d] tells s of its inherent structure [n,d]."""
    families = [cold[labels == name].mean(0) for name in cna.LABELS if np.sum(labels == name) > 10]
    between = [np.linalg.norm(a - b) for i, a in enumerate(families) for b in families[:i]]
    return {
        "unseen_frames": len(hot),
        "spread_of_s": cold.std(0).round(3).tolist(),
        "correlation_hot_quenched": [round(float(np.corrcoef(h, c)[0, 1]), 3) for h, c in zip(hot.T, cold.T)],
        "rms_difference_in_spreads": (np.sqrt(((hot - cold) ** 2).mean(0)) / cold.std(0)).round(3).tolist(),
        "mean_distance_between_labels": round(float(np.mean(between)), 3),
        "label_agreement_of_10_neighbours_hot": round(neighbour_agreement(hot, labels, trajectory), 3),
        "label_agreement_of_10_neighbours_quenched": round(neighbour_agreement(cold, labels, trajectory), 3),
        "label_agreement_by_chance": round(float(sum(np.mean(labels == n) ** 2 for n in cna.LABELS)), 3),
    }


def picture(hot: np.ndarray, cold: np.ndarray, labels: np.ndarray, path: Path) -> None:
    figure, axes = plt.subplots(2, 2, figsize=(9.5, 8), layout="constrained", sharex="col", sharey="col")
    for row, (title, s) in enumerate([("quenched frames", cold), ("the same frames, hot", hot)]):
        for column, (i, j) in enumerate([(0, 1), (1, 2)]):
            axis = axes[row, column]
            for name in cna.LABELS:
                chosen = labels == name
                axis.scatter(s[chosen, i], s[chosen, j], s=5, color=COLOURS[name], label=name)
            axis.set(xlabel=f"$s_{i + 1}$", ylabel=f"$s_{j + 1}$", title=title)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6, markerscale=3)
    figure.savefig(path, dpi=120)


def main(model: str, data: str) -> None:
    chart, frames = ChartCV(model), Dataset(data)
    recipe = chart.metadata["training"]
    if recipe["data_hash"] != frames.hash:
        sys.exit(f"{model} was learned on data {recipe['data_hash'][:12]}.., {data} is {frames.hash[:12]}..")
    unseen = np.flatnonzero(parts_of(frames, recipe["split"]) == VALIDATION)
    hot = chart.evaluate(frames.positions_thermal[unseen].astype(float))
    cold = chart.evaluate(frames.positions_quenched[unseen].astype(float))
    labels = cna.label(frames.positions_quenched[unseen].astype(float), element=frames.element)
    labels = np.asarray(labels)
    result = numbers(hot, cold, labels, frames.replica[unseen]) | {"losses": chart.metadata["losses"]}
    print(json.dumps(result, indent=1))
    (DOCS / "models" / f"{model}.json").write_text(json.dumps(result, indent=1) + "\n")
    picture(hot, cold, labels, DOCS / "img" / f"{model}.png")


if __name__ == "__main__":
    main(*sys.argv[1:3])
