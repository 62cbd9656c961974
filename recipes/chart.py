"""From a data set to the three charts that are shipped of a system: train, export, distil.

    python recipes/chart.py data/Ag147.h5               # Ag147-inherent, Ag147, Ag147-charting
    python recipes/chart.py data/Ag147.h5 --random      # and the losses of a random split

writes NAME-inherent.pt (reads hot clusters; smooth), NAME.pt (distilled from it, for MD) and
NAME-charting.pt (the 2023 network on quenched structures; the shipped ones are of larger sets,
docs/landscapes.md); NAME is that of the file. The networks
and the loss are the papers' (doi:10.1021/acsnano.3c05653, arXiv:2407.17924). What a small set needs
are steps, not epochs: small batches, as many epochs as show the network a fixed number of samples,
a rate that falls to zero as a cosine and, for the 2023 network, SOAP, which makes more of a step than
Adam. About a quarter of an hour of one core for each network, whatever the size of the set. An
interrupted run continues when started again.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from nanochart.chart.distil import distil
from nanochart.chart.export import export_run
from nanochart.chart.samples import parts_of
from nanochart.chart.training import Settings, train_dataset
from nanochart.landscape.dataset import Dataset
from nanochart.landscape.dataset_file import TRAINING

SAMPLES = 200_000  # shown to the inherent network: 6,250 steps
CHARTING_SAMPLES = 100_000
INHERENT = Settings("inherent", activation="silu", batch=32, rate=3e-3, schedule="cosine")
CHARTING = Settings("charting", batch=16, rate=1e-2, schedule="cosine", optimiser="soap")
QUENCHED = dict(inputs="quenched", target="self")


def plan(settings: Settings, data: Path, inputs: int, samples: int, split: str = "blocks") -> Settings:
    """The settings with the number of epochs that shows so many samples; inputs: samples a pair."""
    learn = inputs * np.count_nonzero(parts_of(Dataset(data), split) == TRAINING)
    return replace(settings, epochs=max(10, round(samples / learn)))


def learn(data: Path, run: Path, settings: Settings, **options) -> None:
    losses = train_dataset(data, run, settings, resume=True, **options)
    print(f"{run.name}: {json.dumps(losses, indent=1)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="HDF5 data set")
    parser.add_argument("--name", help="name in the model files; default: of the data set, e.g. Ag147")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder of the runs and models")
    parser.add_argument("--charting-samples", type=int, default=CHARTING_SAMPLES, help="shown to the 2023 network")
    parser.add_argument("--without-charting", action="store_true", help="leave out the 2023 network")
    parser.add_argument("--random", action="store_true", help="train the 2023 network on a random split too, as the paper")
    options = parser.parse_args()
    data, out, name = options.data, options.out, options.name or options.data.stem

    learn(data, out / f"{name}-inherent", plan(INHERENT, data, 2, SAMPLES))
    teacher = export_run(out / f"{name}-inherent", out / f"{name}-inherent.pt", f"{name}-inherent")
    if not (out / f"{name}.pt").exists():
        print(json.dumps(distil(teacher.resolve(), data, out / f"{name}.pt", name), indent=1))
    if not options.without_charting:
        run = out / f"{name}-charting"
        learn(data, run, plan(CHARTING, data, 1, options.charting_samples), **QUENCHED)
        export_run(run, out / f"{name}-charting.pt", f"{name}-charting")
    if options.random:
        settings = plan(CHARTING, data, 1, options.charting_samples, "random")
        learn(data, out / f"{name}-random", settings, split="random", **QUENCHED)


if __name__ == "__main__":
    main()
