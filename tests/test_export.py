"""Model files: what is written, and that every damaged one is refused in one sentence."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import nanochart
from nanochart import _core
from nanochart.chart.autoencoder import Autoencoder
from nanochart.chart.export import StandardisedEncoder, export, export_run, read_metadata
from nanochart.chart.linear import write_linear_model
from nanochart.chart.run_folder import best_model, load_checkpoint
from nanochart.chart.samples import Samples, hold_out_groups
from nanochart.chart.training import Settings, train
from nanochart.descriptor import RdfGrid

GRID = RdfGrid(1.5, 0.1, 90, 0.2)
SIZE = dict(grid=GRID, elements=["Au"], atoms=20)
RNG = np.random.default_rng(5)
# Curves that differ as clusters do: three peaks of varying height.
PEAKS = np.exp(-((GRID.points - np.array([[3.0], [5.0], [8.0]])) ** 2) / 0.5)
INPUTS = (RNG.random((40, 3)) @ PEAKS)[:, None]

SHIPPED = sorted(p.stem for p in (Path(nanochart.__file__).parent / "models").glob("*.pt"))
NEAREST = {"Au": 2.885, "Ag": 2.89, "Cu": 2.56}


def linear(path, d=2, **changes):
    return write_linear_model(path, RNG.normal(size=(d, 90)), GRID, atoms=20, **changes)


def edit(path: Path, change) -> Path:
    """The same archive with another nanochart.json: change(dict) -> what to write, None: leave out."""
    other = path.with_name("edited.pt")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_STORED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("nanochart.json"):
                content = change(json.loads(content))
                if content is None:
                    continue
                content = content if isinstance(content, str) else json.dumps(content)
            new.writestr(item.filename, content)
    return other


@pytest.mark.parametrize("activation", ["relu", "silu", "tanh"])
@pytest.mark.parametrize("architecture", ["charting", "inherent"])
def test_eager_scripted_and_cpp_agree(architecture, activation, tmp_path):
    # Every bin on its own: in sums of three peaks many units lie on the kink of ReLU, where float32 decides by rounding.
    inputs = np.random.default_rng(5).random((40, 1, 90))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Autoencoder(90, 3, architecture, activation=activation)
    model.fit_scalers(inputs, inputs)
    model.train()(torch.rand(16, 1, 90))  # batch statistics that are not 0 and 1
    path = export(model.encoder, tmp_path / "m.pt", name="m", inputs=inputs, **SIZE)
    meta = read_metadata(path)
    assert meta["dtype"] == "float32" and meta["latent"] == 3

    g = inputs[7]
    mean, scale = (torch.tensor(meta[key]) for key in ("s_mean", "s_scale"))
    eager = StandardisedEncoder(model.encoder, mean, scale).eval()
    x = torch.tensor(g[None], dtype=torch.float32, requires_grad=True)
    s = eager(x)
    scripted = torch.jit.load(str(path))(x).detach().numpy()[0]
    encoder = _core.Encoder(str(path))
    compiled = encoder.value(g, gradient=True)
    # s = (z - mean)/scale carries the rounding of z; an untrained network has |mean| >> scale.
    tolerance = 1e-6 * (1 + (mean.abs() / scale).max().item())
    assert np.abs(scripted - s.detach().numpy()[0]).max() < tolerance
    assert np.abs(compiled - s.detach().numpy()[0]).max() < tolerance

    dv_ds = np.array([0.3, -1.0, 0.7])
    (expected,) = torch.autograd.grad(s, x, torch.tensor(dv_ds[None], dtype=torch.float32))
    first, second = encoder.pullback(dv_ds), encoder.pullback(dv_ds)
    assert np.array_equal(first, second)
    assert np.abs(first - expected.numpy()[0]).max() < 1e-5 * np.abs(first).max()


def test_linear_model_in_cpp_is_exact(tmp_path):
    weights, bias = RNG.normal(size=(2, 3, 90)), np.array([0.5, -2.0])
    path = write_linear_model(tmp_path / "w.pt", weights, GRID, bias, elements=("Ag", "Cu"), atoms=20)
    g = RNG.random((3, 90))
    encoder = _core.Encoder(str(path))
    assert encoder.value(g, gradient=True) == pytest.approx(np.einsum("ick,ck", weights, g) + bias, abs=1e-12)
    assert encoder.pullback([2.0, -1.0]) == pytest.approx(2 * weights[0] - weights[1], abs=1e-12)


def test_s_has_zero_mean_and_unit_variance_over_the_inputs(tmp_path):
    model = Autoencoder(90)
    model.fit_scalers(INPUTS, INPUTS)
    path = export(model.encoder, tmp_path / "m.pt", name="m", inputs=INPUTS, **SIZE)
    encoder = _core.Encoder(str(path))
    s = np.array([encoder.value(g) for g in INPUTS])
    assert np.abs(s.mean(axis=0)).max() < 1e-4 and np.abs(s.std(axis=0) - 1).max() < 1e-4


def test_a_run_is_exported_with_its_history(tmp_path):
    g = INPUTS.astype(np.float32)
    g = np.concatenate([g, g])
    samples = Samples(g, g, hold_out_groups(np.arange(80)), np.full(80, "quenched"))
    info = {"grid": {"start": 1.5, "step": 0.1, "bins": 90, "bandwidth": 0.2}, "elements": ["Au"],
            "atoms": 20, "training": {"data_hash": "abc"}}  # fmt: skip
    train(samples, tmp_path / "run", Settings(epochs=1, precision="float32"), info, progress=False)
    meta = read_metadata(export_run(tmp_path / "run", tmp_path / "m.pt", "Test20"))
    assert meta["name"] == "Test20" and meta["training"]["data_hash"] == "abc"
    assert meta["training"]["batch"] == 128 and meta["training"]["architecture"] == "charting"
    assert meta["losses"]["epochs"] == 1 and meta["losses"]["validation"] > 0
    assert len(meta["outside"]["mean"]) == 90
    best = best_model(load_checkpoint(tmp_path / "run")).encoder
    with torch.no_grad():
        z = best(torch.as_tensor(g[:1])).numpy()[0]
    # Rounding goes with z, not with its spread, which is a hundredth of it after one epoch.
    s = _core.Encoder(str(tmp_path / "m.pt")).value(g[0])
    assert s * meta["s_scale"] + meta["s_mean"] == pytest.approx(z, abs=1e-6 * float(np.abs(z).max()))


def test_hash_is_sha256_of_the_file(tmp_path):
    path = linear(tmp_path / "w.pt")
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_metadata(path)["hash"] == nanochart.ChartCV(path).hash == expected


class Unscriptable(torch.nn.Linear):
    """Differs between eager and scripted."""

    def __init__(self):
        super().__init__(90, 2)

    def forward(self, g):
        s = torch.nn.functional.linear(g[:, 0], self.weight, self.bias)
        return s + 0.1 if torch.jit.is_scripting() else s


def test_nothing_is_written_when_scripted_and_eager_differ(tmp_path):
    with pytest.raises(ValueError, match="scripted and eager network differ by"):
        export(Unscriptable(), tmp_path / "m.pt", name="m", inputs=INPUTS, **SIZE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change, message",
    [
        ({"elements": ["Cu", "Ag"]}, "alphabetical"),
        ({"inputs": INPUTS[:, :, :50]}, r"shape \(40, 1, 50\), must be \[n, 1, 90\]"),
        ({"inputs": INPUTS[[0, 0, 0]]}, "one is constant"),
    ],
)
def test_export_refuses(change, message, tmp_path):
    model = Autoencoder(90)
    with pytest.raises(ValueError, match=message):
        export(model.encoder, tmp_path / "m.pt", **{"name": "m", "inputs": INPUTS, **SIZE, **change})


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_model_in_cpp_equals_torch(name):
    """To 1e-6 where both run libtorch; dense networks sum in another order, in float32."""
    path = _core.find_model(name)
    meta = read_metadata(path)
    file = np.load(Path(__file__).parent / "data" / "quenched_Au147.npz")
    x = file["positions"][0] * file["unit"] * NEAREST[meta["elements"][0]] / NEAREST["Au"]
    x = x[np.argsort(np.linalg.norm(x - x.mean(axis=0), axis=1))[: meta["atoms"]]]
    g = nanochart.rdf(x, RdfGrid(**meta["grid"]))
    network = torch.jit.load(path).eval()
    expected = network(torch.tensor(g[None], dtype=torch.float32))[0].detach().numpy()
    exact = network.double()(torch.tensor(g[None]))[0].detach().numpy()
    encoder = _core.Encoder(name)
    assert encoder.value(g) == pytest.approx(expected, abs=1e-6 if encoder.engine == "libtorch" else 1e-5)
    assert encoder.value(g) == pytest.approx(exact, abs=1e-5)


# ---- files that C++ refuses ---------------------------------------------------------------------


def refused(path, message):
    with pytest.raises(ValueError, match=message) as caught:
        _core.Encoder(str(path))
    assert "\n" not in str(caught.value)
    assert Path(path).name in str(caught.value)


def test_missing_folder_text_and_truncated_files(tmp_path):
    refused(tmp_path / "none.pt", "cannot be read: No such file")
    refused(tmp_path, "is a folder")
    (tmp_path / "text.pt").write_text("hello")
    refused(tmp_path / "text.pt", "not a TorchScript archive")
    (tmp_path / "empty.pt").write_bytes(b"")
    refused(tmp_path / "empty.pt", "not a TorchScript archive")
    content = linear(tmp_path / "w.pt").read_bytes()
    for part in (100, len(content) // 2, len(content) - 30):
        (tmp_path / "cut.pt").write_bytes(content[:part])
        refused(tmp_path / "cut.pt", "truncated or not TorchScript")


def test_other_archives(tmp_path):
    torch.save({"weight": torch.ones(3)}, tmp_path / "state.pt")
    refused(tmp_path / "state.pt", "truncated or not TorchScript")
    torch.jit.save(torch.jit.script(torch.nn.Linear(90, 2)), str(tmp_path / "plain.pt"))
    refused(tmp_path / "plain.pt", "TorchScript without nanochart.json")
    with pytest.raises(ValueError, match="no nanochart.json"):
        read_metadata(tmp_path / "plain.pt")


@pytest.mark.parametrize(
    "change, message",
    [
        ({"schema": 7}, "schema 7, this nanochart reads schema 1"),
        ({"schema": "one"}, 'wrong "schema"'),
        ({"dtype": "float16"}, 'dtype "float16", must be float32 or float64'),
        ({"dtype": "float32"}, "in float32, the network"),
        ({"latent": 3, "s_mean": [0, 0, 0], "s_scale": [1, 1, 1]}, r"s\[1\]\[3\] .* returns \[1, 2\]"),
        ({"latent": 0}, "latent 0, must be >= 1"),
        ({"atoms": 1}, "atoms 1, must be >= 2"),
        ({"elements": ["Cu", "Ag"]}, "alphabetical"),
        ({"elements": ["Ag", "Cu"]}, r"g\[1\]\[3\]\[90\] .* refuses this input"),
        ({"grid": {"start": 1.5, "step": 0.1, "bins": 80, "bandwidth": 0.2}}, "refuses this input"),
        ({"grid": {"start": 1.5, "step": 0.0, "bins": 90, "bandwidth": 0.2}}, "step > 0"),
        ({"grid": {"start": 1.5, "bins": 90, "bandwidth": 0.2}}, 'no entry "step"'),
        ({"s_scale": [1.0]}, '"s_scale" .* 2 positive numbers'),
        ({"s_scale": [1.0, 0.0]}, '"s_scale" .* 2 positive numbers'),
    ],
)
def test_wrong_metadata(change, message, tmp_path):
    path = edit(linear(tmp_path / "w.pt"), lambda meta: meta | change)
    refused(path, message)


def test_metadata_that_is_missing_or_no_json(tmp_path):
    path = linear(tmp_path / "w.pt")
    refused(edit(path, lambda meta: None), "without nanochart.json")
    refused(edit(path, lambda meta: "{not json"), "is not a JSON object")
    refused(edit(path, lambda meta: {"schema": 1}), 'no entry "name"')


def test_unknown_name_lists_the_shipped_models():
    with pytest.raises(ValueError, match="model Pt38 is not shipped; shipped are: .*Au147"):
        nanochart.ChartCV("Pt38")
    assert nanochart.ChartCV("Au147").metadata["name"] == "Au147"


# ---- another torch, or none ---------------------------------------------------------------------


def open_with_torch(folder: Path, model: Path) -> str:
    """The error of opening a model where the loader finds torch's libraries in `folder`/lib."""
    script = f"from nanochart import _core\ntry: _core.Encoder({str(model)!r})\nexcept ValueError as e: print(e)"
    paths = os.pathsep.join(filter(None, [str(Path(nanochart.__file__).parent.parent), os.environ.get("PYTHONPATH")]))
    env = os.environ | {"LD_LIBRARY_PATH": str(folder / "lib"), "PYTHONPATH": paths}
    return subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not shutil.which("cc"), reason="needs the C compiler cc to build a false libtorch")
def test_another_torch_is_one_sentence(tmp_path):
    (tmp_path / "lib").mkdir()
    for name in ("libtorch.so", "libtorch_cpu.so", "libc10.so"):
        subprocess.run(["cc", "-shared", "-o", tmp_path / "lib" / name, "-x", "c", os.devnull], check=True)
    (tmp_path / "version.py").write_text("__version__ = '2.4.1+cpu'\n")
    error = open_with_torch(tmp_path, linear(tmp_path / "w.pt"))
    built = ".".join(torch.__version__.split(".")[:2])
    assert f"nanochart was built for torch {built} but found torch 2.4.1+cpu: install torch=={built}" in error


def test_no_torch_is_one_sentence(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libtorch_cpu.so").write_text("no library")
    error = open_with_torch(tmp_path, linear(tmp_path / "w.pt"))
    assert "but there is no torch here" in error and "install torch==" in error
