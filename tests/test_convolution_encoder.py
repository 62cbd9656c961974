"""The networks of chart/autoencoder.py run without libtorch: the same s and ds/dg as their TorchScript, on every
instruction set; what only looks like them stays with libtorch."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from test_dense_encoder import reference
from torch import nn

from nanochart import _core
from nanochart.chart.autoencoder import Autoencoder
from nanochart.chart.export import export
from nanochart.descriptor import RdfGrid

BINS = 101  # odd lengths on the way through the pools
GRID = RdfGrid(1.5, 0.1, BINS, 0.2)


def write(path, architecture, activation, dtype=torch.float64, elements=("Au",), change=None):
    channels = len(elements) * (len(elements) + 1) // 2
    inputs = np.random.default_rng(0).random((16, channels, BINS))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Autoencoder(BINS, 3, architecture, channels, activation)
        for module in model.modules():  # as after training
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.running_mean, module.running_var, module.weight.data, module.bias.data):
                    tensor.uniform_(0.5, 1.5)
    model.fit_scalers(inputs, inputs)
    if change:
        change(model.encoder)
    return export(model.encoder.to(dtype), path, name="network", grid=GRID, elements=elements, atoms=20, inputs=inputs,
                  standardise=dtype == torch.float64)  # an untrained s hardly varies: float32 would lose its digits  # fmt: skip


def results(path):
    encoder, rng = _core.Encoder(str(path)), np.random.default_rng(1)
    channels = 3 if os.path.basename(path) == "two.pt" else 1
    g, dv_ds = rng.random((channels, BINS)), rng.normal(size=3)
    s = encoder.value(g, gradient=True)
    return encoder.engine, g, dv_ds, s, encoder.pullback(dv_ds)


@pytest.mark.parametrize("architecture, activation", [("charting", "relu"), ("charting", "silu"), ("inherent", "relu"),
                                                      ("inherent", "tanh"), ("inherent", "silu")])  # fmt: skip
@pytest.mark.parametrize("elements", [("Au",), ("Ag", "Cu")], ids=["one", "two"])
def test_same_as_torchscript(architecture, activation, elements, tmp_path):
    path = write(tmp_path / f"{'two' if len(elements) > 1 else 'one'}.pt", architecture, activation, elements=elements)
    engine, g, dv_ds, s, dv_dg = results(path)
    expected_s, expected = reference(path, g, dv_ds)
    assert engine == "convolution"
    np.testing.assert_allclose(s, expected_s, atol=1e-11 * np.abs(expected_s).max())
    np.testing.assert_allclose(dv_dg, expected, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("architecture, activation", [("charting", "silu"), ("inherent", "relu")])
def test_float32_on_every_instruction_set(architecture, activation, isa, tmp_path):
    path = write(tmp_path / "one.pt", architecture, activation, torch.float32)
    script = (f"import sys, numpy as np; sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
              f"from test_convolution_encoder import results\nengine, g, dv_ds, s, dv_dg = results({str(path)!r})\n"
              f"assert engine == 'convolution'; np.savez({str(tmp_path / 'out.npz')!r}, s=s, dv_dg=dv_dg)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env={**os.environ, "NANOCHART_ISA": isa})  # fmt: skip
    assert done.returncode == 0, done.stderr
    _, g, dv_ds, _, _ = results(path)
    expected_s, expected = reference(path, g, dv_ds)
    out = np.load(tmp_path / "out.npz")
    np.testing.assert_allclose(out["s"], expected_s, atol=1e-4 * np.abs(expected_s).max())
    np.testing.assert_allclose(out["dv_dg"], expected, atol=2e-3 * np.abs(expected).max())


def test_the_shipped_networks_need_no_libtorch():
    for system in ("Au147", "Ag147", "Cu147", "Au90"):
        for network in ("charting", "inherent"):
            assert _core.Encoder(_core.find_model(f"{system}-{network}")).engine == "convolution"


class ReLU(nn.Module):
    """Another function under a known name."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.abs(x)


@pytest.mark.parametrize("change", [
    lambda encoder: encoder.network.__setitem__(1, ReLU()),
    lambda encoder: encoder.network.__setitem__(1, nn.ELU()),
    lambda encoder: encoder.network.__setitem__(2, nn.Identity()),
], ids=["false name", "other activation", "no normalisation"])  # fmt: skip
def test_other_networks_stay_with_libtorch(change, tmp_path):
    path = write(tmp_path / "one.pt", "charting", "relu", change=change)
    engine, g, dv_ds, s, dv_dg = results(path)
    assert engine == "libtorch"
    expected_s, expected = reference(path, g, dv_ds)
    np.testing.assert_allclose(s, expected_s, atol=1e-11 * np.abs(expected_s).max())
    np.testing.assert_allclose(dv_dg, expected, atol=1e-11 * np.abs(expected).max())
