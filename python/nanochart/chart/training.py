"""Training of the autoencoder, as in doi:10.1021/acsnano.3c05653 unless told otherwise."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from nanochart.chart.autoencoder import Autoencoder
from nanochart.chart.samples import Samples, grid_of, make_samples

PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True)
class Settings:
    """How to train. Adam's rate is halved at each milestone (epoch numbers from 0); weights are
    float32 always, precision is that of the convolutions: "auto" takes bfloat16 where the processor
    multiplies it in hardware tiles (AMX) or the device is a GPU."""

    architecture: str = "charting"
    latent: int = 3
    epochs: int = 100
    batch: int = 128
    rate: float = 1e-3
    milestones: tuple[int, ...] = (30, 90)
    held_out: float = 0.2
    seed: int = 0
    precision: str = "auto"
    device: str = "cpu"

    def __post_init__(self):
        if self.epochs < 1 or self.batch < 2:
            raise ValueError(f"epochs {self.epochs} must be >= 1 and batch {self.batch} >= 2")
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out is {self.held_out}, must be between 0 and 1")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}, must be one of {PRECISIONS}")

    def bfloat16(self) -> bool:
        if self.precision != "auto":
            return self.precision == "bfloat16"
        tiles = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        return self.device != "cpu" or bool(tiles())


def split_groups(groups: np.ndarray, held_out: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices for training and validation; whole groups are held out, each by a draw of its own
    number and the seed, so that a group stays on its side when the data grow."""
    names = np.unique(groups)
    if len(names) < 5:
        raise ValueError(f"{len(names)} groups (trajectories or structures) are too few to hold some out, need >= 5")
    draws = np.array([np.random.default_rng((seed, int(name))).random() for name in names])
    chosen = draws < max(held_out, draws.min() * (1 + 1e-9))  # at least one
    validation = np.isin(groups, names[chosen])
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def train(
    samples: Samples,
    folder: str | Path,
    settings: Settings = Settings(),
    info: dict[str, Any] | None = None,
    resume: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Train an autoencoder; the loss is the MSE of the scaled g (each bin to [0, 1]).

    After every epoch `folder` holds checkpoint.pt (last and best weights, optimiser) and
    history.json; with ``resume`` a run continues there and ends as if it had never stopped.
    ``info`` is kept in the checkpoint, for the export.

    Returns losses of the model that was best on the validation part, in float32: of all held-out
    samples, by kind of input, of 3-component PCA of the targets, and their ratio.
    """
    folder = Path(folder)
    settings = replace(settings, precision="bfloat16" if settings.bfloat16() else "float32")
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists() and not resume:
        raise ValueError(f"{checkpoint} exists: resume that run, or give another folder")
    if len(samples.inputs) < 10:
        raise ValueError(f"{len(samples.inputs)} structures are too few to learn from, need >= 10")
    folder.mkdir(parents=True, exist_ok=True)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        channels, bins = samples.inputs.shape[1:]
        model = Autoencoder(bins, settings.latent, settings.architecture, channels)
    model.fit_scalers(samples.inputs, samples.targets)
    training, validation = split_groups(samples.groups, settings.held_out, settings.seed)
    state: dict[str, Any] = {
        "settings": asdict(settings), "info": info or {}, "history": [], "best": None,
        "training": training.tolist(), "validation": validation.tolist(),
    }  # fmt: skip
    model.to(settings.device)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.rate)
    if checkpoint.exists():
        _restore(checkpoint, state, model, optimiser)
    else:
        samples.save(folder / "samples.npz")

    loop = _Loop(model, samples, settings)
    batches = -(-len(training) // settings.batch)
    bar = tqdm(total=settings.epochs * batches, initial=len(state["history"]) * batches, unit="batch",
               disable=None if progress else True, mininterval=1)  # fmt: skip
    for epoch in range(len(state["history"]), settings.epochs):
        started = time.perf_counter()
        rate = settings.rate * 0.5 ** sum(epoch >= m for m in settings.milestones)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss = loop.epoch(optimiser, training, epoch, bar)
        held_out = float(loop.losses(validation).mean())
        if not np.isfinite(held_out):
            raise ValueError(f"the validation loss is {held_out} in epoch {epoch}: lower the rate {settings.rate}")
        if held_out < min((row["validation"] for row in state["history"]), default=np.inf):
            state["best"] = {name: t.detach().cpu().clone() for name, t in model.state_dict().items()}
        seconds = round(time.perf_counter() - started, 2)
        state["history"].append({"epoch": epoch, "rate": rate, "training": loss, "validation": held_out,
                                 "seconds": seconds})  # fmt: skip
        state |= {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
        _write(folder, state)
        bar.set_postfix(training=f"{loss:.5f}", validation=f"{held_out:.5f}")
    bar.close()
    losses = final_losses(folder, samples)
    (folder / "losses.json").write_text(json.dumps(losses, indent=1))
    return losses


def final_losses(folder: str | Path, samples: Samples | None = None) -> dict[str, Any]:
    """Losses of the best model of a run, in float32 (see `train`)."""
    state = load_checkpoint(folder)
    samples = samples or Samples.load(Path(folder) / "samples.npz")
    model = best_model(state)
    training, validation = np.array(state["training"]), np.array(state["validation"])
    rows = _Loop(model, samples, Settings(precision="float32")).losses(validation)
    scale = model.decoder.scaler
    with torch.no_grad():
        targets = scale(torch.as_tensor(samples.targets)).flatten(1).numpy()
    pca = pca_loss(targets[training], targets[validation], 3)
    kinds = samples.kind[validation]
    return {
        "validation": float(rows.mean()),
        **{f"validation_{kind}": float(rows[kinds == kind].mean()) for kind in np.unique(kinds)},
        "pca3_of_targets": pca,
        "ratio_to_pca3": float(rows.mean()) / pca if pca > 0 else None,
        "epochs": len(state["history"]),
        "best_epoch": int(np.argmin([row["validation"] for row in state["history"]])),
        "training_samples": len(training),
        "validation_samples": len(validation),
    }


def pca_loss(training: np.ndarray, validation: np.ndarray, components: int) -> float:
    """MSE of validation[n,F] rebuilt from the leading principal components of training[m,F]."""
    mean = training.mean(axis=0, dtype=np.float64)
    _, vectors = np.linalg.eigh(np.cov(training - mean, rowvar=False))
    leading = vectors[:, -components:]
    rest = validation - mean
    return float(np.mean((rest - rest @ leading @ leading.T) ** 2))


def load_checkpoint(folder: str | Path) -> dict[str, Any]:
    path = Path(folder) / "checkpoint.pt"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: give a folder that nanochart train wrote")
    return torch.load(path, map_location="cpu", weights_only=True)


def best_model(state: dict[str, Any]) -> Autoencoder:
    """The autoencoder with the best weights of a checkpoint, in eval mode."""
    channels, bins = state["best"]["encoder.scaler.low"].shape
    settings = state["settings"]
    with torch.random.fork_rng(devices=[]):
        model = Autoencoder(bins, settings["latent"], settings["architecture"], channels)
    model.load_state_dict(state["best"])
    return model.eval()


def train_dataset(
    data: str | Path,
    output: str | Path,
    *,
    architecture: str = "charting",
    target: str = "quenched",
    inputs: str = "thermal+quenched",
    split: str = "trajectory",
    latent: int = 3,
    epochs: int = 100,
    bins: int | None = None,
    seed: int = 0,
    resume: bool = False,
    batch: int = 128,
    milestones: tuple[int, ...] = (30, 90),
) -> dict[str, Any]:
    """Train on a data set file (landscape.dataset) and return `train`'s losses. bins=None takes the
    papers' grid (samples.grid_of)."""
    from nanochart.landscape.dataset import Dataset

    data = Dataset(data)
    grid = grid_of(data.positions_thermal, data.positions_quenched, data.element, bins)
    samples = make_samples(data.positions_thermal, data.positions_quenched, data.replica, grid, inputs, target, split)
    info = {
        "grid": {"start": grid.start, "step": grid.step, "bins": grid.bins, "bandwidth": grid.bandwidth},
        "elements": [data.element],
        "atoms": int(data.atoms),
        "training": {
            "data_hash": data.hash, "structures": len(data), "potential": data.potential,
            "temperatures": sorted(set(np.asarray(data.temperature).tolist())),
            "inputs": inputs, "target": target, "split": split,
        },
    }  # fmt: skip
    settings = Settings(architecture, latent, epochs, batch, milestones=milestones, seed=seed)
    return train(samples, output, settings, info, resume=resume)


class _Loop:
    """Passes over samples that are scaled once; images [n,C,1,K]."""

    def __init__(self, model: Autoencoder, samples: Samples, settings: Settings):
        self.model, self.settings = model, settings
        self.device = torch.device(settings.device)
        scalers = model.encoder.scaler, model.decoder.scaler
        with torch.no_grad():
            self.inputs, self.targets = (
                scaler(torch.as_tensor(g, device=self.device)).unsqueeze(2)
                for scaler, g in zip(scalers, (samples.inputs, samples.targets))
            )
        self.bfloat16 = settings.bfloat16()

    def errors(self, index: torch.Tensor) -> torch.Tensor:
        """Squared errors [B,C,1,K] of samples."""
        x = self.inputs[index]
        if self.bfloat16:
            x = x.to(memory_format=torch.channels_last)  # twice as fast with oneDNN's bfloat16
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16):
            y = self.model.decoder.network(self.model.encoder.network(x))
        return (y.float() - self.targets[index]) ** 2

    def epoch(self, optimiser: torch.optim.Optimizer, index: np.ndarray, epoch: int, bar: tqdm) -> float:
        # The order depends on seed and epoch alone: a resumed run needs no generator state.
        order = np.random.default_rng((self.settings.seed, epoch)).permutation(index)
        self.model.train()
        total = 0.0
        for batch in torch.as_tensor(order).split(self.settings.batch):
            optimiser.zero_grad(set_to_none=True)
            loss = self.errors(batch).mean()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(batch)
            bar.update()
        return total / len(index)

    def losses(self, index: np.ndarray) -> np.ndarray:
        """Mean squared error of each sample, without learning."""
        self.model.eval()
        with torch.no_grad():
            parts = [self.errors(b).mean(dim=(1, 2, 3)) for b in torch.as_tensor(index).split(512)]
        return torch.cat(parts).cpu().numpy()


def _restore(path: Path, state: dict[str, Any], model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    old = torch.load(path, map_location="cpu", weights_only=True)
    same = ["info", "training", "validation"]
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in old["settings"].items()}
    changed = [k for k, v in state["settings"].items() if k != "epochs" and settings.get(k) != v]
    changed += [k for k in same if old[k] != state[k]]
    if changed:
        raise ValueError(f"{path} was trained with another {', '.join(changed)}: give the same, or another folder")
    state |= {"history": old["history"], "best": old["best"]}
    model.load_state_dict(old["model"])
    optimiser.load_state_dict(old["optimiser"])


def _write(folder: Path, state: dict[str, Any]) -> None:
    for name, save in (
        ("checkpoint.pt", lambda p: torch.save(state, p)),
        ("history.json", lambda p: p.write_text(json.dumps(state["history"], indent=1))),
    ):
        part = folder / f"{name}.part"
        save(part)
        os.replace(part, folder / name)
