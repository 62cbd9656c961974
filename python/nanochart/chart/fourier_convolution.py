"""Long convolutions by Fourier transform, for training on processors without bfloat16 in hardware.

A convolution of 64 by 64 channels with 20 taps costs a third so, forwards and backwards together;
results differ from the direct ones by rounding, 1e-6.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
from torch import nn

from nanochart.chart.autoencoder import SameConvolution, TransposedConvolution

FEWEST_WEIGHTS = 60_000  # of a layer: below, the direct sum is as fast


def use_fourier(model: nn.Module) -> None:
    """Let the large convolutions of an Autoencoder, in place, be computed by Fourier transform."""
    for layer in model.modules():
        if isinstance(layer, (nn.Conv1d, nn.ConvTranspose1d)) and layer.weight.numel() >= FEWEST_WEIGHTS:
            layer.forward = functools.partial(_layer, layer)  # only of this object: not what is exported


def _layer(layer: nn.Conv1d | nn.ConvTranspose1d, x: torch.Tensor) -> torch.Tensor:
    x = x.squeeze(2)
    if isinstance(layer, SameConvolution):
        total = layer.weight.shape[2] - 1
        x = nn.functional.pad(x, (total // 2, total - total // 2))
    operation = Spread if isinstance(layer, TransposedConvolution) else Correlation
    return (operation.apply(x, layer.weight) + layer.bias[:, None]).unsqueeze(2)


class Correlation(torch.autograd.Function):
    """F.conv1d(x[B,I,L], weight[O,I,k])."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.length, ctx.taps = x.shape[2], weight.shape[2]
        ctx.period = period(ctx.length)
        a, w = spectrum(x, ctx.period), spectrum_of_taps(weight, ctx.period)
        ctx.save_for_backward(a, w)
        return signal(torch.bmm(a, w.mH), ctx.period, ctx.length - ctx.taps + 1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        a, w = ctx.saved_tensors
        b = spectrum(gradient, ctx.period)
        return signal(torch.bmm(b, w), ctx.period, ctx.length), taps(torch.bmm(b.mH, a), ctx.period, ctx.taps)


class Spread(torch.autograd.Function):
    """F.conv_transpose1d(x[B,I,L], weight[I,O,k])."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.length, ctx.taps = x.shape[2], weight.shape[2]
        ctx.period = period(ctx.length + ctx.taps - 1)
        a, w = spectrum(x, ctx.period), spectrum_of_taps(weight, ctx.period)
        ctx.save_for_backward(a, w)
        return signal(torch.bmm(a, w), ctx.period, ctx.length + ctx.taps - 1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        a, w = ctx.saved_tensors
        b = spectrum(gradient, ctx.period)
        return signal(torch.bmm(b, w.mH), ctx.period, ctx.length), taps(torch.bmm(a.mH, b), ctx.period, ctx.taps)


def period(length: int) -> int:
    """Smallest multiple of 4 from `length` on without prime factors above 5: fast to transform."""
    n = -(-length // 4) * 4
    while 60**8 % n:
        n += 4
    return n


def spectrum(x: torch.Tensor, n: int) -> torch.Tensor:
    """[n/2+1,B,C] of x[B,C,L] with zeros after it."""
    return torch.fft.rfft(x, n).permute(2, 0, 1).contiguous()


def signal(a: torch.Tensor, n: int, length: int) -> torch.Tensor:
    """First `length` points [B,C,length] of the signal of a[n/2+1,B,C]."""
    return torch.fft.irfft(a.permute(1, 2, 0), n)[:, :, :length]


@functools.cache
def _waves(n: int, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and -sin [n+2,k] at the frequencies of a period n, and the inverse transform [k,n+2] to the
    first k points: for few points a product of matrices is faster than a transform."""
    phase = 2 * math.pi / n * torch.arange(n // 2 + 1, dtype=torch.float64)[:, None, None] * torch.arange(k)
    forth = torch.cat([phase.cos(), -phase.sin()], dim=1)
    weight = torch.full((n // 2 + 1, 1, 1), 2 / n, dtype=torch.float64)
    weight[[0, -1]] /= 2
    return forth.flatten(0, 1).float(), (weight * forth).flatten(0, 1).float().T.contiguous()


def spectrum_of_taps(weight: torch.Tensor, n: int) -> torch.Tensor:
    """[n/2+1,P,Q] of weight[P,Q,k]."""
    p, q, k = weight.shape
    parts = (_waves(n, k)[0] @ weight.reshape(p * q, k).T).view(-1, 2, p * q)
    return torch.complex(parts[:, 0], parts[:, 1]).view(-1, p, q)


def taps(a: torch.Tensor, n: int, k: int) -> torch.Tensor:
    """First k points [P,Q,k] of the signals of a[n/2+1,P,Q]."""
    f, p, q = a.shape
    return (_waves(n, k)[1] @ torch.view_as_real(a).permute(0, 3, 1, 2).reshape(2 * f, p * q)).T.reshape(p, q, k)
