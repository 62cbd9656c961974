"""Weights of another run as the start of a training: of another system, or of a first round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from nanochart.chart.autoencoder import Autoencoder
from nanochart.chart.run_folder import best_model, load_checkpoint

CHANNELS = 16  # of the last convolution, in both architectures


def came_from(folder: str | Path) -> dict[str, Any]:
    """What a model file says of the run that its training started from."""
    state = load_checkpoint(folder)
    info, training = state["info"], state["info"].get("training", {})
    return {"elements": info.get("elements"), "atoms": info.get("atoms"), "epochs": len(state["history"]),
            **{key: training[key] for key in ("data_hash", "split", "start") if key in training}}  # fmt: skip


def start_from(model: Autoencoder, folder: str | Path) -> None:
    """Copy the best weights of a run into a model of the same architecture, latent size and
    activation, its scalers left alone.

    On another grid the linear layers at the bottleneck, which know places along the grid, are
    stretched: clusters of another metal or size have the same peaks at other distances.
    """
    old = best_model(load_checkpoint(folder))
    for name in ("architecture", "latent", "activation", "channels"):
        if getattr(old, name) != getattr(model, name):
            raise ValueError(f"{folder}: {name} is {getattr(old, name)}, must be {getattr(model, name)} to start from it")
    own = model.state_dict()
    with torch.no_grad():
        for name, value in old.state_dict().items():
            if ".scaler." not in name:
                own[name].copy_(value if value.shape == own[name].shape else stretched(value, own[name]))


def stretched(value: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A weight with an axis of channels x places, or such a bias, at other places."""
    axis = next(i for i, (a, b) in enumerate(zip(value.shape, like.shape)) if a != b)
    rows = value.movedim(axis, -1).reshape(-1, CHANNELS, value.shape[axis] // CHANNELS)
    rows = F.interpolate(rows, like.shape[axis] // CHANNELS, mode="linear", align_corners=False)
    others = [n for i, n in enumerate(like.shape) if i != axis]
    return rows.reshape(*others, like.shape[axis]).movedim(-1, axis)
