"""g and its pull-back: nanochart against scikit-learn's KernelDensity and PyTorch autograd.

One core, float64, the 340 points of the charting grid, and for Au147 the 170 points, twice as far apart, that a distilled
chart takes; each time is the least of many repeats.
"""

from __future__ import annotations

import os
import time

import numpy as np

from nanochart import RdfGrid, _core, rdf, rdf_pullback
from nanochart.chart.student import student_grid

GRID = RdfGrid.charting(340)
SIZES = (55, 147, 561, 2057, 10000)
SECONDS = 2.0  # for the repeats of one time
MEMORY = 2e9  # bytes that autograd may take for its [pairs, K] arrays
PATIENCE = 60.0  # seconds that one call of a reference may take


def cluster(n: int) -> np.ndarray:
    """A gold icosahedron (10,000: the innermost atoms of one) with thermal displacements."""
    from ase.cluster import Icosahedron

    shells = 1
    while (10 * shells**3 + 15 * shells**2 + 11 * shells) // 3 + 1 < n:
        shells += 1
    x = Icosahedron("Au", shells + 1).positions
    x = x[np.argsort(np.linalg.norm(x - x.mean(0), axis=1), kind="stable")[:n]]
    return x + np.random.default_rng(0).normal(scale=0.1, size=x.shape)


def least_time(call, clock=time.perf_counter) -> float:
    """Seconds of the fastest of many calls; of the only one where that is very slow."""
    least, calls, start = float("inf"), 0, clock()
    while (spent := clock() - start) < SECONDS or (calls < 3 and spent < 3 * SECONDS):
        before = clock()
        call()
        least = min(least, clock() - before)
        calls += 1
    return least


def kernel_density(x: np.ndarray, clock=time.perf_counter) -> float | str:
    from scipy.spatial.distance import pdist
    from sklearn.neighbors import KernelDensity

    pairs = len(x) * (len(x) - 1) // 2
    if pairs * 1e-5 > PATIENCE:
        return f"not run: {pairs} distances would take minutes"

    def value():
        fit = KernelDensity(kernel="gaussian", bandwidth=GRID.bandwidth).fit(pdist(x)[:, None])
        return np.exp(fit.score_samples(GRID.points[:, None]))

    return least_time(value, clock)


def autograd(x: np.ndarray, dv_dg: np.ndarray) -> float | str:
    """Value and gradient by PyTorch on one thread."""
    import torch

    pairs = len(x) * (len(x) - 1) // 2
    needed = 4 * 8 * pairs * GRID.bins
    if needed > MEMORY:
        return f"not run: needs {needed / 1e9:.0f} GB"
    points, weights = torch.as_tensor(GRID.points), torch.as_tensor(dv_dg)
    norm = pairs * GRID.bandwidth * np.sqrt(2 * np.pi)

    def value_and_gradient():
        position = torch.tensor(x, requires_grad=True)
        r = torch.nn.functional.pdist(position)
        g = torch.exp(-0.5 * ((points[:, None] - r) / GRID.bandwidth) ** 2).sum(1) / norm
        (weights * g).sum().backward()
        return position.grad

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return least_time(value_and_gradient)
    finally:
        torch.set_num_threads(threads)


def in_core(x: np.ndarray, dv_dg: np.ndarray, grid: RdfGrid = GRID) -> tuple[float, float, float]:
    """Value, pull-back, and both of one frame as in an MD step, as a C++ caller has them: the times in a batch of
    copies, and of steps so many that making room before the first does not count."""
    copies = max(1, min(200, 200_000 // len(x) ** 2 + 1))
    steps = max(20, 20_000_000 // len(x) ** 2)
    kernel = _core.Rdf(grid.start, grid.step, grid.bins, grid.bandwidth)
    frames = np.ascontiguousarray(np.broadcast_to(x, (copies, *x.shape)))
    weights = np.ascontiguousarray(np.broadcast_to(dv_dg, (copies, 1, grid.bins)))
    return (least_time(lambda: kernel.value(frames, None, 1)) / copies,
            least_time(lambda: kernel.pullback(frames, None, weights, 1)) / copies,
            least_time(lambda: kernel.pass_rows(x[None], None, weights[0], 0, len(x), steps)) / steps)


def batch_rate(threads: int, structures: int = 200) -> float:
    """Structures of 147 atoms a second through nanochart.rdf."""
    x = cluster(147)
    frames = x + np.random.default_rng(1).normal(scale=0.1, size=(structures, *x.shape))
    return structures / least_time(lambda: rdf(frames, GRID, threads=threads))


def ratio(reference: float | str, ours: float) -> float | str:
    return reference if isinstance(reference, str) else reference / ours


def milliseconds(seconds: float | str) -> float | str:
    return seconds if isinstance(seconds, str) else 1e3 * seconds


def run() -> list[dict]:
    """One row per size, one of the distilled chart's grid, then the batch rates."""
    rows = []
    for n in SIZES:
        x = cluster(n)
        dv_dg = np.random.default_rng(1).normal(size=GRID.bins)
        value, pullback, step = in_core(x, dv_dg)
        both = least_time(lambda: (rdf(x, GRID), rdf_pullback(x, GRID, dv_dg)))
        density, gradient = kernel_density(x), autograd(x, dv_dg)
        rows.append({
            "N": n,
            "points": GRID.bins,
            "value_ms": milliseconds(value),
            "pullback_ms": milliseconds(pullback),
            "step_ms": milliseconds(step),
            "both_from_python_ms": milliseconds(both),
            "kernel_density_ms": milliseconds(density),
            "autograd_ms": milliseconds(gradient),
            "kernel_density_over_value": ratio(density, value),
            "autograd_over_step": ratio(gradient, step),
        })
    coarse = student_grid(GRID)
    times = in_core(cluster(147), np.random.default_rng(1).normal(size=coarse.bins), coarse)
    names = ("value_ms", "pullback_ms", "step_ms")
    rows.append({"N": 147, "points": coarse.bins, **{name: milliseconds(t) for name, t in zip(names, times)}})
    for threads in sorted({1, os.cpu_count() or 1}):
        rows.append({"N": 147, "threads": threads, "structures_per_s": batch_rate(threads)})
    for row in rows:
        row["isa"] = _core.current_isa()
    return rows


if __name__ == "__main__":
    from run import table

    print(table(run()))
