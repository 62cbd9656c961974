"""Model files: a TorchScript archive with nanochart.json inside (docs/model-file.md)."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import torch
from torch import nn

from nanochart.chart.dense import DenseNetwork
from nanochart.chart.outside import fit as fit_outside

SCHEMA = 1


class StandardisedEncoder(nn.Module):
    """g[B,C,K] -> (encoder(g) - mean)/scale: s of zero mean and unit variance over the training set."""

    def __init__(self, encoder: nn.Module, mean: torch.Tensor, scale: torch.Tensor):
        super().__init__()
        self.encoder = encoder
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def forward(self, g: torch.Tensor) -> torch.Tensor:
        return (self.encoder(g) - self.mean) / self.scale


def encode(module: nn.Module, g: np.ndarray, batch: int = 512) -> np.ndarray:
    """s[n,d] (float64) of g[n,C,K] through a module, in batches, without gradients."""
    dtype = _dtype(module)
    module.eval()
    with torch.no_grad():
        parts = [module(torch.as_tensor(g[i : i + batch], dtype=dtype)) for i in range(0, len(g), batch)]
    return torch.cat(parts).double().numpy()


def export(
    encoder: nn.Module,
    path: str | Path,
    *,
    name: str,
    grid,
    elements: Sequence[str],
    atoms: int,
    inputs: np.ndarray,
    standardise: bool = True,
    training: dict[str, Any] | None = None,
    losses: dict[str, Any] | None = None,
    outside: dict[str, Any] | None = None,
) -> Path:
    """Write an encoder as a model file that C++ and Python open.

    Parameters
    ----------
    encoder : network g[B,C,K] (1/angstrom, raw: scaling is inside) -> z[B,d].
    grid : RdfGrid of g.
    inputs : g[n,C,K] of the training set; with ``standardise``, s = (z - mean(z))/std(z) over it.
    training, losses : stored in nanochart.json as they are.
    outside : what `chart.outside.fit` returned; without it the file cannot say how far outside its
        training data it is used.

    Raises
    ------
    ValueError
        The network does not fit the grid, a component of z is constant, or the scripted network
        differs from the eager one; nothing is written then.
    """
    elements = list(elements)
    if elements != sorted(set(elements)):
        raise ValueError(f"elements {elements} must be in alphabetical order, each once")
    channels = len(elements) * (len(elements) + 1) // 2
    inputs = np.asarray(inputs)
    if inputs.ndim != 3 or inputs.shape[1:] != (channels, grid.bins):
        raise ValueError(f"inputs have shape {inputs.shape}, must be [n, {channels}, {grid.bins}]")
    dtype = _dtype(encoder)
    z = encode(encoder, inputs)
    mean, scale = np.zeros(z.shape[1]), np.ones(z.shape[1])
    if standardise:
        mean, scale = z.mean(axis=0), z.std(axis=0)
        if not np.all(scale > 1e-6 * np.abs(mean).max()):
            raise ValueError(f"latent variables have standard deviations {scale}: one is constant, train longer")
    module = encoder.eval()
    if standardise:
        tensors = (torch.as_tensor(values, dtype=dtype) for values in (mean, scale))
        module = StandardisedEncoder(encoder, *tensors).eval()
    scripted = torch.jit.script(module)
    _compare(module, scripted, torch.as_tensor(inputs[:64], dtype=dtype))

    from importlib.metadata import PackageNotFoundError, version

    try:
        nanochart_version = version("nanochart")
    except PackageNotFoundError:  # a source tree
        nanochart_version = "unknown"
    metadata = {
        "schema": SCHEMA,
        "name": name,
        "dtype": str(dtype).removeprefix("torch."),
        "grid": {"start": float(grid.start), "step": float(grid.step), "bins": int(grid.bins),
                 "bandwidth": float(grid.bandwidth)},
        "elements": elements,
        "atoms": int(atoms),
        "latent": int(z.shape[1]),
        "s_mean": mean.tolist(),
        "s_scale": scale.tolist(),
        "training": training or {},
        "losses": losses or {},
        **({"dense": encoder.description()} if isinstance(encoder, DenseNetwork) else {}),
        **({"outside": outside} if outside else {}),
        "versions": {"nanochart": nanochart_version, "torch": torch.__version__},
    }  # fmt: skip
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        torch.jit.save(scripted, str(temporary), {"nanochart.json": json.dumps(metadata)})
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def export_run(folder: str | Path, path: str | Path, name: str) -> Path:
    """Export the best model so far of a training run (the folder `nanochart train` wrote)."""
    from nanochart.chart.losses import final_losses
    from nanochart.chart.run_folder import best_model, load_checkpoint
    from nanochart.chart.samples import Samples
    from nanochart.descriptor import RdfGrid

    state = load_checkpoint(folder)
    samples = Samples.load(Path(folder) / "samples.npz")
    info = state["info"]
    if "grid" not in info:
        raise ValueError(f"{folder} was not trained from a data set: call export() with its grid and elements")
    return export(
        best_model(state).encoder, path, name=name, grid=RdfGrid(**info["grid"]), elements=info["elements"],
        atoms=info["atoms"], inputs=samples.inputs[samples.training],
        training=info["training"] | state["settings"],
        losses=final_losses(folder, samples),
        outside=fit_outside(samples.inputs[samples.training], samples.inputs[samples.validation]),
    )  # fmt: skip


def read_metadata(path: str | Path) -> dict[str, Any]:
    """The content of nanochart.json inside a model file, with "path" and "hash" (SHA-256) added.

    Raises ValueError when the file is no model file.
    """
    path = Path(path)
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.endswith("extra/nanochart.json")]
            if not names:
                raise ValueError(f"{path} has no nanochart.json: write it with nanochart export")
            metadata = json.loads(archive.read(names[0]))
    except zipfile.BadZipFile:
        raise ValueError(f"{path} is truncated or not a TorchScript archive") from None
    if metadata.get("schema") != SCHEMA:
        raise ValueError(f"{path} has schema {metadata.get('schema')}, this nanochart reads schema {SCHEMA}")
    return metadata | {"path": str(path), "hash": hashlib.sha256(content).hexdigest()}


def _dtype(module: nn.Module) -> torch.dtype:
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            return tensor.dtype
    raise ValueError("the network has no floating-point parameter or buffer, so no dtype")


def _compare(eager: nn.Module, scripted: nn.Module, g: torch.Tensor) -> None:
    tolerance = 1e-12 if g.dtype == torch.float64 else 1e-5
    with torch.no_grad():
        expected = eager(g)
        if not torch.isfinite(expected).all():
            raise ValueError("the network gives s that is not finite on its training inputs: not written")
        for _ in range(3):  # the executor changes the code during the first calls
            difference = (scripted(g) - expected).abs().max().item()
            if not difference <= tolerance * max(1.0, expected.abs().max().item()):
                raise ValueError(
                    f"scripted and eager network differ by {difference:.1e} in s, must be <= {tolerance}: not written"
                )
