"""ChartCV: positions -> s and back, through closed-form models and the shipped one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.io import read

import nanochart
from nanochart.chart.linear import write_linear_model
from nanochart.descriptor import RdfGrid

GRID = RdfGrid(1.5, 0.1, 60, 0.2)
ATOMS = 20
DECKS = Path(__file__).parent.parent / "lammps_inputs"


def cluster(seed=0):
    """20 atoms on a loose lattice, shaken; angstrom."""
    sites = 2.8 * np.stack(np.meshgrid(*[np.arange(3)] * 3), -1).reshape(-1, 3)[:ATOMS]
    return sites + np.random.default_rng(seed).uniform(-0.3, 0.3, (ATOMS, 3))


@pytest.fixture
def weights():
    return np.random.default_rng(1).normal(size=(3, 60))


@pytest.fixture
def cv(tmp_path, weights):
    return nanochart.ChartCV(write_linear_model(tmp_path / "w.pt", weights, GRID, atoms=ATOMS))


def test_linear_model_is_exact(cv, weights):
    x = cluster()
    assert cv.evaluate(x) == pytest.approx(weights @ nanochart.rdf(x, GRID)[0], abs=1e-12)
    dv_ds = np.array([0.2, -1.0, 3.0])
    expected = nanochart.rdf_pullback(x, GRID, dv_ds @ weights, strain=True)
    for ours, exact in zip(cv.pullback(x, dv_ds, strain=True), expected):
        assert ours == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("step", [1e-3, 2e-4])
def test_jacobian_is_the_derivative(cv, step):
    x = cluster()
    jacobian = cv.jacobian(x)
    assert jacobian.shape == (3, ATOMS, 3)
    for atom, axis in ((0, 0), (7, 1), (19, 2)):
        shift = np.zeros_like(x)
        shift[atom, axis] = step
        # Five points: the error left is of fourth order in the step.
        s = [cv.evaluate(x + k * shift) for k in (-2, -1, 1, 2)]
        numeric = (s[0] - 8 * s[1] + 8 * s[2] - s[3]) / (12 * step)
        assert np.abs(numeric - jacobian[:, atom, axis]).max() < 1e-7 * np.abs(jacobian).max()


def test_jacobian_is_the_stacked_pullbacks(cv):
    x = cluster()
    for i, row in enumerate(cv.jacobian(x)):
        assert np.array_equal(row, cv.pullback(x, np.eye(3)[i]))


def test_strain_is_the_derivative(cv):
    x, dv_ds, step = cluster(), np.array([1.0, 0.5, -0.7]), 1e-5
    strain = cv.pullback(x, dv_ds, strain=True)[1]
    for a, b in ((0, 0), (0, 1), (2, 1)):
        e = np.zeros((3, 3))
        e[a, b] = step
        numeric = dv_ds @ (cv.evaluate(x + x @ e) - cv.evaluate(x - x @ e)) / (2 * step)
        assert numeric == pytest.approx(strain[a, b], abs=1e-6 * np.abs(strain).max())


def test_batch_equals_single_structures(cv):
    batch = np.stack([cluster(seed) for seed in range(4)])
    s = cv.evaluate(batch)
    assert s.shape == (4, 3)
    assert np.array_equal(s, [cv.evaluate(x) for x in batch])


@pytest.mark.parametrize("cell", [[30.0, 31.0, 32.0], [[30.0, 0, 0], [6.0, 31.0, 0], [-4.0, 7.0, 32.0]]])
def test_a_wrapped_cluster_is_the_same(cv, cell):
    vectors = np.diag(cell) if np.ndim(cell) == 1 else np.array(cell)
    x = cluster() - cluster().mean(0)  # astride all three boundaries
    fractional = x @ np.linalg.inv(vectors)
    wrapped = (fractional - np.floor(fractional)) @ vectors
    dv_ds = np.array([0.2, -1.0, 3.0])
    assert np.ptp(wrapped, axis=0).min() > 20
    assert cv.evaluate(wrapped, cell=cell) == pytest.approx(cv.evaluate(x), abs=1e-12)
    for a, b in zip(cv.pullback(wrapped, dv_ds, cell=cell, strain=True), cv.pullback(x, dv_ds, strain=True)):
        assert a == pytest.approx(b, abs=1e-11)


def test_two_elements(tmp_path):
    weights = np.random.default_rng(2).normal(size=(2, 3, 60))
    path = write_linear_model(tmp_path / "agcu.pt", weights, GRID, elements=("Ag", "Cu"), atoms=ATOMS)
    cv, x = nanochart.ChartCV(path), cluster()
    symbols = ["Cu"] * 7 + ["Ag"] * 13
    expected = np.einsum("ick,ck", weights, nanochart.rdf(x, GRID, species=symbols))
    assert cv.evaluate(x, species=symbols) == pytest.approx(expected, abs=1e-12)
    assert cv.evaluate(x, species=[1] * 7 + [0] * 13) == pytest.approx(expected, abs=1e-12)
    for species, message in (
        (None, "species of each atom must be given"),
        (["Cu"] * 19 + ["Pt"], r"knows the elements \['Ag', 'Cu'\], not \['Pt'\]"),
        ([0] * 19 + [2], r"species 0..1, atom 20 has species 2"),
        ([0] * 5, "one for each of 20 atoms"),
    ):
        with pytest.raises(ValueError, match=message):
            cv.evaluate(x, species=species)


def test_two_models_at_once(tmp_path, weights):
    x = cluster()
    a = nanochart.ChartCV(write_linear_model(tmp_path / "a.pt", weights[:1], GRID, atoms=ATOMS))
    b = nanochart.ChartCV(write_linear_model(tmp_path / "b.pt", weights[1:], RdfGrid(1.6, 0.1, 60, 0.3), atoms=ATOMS))
    first = a.evaluate(x), b.evaluate(x)
    assert np.array_equal(a.evaluate(x), first[0]) and np.array_equal(b.evaluate(x), first[1])
    assert (a.dim, b.dim) == (1, 2) and a.hash != b.hash


def test_what_a_model_tells(cv, tmp_path):
    assert cv.path == str(tmp_path / "w.pt")
    assert cv.grid == GRID
    assert cv.metadata["atoms"] == ATOMS and cv.metadata["elements"] == ["Au"]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_thread_counts_are_untouched(cv, tmp_path, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        x = cluster()
        for _ in range(3):
            cv.pullback(x, np.ones(3))
            assert torch.get_num_threads() == threads
        (tmp_path / "cut.pt").write_bytes((tmp_path / "w.pt").read_bytes()[:1000])
        for wrong in (lambda: nanochart.ChartCV(tmp_path / "cut.pt"), lambda: cv.evaluate(x[1:])):
            with pytest.raises(ValueError):
                wrong()
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_thread_count_of_a_fresh_process_is_untouched(cv):
    """Also when no torch ran before, and in a second thread."""
    script = f"""
