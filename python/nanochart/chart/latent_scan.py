"""How many chart coordinates the data need: one training for each number, beside principal components."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nanochart.chart.losses import pca_losses, scaled_targets
from nanochart.chart.run_folder import best_model, load_checkpoint, write_json
from nanochart.chart.samples import Samples
from nanochart.chart.training import Settings, train_dataset


def latent_scan(data: str | Path, folder: str | Path, sizes: Sequence[int], settings: Settings = Settings(),
                **options) -> list[dict[str, Any]]:  # fmt: skip
    """Train with each latent size into folder/latent-D (going on where it stopped) and write
    folder/scan.json.

    options : of `train_dataset`. Returns rows with `latent`, the validation losses of the network
    and of as many principal components, `pca`, and their `ratio`.
    """
    folder, rows = Path(folder), []
    sizes = sorted(set(sizes))
    if not sizes or not 1 <= sizes[0] <= sizes[-1] <= 8:
        raise ValueError(f"latent sizes are {sizes}, must be one or more of 1 to 8")
    for size in sizes:
        run = folder / f"latent-{size}"
        losses = train_dataset(data, run, replace(settings, latent=size), resume=True, **options)
        samples = Samples.load(run / "samples.npz")
        targets = scaled_targets(best_model(load_checkpoint(run)), samples)
        pca = float(pca_losses(targets[samples.training], targets[samples.validation], size).mean())
        rows.append({"latent": size, "validation": losses["validation"], "pca": pca,
                     "ratio": losses["validation"] / pca, "epochs": losses["epochs"]})  # fmt: skip
        write_json(folder / "scan.json", rows)
    return rows
