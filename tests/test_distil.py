"""A student reproduces its teacher: values, gradients, and what the model file says of it."""

import numpy as np
import pytest
import torch

import nanochart
from nanochart import _core
from nanochart.chart import distil
from nanochart.chart.agreement import agreement, cosines, values_and_gradients
from nanochart.chart.dense import DenseNetwork
from nanochart.chart.export import export, read_metadata
from nanochart.chart.student import StudentSettings, leading_directions, metric, stride, student_grid, train_student
from nanochart.chart.student_inputs import KINDS, structures
from nanochart.descriptor import RdfGrid, rdf, rdf_pullback

GRID = RdfGrid(1.5, 0.1, 80, 0.2)
QUICK = StudentSettings(widths=(32, 16), epochs=80, batch=64, inputs=1200)


def clusters(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hot and quenched structures [n,13,3]: an ellipsoidal icosahedron with noise, and without."""
    from ase.cluster import Icosahedron

    rng = np.random.default_rng(seed)
    shape = Icosahedron("Au", 2).positions
    cold = (shape - shape.mean(axis=0)) * (1 + 0.1 * rng.uniform(-1, 1, size=(n, 1, 3)))
    return cold + 0.1 * rng.normal(size=cold.shape), cold


class Teacher(torch.nn.Module):
    """Two smooth functions of g."""

    def __init__(self):
        super().__init__()
        r = torch.as_tensor(GRID.points, dtype=torch.float32)
        self.register_buffer("waves", torch.stack([torch.cos(1.1 * r), torch.sin(0.7 * r)]))

    def forward(self, g: torch.Tensor) -> torch.Tensor:
        z = torch.flatten(g, 1) @ self.waves.t()
        return torch.tanh(0.5 * z) + 0.2 * z.flip(1)


@pytest.fixture(scope="module")
def student():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    network, history = train_student(Teacher(), *clusters(300, 0), GRID, QUICK, progress=False)
    torch.set_num_threads(threads)
    assert history[-1] < 0.1 * history[0]
    return network


def test_values_and_gradients_on_unseen_structures(student):
    x, kind = structures(*clusters(40, 1), 160, 5)
    found = agreement(Teacher(), student, x, kind, GRID, slopes=20)
    assert min(found["r2"]) > 0.99 and min(found["cosine"]) > 0.98
    assert found["unseen_structures"] == 160
    assert {key.removeprefix("r2_") for key in found if key.startswith("r2_")} == set(KINDS)


def test_gradients_in_the_loss_make_better_gradients(student):
    from dataclasses import replace

    without, _ = train_student(Teacher(), *clusters(300, 0), GRID, replace(QUICK, gradient_weight=0.0), progress=False)
    x, _ = structures(*clusters(20, 1), 60, 5)
    assert 1 - cosines(Teacher(), student, x, GRID).mean() < 0.7 * (1 - cosines(Teacher(), without, x, GRID).mean())


def test_the_student_takes_points_half_a_bandwidth_apart():
    """They hold all of g, so that it learns as well from them."""
    fine = RdfGrid(GRID.start, 0.05, 159, 0.2)
    assert (stride(GRID), stride(fine)) == (1, 2)
    coarse = student_grid(fine)
    assert coarse.points == pytest.approx(fine.points[::2]) and coarse.bandwidth == 0.2
    teacher = lambda g: Teacher()(g[:, :, ::2])  # noqa: E731
    network, _ = train_student(teacher, *clusters(300, 0), fine, QUICK, progress=False)
    found = agreement(teacher, lambda g: network(g[:, :, ::2]), *structures(*clusters(40, 1), 160, 5), fine, slopes=20)
    assert min(found["r2"]) > 0.99 and min(found["cosine"]) > 0.98


def test_cosine_of_3n_vectors_is_one_for_the_same_network_and_signed():
    x = clusters(3, 0)[0]
    assert cosines(Teacher(), Teacher(), x, GRID) == pytest.approx(np.ones((3, 2)), abs=1e-9)
    opposite = lambda g: -Teacher()(g)  # noqa: E731
    assert cosines(Teacher(), opposite, x, GRID) == pytest.approx(-np.ones((3, 2)), abs=1e-9)


def test_the_metric_measures_gradients_of_positions():
    """|J^T e|^2 = e^T (J J^T) e, and the leading directions carry it."""
    x = clusters(1, 0)[0]
    m = metric(x, GRID)
    e = np.cos(0.8 * GRID.points)
    exact = (rdf_pullback(x[0], GRID, e[None]) ** 2).sum()
    assert e @ m @ e == pytest.approx(exact, rel=1e-9)
    assert ((e @ leading_directions(m).double().numpy()) ** 2).sum() == pytest.approx(exact, rel=0.03)


def test_structures_are_of_four_kinds():
    hot, cold = clusters(10, 0)
    x, kind = structures(hot, cold, 40, 0)
    assert [np.sum(kind == k) for k in KINDS] == [10] * 4
    near = lambda a, b: np.abs(a[:, None] - b).max(axis=(2, 3)).min(axis=1)  # noqa: E731
    assert near(x[kind == "thermal"], hot).max() < 1e-12 and near(x[kind == "quenched"], cold).max() < 1e-12
    assert near(x[kind == "between"], cold).min() > 1e-4 and near(x[kind == "displaced"], cold).min() > 1e-4


@pytest.mark.parametrize("activation", ["silu", "tanh"])
def test_the_model_file_is_a_dense_one(activation, tmp_path):
    rng = np.random.default_rng(0)
    g = rdf(clusters(30, 0)[0], GRID).astype(np.float32)
    network = DenseNetwork(g.mean(axis=0).ravel(), rng.uniform(1, 9, 80), (20, 10), 2, activation)
    path = export(network, tmp_path / "m.pt", name="m", grid=GRID, elements=["Au"], atoms=13, inputs=g, standardise=False)
    assert read_metadata(path)["dense"] == {"activation": activation, "layers": 3}
    names = dict(torch.jit.load(str(path)).state_dict())
    assert {"input_offset", "input_scale", "layers.0.weight", "layers.2.bias"} <= set(names)
    encoder = _core.Encoder(str(path))
    s, slopes = values_and_gradients(network, g[:1])
    assert encoder.engine == "dense"
    assert encoder.value(g[0], gradient=True) == pytest.approx(s[0].numpy(), abs=1e-6)
    assert encoder.pullback([0, 1]).ravel() == pytest.approx(slopes[0, 1].numpy(), abs=1e-5)


@pytest.mark.parametrize("wrong, message", [
    (dict(widths=()), "widths are"), (dict(widths=(8, 0)), "widths are"), (dict(activation="relu"), "activation is 'relu'"),
])  # fmt: skip
def test_wrong_networks(wrong, message):
    with pytest.raises(ValueError, match=message):
        DenseNetwork(np.zeros(9), np.ones(9), **{"widths": (4,), "latent": 1, **wrong})


def test_wrong_settings():
    for wrong, message in ((dict(epochs=0), "epochs 0"), (dict(inputs=10), "inputs 10"), (dict(gradient_weight=-1.0), "-1.0")):
        with pytest.raises(ValueError, match=message):
            StudentSettings(**wrong)


def test_a_student_is_no_teacher(tmp_path):
    from test_recipe_to_model import make_data

    data = make_data(tmp_path / "d.h5")
    with pytest.raises(ValueError, match="is a distilled model, must be a trained encoder"):
        distil.distil("Au147", data, tmp_path / "m.pt", "m")
    with pytest.raises(ValueError, match="is of 147 atoms of Au, .* of 13 of Au"):
        distil.distil("Au147-inherent", data, tmp_path / "m.pt", "m", other_data=True)
    assert not (tmp_path / "m.pt").exists()
    assert nanochart.ChartCV("Au147").metadata["losses"]["r2"]
