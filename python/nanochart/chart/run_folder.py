"""The folder of a training run: checkpoint.pt, history.json, samples.npz, losses.json.

Every file takes its name when it is whole, so that an interruption at any moment leaves the last
good state.
"""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any, Callable

import torch

from nanochart.chart.autoencoder import Autoencoder


def write_whole(path: Path, save: Callable[[Path], Any]) -> None:
    part = path.with_name(f"{path.name}.part")
    save(part)
    os.replace(part, path)


def write_json(path: Path, content: Any) -> None:
    write_whole(path, lambda part: part.write_text(json.dumps(content, indent=1)))


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    write_whole(folder / "checkpoint.pt", lambda part: torch.save(state, part))
    write_json(folder / "history.json", state["history"])


def load_checkpoint(folder: str | Path) -> dict[str, Any]:
    """State of a run. FileNotFoundError: no run; ValueError: damaged."""
    path = Path(folder) / "checkpoint.pt"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give a folder that nanochart train wrote")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"{path} is damaged ({reason}): remove the folder and train again") from None


def best_model(state: dict[str, Any]) -> Autoencoder:
    """The autoencoder with the best weights of a checkpoint, in eval mode."""
    channels, bins = state["best"]["encoder.scaler.low"].shape
    settings = state["settings"]
    with torch.random.fork_rng(devices=[]):
        model = Autoencoder(
            bins, settings["latent"], settings["architecture"], channels, settings.get("activation", "relu")
        )
    model.load_state_dict(state["best"])
    return model.eval()


def settings_changed(old: dict[str, Any], new: dict[str, Any], free: tuple[str, ...]) -> list[str]:
    """Names of settings that differ, except the free ones."""
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in old.items()}
    return [key for key, value in new.items() if key not in free and plain.get(key) != value]
