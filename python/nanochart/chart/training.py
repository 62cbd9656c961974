"""Training of the autoencoder, as in doi:10.1021/acsnano.3c05653 unless told otherwise."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from nanochart.chart.autoencoder import Autoencoder
from nanochart.chart.fourier_convolution import use_fourier
from nanochart.chart.losses import final_losses
from nanochart.chart.optimisers import OPTIMISERS, optimiser_of
from nanochart.chart.run_folder import load_checkpoint, save_checkpoint, settings_changed, write_json
from nanochart.chart.samples import Samples, draw_rows, grid_of, make_samples, parts_of
from nanochart.chart.warm_start import came_from, start_from

PRECISIONS = ("auto", "float32", "bfloat16")
SCHEDULES = ("steps", "cosine")
WARM_UP = 0.1  # of a cosine run
PLATEAU = 2e-3  # relative: a validation loss that falls by less has not improved


@dataclass(frozen=True)
class Settings:
    """How to train. The rate is halved at each milestone (epoch numbers from 0; schedule "steps", the
    papers'), or rises from zero over the first tenth of the run and falls to zero as a cosine
    ("cosine": better after few epochs, whose number must then be known beforehand). With patience
    p > 0 a run stops when the validation loss has not fallen by 0.2 % for p epochs. Weights are
    float32 always, precision is that of the convolutions: "auto" takes bfloat16 where the processor
    multiplies it in hardware tiles (AMX) or the device is a GPU. The optimiser is the papers', "adam", or
    "soap" (arXiv:2409.11321; take rate 1e-2), which needs far fewer steps."""

    architecture: str = "charting"
    latent: int = 3
    activation: str = "relu"
    epochs: int = 100
    batch: int = 128
    rate: float = 1e-3
    schedule: str = "steps"
    milestones: tuple[int, ...] = (30, 90)
    patience: int = 0
    seed: int = 0
    precision: str = "auto"
    device: str = "cpu"
    optimiser: str = "adam"

    def __post_init__(self):
        if self.epochs < 1 or self.batch < 2:
            raise ValueError(f"epochs {self.epochs} must be >= 1 and batch {self.batch} >= 2")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule is {self.schedule!r}, must be one of {SCHEDULES}")
        if self.optimiser not in OPTIMISERS:
            raise ValueError(f"optimiser is {self.optimiser!r}, must be one of {OPTIMISERS}")
        if self.patience < 0:
            raise ValueError(f"patience is {self.patience}, must be a number of epochs, or 0 for no early stop")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}, must be one of {PRECISIONS}")
        if self.device not in ("cpu", "cuda"):
            raise ValueError(f"device is {self.device!r}, must be cpu or cuda")
        if self.device == "cuda" and not torch.cuda.is_available():
            raise ValueError("device is cuda, but this torch finds no GPU: give device cpu")

    def rate_at(self, epoch: float) -> float:
        """The optimiser's rate after so many epochs."""
        if self.schedule == "steps":
            return self.rate * 0.5 ** sum(epoch >= m for m in self.milestones)
        done = epoch / self.epochs
        return self.rate * min(1.0, done / WARM_UP) * (1 + math.cos(math.pi * done)) / 2

    def bfloat16(self) -> bool:
        if self.precision != "auto":
            return self.precision == "bfloat16"
        tiles = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        return self.device != "cpu" or bool(tiles())


def train(
    samples: Samples,
    folder: str | Path,
    settings: Settings = Settings(),
    info: dict[str, Any] | None = None,
    resume: bool = False,
    progress: bool = True,
    start: str | Path | None = None,
) -> dict[str, Any]:
    """Train an autoencoder; the loss is the MSE of the scaled g (each bin to [0, 1]).

    After every epoch `folder` holds checkpoint.pt (last and best weights, optimiser) and
    history.json; with ``resume`` a run continues there and ends as if it had never stopped.
    ``info`` is kept in the checkpoint, for the export; ``start`` is a run whose weights are the
    first ones (`warm_start.start_from`). On one machine the seed fixes every
    digit with one thread (OMP_NUM_THREADS=1); with more, and on a GPU, up to the order of sums, which
    training amplifies: about 1 % of the loss.

    Returns losses of the model that was best on the validation part (`losses.final_losses`), which
    losses.json keeps.
    """
    folder = Path(folder)
    settings = replace(settings, precision="bfloat16" if settings.bfloat16() else "float32")
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists() and not resume:
        raise ValueError(f"{checkpoint} exists: resume that run, or give another folder")
    training, validation = samples.training, samples.validation
    if len(training) < 10 or not len(validation):
        raise ValueError(f"{len(training)} structures to learn from and {len(validation)} held out are too few, "
                         "need >= 10 and >= 1")  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        channels, bins = samples.inputs.shape[1:]
        model = Autoencoder(bins, settings.latent, settings.architecture, channels, settings.activation)
    model.fit_scalers(samples.inputs, samples.targets)
    state: dict[str, Any] = {
        "settings": asdict(settings), "info": info or {}, "samples": [len(training), len(validation)],
        "history": [], "best": None,
    }  # fmt: skip
    model.to(settings.device)
    optimiser = optimiser_of(settings.optimiser, model.parameters(), settings.rate)
    if checkpoint.exists():
        _restore(folder, state, model, optimiser)
    else:
        if start is not None:
            start_from(model, start)
        samples.save(folder / "samples.npz")

    loop = _Loop(model, samples, settings)
    history = state["history"]
    batches = -(-len(training) // settings.batch)
    bar = tqdm(total=settings.epochs * batches, initial=len(history) * batches, unit="batch",
               disable=None if progress else True, mininterval=1)  # fmt: skip
    while len(history) < settings.epochs and not plateau(history, settings.patience):
        epoch, started = len(history), time.perf_counter()
        loss = loop.epoch(optimiser, training, epoch, bar)
        held_out = float(loop.losses(validation).mean())
        if not np.isfinite(held_out):
            raise ValueError(f"the validation loss is {held_out} in epoch {epoch}: lower the rate {settings.rate}")
        if held_out < min((row["validation"] for row in history), default=np.inf):
            state["best"] = {name: t.detach().cpu().clone() for name, t in model.state_dict().items()}
        seconds = round(time.perf_counter() - started, 2)
        history.append({"epoch": epoch, "rate": settings.rate_at(epoch), "training": loss, "validation": held_out,
                        "seconds": seconds})  # fmt: skip
        state |= {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
        save_checkpoint(folder, state)
        bar.set_postfix(training=f"{loss:.5f}", validation=f"{held_out:.5f}")
    bar.close()
    losses = final_losses(folder, samples)
    write_json(folder / "losses.json", losses)
    return losses


def plateau(history: list[dict[str, Any]], patience: int) -> bool:
    """Whether the validation loss has not fallen by 0.2 % in the last `patience` epochs."""
    values = [row["validation"] for row in history]
    return 0 < patience < len(values) and min(values[-patience:]) > (1 - PLATEAU) * min(values[:-patience])


def train_dataset(
    data: str | Path,
    output: str | Path,
    settings: Settings = Settings(),
    *,
    target: str = "quenched",
    inputs: str = "thermal+quenched",
    split: str = "blocks",
    bins: int | None = None,
    structures: int | None = None,
    half: int | None = None,
    resume: bool = False,
    progress: bool = True,
    start: str | Path | None = None,
) -> dict[str, Any]:
    """Train on a data set file (landscape.dataset) and return `train`'s losses. bins=None takes the
    papers' grid (samples.grid_of); split as in samples.parts_of; structures, half: learn on a draw
    of the pairs (samples.draw_rows), and judge by as many as the split then holds out of them."""
    from nanochart.landscape.dataset import Dataset

    data = Dataset(data)
    if not isinstance(data.symbols, str):
        raise ValueError(f"{data.path}: is of {data.element}, must be of one element: charts are trained on one")
    if len(data) < 20:
        raise ValueError(f"{data.path}: {len(data)} structures are too few to learn from, need >= 20")
    for name in ("energy", "positions_thermal", "positions_quenched"):
        bad = ~np.isfinite(getattr(data, name).reshape(len(data), -1)).all(axis=1)
        if bad.any():
            raise ValueError(f"{data.path}: {name} is not finite in {bad.sum()} of {len(data)} structures, first in "
                             f"number {np.flatnonzero(bad)[0]} (by trajectory and step): quench them again")  # fmt: skip
    grid = grid_of(data.positions_thermal, data.positions_quenched, data.element, bins)
    rows = draw_rows(len(data), structures, half, settings.seed)
    part = parts_of(data, split)[rows]
    hot, cold, label = (column[rows] for column in (data.positions_thermal, data.positions_quenched, data.cna))
    samples = make_samples(hot, cold, part, grid, inputs, target, label)
    info = {
        "grid": {"start": grid.start, "step": grid.step, "bins": grid.bins, "bandwidth": grid.bandwidth},
        "elements": [data.element],
        "atoms": int(data.atoms),
        "training": {
            "data_hash": data.hash, "structures": len(data), "potential": data.potential,
            "temperatures": sorted(set(np.asarray(data.temperature).tolist())),
            "inputs": inputs, "target": target, "split": split,
            **({"drawn": len(rows)} if len(rows) < len(data) else {}),
            **({"half": half} if half is not None else {}),
            **({"start": came_from(start)} if start is not None else {}),
        },
    }  # fmt: skip
    return train(samples, output, settings, info, resume=resume, progress=progress, start=start)


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
        if self.device.type == "cpu" and not self.bfloat16:
            use_fourier(model)

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
        batches = torch.as_tensor(order, device=self.device).split(self.settings.batch)
        for i, batch in enumerate(batches):
            for group in optimiser.param_groups:
                group["lr"] = self.settings.rate_at(epoch + i / len(batches))
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
            batches = torch.as_tensor(index, device=self.device).split(512)
            parts = [self.errors(b).mean(dim=(1, 2, 3)) for b in batches]
        return torch.cat(parts).cpu().numpy()


def _restore(folder: Path, state: dict[str, Any], model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    old = load_checkpoint(folder)
    steps = state["settings"]["schedule"] == "steps"  # a cosine belongs to its number of epochs
    free = ("epochs", "patience") if steps else ("patience",)
    changed = settings_changed(asdict(Settings()) | old["settings"], state["settings"], free=free)
    changed += [key for key in ("info", "samples") if old[key] != state[key]]
    if changed:
        raise ValueError(f"{folder} was trained with another {', '.join(changed)}: give the same, or another folder")
    state |= {"history": old["history"], "best": old["best"]}
    model.load_state_dict(old["model"])
    optimiser.load_state_dict(old["optimiser"])
