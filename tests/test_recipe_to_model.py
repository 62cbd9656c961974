"""From a data set to model files with the commands, on a tiny set; and data sets that are no use."""

import json
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import nanochart
from nanochart.chart.export import read_metadata
from nanochart.chart.latent_scan import latent_scan
from nanochart.chart.training import Settings, train_dataset
from nanochart.landscape import dataset, dataset_file

TINY = dict(epochs=2, batch=16, precision="float32")


def make_data(path: Path, n: int = 60, cna: int = -1) -> Path:
    """Pairs of Au13, six trajectories: an icosahedron pulled in three directions, and shaken."""
    from ase.cluster import Icosahedron

    rng = np.random.default_rng(0)
    shape = Icosahedron("Au", 2).positions
    cold = (shape - shape.mean(axis=0)) * (1 + 0.1 * rng.uniform(-1, 1, size=(n, 1, 3)))
    dataset.create(path, "Au", 13)
    rows = {
        "positions_thermal": cold + 0.1 * rng.normal(size=cold.shape), "positions_quenched": cold,
        "energy": -30 + rng.random(n), "force_norm": np.full(n, 1e-4), "converged": np.full(n, True),
        "temperature": np.full(n, 300.0), "replica": np.arange(n) % 6, "step": np.arange(n), "cna": np.full(n, cna),
        "motif": np.full(n, -1),
    }  # fmt: skip
    dataset.add_block(path, "b", rows)
    dataset.pack(path)
    return path


