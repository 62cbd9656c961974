"""A chart in closed form, s = W.g + b: its value and derivatives are known exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import numpy as np
import torch
from torch import nn

from nanochart.chart.export import export


class Linear(nn.Module):
    """g[B,C,K] -> g.reshape(B, C*K) @ weights.T + bias, in float64."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray):
        super().__init__()
        self.register_buffer("weights", torch.as_tensor(weights, dtype=torch.float64))
        self.register_buffer("bias", torch.as_tensor(bias, dtype=torch.float64))

    def forward(self, g: torch.Tensor) -> torch.Tensor:
        return torch.flatten(g, 1) @ self.weights.t() + self.bias


def write_linear_model(
    path: str | Path,
    weights: np.ndarray,
    grid,
    bias: np.ndarray | None = None,
    elements: Sequence[str] = ("Au",),
    atoms: int = 147,
    name: str = "linear",
) -> Path:
    """Write s_i = sum_ck weights[i, c*K + k] g_c(x_k) + bias_i as a float64 model file.

    Parameters
    ----------
    weights : [d, C*K] or [d, C, K], angstrom (g is in 1/angstrom).
    grid : RdfGrid with K bins.
    bias : [d], default 0.
    """
    weights = np.asarray(weights, dtype=float)
    weights = weights.reshape(len(weights), -1)
    bias = np.zeros(len(weights)) if bias is None else np.asarray(bias, dtype=float)
    channels = len(elements) * (len(elements) + 1) // 2
    if weights.shape[1] != channels * grid.bins:
        raise ValueError(f"weights have {weights.shape[1]} columns, must be {channels} x {grid.bins} = C*K")
    return export(
        Linear(weights, bias), path, name=name, grid=grid, elements=elements, atoms=atoms,
        inputs=np.linspace(0, 1, 2 * weights.shape[1]).reshape(2, channels, grid.bins),
        standardise=False, training={"architecture": "linear, closed form"},
    )  # fmt: skip
