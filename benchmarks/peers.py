"""nanochart and what people use instead, on the same frames of Au147 and the same networks, one core.

g alone: scikit-learn's KernelDensity, and, where installed, freud's histogram of distances and dscribe's MBTR.
s and its gradient by positions: PyTorch autograd through distances, Gaussians and the network, eager, scripted and
compiled. An MD step in LAMMPS: `fix external` with PyTorch autograd in Python. A step of PLUMED: PYTORCH_MODEL on a
hand-made g (plumed_action.py). Whoever says s must first give nanochart's s and forces. CPU times, the
least of several where calls are short.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import plumed_action
import rdf
import step
import torch
from rdf import GRID, cluster, kernel_density

import nanochart

FRAMES = cluster(147) + np.random.default_rng(2).normal(scale=0.05, size=(8, 147, 3))
MODELS = ("Au147", "Au147-charting")


def least_time(call) -> float:
    return rdf.least_time(call, time.process_time)


def distribution(x: torch.Tensor, points: torch.Tensor, width: float) -> torch.Tensor:
    r = torch.pdist(x)
    return torch.exp(-0.5 * ((points[:, None] - r) / width) ** 2).mean(1) / (width * math.sqrt(2 * math.pi))


class Chart(torch.nn.Module):
    """Positions [N,3] -> s[d] in PyTorch alone."""

    def __init__(self, encoder, grid: nanochart.RdfGrid):
        super().__init__()
        self.encoder, self.width = encoder, grid.bandwidth
        self.register_buffer("points", torch.tensor(grid.points))

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
        eager = Chart(encoder, cv.grid)
        ways = {"PyTorch autograd, eager": lambda: eager, "PyTorch autograd, scripted": lambda: torch.jit.script(eager),
                "PyTorch autograd, g compiled": lambda: compiled(encoder, cv.grid)}  # fmt: skip
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


def compiled(encoder, grid: nanochart.RdfGrid):
    """torch.compile does not take a TorchScript network, so the distribution alone is compiled."""
    g = torch.compile(distribution, dynamic=False)
    points = torch.tensor(grid.points)
    return lambda x: encoder(g(x, points, grid.bandwidth).float()[None, None])[0]


def descriptors() -> list[dict]:
    x = FRAMES[0]
    ours = least_time(lambda: nanochart.rdf(x, GRID))
    rows = [{"what": "g", "how": "nanochart.rdf", "ms": 1e3 * ours, "ratio": 1.0}]

    def add(how: str, package: str, seconds) -> None:
        row = {"what": "g", "how": how}
        rows.append(row)
        try:
            row["how"] += f" ({package} {version(package)})"
            taken = seconds()
        except PackageNotFoundError:
            row["ms"] = f"not run: {package} is not installed"
        except Exception as error:  # theirs; dscribe 2.1.2, for one, fails with ASE 3.29
            row["ms"] = f"not run: {type(error).__name__}: {error}"
        else:
            row |= {"ms": 1e3 * taken, "ratio": taken / ours}

    def freud_histogram():
        import freud

        freud.parallel.set_num_threads(1)
        box = freud.box.Box.cube(200)
        histogram = freud.density.RDF(GRID.bins, float(GRID.points[-1]), float(GRID.points[0]))
        return least_time(lambda: histogram.compute((box, x.astype(np.float32))).rdf)

    def dscribe_mbtr():
        from ase import Atoms
        from dscribe.descriptors import MBTR

        mbtr = MBTR(species=["Au"], geometry={"function": "distance"}, weighting={"function": "unity"}, periodic=False,
                    grid={"min": float(GRID.points[0]), "max": float(GRID.points[-1]), "n": GRID.bins, "sigma": GRID.bandwidth})  # fmt: skip
        atoms = Atoms("Au147", x)
        return least_time(lambda: mbtr.create(atoms))

    add("KernelDensity", "scikit-learn", lambda: kernel_density(x, time.process_time))
    add("freud.density.RDF, a histogram without Gaussians", "freud-analysis", freud_histogram)
    add("dscribe MBTR, distances", "dscribe", dscribe_mbtr)
    return rows


def in_lammps() -> list[dict]:
    """Steps from the same positions and velocities; the two forces of the first are compared."""
    from nanochart.demo import prepare

    rows = []
    for model in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder))
            ours = step.new_run(Path(folder), [f"fix chart all nanochart {model}", *step.HOLD])
            theirs = step.with_autograd(Path(folder), model)
            forces = []
            for lmp in (ours, theirs):
                lmp.command("run 0")
                forces.append(lmp.numpy.extract_atom("f")[:147].copy())
            if np.abs(forces[0] - forces[1]).max() > 1e-3 * np.abs(forces[0]).max():
                raise RuntimeError("forces of fix external are not nanochart's: the comparison would mean nothing")
            seconds = step.turn_of(ours, 500)(), step.turn_of(theirs, 20, 3)()
            for how, taken in zip(("fix nanochart", "fix external, PyTorch autograd"), seconds):
                what = f"MD step, {model} restrained"
                rows.append({"what": what, "how": how, "ms": 1e3 * taken, "ratio": taken / seconds[0]})
            ours.close()
            theirs.close()
    return rows


def in_plumed() -> list[dict]:
    plumed = os.environ.get("PLUMED") or shutil.which("plumed")
    if not plumed or not plumed_action.library().exists():
        return [{"what": "step of PLUMED", "how": "PYTORCH_MODEL", "ms": "not run: no plumed, or built without it"}]
    with tempfile.TemporaryDirectory() as folder:
        rows = plumed_action.beside_pytorch_model(plumed, folder)
    return [
        {"what": f"step of PLUMED, {row.get('model', '')} restrained", "how": row["input"], "ms": row.get("ms a step", ""),
         "ratio": row.get("times NANOCHART", "")} for row in rows
    ]  # fmt: skip


def run() -> list[dict]:
    torch.set_num_threads(1)
    return descriptors() + charts() + in_lammps() + in_plumed()
