"""Walls and the moving restraint: formulas, derivatives, schedule, work, bad input."""

import numpy as np
import pytest

from nanochart.sampling.biases import MovingRestraint, Wall

LEGS = [([1.0, -1.0], 100, 200), ([0.0, -1.0], 300, 700)]


def moving():
    return MovingRestraint(start=[0.0, 0.0], kappa=[3.0, 8.0], legs=LEGS)


@pytest.mark.parametrize("side, at, sign", [("upper", 0.5, 1), ("lower", -0.5, -1)])
@pytest.mark.parametrize("exp", [2, 4, 1.5])
def test_wall_is_its_formula(side, at, sign, exp):
    wall = Wall(3, side, 1, at=at, kappa=2.0, exp=exp)
    s = np.zeros((7, 3))
    s[:, 1] = sign * np.linspace(0.3, 0.9, 7)
    beyond = np.maximum(0, sign * (s[:, 1] - at))
    v, dv_ds = wall.value(s)
    assert v == pytest.approx(2 * beyond**exp, rel=1e-14)
    assert dv_ds[:, 1] == pytest.approx(sign * 2 * exp * beyond ** (exp - 1), rel=1e-14)
    assert not dv_ds[:, [0, 2]].any() and v[:2].max() == 0 and v[-1] > 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(component=3), "wall on CV 4, but the chart has 3 CVs"),
        (dict(component=-1), "wall on CV 0, but the chart has 3 CVs"),
        (dict(at=np.nan), "at is nan, must be finite"),
        (dict(kappa=-1.0), "kappa is -1, must be finite and >= 0"),
        (dict(exp=1.0), "exp is 1, must be > 1"),
        (dict(side="left"), "side is `left`, must be lower or upper"),
    ],
)
def test_wall_refuses(arguments, message):
    good = dict(side="upper", component=0, at=0.0, kappa=1.0)
    with pytest.raises(ValueError, match=message):
        Wall(3, **{**good, **arguments})


def test_centre_follows_the_schedule():
    restraint = moving()
    for step, center in [
        (-5, [0, 0]), (100, [0, 0]), (125, [0.25, -0.25]), (200, [1, -1]), (250, [1, -1]),
        (300, [1, -1]), (400, [0.75, -1]), (700, [0, -1]), (10**12, [0, -1]),
    ]:  # fmt: skip
        restraint.set_step(step)
        assert restraint.center == pytest.approx(center, abs=1e-15)


@pytest.mark.parametrize("step_size", [1e-3, 1e-5])
def test_moving_derivative(step_size):
    restraint, s = moving(), np.array([0.3, 0.9])
    restraint.set_step(150)
    v, dv_ds = restraint.value(s)
    assert v == pytest.approx(3 / 2 * (0.3 - 0.5) ** 2 + 8 / 2 * (0.9 + 0.5) ** 2)
    for i, e in enumerate(step_size * np.eye(2)):
        difference = (restraint.value(s + e)[0] - restraint.value(s - e)[0]) / (2 * step_size)
        assert dv_ds[i] == pytest.approx(difference, rel=1e-8)


def test_work_is_the_trapezoid_of_dv_da():
    restraint, rng = moving(), np.random.default_rng(0)
    steps, s = np.arange(0, 800, 10), rng.normal(size=(80, 2))
    centers = []
    for step, point in zip(steps, s):
        restraint.update(step, point)
        centers.append(restraint.center)
        restraint.update(step, point)  # the set-up of a next run, at the same step: adds nothing
    centers = np.array(centers)
    dv_da = -np.array([3.0, 8.0]) * (s - centers)
    assert restraint.work == pytest.approx(np.sum((dv_da[1:] + dv_da[:-1]) / 2 * np.diff(centers, axis=0)), rel=1e-12)


def test_work_when_s_stays_is_the_change_of_v():
    """V(a) is quadratic, so the trapezoid is exact for any step."""
    restraint, s = moving(), np.array([0.4, 0.1])
    restraint.update(0, s)
    before = restraint.value(s)[0]
    for step in (130, 200, 650, 900):
        restraint.update(step, s)
    assert restraint.work == pytest.approx(restraint.value(s)[0] - before, rel=1e-13)


def test_work_continues_after_a_restart():
    rng = np.random.default_rng(1)
    s = rng.normal(size=(80, 2))
    whole, first, second = moving(), moving(), moving()
    for k in range(80):
        whole.update(10 * k, s[k])
    for k in range(41):
        first.update(10 * k, s[k])
    second.work = first.work
    for k in range(40, 80):
        second.update(10 * k, s[k])
    assert second.work == pytest.approx(whole.work, rel=1e-13)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(legs=[]), "needs `to .. over step0 step1` at least once"),
        (dict(legs=[([1.0, 1.0], 100, 100)]), "over 100 100: the schedule's second step must be larger"),
        (dict(legs=[*LEGS, ([0.0, 0.0], 600, 900)]), "over 600 900: must not begin before .* ends, at step 700"),
        (dict(legs=[([1.0], 0, 10)]), "to has 1 values, must have 2 as kappa"),
        (dict(legs=[([1.0, np.inf], 0, 10)]), "to 2 is inf, must be finite"),
        (dict(start=[0.0]), "at has 1 values, must have 2"),
        (dict(kappa=[1.0, -2.0]), "kappa 2 is -2, must be finite and >= 0"),
    ],
)
def test_moving_refuses(arguments, message):
    good = dict(start=[0.0, 0.0], kappa=[1.0, 1.0], legs=LEGS)
    with pytest.raises(ValueError, match=message):
        MovingRestraint(**{**good, **arguments})
