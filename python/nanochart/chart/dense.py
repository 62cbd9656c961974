"""A small dense network g -> s, the student of distillation."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from nanochart.chart.autoencoder import ACTIVATIONS

SMOOTH = ("silu", "tanh")


class DenseNetwork(nn.Module):
    """s[B,d] of raw g[B,C,K]: x = (g - input_offset) * input_scale, then dense layers.

    The activation follows all layers but the last. Names and shapes of the arrays are part of the
    model file (docs/model-file.md): C++ evaluates them itself.

    Parameters
    ----------
    offset, scale : [C*K], of the input.
    widths : numbers of hidden units.
    latent : d.
    activation : "silu" or "tanh".
    """

    def __init__(self, offset: np.ndarray, scale: np.ndarray, widths: tuple[int, ...], latent: int,
                 activation: str = "silu"):  # fmt: skip
        super().__init__()
        if activation not in SMOOTH:
            raise ValueError(f"activation is {activation!r}, must be one of {SMOOTH}")
        if not widths or min(widths) < 1:
            raise ValueError(f"widths are {widths}, must be one or more positive numbers")
        self.register_buffer("input_offset", torch.as_tensor(offset, dtype=torch.float32))
        self.register_buffer("input_scale", torch.as_tensor(scale, dtype=torch.float32))
        sizes = [len(offset), *widths, latent]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.activation = ACTIVATIONS[activation]()

    def description(self) -> dict[str, Any]:
        """Entry "dense" of nanochart.json."""
        name = next(key for key in SMOOTH if isinstance(self.activation, ACTIVATIONS[key]))
        return {"activation": name, "layers": len(self.layers)}

    def forward(self, g: torch.Tensor) -> torch.Tensor:
        x = (torch.flatten(g, 1) - self.input_offset) * self.input_scale
        last = len(self.layers) - 1
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i < last:
                x = self.activation(x)
        return x
