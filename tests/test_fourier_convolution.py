"""Convolutions by Fourier transform against torch's direct ones."""

import copy

import pytest
import torch
import torch.nn.functional as F

from nanochart.chart.autoencoder import Autoencoder
from nanochart.chart.fourier_convolution import Correlation, Spread, period, use_fourier


def close(a, b, tolerance=1e-5):
    assert a.shape == b.shape
    a, b = a.detach(), b.detach()
    assert float((a - b).abs().max()) < tolerance * float(b.abs().max())


@pytest.mark.parametrize("ours, torchs", [(Correlation.apply, F.conv1d), (Spread.apply, F.conv_transpose1d)])
@pytest.mark.parametrize("length, kernel", [(321, 20), (77, 10), (9, 5), (5, 5)])
def test_values_and_gradients_are_those_of_the_direct_sum(ours, torchs, length, kernel):
    torch.manual_seed(1)
    x = torch.randn(3, 6, length, requires_grad=True)
    weight = torch.randn(6, 6, kernel, requires_grad=True)
    a, b = ours(x, weight), torchs(x, weight)
    close(a, b)
    gradient = torch.randn_like(b)
    for one, other in zip(*(torch.autograd.grad(y, (x, weight), gradient) for y in (a, b))):
        close(one, other)


@pytest.mark.parametrize("architecture", ["charting", "inherent"])
def test_a_network_learns_the_same(architecture):
    torch.manual_seed(2)
    direct = Autoencoder(96, 3, architecture, activation="silu")
    fourier = copy.deepcopy(direct)
    use_fourier(fourier)
    x = torch.rand(4, 1, 1, 96)
    for model in (direct, fourier):
        ((model.decoder.network(model.encoder.network(x)) - x) ** 2).mean().backward()
    names = dict(direct.named_parameters())
    largest = max(float(p.grad.abs().max()) for p in names.values())
    for name, p in fourier.named_parameters():
        assert float((p.grad - names[name].grad).abs().max()) < 1e-4 * largest, name
    assert sum("forward" in vars(layer) for layer in fourier.modules()) >= 2
    assert not any("forward" in vars(layer) for layer in direct.modules())


def test_periods_are_even_and_have_small_factors():
    assert [period(n) for n in (1, 9, 321, 340, 359)] == [4, 12, 324, 360, 360]
