"""The descriptor of PyTorch tensors: on the CPU the kernel itself, on a GPU the same to 1e-6; and the functions
that a GPU's threads run, on the CPU."""

import numpy as np
import pytest
import torch
from rdf_cases import CHARTING, ICOSAHEDRON, hot, random_cluster

import nanochart
from nanochart import RdfGrid, _core
from nanochart.chart.torch_rdf import _by_operations, rdf

# x, grid, kinds of atoms
CASES = {
    "icosahedron": (hot(ICOSAHEDRON), CHARTING, 1),
    "even number of atoms": (random_cluster(20), CHARTING, 1),
    "two elements": (hot(ICOSAHEDRON), CHARTING, 2),
    "three elements": (random_cluster(31), RdfGrid(1.0, 0.1, 60, 0.2), 3),
    "pairs beyond both ends": (random_cluster(60), RdfGrid(4, 0.1, 40, 0.2), 1),
    "coarse grid": (hot(ICOSAHEDRON), RdfGrid(1.5, 0.4, 40, 0.1), 1),
    "from zero": (random_cluster(9), RdfGrid(0, 0.05, 100, 0.2), 1),
    "dimer": (np.array([[0, 0, 0], [2.7, 0.3, 0.1]]), CHARTING, 1),
}


def case(name):
    x, grid, kinds = CASES[name]
    species = None if kinds == 1 else (np.arange(len(x)) % kinds).astype(np.int32)
    dv_dg = np.random.default_rng(0).normal(size=(kinds * (kinds + 1) // 2, grid.bins))
    expected = nanochart.rdf(x, grid, species=species), nanochart.rdf_pullback(x, grid, dv_dg, species=species)
    return x, grid, kinds, species, dv_dg, expected


def close(ours, expected, tolerance):
    for a, b in zip(ours, expected):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())


@pytest.mark.parametrize("name", CASES)
def test_what_threads_do_is_the_kernel(name):
    x, grid, kinds, species, dv_dg, expected = case(name)
    ours = _core.rdf_by_threads(grid.start, grid.step, grid.bins, grid.bandwidth, kinds, x, species, dv_dg)
    close(ours, expected, 1e-11)


@pytest.mark.parametrize("name", ["icosahedron", "two elements"])
def test_tensors_on_the_cpu(name):
    x, grid, _, species, dv_dg, expected = case(name)
    position = torch.tensor(x, requires_grad=True)
    g = rdf(position, grid, None if species is None else torch.tensor(species))
    (dv_dx,) = torch.autograd.grad(g, position, torch.tensor(dv_dg))
    close((g.detach().numpy(), dv_dx.numpy()), expected, 1e-13)
    batch = rdf(position.detach().expand(3, -1, -1), grid, None if species is None else torch.tensor(species))
    assert batch.shape == (3, *g.shape) and torch.equal(batch[2], g.detach())


@pytest.mark.parametrize("kinds", [1, 2])
def test_first_and_second_derivatives(kinds):
    x = torch.tensor(random_cluster(5), requires_grad=True)
    grid = RdfGrid(1.0, 0.3, 12, 0.4)
    species = None if kinds == 1 else torch.tensor([0, 1, 1, 0, 1], dtype=torch.int32)
    assert torch.autograd.gradcheck(lambda x: rdf(x, grid, species), (x,), atol=1e-6)
    assert torch.autograd.gradgradcheck(lambda x: rdf(x, grid, species), (x,), atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_operations_are_the_kernel(name):
    x, grid, kinds, species, dv_dg, expected = case(name)
    position = torch.tensor(x)[None].requires_grad_()
    g = _by_operations(position, grid, kinds, None if species is None else torch.tensor(species))
    (dv_dx,) = torch.autograd.grad(g, position, torch.tensor(dv_dg)[None])
    close((g[0].detach().numpy(), dv_dx[0].numpy()), expected, 1e-11)


@pytest.mark.parametrize(
    "x, species, message",
    [
        (torch.zeros(5, 3), None, "torch.float64"),
        (torch.zeros(1, 3, dtype=torch.float64), None, "N >= 2"),
        (torch.rand(5, 3, dtype=torch.float64), torch.zeros(4, dtype=torch.int32), r"must be \(5,\)"),
        (torch.rand(5, 3, dtype=torch.float64), torch.full((5,), -1, dtype=torch.int32), "negative"),
        (torch.zeros(5, 3, dtype=torch.float64), None, "one place"),
    ],
)
def test_wrong_tensors(x, species, message):
    with pytest.raises(ValueError, match=message):
        rdf(x, CHARTING, species)


def test_without_a_gpu_it_is_said():
    reason = _core.why_no_cuda()
    if not reason:
        pytest.skip("there is a GPU")
    assert "no GPU" in reason or "built without CUDA" in reason
    with pytest.raises(ValueError, match="device cuda: "):
        _core.RdfCuda(2.0, 0.05, 340, 0.2, 1, 1)


@pytest.mark.parametrize("name", CASES)
def test_on_a_gpu(name, gpu):
    x, grid, _, species, dv_dg, expected = case(name)
    position = torch.tensor(x, device=gpu, requires_grad=True)
    of = None if species is None else torch.tensor(species, device=gpu)
    g = rdf(position, grid, of)
    (dv_dx,) = torch.autograd.grad(g, position, torch.tensor(dv_dg, device=gpu))
    close((g.detach().cpu().numpy(), dv_dx.cpu().numpy()), expected, 1e-6)
    batch = rdf(position.detach().expand(300, -1, -1), grid, of)  # blocks share frames out otherwise
    assert torch.equal(batch[299], g.detach()) and torch.equal(rdf(position, grid, of), g)  # the same bits


def test_a_bad_frame_on_a_gpu_is_nan(gpu):
    frames = torch.tensor(np.stack([hot(ICOSAHEDRON)] * 3), device=gpu)
    frames[1, 4] = frames[1, 9]
    frames[2, 0, 0] = float("nan")
    g = rdf(frames, CHARTING).isnan().all(dim=(1, 2))
    assert g.tolist() == [False, True, True]


def test_a_cuda_graph(gpu):
    x = torch.tensor(hot(ICOSAHEDRON), device=gpu)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        expected = rdf(x, CHARTING)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            g = rdf(x, CHARTING)
        x += 0.01 * torch.randn_like(x)
        graph.replay()
        assert not torch.equal(g, expected) and torch.equal(g, rdf(x, CHARTING))