def command(*arguments, cwd) -> subprocess.CompletedProcess:
    program = [sys.executable, "-m", "nanochart.cli", *map(str, arguments)]
    return subprocess.run(program, cwd=cwd, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipe")
    make_data(folder / "d.h5", cna=5)
    done = command("train", "d.h5", "-o", "run", "--architecture", "inherent", "--activation", "silu", "--epochs", 3,
                   "--batch", 16, cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"ratio_to_pca3"' in done.stdout
    done = command("export", "run", "-o", "Au13-inherent.pt", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_train_export_distil(trained):
    """The model reads structures; the student is small, and its errors are in its file."""
    history = json.loads((trained / "run" / "history.json").read_text())
    assert len(history) == 3 and (trained / "run" / "learning.png").stat().st_size > 5000
    done = command("distil", "./Au13-inherent.pt", "d.h5", "-o", "Au13.pt", "--widths", "16 8", "--epochs", 5,
                   "--inputs", 200, cwd=trained)  # fmt: skip
    assert done.returncode == 0, done.stderr
    x = np.array(dataset.Dataset(trained / "d.h5").positions_thermal[0], float)
    for name in ("Au13-inherent", "Au13"):
        chart = nanochart.ChartCV(trained / f"{name}.pt")
        assert chart.evaluate(x).shape == (3,) and chart.jacobian(x).shape == (3, 13, 3)
        assert 0 < chart.outside(x) < 2 < chart.outside(0.8 * x)
    meta = read_metadata(trained / "Au13.pt")
    assert meta["dense"]["layers"] == 3 and meta["training"]["teacher"] == "Au13-inherent"
    assert meta["training"]["data_hash"] == meta["training"]["teacher_data_hash"]
    said = command("info", "./Au13.pt", cwd=trained).stdout
    assert "distilled: 3 dense layers, silu" in said and f"r2                     {meta['losses']['r2']}" in said
    labels = read_metadata(trained / "Au13-inherent.pt")["losses"]["labels"]
    said = command("info", "./Au13-inherent.pt", cwd=trained).stdout
    assert labels and all(f"    {label:20} samples {row['samples']}, validation " in said for label, row in labels.items())


def test_distil_from_other_data(trained):
    """Refused unless it is said; the file tells both sets."""
    make_data(trained / "more.h5", n=72)
    call = ("distil", "./Au13-inherent.pt", "more.h5", "-o", "other.pt", "--widths", "16 8", "--epochs", 2, "--inputs", 100)
    refused = command(*call, cwd=trained)
    assert refused.returncode == 1 and "was trained on the data set" in refused.stderr and "--other-data" in refused.stderr
    assert not (trained / "other.pt").exists()
    assert command(*call, "--other-data", cwd=trained).returncode == 0
    training = read_metadata(trained / "other.pt")["training"]
    assert training["data_hash"] == dataset.Dataset(trained / "more.h5").hash
    assert training["teacher_data_hash"] == dataset.Dataset(trained / "d.h5").hash


def test_an_interrupted_training_goes_on(trained, tmp_path, one_thread):
    """Killed at any time: the folder has whole files, and the run ends as if it had not been stopped."""
    whole = train_dataset(trained / "d.h5", tmp_path / "whole", Settings("inherent", **TINY | {"epochs": 6}), progress=False)
    code = ("from nanochart.chart.training import *; import os\n"
            "torch.set_num_threads(1)\n"
            "import nanochart.chart.training as t; save = t.save_checkpoint\n"
            "def stop(folder, state):\n"
            "    save(folder, state)\n"
            "    if len(state['history']) == 2: os.kill(os.getpid(), 9)\n"
            "t.save_checkpoint = stop\n"
            f"train_dataset({str(trained / 'd.h5')!r}, {str(tmp_path / 'cut')!r}, "
            "Settings('inherent', epochs=6, batch=16, precision='float32'), progress=False)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == -9, done.stderr
    again = train_dataset(trained / "d.h5", tmp_path / "cut", Settings("inherent", **TINY | {"epochs": 6}), resume=True,
                          progress=False)  # fmt: skip
    assert again["validation"] == pytest.approx(whole["validation"], rel=1e-4)
    assert len(json.loads((tmp_path / "cut" / "history.json").read_text())) == 6


def test_latent_scan(trained):
    done = command("train", "d.h5", "-o", "scan", "--architecture", "inherent", "--epochs", 2, "--scan", "1 2",
                   "--structures", 50, cwd=trained)  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads((trained / "scan" / "scan.json").read_text())
    assert [row["latent"] for row in rows] == [1, 2] and rows[0]["pca"] > rows[1]["pca"] > 0
    assert (trained / "scan" / "scan.png").stat().st_size > 5000


def spoil(path: Path, column: str, value) -> Path:
    with h5py.File(path, "r+") as file:
        file[column][7] = value
    return path


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda p: p / "none.h5", "none.h5: no such file"),
        (lambda p: _text(p / "text.h5"), "not a readable HDF5 file"),
        (lambda p: _foreign(p / "foreign.h5"), "schema is None, must be 'nanochart data set 2'"),
        (lambda p: make_data(p / "few.h5", n=12), "12 structures are too few to learn from, need >= 20"),
        (lambda p: spoil(make_data(p / "nan.h5"), "energy", np.nan), "energy is not finite in 1 of 60 structures"),
        (lambda p: spoil(make_data(p / "x.h5"), "positions_thermal", np.inf), "positions_thermal is not finite in 1 of 60"),
        (lambda p: _truncated(make_data(p / "cut.h5")), "not a readable HDF5 file|cannot be read"),
    ],
    ids=["missing", "text", "foreign", "few", "NaN energy", "infinite position", "truncated"],
)
def test_a_useless_data_set_is_one_sentence(make, message, tmp_path):
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        train_dataset(make(tmp_path), tmp_path / "run", Settings("inherent", **TINY), progress=False)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_other_faults_are_one_sentence(trained):
    data, bad = trained / "d.h5", trained / "bad"
    with pytest.raises(ValueError, match="structures is 5, must be 20 to 60"):
        train_dataset(data, bad, structures=5)
    with pytest.raises(ValueError, match="latent sizes are \\[0, 2\\], must be one or more of 1 to 8"):
        latent_scan(data, bad, [0, 2])
    done = command("train", "d.h5", "-o", "bad", "--architecture", "other", cwd=trained)
    assert done.returncode == 1 and re.fullmatch("nanochart: error: architecture is 'other'.*\n", done.stderr)
    assert not (bad / "checkpoint.pt").exists()


def _text(path: Path) -> Path:
    path.write_text("positions of atoms")
    return path


def _foreign(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["positions"] = np.zeros((3, 13, 3))
    return path


def _truncated(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:3000])
    return path


def test_columns_that_the_file_lacks_do_not_matter(tmp_path):
    """Labels that were never made (-1) are no obstacle to training."""
    data = make_data(tmp_path / "d.h5", cna=-1)
    assert set(dataset_file.read_columns(data, ["cna"])["cna"]) == {-1}
    losses = train_dataset(data, tmp_path / "run", Settings("inherent", **TINY | {"epochs": 1}), progress=False)
    assert losses["validation"] > 0
