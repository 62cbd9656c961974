"""Trainings that start with the weights of another run."""

import numpy as np
import pytest
import torch
from training_cases import FAST

from nanochart.chart.autoencoder import Autoencoder
from nanochart.chart.run_folder import best_model, load_checkpoint
from nanochart.chart.samples import Samples
from nanochart.chart.training import Settings, train
from nanochart.chart.warm_start import came_from, start_from

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def first(samples, tmp_path):
    info = {"elements": ["Ag"], "atoms": 147, "training": {"data_hash": "abc", "split": "blocks"}}
    train(samples, tmp_path / "first", Settings(**FAST | {"epochs": 8}), info, progress=False)
    return tmp_path / "first"


def test_the_first_losses_are_those_of_the_other_run(samples, first, tmp_path):
    slow = Settings(**FAST | {"epochs": 1}, rate=1e-9)
    train(samples, tmp_path / "second", slow, progress=False, start=first)
    before, after = (load_checkpoint(f)["history"][-1]["validation"] for f in (first, tmp_path / "second"))
    assert after == pytest.approx(before, rel=0.1)  # BatchNorm's means go on
    assert came_from(first) == {"elements": ["Ag"], "atoms": 147, "epochs": 8, "data_hash": "abc", "split": "blocks"}


def test_a_shorter_grid_is_the_same_curve_stretched(samples, first):
    old, new = best_model(load_checkpoint(first)), Autoencoder(84, 3)
    short = samples.inputs[:, :, :84]
    new.fit_scalers(short, short)
    start_from(new, first)
    a, b = (model.encoder.network[-1].weight.detach().view(3, 16, -1) for model in (old, new))
    assert a.shape[2] == 13 and b.shape[2] == 7
    assert torch.allclose(a[:, :, 6], b[:, :, 3])  # the middles
    assert torch.equal(old.encoder.network[3].weight, new.encoder.network[3].weight)
    np.testing.assert_array_equal(new.encoder.scaler.low.numpy()[0], short.min(axis=0)[0])


@pytest.mark.parametrize("change, error", [
    (dict(latent=2), "latent is 3, must be 2"),
    (dict(activation="silu"), "activation is relu, must be silu"),
    (dict(architecture="inherent"), "architecture is charting, must be inherent"),
])  # fmt: skip
def test_another_network_is_refused(first, change, error):
    with pytest.raises(ValueError, match=error):
        start_from(Autoencoder(90, **change), first)


def test_a_resumed_run_does_not_start_again(samples, first, tmp_path):
    assert isinstance(samples, Samples)
    longer = Settings(**FAST | {"epochs": 2})
    train(samples, tmp_path / "whole", longer, progress=False, start=first)
    train(samples, tmp_path / "parts", Settings(**FAST | {"epochs": 1}), progress=False, start=first)
    train(samples, tmp_path / "parts", longer, progress=False, start=first, resume=True)
    a, b = ([row["validation"] for row in load_checkpoint(tmp_path / f)["history"]] for f in ("whole", "parts"))
    assert a == b
