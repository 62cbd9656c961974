"""Dense networks run without libtorch: the same s and ds/dg as their TorchScript, on every instruction set."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from test_export import edit
from torch import nn

from nanochart import _core
from nanochart.chart.export import export, read_metadata
from nanochart.descriptor import RdfGrid

GRID = RdfGrid(1.5, 0.1, 90, 0.2)


class Dense(nn.Module):
    """Raw g[B,C,K] -> s[B,d] as docs/model-file.md says of "dense"."""

    def __init__(self, sizes, activation, channels=1, seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.register_buffer("input_offset", torch.rand(sizes[0] * channels))
            self.register_buffer("input_scale", 1 + 5 * torch.rand(sizes[0] * channels))
            shapes = zip([sizes[0] * channels, *sizes[1:-1]], sizes[1:])
            self.layers = nn.ModuleList(nn.Linear(*shape) for shape in shapes)
        self.activation = {"silu": nn.SiLU(), "tanh": nn.Tanh()}[activation]

    def forward(self, g: torch.Tensor) -> torch.Tensor:
        h = (torch.flatten(g, 1) - self.input_offset) * self.input_scale
        for i, layer in enumerate(self.layers):
            h = layer(h)
            if i + 1 < len(self.layers):
                h = self.activation(h)
        return h


def write(path, sizes=(90, 64, 64, 64, 3), activation="silu", dtype=torch.float32, elements=("Au",), said=None):
    channels = len(elements) * (len(elements) + 1) // 2
    network = Dense(sizes, activation, channels).to(dtype)
    inputs = np.random.default_rng(0).random((8, channels, 90))
    export(network, path, name="dense", grid=GRID, elements=elements, atoms=20, inputs=inputs, standardise=False)
    said = said or {"activation": activation, "layers": len(sizes) - 1}
    # export() wraps the network: the plain one into the same archive.
    metadata = {k: v for k, v in read_metadata(path).items() if k not in ("path", "hash")} | {"dense": said}
    torch.jit.save(torch.jit.script(network.eval()), str(path), {"nanochart.json": json.dumps(metadata)})
    return path


def reference(path, g, dv_ds):
    network = torch.jit.load(str(path)).double()  # rounding of one side alone
    x = torch.tensor(g[None], requires_grad=True)
    s = network(x)
    (dv_dg,) = torch.autograd.grad(s, x, torch.tensor(dv_ds[None]))
    return s.detach().numpy()[0], dv_dg.numpy()[0]


@pytest.mark.parametrize(
    "case",
    [
        dict(),
        dict(activation="tanh"),
        dict(sizes=(90, 3)),
        dict(sizes=(90, 7, 65, 1)),
        dict(sizes=(90, 20, 2), elements=("Ag", "Cu")),
        dict(dtype=torch.float64),
        dict(dtype=torch.float64, activation="tanh", sizes=(90, 33, 2)),
    ],
    ids=str,
)
def test_same_as_torchscript(case, tmp_path):
    path = write(tmp_path / "m.pt", **case)
    encoder = _core.Encoder(str(path))
    assert encoder.engine == "dense"
    rng = np.random.default_rng(1)
    tolerance = 1e-13 if case.get("dtype") == torch.float64 else 2e-6
    for _ in range(3):
        g = rng.random((3 if "elements" in case else 1, 90))
        dv_ds = rng.normal(size=case.get("sizes", (3,))[-1])
        expected, expected_slope = reference(path, g, dv_ds)
        s, slope = encoder.value(g, gradient=True), encoder.pullback(dv_ds)
        assert np.abs(s - expected).max() < tolerance * max(1, np.abs(expected).max())
        assert np.abs(slope - expected_slope).max() < tolerance * np.abs(expected_slope).max() * 5
        assert np.array_equal(encoder.value(g), s)  # the same bits each time
    with pytest.raises(ValueError, match="pullback needs a value with gradient"):
        encoder.pullback(dv_ds)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float64, 1e-13), (torch.float32, 1e-5)])
def test_instruction_sets_agree(dtype, tolerance, tmp_path):
    path = write(tmp_path / "m.pt", dtype=dtype)
    script = f"""
import numpy as np
from nanochart import _core
e = _core.Encoder({str(path)!r})
g = np.random.default_rng(2).random((1, 90))
print(_core.current_isa(), *[float(v).hex() for v in e.value(g, gradient=True)], *[float(v).hex() for v in e.pullback(np.ones(3)).ravel()])
"""
    results = {}
    for isa in _core.available_isas():
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                              env={**os.environ, "NANOCHART_ISA": isa})  # fmt: skip
        assert done.returncode == 0, done.stderr
        name, *numbers = done.stdout.split()
        assert name == isa
        results[isa] = np.array([float.fromhex(n) for n in numbers])
        assert len(results[isa]) == 93
    for values in results.values():
        assert values == pytest.approx(results["baseline"], rel=0, abs=tolerance * np.abs(values).max())
    # s is the same to the bit in a row of a log and at a biased step (core/pace.hpp); baseline has no fused products.
    fused = [values[:3] for isa, values in results.items() if isa != "baseline"]
    assert all(np.array_equal(s, fused[0]) for s in fused)


@pytest.mark.parametrize(
    "said, message",
    [
        ({"activation": "tanh", "layers": 4}, r"its layers give s that differs by .* from the network's, must be <="),
        ({"activation": "silu", "layers": 3}, r"layers.2.bias has 64 numbers, must have 3"),
        ({"activation": "silu", "layers": 5}, r"no tensor layers.4.weight of 2 dimension"),
        ({"activation": "relu", "layers": 4}, "must have activation silu or tanh"),
        ({"activation": "silu"}, 'no entry "layers"'),
    ],
)
def test_a_file_that_says_what_it_is_not(said, message, tmp_path):
    path = write(tmp_path / "m.pt", said=said)
    with pytest.raises(ValueError, match=message):
        _core.Encoder(str(path))


def test_without_the_entry_libtorch_computes(tmp_path):
    path = write(tmp_path / "m.pt")
    dense = _core.Encoder(str(path))
    plain = _core.Encoder(str(edit(path, lambda meta: {k: v for k, v in meta.items() if k != "dense"})))
    assert (dense.engine, plain.engine) == ("dense", "libtorch")
    g = np.random.default_rng(3).random((1, 90))
    assert plain.value(g) == pytest.approx(dense.value(g), abs=1e-5)
