"""`nanochart convergence`: two runs compared at each temperature."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from nanochart.cli import app
from nanochart.landscape import cna
from nanochart.landscape.convergence import LARGEST, compare
from nanochart.landscape.dataset import add_block, create
from nanochart.landscape.motifs import start

TEMPERATURES = (300.0, 350.0, 400.0)
FRAMES = 250  # of a run at each temperature
IH, FCC = cna.LABELS.index("Ih"), cna.LABELS.index("Fcc")


def two_runs(path, shares, seed=0, sources=("runs/A", "runs/B"), frames=FRAMES):
    """Each run: a replica for each temperature, icosahedra with probability shares[run][temperature]."""
    rng = np.random.default_rng(seed)
    shapes = np.array([start(m, "Au", 55, 0).positions for m in ("Fcc", "Ih")])
    made = {"sources": list(sources), "trajectories": [len(TEMPERATURES)] * len(sources)}
    create(path, "Au", 55, quench=json.dumps(made))
    for run, shares_of in enumerate(shares):
        for k, (t, share) in enumerate(zip(TEMPERATURES, shares_of)):
            x = shapes[(rng.random(frames) < share).astype(int)]
            add_block(path, f"{run}-{k}", {
                "positions_thermal": x, "positions_quenched": x, "energy": rng.random(frames),
                "force_norm": np.zeros(frames), "converged": np.arange(frames) % 50 != 3, "temperature": np.full(frames, t),
                "replica": np.full(frames, run * len(TEMPERATURES) + k), "step": 100 * np.arange(1, frames + 1),
                "cna": np.full(frames, -1), "motif": np.full(frames, -1),
            })  # fmt: skip
    return path


def test_runs_of_one_distribution_agree(tmp_path):
    found = compare(two_runs(tmp_path / "a.h5", [(0.9, 0.5, 0.1)] * 2))
    assert found.runs == ("A", "B") and found.system == "Au55" and found.agree.all()
    assert found.verdict().startswith("A and B agree within errors at all 3 temperatures; largest difference: ")
    assert np.allclose(found.populations[:, :, IH], (0.9, 0.5, 0.1), atol=0.15)
    assert np.allclose(found.populations.sum(axis=2), 1)
    kept = 0.8 * FRAMES * 0.98  # without the first fifth, and without what failed
    assert np.all(np.abs(found.frames - kept) < 3)
    assert found.errors[0, 1, IH] == pytest.approx(0.5 / kept**0.5, rel=0.7)  # independent frames
    assert found.errors[0, 0, cna.LABELS.index("Dh")] == 1 / found.frames[0, 0]  # never seen, not known to be 0


def test_runs_that_differ_are_told_apart_where_they_do(tmp_path):
    found = compare(two_runs(tmp_path / "a.h5", [(1.0, 0.5, 0.1), (0.0, 0.5, 0.6)]))
    assert found.agree.tolist() == [False, True, False]
    assert found.distances == pytest.approx([1, 0, 0.5], abs=0.12)
    assert np.all(np.abs(found.deviations[[0, 2], FCC]) > LARGEST)
    assert "agree within errors at 1 of 3 temperatures, and differ at 300, 400 K; largest difference" in found.verdict()
    assert "at 300 K, 1.00 +- 0.01 against 0.00 +- 0.01" in found.verdict()


def test_false_alarms_are_rare(tmp_path):
    """Of runs with one distribution, about 5 % of the temperatures are called different, or fewer."""
    calls = [compare(two_runs(tmp_path / f"{seed}.h5", [(0.7, 0.5, 0.3)] * 2, seed)).agree for seed in range(12)]
    assert np.mean(calls) > 0.85


def test_command(tmp_path):
    path = two_runs(tmp_path / "a.h5", [(1.0, 0.5, 0.1), (0.0, 0.5, 0.1)])
    done = CliRunner().invoke(app, ["convergence", str(path)])
    assert done.exit_code == 0, done.output
    assert "A and B agree within errors at 2 of 3 temperatures, and differ at 300 K" in done.output
    assert (tmp_path / "a.convergence.png").read_bytes()[:4] == b"\x89PNG"
    saved = json.loads((tmp_path / "a.convergence.json").read_text())
    assert saved["agree"] == [False, True, True] and saved["verdict"] in done.output


def test_what_cannot_be_compared(tmp_path):
    with pytest.raises(ValueError, match=r"holds 1 runs \(A\), of which two must be compared"):
        compare(two_runs(tmp_path / "one.h5", [(1, 1, 1)], sources=["A"]))
    three = two_runs(tmp_path / "three.h5", [(1, 1, 1)] * 3, sources=["A", "B", "C"])
    with pytest.raises(ValueError, match=r"3 runs \(A, B, C\), .*--runs is A D"):
        compare(three, runs=["A", "D"])
    assert compare(three, runs=["C", "A"]).runs == ("C", "A")
    with pytest.raises(ValueError, match="A has 16 frames at 300 K after its first fifth, needs 20"):
        compare(two_runs(tmp_path / "few.h5", [(1, 1, 1)] * 2, frames=21))
