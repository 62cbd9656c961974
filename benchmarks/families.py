"""Seconds of one core that the search for families takes on 100,000 points of a chart: processor time.

The points are those of a made-up chart of 22 knots of unequal size, of a halo around each and of a
thin background, so that the density has modes on every scale as on a real one.
"""

from __future__ import annotations

import time

import numpy as np

from nanochart.chart import families

POINTS, KNOTS = 100_000, 22


def points(count: int, seed: int = 0) -> np.ndarray:
    """s [count,3]."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(KNOTS, 1.5))
    knot = rng.choice(KNOTS, size=count, p=share)
    centre = rng.normal(size=(KNOTS, 3)) * 1.5
    width = np.where(rng.random(count) < 0.7, 0.15, 0.45)[:, None]
    s = centre[knot] + width * rng.normal(size=(count, 3))
    thin = rng.random(count) < 0.05
    s[thin] = rng.uniform(-3, 3, size=(thin.sum(), 3))
    return s


def run() -> list[dict]:
    s = points(POINTS)
    rows = []
    for what, options in (("scan of 24 bandwidths and families", {}), ("one bandwidth", {"bandwidth": 0.5})):
        before = time.process_time()
        found = families.find(s, "made up", **options).families
        found.assign(s)
        rows.append({"search": what, "points": POINTS, "seconds": round(time.process_time() - before, 1),
                     "families": len(found)})  # fmt: skip
    return rows
