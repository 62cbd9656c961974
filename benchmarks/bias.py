"""Metadynamics: cost of V(s), dV/ds and of a deposit, with and without a grid, against the number of hills.

    python benchmarks/run.py bias
"""

from __future__ import annotations

import time

import numpy as np

from nanochart.sampling.biases import Metadynamics

SIGMA, CALLS = 0.1, 5_000


def microseconds(call, calls: int, repeats: int = 3) -> float:
    """Least CPU time of one of `calls` that `call` makes."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times) / calls * 1e6


def run() -> list[dict]:
    rng = np.random.default_rng(0)
    rows = []
    for dim, per_sigma in ((1, 3), (2, 3), (3, 3)):
        grid = [(-1.5, 1.5, round(3 / SIGMA * per_sigma))] * dim
        s = rng.uniform(-1.2, 1.2, (CALLS, dim))
        for hills in (0, 1_000, 10_000):
            row = {"CVs": dim, "hills": hills}
            for name, options, most in (("grid", dict(grid=grid), 10_000), ("no grid", {}, 1_000)):
                if hills > most:
                    continue
                bias = Metadynamics([SIGMA] * dim, 0.01, 1, biasfactor=10.0, temperature=400.0, **options)
                centers = rng.uniform(-1.2, 1.2, (hills, dim))
                start = time.process_time()
                for center in centers:
                    bias.deposit(0.0, center)
                if name == "grid" and hills:
                    row["deposit, us"] = (time.process_time() - start) / hills * 1e6
                row[f"step {name}, us"] = microseconds(lambda: bias.value(s), CALLS, 3 if name == "grid" else 1)
            rows.append(row)
    return rows