import threading, torch, nanochart
expected = int(open('/dev/stdin').read())
counts = []
def use():
    cv = nanochart.ChartCV({cv.path!r})
    cv.evaluate([[3.0 * (i % 3), 3.0 * (i // 3 % 3), 3.0 * (i // 9)] for i in range(20)])
    counts.append(torch.get_num_threads())
use()
thread = threading.Thread(target=use); thread.start(); thread.join()
print(counts, expected)
assert counts == [expected] * 2
"""
    expected = subprocess.run(
        [sys.executable, "-c", "import torch; print(torch.get_num_threads())"], capture_output=True, text=True, check=True
    ).stdout
    result = subprocess.run([sys.executable, "-c", script], input=expected, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def nan(x):
    x[4, 1] = np.nan
    return x


def twins(x):
    x[4] = x[9]
    return x


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda x: x[1:], "learned on 20 atoms, the group has 19"),
        (nan, "5"),
        (twins, "one place"),
        (lambda x: x[:, :2], r"\[N,3\]"),
        (lambda x: x.astype(complex), "real"),
    ],
)
def test_wrong_positions(cv, change, message):
    for call in (cv.evaluate, cv.jacobian):
        with pytest.raises(ValueError, match=message):
            call(change(cluster()))
    assert np.isfinite(cv.evaluate(cluster())).all()  # the object still works


def test_a_cluster_wider_than_half_the_cell(cv):
    with pytest.raises(ValueError, match="half"):
        cv.evaluate(cluster(), cell=[9.0, 9.0, 9.0])


def test_wrong_dv_ds_and_pbc_without_cell(cv):
    with pytest.raises(ValueError, match=r"dv_ds has shape \(2,\), must be \(3,\)"):
        cv.pullback(cluster(), [1.0, 2.0])
    with pytest.raises(ValueError, match="pbc is given without a cell"):
        cv.evaluate(cluster(), pbc=True)


def test_s_that_is_not_finite_is_an_error(tmp_path):
    weights = np.zeros((2, 60))
    weights[1, 15] = 1.7e308  # overflows where g(3.0) > 1.06; of a dimer g is up to 1.99
    cv = nanochart.ChartCV(write_linear_model(tmp_path / "w.pt", weights, GRID, atoms=2, name="huge"))
    assert np.isfinite(cv.evaluate([[0, 0, 0], [4.0, 0, 0]])).all()
    with pytest.raises(ValueError, match="model huge gives s2 = inf"):
        cv.evaluate([[0, 0, 0], [3.0, 0, 0]])


def test_shipped_model_is_invariant():
    """Translation, rotation and permutation leave s alone (the network is float32)."""
    cv = nanochart.ChartCV("Au147")
    rng = np.random.default_rng(0)
    x = 2.9 * np.stack(np.meshgrid(*[np.arange(6)] * 3), -1).reshape(-1, 3)[:147] + rng.uniform(-0.2, 0.2, (147, 3))
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    s = cv.evaluate(x)
    for same in (x + [5.0, -3.0, 8.0], x @ rotation, x[rng.permutation(147)]):
        assert cv.evaluate(same) == pytest.approx(s, abs=1e-4 * max(1, np.abs(s).max()))
    assert np.abs(cv.pullback(x, np.ones(cv.dim)).sum(axis=0)).max() < 1e-9  # no net force


def test_shipped_model_pullback_is_the_derivative():
    cv = nanochart.ChartCV("Au147")
    rng = np.random.default_rng(0)
    x = read(DECKS / "Dh147.data", format="lammps-data", atom_style="atomic").positions
    x = x + rng.uniform(-0.2, 0.2, x.shape)
    way = rng.normal(size=x.shape)
    slope = np.einsum("iab,ab->i", cv.jacobian(x), way)
    errors = []
    for step in (3e-4, 1e-3):  # float32: s carries noise of 1e-6, so no smaller steps
        numeric = (cv.evaluate(x + step * way) - cv.evaluate(x - step * way)) / (2 * step)
        errors.append(np.abs(numeric - slope).max() / np.abs(slope).max())
    assert max(errors) < 0.02, errors
