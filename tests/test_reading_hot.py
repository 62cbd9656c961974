"""Numbers that say how well a chart reads the inherent structure of a hot cluster."""

import numpy as np
import pytest

from nanochart.chart.reading_hot import basins, inherent_quality


def made(noise: float, n: int = 60, seed: int = 0):
    """Three families of n frames, two basins each, s(hot) = s(quench) + noise."""
    rng = np.random.default_rng(seed)
    centres = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 8.0]])
    label = np.repeat(["Ih", "Dh", "Fcc"], n)
    basin = np.arange(3 * n) % 2 + 2 * np.repeat([0, 1, 2], n)
    cold = np.repeat(centres, n, axis=0) + 0.5 * (basin % 2)[:, None] * [1, -1]
    return cold + noise * rng.normal(size=cold.shape), cold, label, basin


def test_noise_and_distance_are_what_was_put_in():
    found = inherent_quality(*made(0.3, n=4000))
    assert found["family_distance"] == pytest.approx((6 + 8 + 10) / 3)
    assert found["basin_noise"] == pytest.approx(0.3 * np.sqrt(2), rel=0.02)
    assert found["noise_to_distance"] == pytest.approx(found["basin_noise"] / 8)
    spread = np.array(found["spread"])
    assert found["rms_difference"] == pytest.approx(0.3 / spread, rel=0.03)
    assert found["fluctuation"] == pytest.approx([0.3, 0.3], rel=0.03)
    expected = spread / np.sqrt(spread**2 + 0.09)
    assert found["correlation"] == pytest.approx(expected, abs=2e-3)


def test_less_noise_reads_better():
    good, bad = inherent_quality(*made(0.1)), inherent_quality(*made(1.0))
    assert min(good["correlation"]) > max(bad["correlation"])
    assert good["noise_to_distance"] < 0.2 * bad["noise_to_distance"]


def test_few_frames_of_a_basin_give_no_noise():
    hot, cold, label, _ = made(0.3, n=12)
    found = inherent_quality(hot, cold, label, np.arange(36))
    assert found["basin_noise"] is None and found["noise_to_distance"] is None
    assert inherent_quality(hot[:12], cold[:12], label[:12], np.zeros(12, int))["family_distance"] is None


def test_a_label_never_seen_or_seen_once_is_left_out():
    hot, cold, label, basin = made(0.3, n=40)
    expected = inherent_quality(hot, cold, label, basin)["family_distance"]
    more = [np.concatenate([a, a[:1] + 50]) for a in (hot, cold)]
    found = inherent_quality(*more, [*label, "Amorphous"], np.append(basin, 99))
    assert found["family_distance"] == pytest.approx(expected)


def test_wrong_values_are_refused():
    hot, cold, label, basin = made(0.3)
    hot[3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        inherent_quality(hot, cold, label, basin)
    with pytest.raises(ValueError, match="one coordinate is constant"):
        inherent_quality(cold * [1, 0], cold * [1, 0], label, basin)


def test_basins_are_of_one_trajectory_label_and_energy():
    replica = np.array([0, 0, 0, 0, 1, 1])
    label = np.array([2, 2, 2, 3, 2, 2])
    energy = np.array([-1.0, -1.00005, -0.9, -1.0, -1.0, -0.5])
    found = basins(replica, label, energy)
    assert found[0] == found[1] and len(set(found)) == 5
