"""How good an autoencoder is, beside principal components of the same data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from nanochart.chart.autoencoder import Autoencoder
from nanochart.chart.run_folder import best_model, load_checkpoint
from nanochart.chart.samples import Samples
from nanochart.landscape.cna import LABELS

# Best validation losses of doi:10.1021/acsnano.3c05653: unique quenched structures to themselves,
# random split, up to 87,050 structures.
PAPER = {("Au", 90): 0.0029, ("Au", 147): 0.0016, ("Ag", 147): 0.0022, ("Cu", 147): 0.0023}


def final_losses(folder: str | Path, samples: Samples | None = None) -> dict[str, Any]:
    """Losses of the best model of a run on its held-out samples, in float32.

    The loss is the mean squared error of g scaled to [0, 1] in each bin over the data set.
    `pca3_of_targets` is what 3 principal components of the training targets leave of the held-out
    targets, `ratio_to_pca3` the validation loss in units of it; `labels` the same of the structures
    of each label, with their number: the components are those of all structures. `paper` is the loss
    of the 2023 paper for this system, if it is one of the four.
    """
    state = load_checkpoint(folder)
    samples = samples or Samples.load(Path(folder) / "samples.npz")
    model = best_model(state)
    training, validation = samples.training, samples.validation
    rows = sample_losses(model, samples, validation)
    targets = scaled_targets(model, samples)
    left = pca_losses(targets[training], targets[validation], 3)
    pca = float(left.mean())
    kinds, labels = samples.kind[validation], samples.label[validation]
    history, info = state["history"], state["info"]
    system = (*info.get("elements", ()), info.get("atoms"))
    return {
        "validation": float(rows.mean()),
        **{f"validation_{kind}": float(rows[kinds == kind].mean()) for kind in np.unique(kinds)},
        "pca3_of_targets": pca,
        "ratio_to_pca3": float(rows.mean()) / pca if pca > 0 else None,
        **({"paper": PAPER[system]} if system in PAPER else {}),
        "epochs": len(history),
        "best_epoch": int(np.argmin([row["validation"] for row in history])),
        "training_samples": len(training),
        "validation_samples": len(validation),
        **({"labels": by_label(labels, rows, left)} if (labels >= 0).any() else {}),
    }


def by_label(labels: np.ndarray, losses: np.ndarray, pca: np.ndarray) -> dict[str, dict[str, float]]:
    """Number and mean losses of the samples of each label, from codes into LABELS and losses [n]."""
    chosen = {name: labels == code for code, name in enumerate(LABELS)}
    return {name: {"samples": int(rows.sum()), "validation": float(losses[rows].mean()),
                   "pca3_of_targets": float(pca[rows].mean())} for name, rows in chosen.items() if rows.any()}  # fmt: skip


def scaled_targets(model: Autoencoder, samples: Samples) -> np.ndarray:
    with torch.no_grad():
        return model.decoder.scaler(torch.as_tensor(samples.targets)).flatten(1).numpy()


def sample_losses(model: Autoencoder, samples: Samples, index: np.ndarray, batch: int = 512) -> np.ndarray:
    """Mean squared error [n] of each sample, of the scaled g, in float32."""
    scale = model.decoder.scaler
    parts = []
    with torch.no_grad():
        for rows in np.split(index, range(batch, len(index), batch)):
            inputs, targets = (torch.as_tensor(g[rows]) for g in (samples.inputs, samples.targets))
            parts.append(((scale(model(inputs)) - scale(targets)) ** 2).mean(dim=(1, 2)))
    return torch.cat(parts).numpy()


def pca_losses(training: np.ndarray, validation: np.ndarray, components: int) -> np.ndarray:
    """Squared error [n], mean over the F features, of validation[n,F] rebuilt from the leading principal
    components of training[m,F]."""
    mean = training.mean(axis=0, dtype=np.float64)
    _, vectors = np.linalg.eigh(np.cov(training - mean, rowvar=False))
    leading = vectors[:, -components:]
    rest = validation - mean
    return np.mean((rest - rest @ leading @ leading.T) ** 2, axis=1)
