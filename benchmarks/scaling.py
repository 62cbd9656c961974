"""Cost of value + pull-back against the number of atoms, and of batches over all cores.

Spherical pieces of a gold crystal with thermal displacements; each size in a process of its own, for its memory.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

import numpy as np

SIZES = (55, 147, 561, 2057, 6500, 20000, 50000, 100000)
SECONDS = 1.5  # for the repeats of one time


def piece(n: int) -> np.ndarray:
    """The n atoms of fcc gold nearest to a point."""
    a, half = 4.08, int(np.ceil((3 * n / (16 * np.pi)) ** (1 / 3))) + 2
    corners = np.stack(np.meshgrid(*[np.arange(-half, half)] * 3), -1).reshape(-1, 1, 3)
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    x = a * (corners + basis).reshape(-1, 3) - [0.4, 0.3, 0.2]
    x = x[np.argsort(np.einsum("ij,ij->i", x, x), kind="stable")[:n]]
    return x + np.random.default_rng(0).normal(scale=0.1, size=x.shape)


def size(n: int) -> None:
    """Prints seconds of value + pull-back, and the kB that they added to the process."""
    from nanochart import RdfGrid, _core

    grid = RdfGrid.charting(340)
    kernel = _core.Rdf(grid.start, grid.step, grid.bins, grid.bandwidth)
    x, dv_dg = piece(n)[None], np.random.default_rng(1).normal(size=(1, grid.bins))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    least, start = float("inf"), time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        repeat = max(1, 2000 // n)
        begin = time.perf_counter()
        kernel.pass_rows(x, None, dv_dg, 0, n, repeat)
        least = min(least, (time.perf_counter() - begin) / repeat)
    print(least, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def by_size() -> list[dict]:
    rows = []
    for n in SIZES:
        done = subprocess.run([sys.executable, __file__, str(n)], capture_output=True, text=True, check=True)
        seconds, memory = map(float, done.stdout.split())
        rows.append({"N": n, "value + pull-back ms": 1e3 * seconds, "ns an atom": 1e9 * seconds / n,
                     "memory MB": memory / 1024})  # fmt: skip
    for row, before in zip(rows[1:], rows):
        row["exponent"] = np.log(row["value + pull-back ms"] / before["value + pull-back ms"]) / np.log(row["N"] / before["N"])
    return rows


def batches() -> list[dict]:
    from nanochart import RdfGrid, rdf, rdf_pullback

    grid = RdfGrid.charting(340)
    frames = piece(147) + np.random.default_rng(1).normal(scale=0.1, size=(1000, 147, 3))
    dv_dg = np.ones((len(frames), 1, grid.bins))
    rows = []
    for threads in sorted({1, os.cpu_count() or 1}):
        row = {"N": 147, "threads": threads}
        for name, call in (("values/s", lambda: rdf(frames, grid, threads=threads)),
                           ("pull-backs/s", lambda: rdf_pullback(frames, grid, dv_dg, threads=threads))):  # fmt: skip
            call()
            times = []
            for _ in range(5):
                begin = time.perf_counter()
                call()
                times.append(time.perf_counter() - begin)
            row[name] = len(frames) / min(times)
        rows.append(row)
    return rows


def run() -> list[dict]:
    return by_size() + batches()


if __name__ == "__main__":
    size(int(sys.argv[1]))
