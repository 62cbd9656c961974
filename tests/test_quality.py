"""Quality of charts on made-up ones whose answer is known."""

import numpy as np
import pytest

from nanochart.chart import quality
from nanochart.landscape import cna


def test_neighbour_agreement_leaves_out_the_own_trajectory():
    """Pairs of points of one trajectory lie on top of each other; by others, neighbours are of the other label."""
    rng = np.random.default_rng(0)
    apart = np.repeat(rng.normal(size=(40, 2)), 2, axis=0)
    labels = np.repeat(np.arange(40) % 2, 2)
    trajectory = np.repeat(np.arange(40), 2)
    assert quality.neighbour_agreement(apart, labels, np.arange(80), k=1) == 1.0
    brute = []
    for i in range(80):
        distance = np.linalg.norm(apart - apart[i], axis=1)
        distance[trajectory == trajectory[i]] = np.inf
        brute.append(np.mean(labels[np.argsort(distance, kind="stable")[:10]] == labels[i]))
    assert quality.neighbour_agreement(apart, labels, trajectory) == pytest.approx(np.mean(brute))


def test_separated_and_random_labels():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 600)
    trajectory = np.arange(600) % 7
    points = rng.normal(size=(600, 3))
    assert quality.neighbour_agreement(points + 20 * labels[:, None], labels, trajectory) == 1.0
    random = quality.neighbour_agreement(points, labels, trajectory)
    assert random == pytest.approx(quality.by_chance(labels), abs=0.05) and quality.by_chance(labels) == pytest.approx(0.5, abs=0.01)


def test_too_few_neighbours_is_nan():
    points, labels = np.random.default_rng(0).normal(size=(12, 2)), np.zeros(12)
    assert np.isnan(quality.neighbour_agreement(points, labels, np.zeros(12)))
    assert np.isnan(quality.neighbour_agreement(points[:5], labels[:5], np.arange(5)))


def test_order_of_motifs():
    codes = np.array([cna.LABELS.index(name) for name in ("Fcc", "Twin", "Dh", "Ih")])
    s = np.array([[0.0, 0], [1, 0.5], [4, 0], [9, 9]])
    assert quality.between(s, codes, "Twin", ("Fcc", "Dh")) == {"place": 0.25, "aside": 0.125}
    assert quality.between(s[:2], codes[:2], "Twin", ("Fcc", "Dh")) is None


def test_alignment_sees_through_what_means_nothing():
    rng = np.random.default_rng(2)
    a = rng.normal(size=(300, 3)) * [3, 2, 1]
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn[:, 0] *= -np.sign(np.linalg.det(turn))  # a reflection
    same = quality.alignment(a, 2.5 * a @ turn + [1, 2, 3])
    assert same["r2"] == pytest.approx(1) and same["neighbours"] == 1
    noisy = quality.alignment(a, a @ turn + 0.3 * rng.normal(size=a.shape))
    assert 0.9 < noisy["r2"] < 0.99 and noisy["neighbours"] < 1
    unrelated = quality.alignment(a, rng.normal(size=a.shape))
    assert unrelated["r2"] < 0.1 and unrelated["neighbours"] < 0.15
    with pytest.raises(ValueError, match=r"shapes \(300, 3\) and \(300, 2\)"):
        quality.alignment(a, a[:, :2])


def test_umap_says_what_is_missing(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r'pip install "nanochart\[umap\]"'):
        quality.umap(np.zeros((20, 5)), 2)
