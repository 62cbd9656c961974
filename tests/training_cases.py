"""Small samples and quick settings for the tests of training."""

import numpy as np

from nanochart.chart.samples import Samples, hold_out_groups

FAST = dict(epochs=3, batch=16, precision="float32")


def curves() -> Samples:
    """Smooth curves that three numbers describe, in trajectories of four, one bin constant."""
    rng = np.random.default_rng(3)
    z, x = rng.random((80, 3)), np.linspace(0, 1, 90)
    g = sum(z[:, [i]] * np.exp(-((x - c) ** 2) / 0.02) for i, c in enumerate((0.2, 0.5, 0.8)))[:, None]
    g[:, :, 7] = 0.25
    g = g.astype(np.float32)
    return Samples(g, g, hold_out_groups(np.arange(80) // 4), np.full(80, "quenched"))
