"""Numbers and picture of a model card, from a model and the data set it was learned on.

    python docs/figures/model_card.py Ag147 data/Ag147.h5 --against Ag147-charting --basins Ag147.basins.npz

Writes docs/img/MODEL.png and docs/models/MODEL.json. All numbers are of trajectories that the
training did not see (for a model learned on another data set: those held out of this one); --against
adds those of another chart on the same frames, --basins takes the noise within a basin from frames of
`basin_frames.py`, --random adds the losses of a run of `recipes/chart.py --random`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from nanochart import ChartCV
from nanochart.chart.quality import neighbour_shares
from nanochart.chart.reading_hot import basins, inherent_quality, noise_of_basins
from nanochart.chart.run_folder import load_checkpoint
from nanochart.chart.samples import parts_of
from nanochart.landscape import cna
from nanochart.landscape.dataset import Dataset
from nanochart.landscape.dataset_file import VALIDATION
from nanochart.plots.style import LABEL_COLOURS

DOCS = Path(__file__).parent.parent
WARM = (350, 450)  # K, where the suggested sigma is measured


def numbers(chart: ChartCV, frames: Dataset, unseen: np.ndarray, labels: np.ndarray) -> tuple[dict, np.ndarray, np.ndarray]:
    """Quality of a chart on the unseen frames, with s(hot) and s(quench) of them."""
    hot, cold = (chart.evaluate(x[unseen].astype(float)) for x in (frames.positions_thermal, frames.positions_quenched))
    trajectory = frames.replica[unseen]
    basin = basins(trajectory, np.unique(labels, return_inverse=True)[1], frames.energy[unseen])
    result = inherent_quality(hot, cold, labels, basin)
    solid = labels != "Amorphous"  # a melt hardly tells its inherent structure, on any chart
    of_solid = inherent_quality(hot[solid], cold[solid], labels[solid], basin[solid])
    result["of_ordered_frames"] = {key: of_solid[key] for key in ("frames", "correlation", "rms_difference")}
    result["neighbours_of_same_label"] = {
        "hot": round(float(np.nanmean(neighbour_shares(hot, labels, trajectory))), 3),
        "quenched": round(float(np.nanmean(neighbour_shares(cold, labels, trajectory))), 3),
        "by_chance": round(float(sum(np.mean(labels == name) ** 2 for name in cna.LABELS)), 3),
    }
    return result, hot, cold


def basin_noise(chart: ChartCV, result: dict, path: Path, data_hash: str) -> None:
    """Into result: the noise within the basins of a file of basin_frames.py, and their number by label."""
    with np.load(path) as file:
        if str(file["data_hash"]) != data_hash:
            sys.exit(f"{path} is of data {str(file['data_hash'])[:12]}.., not {data_hash[:12]}..")
        s = chart.evaluate(file["thermal"].astype(float))
        result["basin_noise"] = noise = noise_of_basins(s, file["basin"])
        if distance := result["family_distance"]:
            result["noise_to_distance"] = noise / distance
        heat = file["temperature"]
        result["basins"] = {"tried": int(file["tried"]), "lasting": len(heat), "frames": len(s),
                            "temperatures": [float(np.min(heat)), float(np.median(heat)), float(np.max(heat))],
                            "labels": {str(name): int(np.sum(file["labels"] == name)) for name in cna.LABELS
                                       if name in file["labels"]}}  # fmt: skip


def advice(frames: Dataset, unseen: np.ndarray, hot: np.ndarray, cold: np.ndarray) -> dict:
    """For metadynamics: sigma, half the thermal fluctuation of s_i about its inherent structure
    between 350 and 450 K, or in the coldest quarter of the frames where that window holds few, and a
    grid that holds all frames with 3 sigma to spare."""
    warm = (frames.temperature[unseen] >= WARM[0]) & (frames.temperature[unseen] <= WARM[1])
    if warm.sum() < 50:
        warm = frames.temperature[unseen] <= np.quantile(frames.temperature[unseen], 0.25)
    sigma = (hot - cold)[warm].std(axis=0) / 2
    both = np.concatenate([hot, cold])
    lo, hi = np.floor((both.min(axis=0) - 3 * sigma) * 2) / 2, np.ceil((both.max(axis=0) + 3 * sigma) * 2) / 2
    at = frames.temperature[unseen][warm]
    return {"sigma": sigma.round(2).tolist(), "temperatures": [float(at.min()), float(at.max())], "grid": [[float(a), float(b)] for a, b in zip(lo, hi)]}


def picture(hot: np.ndarray, cold: np.ndarray, labels: np.ndarray, path: Path) -> None:
    figure, axes = plt.subplots(2, 2, figsize=(9.5, 8), layout="constrained", sharex="col", sharey="col")
    for row, (title, s) in enumerate([("quenched frames", cold), ("the same frames, hot", hot)]):
        for column, (i, j) in enumerate([(0, 1), (1, 2)]):
            axis = axes[row, column]
            for name in cna.LABELS:
                chosen = labels == name
                axis.scatter(s[chosen, i], s[chosen, j], s=5, color=LABEL_COLOURS[name], label=name)
            axis.set(xlabel=f"$s_{i + 1}$", ylabel=f"$s_{j + 1}$", title=title)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=6, markerscale=3)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", help="shipped name")
    parser.add_argument("data", help="HDF5 data set")
    parser.add_argument("--against", help="another chart to compare with")
    parser.add_argument("--basins", type=Path, help="frames of basin_frames.py")
    parser.add_argument("--random", type=Path, help="folder of a run on a random split")
    options = parser.parse_args()
    chart, frames = ChartCV(options.model), Dataset(options.data)
    recipe = chart.metadata["training"]
    if recipe["data_hash"] != frames.hash:
        print(f"{options.model} was learned on data {recipe['data_hash'][:12]}.., {options.data} is {frames.hash[:12]}..")
    unseen = np.flatnonzero(parts_of(frames, recipe["split"]) == VALIDATION)
    labels = np.asarray(cna.label(frames.positions_quenched[unseen].astype(float), element=frames.element))
    result, hot, cold = numbers(chart, frames, unseen, labels)
    result |= {"metadynamics": advice(frames, unseen, hot, cold)}
    outside = chart.outside(frames.positions_thermal[unseen].astype(float))
    result["outside_of_unseen_hot_frames"] = {f"{p} %": round(float(np.percentile(outside, p)), 3) for p in (50, 99, 99.9)}
    if options.against:
        other = ChartCV(options.against)
        result["against"] = {options.against: numbers(other, frames, unseen, labels)[0]}
    if options.basins:
        basin_noise(chart, result, options.basins, frames.hash)
        if options.against:
            basin_noise(other, result["against"][options.against], options.basins, frames.hash)
    if options.random:
        run = load_checkpoint(options.random)
        result["random_split"] = json.loads((options.random / "losses.json").read_text()) | {
            key: run["settings"][key] for key in ("batch", "schedule", "optimiser") if key in run["settings"]} | {
            "data_hash": run["info"]["training"]["data_hash"]}  # fmt: skip
    result["losses"] = chart.metadata["losses"]
    print(json.dumps(result, indent=1))
    (DOCS / "models" / f"{options.model}.json").write_text(json.dumps(result, indent=1) + "\n")
    picture(hot, cold, labels, DOCS / "img" / f"{options.model}.png")


if __name__ == "__main__":
    main()
