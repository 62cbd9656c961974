"""Pictures of learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from .style import plain_numbers, plt, save


def learning_curves(history: Sequence[Mapping], losses: Mapping, path: Path) -> None:
    """Training and validation loss against the epoch, and what 3 principal components leave."""
    figure, axis = plt.subplots(figsize=(5.5, 4), layout="constrained")
    epochs = [row["epoch"] + 1 for row in history]
    for part, colour in (("training", "#7f9fc4"), ("validation", "#1f4e8c")):
        axis.semilogy(epochs, [row[part] for row in history], color=colour, label=part)
    axis.plot(losses["best_epoch"] + 1, history[losses["best_epoch"]]["validation"], "o", color="#1f4e8c", label="kept")
    axis.axhline(losses["pca3_of_targets"], color="#b05a2a", ls="--", label="3 principal components")
    axis.set(xlabel="epoch", ylabel="mean squared error of g scaled to [0, 1]")
    plain_numbers(axis.yaxis)
    axis.legend(frameon=False)
    save(figure, path)


def latent_sizes(rows: Sequence[Mapping], path: Path) -> None:
    """Validation loss against the number of chart coordinates, beside principal components."""
    figure, axis = plt.subplots(figsize=(5.5, 4), layout="constrained")
    sizes = [row["latent"] for row in rows]
    axis.semilogy(sizes, [row["pca"] for row in rows], "s--", color="#b05a2a", label="principal components")
    axis.semilogy(sizes, [row["validation"] for row in rows], "o-", color="#1f4e8c", label="autoencoder")
    axis.set(xlabel="number of coordinates", ylabel="validation loss, g scaled to [0, 1]", xticks=sizes)
    plain_numbers(axis.yaxis)
    axis.legend(frameon=False)
    save(figure, path)
