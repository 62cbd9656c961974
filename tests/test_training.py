"""The training loop, on small samples."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from training_cases import FAST

from nanochart.chart.losses import by_label, final_losses, pca_losses
from nanochart.chart.run_folder import best_model, load_checkpoint
from nanochart.chart.samples import Samples, draw_rows, grid_of, hold_out_groups, make_samples, parts_of
from nanochart.chart.training import Settings, plateau, train
from nanochart.landscape.dataset_file import NEITHER, TRAINING, VALIDATION

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_loss_falls_and_files_say_so(samples, tmp_path):
    losses = train(samples, tmp_path, Settings(**FAST | {"epochs": 6}), progress=False)
    history = json.loads((tmp_path / "history.json").read_text())
    assert [row["epoch"] for row in history] == list(range(6))
    assert history[-1]["training"] < 0.5 * history[0]["training"]
    assert losses["validation"] == pytest.approx(min(row["validation"] for row in history), rel=1e-4)
    assert losses["ratio_to_pca3"] == pytest.approx(losses["validation"] / losses["pca3_of_targets"])
    assert losses == json.loads((tmp_path / "losses.json").read_text()) == final_losses(tmp_path)


@pytest.mark.parametrize("optimiser", ["adam", "soap"])
def test_a_resumed_run_equals_an_uninterrupted_one(samples, tmp_path, optimiser):
    fast = FAST | {"optimiser": optimiser, "milestones": (1, 2)}
    whole = Settings(**fast)
    train(samples, tmp_path / "whole", whole, progress=False)
    train(samples, tmp_path / "parts", Settings(**fast | {"epochs": 1}), progress=False)
    train(samples, tmp_path / "parts", whole, resume=True, progress=False)
    a, b = (load_checkpoint(tmp_path / name) for name in ("whole", "parts"))
    for name, value in a["model"].items():
        assert torch.equal(value, b["model"][name]), name
    for name, value in a["best"].items():
        assert torch.equal(value, b["best"][name]), name
    assert [row["validation"] for row in a["history"]] == [row["validation"] for row in b["history"]]
    assert [row["rate"] for row in a["history"]] == [1e-3, 5e-4, 2.5e-4]


def test_a_cosine_rises_falls_and_belongs_to_its_epochs(samples, tmp_path):
    whole = Settings(**FAST | {"epochs": 10}, schedule="cosine")
    assert [whole.rate_at(t) for t in (0, 1, 10)] == pytest.approx([0, 1e-3 * (1 + np.cos(np.pi / 10)) / 2, 0])
    assert whole.rate_at(5) == pytest.approx(5e-4)
    rates = [whole.rate_at(t) for t in np.linspace(1, 10, 50)]
    assert (np.diff(rates) < 0).all()
    train(samples, tmp_path, Settings(**FAST | {"epochs": 1}, schedule="cosine"), progress=False)
    with pytest.raises(ValueError, match="was trained with another epochs"):
        train(samples, tmp_path, whole, resume=True, progress=False)


def test_soap_needs_fewer_steps_than_adam(samples, tmp_path):
    adam, soap = (
        train(samples, tmp_path / name, Settings(**FAST | {"epochs": 10}, schedule="cosine", optimiser=name, rate=rate),
              progress=False)["validation"]
        for name, rate in (("adam", 1e-3), ("soap", 1e-2))
    )  # fmt: skip
    assert soap < 0.75 * adam


def test_a_run_stops_on_a_plateau(samples, tmp_path):
    falling = [{"validation": v} for v in (5.0, 4.0, 3.0, 2.999, 2.998)]
    assert plateau(falling, 2) and not plateau(falling, 3) and not plateau(falling, 0)
    rising = dict(rate=1e-9, patience=2)  # learns nothing
    train(samples, tmp_path, Settings(**FAST | {"epochs": 9}, **rising), progress=False)
    assert len(load_checkpoint(tmp_path)["history"]) < 9
    longer = train(samples, tmp_path, Settings(**FAST | {"epochs": 20}, **rising), resume=True, progress=False)
    assert longer["epochs"] == len(load_checkpoint(tmp_path)["history"]) < 9  # ended is ended


def test_a_seed_reproduces_a_run_and_another_does_not(samples, tmp_path):
    state = torch.random.get_rng_state()
    runs = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(samples, tmp_path / name, Settings(**FAST | {"epochs": 1}, seed=seed), progress=False)
        runs.append(load_checkpoint(tmp_path / name)["model"]["encoder.network.0.weight"])
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])
    assert torch.equal(state, torch.random.get_rng_state())  # the caller's generator is untouched


def test_the_best_weights_are_kept(samples, tmp_path):
    train(samples, tmp_path, Settings(**FAST, rate=0.2), progress=False)
    state = load_checkpoint(tmp_path)
    best = min(row["validation"] for row in state["history"])
    assert final_losses(tmp_path)["validation"] == pytest.approx(best, rel=1e-3)
    assert not best_model(state).training


def test_bfloat16_keeps_float32_weights_and_learns(samples, tmp_path):
    losses = train(samples, tmp_path, Settings(**FAST | {"precision": "bfloat16"}), progress=False)
    state = load_checkpoint(tmp_path)
    assert all(t.dtype in (torch.float32, torch.int64) for t in state["model"].values())
    assert losses["validation"] == pytest.approx(min(r["validation"] for r in state["history"]), rel=0.05)


def test_held_out_groups_are_whole_and_stay_when_data_grow():
    groups = np.repeat(np.arange(40), 3)
    part = hold_out_groups(groups)
    assert not set(groups[part == TRAINING]) & set(groups[part == VALIDATION])
    assert 9 <= np.sum(part == VALIDATION) <= 45
    assert np.array_equal(hold_out_groups(np.repeat(np.arange(80), 3))[:120], part)


def test_a_split_stored_in_the_data_is_the_one():
    class Data:
        replica = np.repeat(np.arange(10), 2)
        __len__ = lambda self: 20  # noqa: E731

    data = Data()
    drawn = parts_of(data, "blocks").reshape(10, 2)
    assert np.array_equal(drawn[:, 0], drawn[:, 1])
    assert 0 < np.sum(parts_of(data, "random") == VALIDATION) < 20
    data.split_blocks = np.repeat([TRAINING, NEITHER, VALIDATION, TRAINING], 5)
    assert np.array_equal(parts_of(data, "blocks"), data.split_blocks)
    g = np.random.default_rng(0).random((20, 1, 5)).astype(np.float32)
    samples = Samples(g, g, parts_of(data, "blocks"), np.full(20, "quenched"))
    assert samples.training.tolist() == [0, 1, 2, 3, 4, 15, 16, 17, 18, 19]
    assert samples.validation.tolist() == [10, 11, 12, 13, 14]
    with pytest.raises(ValueError, match="split is 'trajectory', must be one of"):
        parts_of(data, "trajectory")


def test_pca_loss_is_that_of_scikit_learn():
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(n, 5)) @ rng.normal(size=(5, 9)) for n in (60, 20))
    pca = PCA(3).fit(a)
    expected = np.mean((b - pca.inverse_transform(pca.transform(b))) ** 2)
    assert pca_losses(a, b, 3).mean() == pytest.approx(expected)


def test_samples_pair_hot_inputs_with_quenched_targets():
    rng = np.random.default_rng(0)
    cold = 3.0 * rng.normal(size=(6, 8, 3))
    hot = cold + 0.1 * rng.normal(size=cold.shape)
    grid = grid_of(hot, cold, "Au")
    part = np.array([0, 0, 1, 1, -1, 0])
    s = make_samples(hot, cold, part, grid)
    assert s.inputs.shape == (12, 1, grid.bins)
    assert np.array_equal(s.targets[:6], s.targets[6:]) and np.array_equal(s.inputs[6:], s.targets[6:])
    assert not np.allclose(s.inputs[:6], s.targets[:6])
    assert s.part.tolist() == [0, 0, 1, 1, -1, 0] * 2
    assert s.kind.tolist() == ["thermal"] * 6 + ["quenched"] * 6
    single = make_samples(hot, cold, part, grid, inputs="quenched")
    assert np.array_equal(single.inputs, single.targets) and len(single.inputs) == 6
    own = make_samples(hot, cold, part, grid, target="self")
    assert np.array_equal(own.inputs, own.targets)
    assert set(s.label) == {-1}
    labelled = make_samples(hot, cold, part, grid, label=np.array([1, 1, 5, 0, -1, 2]))
    assert labelled.label.tolist() == [1, 1, 5, 0, -1, 2] * 2


def test_losses_of_the_structures_of_each_label(samples, tmp_path):
    code = np.tile([0, 5, 5, -1], 20)
    losses = train(replace(samples, label=code), tmp_path, Settings(**FAST), progress=False)
    assert losses == final_losses(tmp_path)
    found = {name: row["samples"] for name, row in losses["labels"].items()}
    assert found == {name: np.sum(code[samples.validation] == c) for name, c in (("Dh", 0), ("Amorphous", 5))}
    rows = by_label(np.array([1, 5, 1, -1]), np.array([1.0, 2.0, 4.0, 9.0]), np.array([3.0, 5.0, 5.0, 9.0]))
    assert rows == {
        "Ih": {"samples": 2, "validation": 2.5, "pca3_of_targets": 4.0},
        "Amorphous": {"samples": 1, "validation": 2.0, "pca3_of_targets": 5.0},
    }


def test_grids_of_the_published_systems():
    assert grid_of(None, np.zeros((1, 147, 3)), "Au").bins == 340
    assert grid_of(None, np.zeros((1, 147, 3)), "Cu").bins == 280
    assert grid_of(None, np.zeros((1, 55, 3)), "Au", bins=200).bins == 200
    line = np.arange(4)[None, :, None] * [3.0, 0, 0]  # other systems: where g is above 1e-6 of its peak
    grid = grid_of(line, line, "Pt")
    reach = 0.2 * np.sqrt(2 * np.log(1e6))
    assert grid.start == pytest.approx(3 - reach, abs=0.11)
    assert grid.points[-1] == pytest.approx(9 + reach, abs=0.11)


def test_halves_share_nothing():
    """A draw is of its half, and another seed draws others."""
    first, second = (draw_rows(101, None, half, 0) for half in (1, 2))
    assert sorted([*first, *second]) == list(range(101))
    assert (np.diff(first) > 0).all() and abs(first.mean() - 50) < 10
    drawn = [draw_rows(101, 30, 2, seed) for seed in (1, 2)]
    assert all(set(rows) <= set(second) and len(set(rows)) == 30 for rows in drawn)
    assert list(drawn[0]) != list(drawn[1])
    assert list(draw_rows(101, None, None, 0)) == list(range(101))
    with pytest.raises(ValueError, match="structures is 60, must be 20 to 50"):
        draw_rows(101, 60, 2, 0)
    with pytest.raises(ValueError, match="half is 3, must be 1 or 2"):
        draw_rows(101, None, 3, 0)


def test_wrong_input(samples, tmp_path):
    few = Samples(samples.inputs[:8], samples.targets[:8], np.arange(8) // 7, samples.kind[:8])
    with pytest.raises(ValueError, match="7 structures to learn from and 1 held out are too few"):
        train(few, tmp_path / "few", Settings(**FAST))
    all_to_learn = Samples(samples.inputs, samples.targets, np.zeros(80, int), samples.kind)
    with pytest.raises(ValueError, match="80 structures to learn from and 0 held out"):
        train(all_to_learn, tmp_path / "all", Settings(**FAST))
    with pytest.raises(ValueError, match="1 groups .* too few"):
        hold_out_groups(np.zeros(80, int))
    with pytest.raises(ValueError, match="one shape"):
        Samples(samples.inputs, samples.targets[1:], samples.part, samples.kind)
    train(samples, tmp_path / "run", Settings(**FAST | {"epochs": 1}), progress=False)
    with pytest.raises(ValueError, match="exists: resume"):
        train(samples, tmp_path / "run", Settings(**FAST))
    with pytest.raises(ValueError, match="another seed"):
        train(samples, tmp_path / "run", Settings(**FAST, seed=5), resume=True)
    with pytest.raises(FileNotFoundError, match="checkpoint.pt does not exist"):
        load_checkpoint(tmp_path)
    for wrong, message in (({"patience": -1}, "patience is -1"), ({"precision": "half"}, "precision is 'half'"),
                           ({"schedule": "line"}, "schedule is 'line', must be"),
                           ({"optimiser": "sgd"}, "optimiser is 'sgd', must be"),
                           ({"device": "tpu"}, "device is 'tpu', must be cpu or cuda")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            Settings(**wrong)
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="finds no GPU: give device cpu"):
            Settings(device="cuda")
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ValueError, match="checkpoint.pt is damaged .*: remove the folder"):
        load_checkpoint(tmp_path / "run")
    with pytest.raises(ValueError, match="target is 'hot'"):
        make_samples(np.zeros((2, 4, 3)), np.zeros((2, 4, 3)), np.arange(2), None, target="hot")
