"""F(s) by metadynamics up to a wall at the border of its grid, and the examples of docs/biases.md."""

import re
from pathlib import Path

import numpy as np
import pytest

from nanochart.sampling.biases import Metadynamics, Wall

KT = 8.617333262e-5 * 400.0
LO, HI = -1.5, 1.5


def potential(s):
    return 4 * KT * (s**2 - 1) ** 2  # two wells with 4 kT between them


@pytest.mark.parametrize("wall", [None, Wall(1, "upper", 0, at=1.25, kappa=400 * KT)])
def test_free_energy_up_to_the_border(wall):
    """200 Metropolis walkers on one bias; without `wall` the border itself is one, where F < 5 kT.

    The frames are reweighted with exp((V - c(t))/kT), so V at the border and c(t) both count.
    """

    def energy(s):
        return potential(s) + (wall.value(s[:, None])[0] if wall else 0)

    rng = np.random.default_rng(3)
    bias = Metadynamics([0.15], 0.2 * KT, 1, biasfactor=8.0, temperature=400.0, grid=[(LO, HI, 100)])
    s = np.full(200, -1.0)
    v, u = bias.value(s[:, None])[0], energy(s)
    bins = np.linspace(LO, HI, 31)
    histogram = np.zeros(30)
    for step in range(1, 8001):
        trial = s + rng.normal(scale=0.4, size=s.size)
        inside = (trial > LO) & (trial < HI)
        trial = np.where(inside, trial, s)
        trial_v, trial_u = bias.value(trial[:, None])[0], energy(trial)
        accept = inside & (rng.random(s.size) < np.exp(np.minimum(0, (v + u - trial_v - trial_u) / KT)))
        s, v, u = (np.where(accept, new, old) for new, old in ((trial, s), (trial_v, v), (trial_u, u)))
        if step > 1000:
            histogram += np.histogram(s, bins, weights=np.exp((v - bias.ct) / KT))[0]
        if step % 50 == 0:
            for place in s[:: 1 + step // 1000]:
                bias.deposit(step, [place])
            v = bias.value(s[:, None])[0]
    fine = np.linspace(LO, HI, 3001)
    weight = np.exp(-energy(fine) / KT)
    truth = -np.log(np.add.reduceat(weight[:-1], np.arange(0, 3000, 100)))
    estimate = -np.log(histogram)
    low = truth - truth.min() < 5
    assert low.sum() > 20 and ((estimate - estimate.min())[~low] > 4).all()
    difference = (estimate - truth)[low]
    assert abs(difference - difference.mean()).max() < 0.1
    assert bias.value([[0.0], [1.0]])[0].min() > 2 * KT  # it was needed


def test_examples_of_the_documentation():
    page = (Path(__file__).parent.parent / "docs" / "biases.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(examples) == 2
    for code in examples:
        exec(code, {})
