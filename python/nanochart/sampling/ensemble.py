"""Weighted frames, and estimates from them with errors by blocks of time.

Whatever frames come from (a biased run, umbrella windows, a tempering ladder), they end as one
`Ensemble`: the canonical ensemble of the unbiased system at one temperature. Every estimate is a
function of log weights, so that every error is made in one way, by leaving out blocks of time
(jackknife, doi:10.1214/aos/1176347265).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase.units import kB
from scipy.special import logsumexp

BLOCKS = 10


@dataclass(frozen=True)
class Ensemble:
    """Frames with weights, in the order of time.

    Attributes
    ----------
    temperature : K.
    log_weights : [n], of any common offset.
    without : [blocks, n], log weights when one block of time was never sampled; -inf for its own
        frames.
    """

    temperature: float
    log_weights: np.ndarray
    without: np.ndarray

    @property
    def kt(self) -> float:
        """eV."""
        return kB * self.temperature

    @property
    def effective_size(self) -> float:
        """Number of equally weighted frames of the same variance, (sum w)^2 / sum w^2 (Kish)."""
        return float(np.exp(2 * logsumexp(self.log_weights) - logsumexp(2 * self.log_weights)))

    def estimate(self, of: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """of(log_weights[n]) -> any shape: its value, and its standard error.

        The error is sqrt((B - 1)/B sum_b (x_b - <x>)^2) over the B estimates without a block; it
        is right when blocks are longer than the memory of the run, and nan where some x_b is not
        finite.
        """
        value = np.asarray(of(self.log_weights), float)
        parts = np.stack([np.asarray(of(w), float) for w in self.without])
        b = len(parts)
        with np.errstate(invalid="ignore"):
            error = np.sqrt((b - 1) * np.mean((parts - parts.mean(axis=0)) ** 2, axis=0))
        return value, np.where(np.isfinite(value), error, np.nan)

    def mean(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ensemble average and error of values[n, ..]."""
        return self.estimate(lambda w: np.tensordot(normalised(w), values, axes=1))

    def populations(self, labels: np.ndarray) -> dict[str, tuple[float, float]]:
        """Share of each label of labels[n], with its error."""
        return {str(label): tuple(float(x) for x in self.mean(np.asarray(labels == label, float)))
                for label in np.unique(labels)}  # fmt: skip

    def difference(self, labels: np.ndarray, of: str, to: str) -> tuple[float, float]:
        """F(to) - F(of) = -kT ln(p_to/p_of) in eV, with its error. Raises ValueError for a label never seen."""
        labels = np.asarray(labels)
        for label in (of, to):
            if not np.any(labels == label):
                raise ValueError(f"label {label} was never seen, must be one of {', '.join(map(str, np.unique(labels)))}")
        a, b = labels == of, labels == to
        return tuple(float(x) for x in self.estimate(lambda w: self.kt * (logsumexp(w[a]) - logsumexp(w[b]))))


def blocks_of(n: int, blocks: int = BLOCKS) -> np.ndarray:
    """Block [n] of each of n frames in time. Raises ValueError for fewer frames than blocks."""
    if n < blocks:
        raise ValueError(f"there are {n} frames, must be at least {blocks}, one for each block of time")
    return np.arange(n) * blocks // n


def weighted_frames(log_weights: np.ndarray, temperature: float, blocks: int = BLOCKS) -> Ensemble:
    """The ensemble of one run, whose log_weights[n] do not depend on other frames."""
    block = blocks_of(len(log_weights), blocks)
    without = np.where(np.arange(blocks)[:, None] == block, -np.inf, log_weights)
    return Ensemble(temperature, log_weights, without)


def normalised(log_weights: np.ndarray) -> np.ndarray:
    """Weights [n] that sum to 1."""
    return np.exp(log_weights - logsumexp(log_weights))
