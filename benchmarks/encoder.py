"""Encoders on one core: value, and value + pull-back, beside the core's speed.

The work of an encoder is counted from its layers; the rate is compared with that of a float32
matrix product in the same process.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from nanochart import _core
from nanochart.chart.autoencoder import Autoencoder, Convolution
from nanochart.chart.export import export, read_metadata
from nanochart.chart.linear import write_linear_model
from nanochart.descriptor import RdfGrid

GRID = RdfGrid.charting(340)


def best(work, repeats: int = 7, seconds: float = 0.2) -> float:
    """Least mean CPU time of a call, in s; all of it is on one thread."""
    work()
    started = time.process_time()
    work()
    calls = max(1, int(seconds / max(time.process_time() - started, 1e-7)))
    times = []
    for _ in range(repeats):
        started = time.process_time()
        for _ in range(calls):
            work()
        times.append((time.process_time() - started) / calls)
    return min(times)


def matmul_rate() -> float:
    """GFLOP/s of a float32 product of 1024 x 1024 matrices on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    a = torch.randn(1024, 1024)
    rate = 2 * 1024**3 / best(lambda: a @ a) / 1e9
    torch.set_num_threads(threads)
    return rate


def operations(encoder: torch.nn.Module) -> float:
    """GFLOP of one value: two for each multiply-add of convolutions and linear layers."""
    total = 0
    hooks = []

    def count(module, inputs, output):
        nonlocal total
        total += 2 * module.weight[0].numel() * output.numel()

    for module in encoder.modules():
        if isinstance(module, (Convolution, torch.nn.Linear)):
            hooks.append(module.register_forward_hook(count))
    encoder.eval()(torch.zeros(1, 1, GRID.bins))
    for hook in hooks:
        hook.remove()
    return total / 1e9


def run() -> list[dict]:
    rng = np.random.default_rng(0)
    inputs = rng.random((8, 1, GRID.bins))
    peak = matmul_rate()
    rows = [{"what": "float32 matrix product, 1024 x 1024", "GFLOP/s": peak}]
    with tempfile.TemporaryDirectory() as folder:
        models: dict[str, tuple[Path, float]] = {}
        for architecture in ("charting", "inherent"):
            model = Autoencoder(GRID.bins, architecture=architecture)
            model.fit_scalers(inputs, inputs)
            path = Path(folder) / f"{architecture}.pt"
            export(model.encoder, path, name=architecture, grid=GRID, elements=["Au"], atoms=147, inputs=inputs)
            models[architecture] = path, operations(model.encoder)
        path = write_linear_model(Path(folder) / "linear.pt", rng.normal(size=(3, GRID.bins)), GRID)
        models["linear (libtorch's overhead)"] = path, 2 * 3 * GRID.bins / 1e9
        path = Path(_core.find_model("Au147"))
        weights = [w for name, w in torch.jit.load(str(path)).named_parameters() if name.endswith("weight")]
        models["Au147 (dense, without libtorch)"] = path, 2 * sum(w.numel() for w in weights) / 1e9
        for name, (path, work) in models.items():
            encoder, dv_ds = _core.Encoder(str(path)), np.ones(3)
            g = rng.random((1, read_metadata(path)["grid"]["bins"]))

            def both():
                encoder.value(g, gradient=True)
                encoder.pullback(dv_ds)

            value, both_times = best(lambda: encoder.value(g)), best(both)
            rows.append({
                "what": name, "value ms": 1e3 * value, "value + pull-back ms": 1e3 * both_times,
                "GFLOP/s": 2 * work / both_times, "of matrix product": 2 * work / both_times / peak,
            })  # fmt: skip
    return rows
