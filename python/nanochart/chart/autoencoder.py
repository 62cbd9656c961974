"""Autoencoders of the RDF: g -> s (the chart) -> g of the same or of the quenched structure.

charting: Telari et al., ACS Nano 17, 21287 (2023), doi:10.1021/acsnano.3c05653.
inherent: Telari et al., Rep. Prog. Phys. 88, 068002 (2025), arXiv:2407.17924.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ARCHITECTURES = ("charting", "inherent")
ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU, "tanh": nn.Tanh}
RANGE_FLOOR = 1e-3  # of the largest range: a nearly constant bin must not become noise of size one

# Layers work on images [B,C,1,L] of height one: the arithmetic of Conv1d, and its parameters, but
# channels-last storage stays possible, where bfloat16 training on a CPU is several times faster.


class Convolution(nn.Conv1d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.weight.unsqueeze(2), self.bias)


class SameConvolution(Convolution):
    """Zero padding that keeps the length; for an even kernel the odd one goes to the right."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = self.weight.shape[2] - 1
        x = F.pad(x, (total // 2, total - total // 2))
        return F.conv2d(x, self.weight.unsqueeze(2), self.bias)


class TransposedConvolution(nn.ConvTranspose1d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv_transpose2d(x, self.weight.unsqueeze(2), self.bias)


class Reshape(nn.Module):
    """[B, channels*length] -> [B, channels, 1, length]."""

    def __init__(self, channels: int, length: int):
        super().__init__()
        self.channels, self.length = channels, length

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(x.shape[0], self.channels, 1, self.length)


class MinMaxScaler(nn.Module):
    """Per-bin (g - low)/range, [0, 1] over the arrays it was fitted on; [B,C,K]."""

    def __init__(self, channels: int, bins: int):
        super().__init__()
        self.register_buffer("low", torch.zeros(channels, bins))
        self.register_buffer("range", torch.ones(channels, bins))

    def fit(self, g: np.ndarray) -> None:
        low, high = g.min(axis=0), g.max(axis=0)
        width = high - low
        if not np.isfinite(width).all():
            raise ValueError("g contains NaN or infinite values")
        if width.max() == 0:
            raise ValueError(f"all {len(g)} structures have the same g: nothing to learn")
        width = np.maximum(width, RANGE_FLOOR * width.max())
        self.low.copy_(torch.as_tensor(low))
        self.range.copy_(torch.as_tensor(width))

    def forward(self, g: torch.Tensor) -> torch.Tensor:
        return (g - self.low) / self.range

    def inverse(self, scaled: torch.Tensor) -> torch.Tensor:
        return scaled * self.range + self.low


class Encoder(nn.Module):
    """Raw g[B,C,K] -> s[B,d]; the scaler is inside."""

    def __init__(self, scaler: MinMaxScaler, network: nn.Module):
        super().__init__()
        self.scaler, self.network = scaler, network

    def forward(self, g: torch.Tensor) -> torch.Tensor:
        return self.network(self.scaler(g).unsqueeze(2))


class Decoder(nn.Module):
    """s[B,d] -> g[B,C,K]; the target's scaler is inside."""

    def __init__(self, scaler: MinMaxScaler, network: nn.Module):
        super().__init__()
        self.scaler, self.network = scaler, network

    def forward(self, s: torch.Tensor) -> torch.Tensor:
        return self.scaler.inverse(self.network(s).squeeze(2))


class Autoencoder(nn.Module):
    """RDF autoencoder, s[B,d] = encoder(g[B,C,K]), g' = decoder(s).

    Parameters
    ----------
    bins : K, number of grid points; at least 78 for "charting", 16 for "inherent".
    latent : d, number of chart coordinates.
    architecture : "charting" (474,564 parameters at 280 bins and d = 3) or "inherent".
    channels : C, number of element pairs.
    activation : "relu" as in the papers; "silu" or "tanh" make s twice continuously differentiable
        (and the pooling of the inherent network an average), so that biased forces have no jumps.
    """

    def __init__(self, bins: int, latent: int = 3, architecture: str = "charting", channels: int = 1,
                 activation: str = "relu"):  # fmt: skip
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation is {activation!r}, must be one of {tuple(ACTIVATIONS)}")
        if architecture not in ARCHITECTURES:
            raise ValueError(f"architecture is {architecture!r}, must be one of {ARCHITECTURES}")
        if not 1 <= latent <= 8:
            raise ValueError(f"latent is {latent}, must be 1 to 8")
        smallest = 78 if architecture == "charting" else 16
        if bins < smallest:
            raise ValueError(f"bins is {bins}, must be >= {smallest} for the {architecture} network")
        self.bins, self.latent, self.architecture, self.channels = bins, latent, architecture, channels
        self.activation = activation
        build = charting_networks if architecture == "charting" else inherent_networks
        encoder, decoder = build(bins, latent, channels, ACTIVATIONS[activation])
        self.encoder = Encoder(MinMaxScaler(channels, bins), encoder)
        self.decoder = Decoder(MinMaxScaler(channels, bins), decoder)

    def fit_scalers(self, inputs: np.ndarray, targets: np.ndarray) -> None:
        """Fit the input and the target scaler on g[n,C,K] of all structures."""
        self.encoder.scaler.fit(inputs)
        self.decoder.scaler.fit(targets)

    def forward(self, g: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder(g))


def charting_networks(bins: int, latent: int, channels: int, activation: type[nn.Module]) -> tuple[nn.Sequential, nn.Sequential]:
    """Six convolutions without padding, each Conv -> ReLU -> BatchNorm, and their mirror image."""
    layers = [(64, 20), (64, 20), (64, 20), (64, 10), (32, 8), (16, 5)]  # channels, kernel
    encoder: list[nn.Module] = []
    inside, length = channels, bins
    for outside, kernel in layers:
        encoder += [Convolution(inside, outside, kernel), activation(), nn.BatchNorm2d(outside)]
        inside, length = outside, length - kernel + 1
    encoder += [nn.Flatten(), nn.Linear(inside * length, latent)]

    decoder: list[nn.Module] = [nn.Linear(latent, inside * length), Reshape(inside, length)]
    for (outside, _), (_, kernel) in zip(layers[-2::-1], layers[:0:-1]):
        decoder += [TransposedConvolution(inside, outside, kernel), activation(), nn.BatchNorm2d(outside)]
        inside = outside
    decoder.append(TransposedConvolution(inside, channels, layers[0][1]))
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


def inherent_networks(bins: int, latent: int, channels: int, activation: type[nn.Module]) -> tuple[nn.Sequential, nn.Sequential]:
    """Four blocks Conv -> MaxPool -> ReLU -> BatchNorm, and upsampling with convolutions."""
    pool = nn.MaxPool2d if activation is nn.ReLU else nn.AvgPool2d
    encoder: list[nn.Module] = []
    inside, lengths = channels, [bins]
    for outside, kernel in [(128, 20), (64, 15), (32, 10), (16, 5)]:
        encoder += [SameConvolution(inside, outside, kernel), pool((1, 2)), activation(),
                    nn.BatchNorm2d(outside)]  # fmt: skip
        inside = outside
        lengths.append(lengths[-1] // 2)
    encoder += [nn.Flatten(), nn.Linear(inside * lengths[-1], latent)]

    decoder: list[nn.Module] = [nn.Linear(latent, inside * lengths[-1]), activation(),
                                Reshape(inside, lengths[-1])]  # fmt: skip
    for (outside, kernel), length in zip([(32, 5), (64, 10), (128, 15)], lengths[-2:0:-1]):
        decoder += [nn.Upsample((1, length)), SameConvolution(inside, outside, kernel), activation(),
                    nn.BatchNorm2d(outside)]  # fmt: skip
        inside = outside
    decoder += [nn.Upsample((1, bins)), SameConvolution(inside, channels, 20)]
    return nn.Sequential(*encoder), nn.Sequential(*decoder)
