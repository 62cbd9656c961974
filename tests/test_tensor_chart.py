"""A chart of tensors gives what ChartCV gives, on the CPU and, where there is one, on a GPU as a CUDA graph."""

import numpy as np
import pytest
import torch
from rdf_cases import ICOSAHEDRON, hot

from nanochart import ChartCV
from nanochart.chart.tensor_chart import TensorChart


def compare(model, device):
    chart, tensors = ChartCV(model), TensorChart(model, device)
    for seed in (1, 2):
        x = hot(ICOSAHEDRON) + np.random.default_rng(seed).normal(scale=0.02, size=ICOSAHEDRON.shape)
        s, ds_dx = (result.cpu().numpy() for result in tensors.evaluate(torch.tensor(x, device=device)))
        expected = chart.jacobian(x)
        np.testing.assert_allclose(s, chart.evaluate(x), atol=1e-4)
        np.testing.assert_allclose(ds_dx, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("model", ["Au147", "Au147-charting"])
def test_same_as_the_chart(model):
    compare(model, "cpu")


def test_as_a_cuda_graph(gpu):
    compare("Au147", gpu)
    compare("Au147-charting", gpu)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: TensorChart("Au147", "meta"), "device is meta, must be cpu or cuda"),
        (lambda: TensorChart("Au147", species=[0]), "species must be 147 indices"),
        (lambda: TensorChart("Au147").evaluate(torch.zeros(147, 3)), "must be .*torch.float64"),
    ],
)
def test_wrong_use(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_without_a_gpu_it_is_said():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match="device is cuda, but torch .* finds no GPU"):
        TensorChart("Au147", "cuda")
