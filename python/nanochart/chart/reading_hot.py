"""How well a chart reads the inherent structure of a hot cluster, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

SAME_BASIN = 1e-4  # eV; frames of one trajectory and label whose minima differ by less share a basin
FEWEST_FRAMES = 5  # of a basin, to speak of its noise


def inherent_quality(hot: np.ndarray, cold: np.ndarray, label: Sequence, basin: np.ndarray) -> dict[str, Any]:
    """Numbers from s(hot frame)[n,d] and s(its quench)[n,d], with the frame's label [n] and basin [n].

    - `spread` of s_i: standard deviation of s_i(quench). `correlation` of hot and quenched, and
      `rms_difference` of the two in spreads.
    - `fluctuation` of s_i: standard deviation of s_i(hot) - s_i(quench).
    - `basin_noise`: root mean square distance of s(hot) from the mean of its basin, over basins
      with at least 5 frames; None if there are none. `family_distance`: mean distance between the
      mean s(quench) of two labels with more than 10 frames; None if there are no two.
      `noise_to_distance`: their ratio.
    """
    label = np.asarray(label)
    difference = hot - cold
    spread = cold.std(axis=0)
    if not (np.isfinite(hot).all() and np.isfinite(cold).all()):
        raise ValueError("s is not finite in some frames")
    if not spread.min() > 0:
        raise ValueError(f"s(quench) has spreads {spread}: one coordinate is constant")
    centres = [cold[label == name].mean(axis=0) for name in np.unique(label) if np.sum(label == name) > 10]
    distances = [np.linalg.norm(a - b) for i, a in enumerate(centres) for b in centres[:i]]
    noise = noise_of_basins(hot, basin)
    distance = float(np.mean(distances)) if distances else None
    return {
        "frames": len(hot),
        "spread": _rounded(spread),
        "correlation": _rounded([np.corrcoef(h, c)[0, 1] for h, c in zip(hot.T, cold.T)]),
        "rms_difference": _rounded(np.sqrt((difference**2).mean(axis=0)) / spread),
        "fluctuation": _rounded(difference.std(axis=0)),
        "basin_noise": noise,
        "family_distance": distance,
        "noise_to_distance": noise / distance if noise is not None and distance else None,
    }


def basins(replica: np.ndarray, label: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Number [n] of the basin of each frame: same trajectory and label, energies (eV) of the minima
    that follow each other by less than 0.1 meV."""
    order = np.lexsort((energy, label, replica))
    new = (np.diff(replica[order]) != 0) | (np.diff(label[order]) != 0) | (np.diff(energy[order]) >= SAME_BASIN)
    number = np.empty(len(order), dtype=int)
    number[order] = np.concatenate([[0], np.cumsum(new)])[: len(order)]
    return number


def noise_of_basins(hot: np.ndarray, basin: np.ndarray) -> float | None:
    """Root mean square distance of s(hot)[n,d] from the mean of its basin[n], over basins of at least five frames."""
    numbers, of, count = np.unique(basin, return_inverse=True, return_counts=True)
    sums = np.zeros((len(numbers), hot.shape[1]))
    np.add.at(sums, of, hot)
    chosen = (count >= FEWEST_FRAMES)[of]
    if not chosen.any():
        return None
    squared = ((hot - (sums / count[:, None])[of]) ** 2).sum(axis=1)
    # Each basin's own mean takes one of its frames' freedom away.
    freedom = np.sum(count[count >= FEWEST_FRAMES] - 1)
    return float(np.sqrt(squared[chosen].sum() / freedom))


def _rounded(values) -> list[float]:
    return [round(float(value), 4) for value in values]
