"""Work of a moving restraint on a harmonic model, whose distribution is Gaussian and known exactly."""

import numpy as np
import pytest
from ase.units import kB
from scipy.stats import kstest

from nanochart.sampling.biases import MovingRestraint
from nanochart.sampling.steered import bar, jarzynski

T = 300.0
KT = kB * T
K, KAPPA = 0.15, 0.6  # eV: of the model and of the restraint
STEPS, MEMORY = 800, 0.9873  # s_n = MEMORY s_n-1 + .. about the minimum of model and restraint
A0, A1 = -0.3, 1.0
DF = 0.5 * K * KAPPA / (K + KAPPA) * (A1**2 - A0**2)


def centres(reverse):
    return np.linspace(*((A1, A0) if reverse else (A0, A1)), STEPS + 1)


def exact(reverse):
    """Mean and variance of the work: it is linear in s, and s in Gaussian noise."""
    a, share = centres(reverse), KAPPA / (K + KAPPA)
    sigma2 = KT / (K + KAPPA)
    noise = np.sqrt(sigma2) * np.append(1.0, np.full(STEPS, np.sqrt(1 - MEMORY**2)))
    response = np.tril(MEMORY ** np.abs(np.subtract.outer(np.arange(STEPS + 1), np.arange(STEPS + 1))))
    mean = response @ np.append(share * a[0], (1 - MEMORY) * share * a[1:])
    weight = np.zeros(STEPS + 1)  # W = sum_n (a_n - a_n-1)/2 (-kappa) (s_n - a_n + s_n-1 - a_n-1)
    weight[1:] += np.diff(a) / 2
    weight[:-1] += np.diff(a) / 2
    return -KAPPA * weight @ (mean - a), KAPPA**2 * np.sum((weight @ response * noise) ** 2)


def pulls(n, reverse, seed):
    a, rng = centres(reverse), np.random.default_rng(seed)
    work = []
    for _ in range(n):
        restraint = MovingRestraint([a[0]], [KAPPA], [([a[-1]], 0, STEPS)])
        s = KAPPA * a[0] / (K + KAPPA) + np.sqrt(KT / (K + KAPPA)) * rng.normal()
        restraint.update(0, [s])
        for step in range(1, STEPS + 1):
            middle = KAPPA * a[step] / (K + KAPPA)
            s = middle + MEMORY * (s - middle) + np.sqrt((1 - MEMORY**2) * KT / (K + KAPPA)) * rng.normal()
            restraint.update(step, [s])
        work.append(restraint.work)
    return np.array(work)


@pytest.fixture(scope="module")
def works():
    return pulls(300, False, 1), pulls(300, True, 2)


@pytest.mark.parametrize("reverse", [False, True])
def test_work_is_gaussian(works, reverse):
    work, (mean, variance) = works[reverse], exact(reverse)
    assert abs(work.mean() - mean) < 4 * np.sqrt(variance / len(work))
    assert work.var(ddof=1) == pytest.approx(variance, rel=4 * np.sqrt(2 / len(work)))
    standard = np.sort((work - mean) / np.sqrt(variance))
    assert kstest(standard, "norm").pvalue > 1e-3
    # Jarzynski for a Gaussian: dF = mean - variance/2kT; the steps of the trapezoid cost 1 per cent
    assert mean - variance / (2 * KT) == pytest.approx(-DF if reverse else DF, rel=0.02)
    assert variance > KT**2  # far from reversible


def test_jarzynski_and_bar_recover_the_free_energy(works):
    forward, reverse = works
    both, error = bar(forward, reverse, T)
    assert abs(both - DF) < 4 * error and error < 0.15 * KT
    for work, sign in ((forward, 1), (reverse, -1)):
        one, error = jarzynski(work, T)
        assert abs(sign * one - DF) < 4 * error and error < 0.3 * KT
    assert forward.mean() - DF > KT  # the mean work alone is not dF
