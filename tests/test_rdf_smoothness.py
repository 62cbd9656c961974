"""g and its first two derivatives are continuous in every distance: across the cells of the
lattice, and where a pair comes into or leaves the reach of the grid."""

import numpy as np
import pytest
from rdf_cases import CHARTING

from nanochart import rdf, rdf_pullback

BANDWIDTH = CHARTING.bandwidth
PEAK = 1 / (BANDWIDTH * np.sqrt(2 * np.pi))
RANGES = {  # around each of these, in angstrom
    "below the first point": (0.6, 1.0),
    "at the first point": (1.9, 2.1),
    "inside": (7.0, 7.2),
    "at the last point": (18.9, 19.1),
    "beyond the last point": (20.0, 20.4),
}


def dimers(r):
    x = np.zeros((len(r), 2, 3))
    x[:, 1, 0] = r
    return x


def slopes(r, weights):
    """dV/dr of a dimer for V = weights . g."""
    dv_dg = np.broadcast_to(weights, (len(r), 1, CHARTING.bins))
    return rdf_pullback(dimers(r), CHARTING, dv_dg)[:, 1, 0]


@pytest.mark.parametrize("span", RANGES.values(), ids=RANGES)
def test_no_jumps(span):
    """Over a step d of r, V' and V'' of a C2 function change by O(d): a jump would not shrink."""
    weights = np.random.default_rng(2).choice([-1.0, 1.0], CHARTING.bins)
    d = 1e-4
    r = np.arange(span[0], span[1], d)
    v = rdf(dimers(r), CHARTING)[:, 0] @ weights
    first = slopes(r, weights)
    second = np.diff(first) / d
    # Bounds on sum_k |d^n g_k/dr^n|, a third more than the Gaussian's own, through the step h.
    points = BANDWIDTH / CHARTING.step * PEAK
    assert np.abs(np.diff(v)).max() < 2.7 * points / BANDWIDTH * d
    assert np.abs(np.diff(first)).max() < 4 * points / BANDWIDTH**2 * d
    assert np.abs(np.diff(second)).max() < 8 * points / BANDWIDTH**3 * d + 1e-13 / d**2


def test_nothing_beyond_the_reach():
    assert np.all(rdf(dimers(np.array([21.0, 30, 1e3, 1e8])), CHARTING) == 0)
    weights = np.ones(CHARTING.bins)
    assert np.all(slopes(np.array([0.1, 0.5, 21.0, 30, 1e3, 1e8]), weights) == 0)


def test_derivative_is_continuous_at_the_reach():
    """Where the lattice ends, V and V' go to exactly zero without a step."""
    weights = np.ones(CHARTING.bins)
    for r in (np.linspace(0.6, 1.0, 4001), np.linspace(20.0, 20.4, 4001)):
        slope = slopes(r, weights)
        inside = np.flatnonzero(slope)
        edges = [e for e in (inside[0], inside[-1]) if 0 < e < len(r) - 1]
        assert len(edges) == 1
        assert abs(slope[edges[0]]) < 1e-9 * PEAK / BANDWIDTH
