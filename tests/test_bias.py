"""Biases V(s): value and derivative against the formula, finite differences, bad input."""

import numpy as np
import pytest

from nanochart.sampling.biases import Restraint


def test_restraint_is_its_formula():
    at, kappa, s = np.array([0.5, -1.0, 2.0]), np.array([3.0, 0.0, 0.25]), np.array([0.7, 5.0, -1.0])
    v, dv_ds = Restraint(at, kappa).value(s)
    assert v == pytest.approx(np.sum(kappa / 2 * (s - at) ** 2), rel=1e-15)
    assert dv_ds == pytest.approx(kappa * (s - at), rel=1e-15)
    assert dv_ds[1] == 0  # kappa 0: free


@pytest.mark.parametrize("step", [1e-3, 1e-5])
def test_restraint_derivative(step):
    restraint = Restraint([0.1, -0.2], [1.5, 40.0])
    s = np.array([0.3, 0.9])
    for i in range(2):
        e = step * np.eye(2)[i]
        difference = (restraint.value(s + e)[0] - restraint.value(s - e)[0]) / (2 * step)
        assert restraint.value(s)[1][i] == pytest.approx(difference, rel=1e-8)


@pytest.mark.parametrize(
    "at, kappa, message",
    [
        ([0.0, 1.0], [1.0], "at has 2 values and kappa 1, must be one for each CV in both"),
        ([], [], "at has 0 values"),
        ([0.0], [-0.5], "kappa 1 is -0.5.*must be finite and >= 0"),
        ([np.nan], [1.0], "at 1 is nan, must be finite"),
        ([0.0], [np.inf], "kappa 1 is inf"),
    ],
)
def test_restraint_refuses(at, kappa, message):
    with pytest.raises(ValueError, match=message):
        Restraint(at, kappa)


def test_restraint_refuses_another_number_of_cvs():
    with pytest.raises(ValueError, match=r"s has shape \(3,\), must be \(2,\) or \(n, 2\)"):
        Restraint([0, 0], [1, 1]).value([1.0, 2.0, 3.0])
