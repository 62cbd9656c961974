"""nanochart and what people use instead, on the same frames of Au147 and the same networks, one core.

g alone: scikit-learn's KernelDensity, and, where installed, freud's histogram of distances and dscribe's MBTR.
s and its gradient by positions: PyTorch autograd through distances, Gaussians and the network, eager, scripted and
compiled. `fix external` with PyTorch is in step.py. Nothing is timed that did not first give nanochart's g or s.
"""

from __future__ import annotations

import importlib.util
import math

import numpy as np
import torch
from rdf import GRID, cluster, kernel_density, least_time

import nanochart

FRAMES = cluster(147) + np.random.default_rng(2).normal(scale=0.05, size=(8, 147, 3))
MODELS = ("Au147", "Au147-charting")
POINTS = torch.tensor(GRID.points)
WIDTH = GRID.bandwidth


def distribution(x: torch.Tensor, points: torch.Tensor, width: float) -> torch.Tensor:
    r = torch.pdist(x)
    return torch.exp(-0.5 * ((points[:, None] - r) / width) ** 2).mean(1) / (width * math.sqrt(2 * math.pi))


class Chart(torch.nn.Module):
    """Positions [N,3] -> s[d] in PyTorch alone."""

    def __init__(self, encoder, width: float):
        super().__init__()
        self.encoder, self.width = encoder, width
        self.register_buffer("points", POINTS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        r = torch.pdist(x)
        g = torch.exp(-0.5 * ((self.points[:, None] - r) / self.width) ** 2).mean(1)
        g = g / (self.width * 2.5066282746310002)
        return self.encoder(g.float()[None, None])[0]


def with_gradient(chart):
    def call():
        x = torch.tensor(FRAMES[0], requires_grad=True)
        s = chart(x)
        return s, torch.autograd.grad(s.sum(), x)[0]

    return call


def same(chart, expected: np.ndarray) -> None:
    s, dv_dx = with_gradient(chart)()
    if np.abs(s.detach().numpy() - expected[0]).max() > 1e-3 or (
        np.abs(dv_dx.numpy() - expected[1]).max() > 1e-2 * np.abs(expected[1]).max()
    ):
        raise RuntimeError("PyTorch's chart is not nanochart's: the comparison would mean nothing")


def charts() -> list[dict]:
    rows = []
    for model in MODELS:
        cv = nanochart.ChartCV(model)
        ones = np.ones(cv.dim)
        expected = cv.evaluate(FRAMES[0]), cv.pullback(FRAMES[0], ones)
        ours = least_time(lambda: cv.pullback(FRAMES[0], ones))  # holds one value
        rows.append({"what": f"s and its gradient, {model}", "how": "nanochart.ChartCV", "ms": 1e3 * ours, "ratio": 1.0})
        encoder = torch.jit.load(cv.path).eval()
        eager = Chart(encoder, WIDTH)
        ways = {"PyTorch autograd, eager": lambda: eager, "PyTorch autograd, scripted": lambda: torch.jit.script(eager),
                "PyTorch autograd, g compiled": lambda: compiled(encoder)}  # fmt: skip
        for how, make in ways.items():
            row = {"what": f"s and its gradient, {model}", "how": how}
            try:
                chart = make()
                same(chart, expected)
            except RuntimeError as error:
                row["ms"] = "not run: " + str(error).splitlines()[0][:100]
            else:
                seconds = least_time(with_gradient(chart))
                row |= {"ms": 1e3 * seconds, "ratio": seconds / ours}
            rows.append(row)
    return rows


def compiled(encoder):
    """torch.compile does not take a TorchScript network, so the distribution alone is compiled."""
    g = torch.compile(distribution, dynamic=False)
    return lambda x: encoder(g(x, POINTS, WIDTH).float()[None, None])[0]


def descriptors() -> list[dict]:
    x = FRAMES[0]
    ours = least_time(lambda: nanochart.rdf(x, GRID))
    rows = [{"what": "g", "how": "nanochart.rdf", "ms": 1e3 * ours, "ratio": 1.0}]

    def add(how: str, package: str, seconds) -> None:
        if importlib.util.find_spec(package) is None:
            rows.append({"what": "g", "how": how, "ms": f"not run: {package} is not installed"})
        else:
            taken = seconds()
            rows.append({"what": "g", "how": how, "ms": 1e3 * taken, "ratio": taken / ours})

    def freud_histogram():
        import freud

        box = freud.box.Box.cube(200)
        rdf = freud.density.RDF(GRID.bins, float(GRID.points[-1]), float(GRID.points[0]))
        return least_time(lambda: rdf.compute((box, x.astype(np.float32))).rdf)

    def dscribe_mbtr():
        from ase import Atoms
        from dscribe.descriptors import MBTR

        mbtr = MBTR(species=["Au"], geometry={"function": "distance"}, weighting={"function": "unity"}, periodic=False,
                    grid={"min": float(GRID.points[0]), "max": float(GRID.points[-1]), "n": GRID.bins, "sigma": WIDTH})  # fmt: skip
        atoms = Atoms("Au147", x)
        return least_time(lambda: mbtr.create(atoms))

    add("scikit-learn KernelDensity", "sklearn", lambda: kernel_density(x))
    add("freud.density.RDF, a histogram without Gaussians", "freud", freud_histogram)
    add("dscribe MBTR, distances", "dscribe", dscribe_mbtr)
    return rows


def run() -> list[dict]:
    torch.set_num_threads(1)
    return descriptors() + charts()
