"""Networks of the two papers and their scalers."""

import numpy as np
import pytest
import torch

from nanochart.chart.autoencoder import Autoencoder, MinMaxScaler


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_charting_has_the_parameters_of_the_paper():
    assert parameters(Autoencoder(280)) == 474_564


def test_inherent_encoder_has_the_parameters_of_the_paper():
    assert parameters(Autoencoder(340, architecture="inherent").encoder) == 150_211


@pytest.mark.parametrize("architecture", ["charting", "inherent"])
@pytest.mark.parametrize("bins, channels, latent", [(340, 1, 3), (280, 3, 2)])
def test_shapes(architecture, bins, channels, latent):
    model = Autoencoder(bins, latent, architecture, channels).eval()
    g = torch.rand(2, channels, bins)
    assert model.encoder(g).shape == (2, latent)
    assert model(g).shape == g.shape


@pytest.mark.parametrize("architecture", ["charting", "inherent"])
def test_a_smooth_encoder_has_a_continuous_gradient(architecture):
    """Along a line of inputs the gradient of s moves by steps that shrink with the step; with ReLU it jumps."""

    def largest_step(activation: str, n: int) -> float:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            encoder = Autoencoder(90, 1, architecture, activation=activation).double().encoder.eval()
            a, b = torch.rand(2, 1, 1, 90, dtype=torch.float64)
        x = (a + torch.linspace(0, 0.1, n, dtype=torch.float64)[:, None, None] * (b - a)).requires_grad_(True)
        (slope,) = torch.autograd.grad(encoder(x).sum(), x)
        along = (slope * (b - a)).sum(dim=(1, 2))
        return (along[1:] - along[:-1]).abs().max().item() / along.abs().max().item()

    for activation in ("silu", "tanh"):
        assert largest_step(activation, 401) < 0.3 * largest_step(activation, 101)
    assert largest_step("relu", 401) > 0.6 * largest_step("relu", 101)


def test_image_layers_equal_one_dimensional_ones():
    convolution, relu, norm = Autoencoder(100).encoder.network[3:6]
    x = torch.randn(2, 64, 50)
    plain = torch.nn.functional.conv1d(x, convolution.weight, convolution.bias)
    assert isinstance(relu, torch.nn.ReLU) and isinstance(norm, torch.nn.BatchNorm2d)
    assert torch.allclose(convolution(x.unsqueeze(2)).squeeze(2), plain, atol=1e-5)
    transposed = Autoencoder(100).decoder.network[2]
    x = torch.randn(2, 16, 30)
    plain = torch.nn.functional.conv_transpose1d(x, transposed.weight, transposed.bias)
    assert torch.allclose(transposed(x.unsqueeze(2)).squeeze(2), plain, atol=1e-5)


def test_scaler_maps_each_bin_to_unit_range_with_a_floor():
    g = np.random.default_rng(0).random((50, 1, 6)).astype(np.float32)
    g[:, 0, 2] = 0.7  # constant
    g[:, 0, 3] = 0.5 + 1e-6 * g[:, 0, 3]  # nearly so
    scaler = MinMaxScaler(1, 6)
    scaler.fit(g)
    scaled = scaler(torch.as_tensor(g))
    live = [0, 1, 4, 5]
    assert torch.allclose(scaled[:, 0, live].amin(0), torch.zeros(4), atol=1e-6)
    assert torch.allclose(scaled[:, 0, live].amax(0), torch.ones(4), atol=1e-6)
    largest = np.ptp(g, axis=0).max()
    assert scaler.range[0, 2].item() == pytest.approx(1e-3 * largest)
    assert scaler.range[0, 3].item() == pytest.approx(1e-3 * largest)
    assert scaled[:, 0, 2:4].abs().max() < 0.01
    assert torch.allclose(scaler.inverse(scaled), torch.as_tensor(g), atol=1e-6)


def test_input_and_target_have_separate_scalers():
    rng = np.random.default_rng(0)
    model = Autoencoder(100)
    model.fit_scalers(rng.random((9, 1, 100)), 5 * rng.random((9, 1, 100)))
    assert model.decoder.scaler.range.mean() > 3 * model.encoder.scaler.range.mean()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"bins": 77}, "bins is 77, must be >= 78"),
        ({"bins": 340, "latent": 0}, "latent is 0, must be 1 to 8"),
        ({"bins": 340, "latent": 9}, "latent is 9, must be 1 to 8"),
        ({"bins": 340, "activation": "step"}, "activation is 'step'"),
        ({"bins": 340, "architecture": "other"}, "architecture is 'other'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder(**arguments)


@pytest.mark.parametrize("g, message", [(np.ones((4, 1, 9)), "same g"), (np.full((4, 1, 9), np.nan), "NaN")])
def test_scaler_refuses_what_teaches_nothing(g, message):
    with pytest.raises(ValueError, match=message):
        MinMaxScaler(1, 9).fit(g)


def test_the_package_offers_it():
    import nanochart.chart

    assert nanochart.chart.Autoencoder is Autoencoder
