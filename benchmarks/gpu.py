"""On a GPU: batches of Au147 through the kernel, and one cluster through kernel, network and their pull-backs.

    python benchmarks/run.py gpu
"""

from __future__ import annotations

import time

import numpy as np
import torch
from rdf import GRID, cluster

from nanochart import _core
from nanochart.chart.tensor_chart import TensorChart
from nanochart.chart.torch_rdf import rdf

FRAMES, CALLS = 20_000, 200


def seconds(work, calls: int) -> float:
    """Mean time of a call, the device's work included."""
    work()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(calls):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / calls


def run() -> list[dict]:
    reason = _core.why_no_cuda() or ("" if torch.cuda.is_available() else f"torch {torch.__version__} has no CUDA")
    if reason:
        return [{"what": "not run", "why": reason}]
    x = cluster(147) + np.random.default_rng(0).normal(scale=0.1, size=(FRAMES, 147, 3))
    frames = torch.tensor(x, device="cuda", requires_grad=True)
    weights = torch.ones((FRAMES, 1, GRID.bins), dtype=frames.dtype, device="cuda")

    def both():
        torch.autograd.grad(rdf(frames, GRID), frames, weights)

    rows = [{"what": "value", "structures/s": FRAMES / seconds(lambda: rdf(frames.detach(), GRID), 5)},
            {"what": "value + pull-back", "structures/s": FRAMES / seconds(both, 5)}]  # fmt: skip
    for model in ("Au147", "Au147-charting"):
        chart, one = TensorChart(model, "cuda"), frames[0].detach()
        rows.append({"what": f"s and ds/dx, {model}", "us a frame": 1e6 * seconds(lambda: chart.evaluate(one), CALLS)})
    return [row | {"device": torch.cuda.get_device_name()} for row in rows]
