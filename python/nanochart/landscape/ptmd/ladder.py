"""Temperature ladders of parallel tempering."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def parse_ladder(text: str) -> list[float]:
    """The numbers of a ladder as typed, with spaces or commas between them."""
    try:
        return [float(t) for t in text.replace(",", " ").split()]
    except ValueError:
        raise ValueError(f"ptmd: ladder is {text!r}, must be numbers (K): low high count, or the temperatures") from None


def geometric_ladder(low: float, high: float, count: int) -> list[float]:
    """`count` temperatures from low to high (K) with a constant ratio, rounded to 1 mK.

    T_k = low (high/low)^(k/(count - 1)): where the heat capacity is constant, every pair of
    neighbours then swaps equally often. Raises ValueError for fewer than two or for disorder.
    """
    if count < 2:
        raise ValueError(f"ptmd: ladder has {count} temperatures, must have at least 2")
    if not 0 < low < high:
        raise ValueError(f"ptmd: ladder goes from {low} to {high} K, must rise from above 0")
    return checked_ladder(np.round(low * (high / low) ** (np.arange(count) / (count - 1)), 3))


def checked_ladder(temperatures: Sequence[float]) -> list[float]:
    """The temperatures (K) as floats; ValueError unless there are two or more, rising from above 0."""
    ladder = [float(t) for t in temperatures]
    if len(ladder) < 2:
        raise ValueError(f"ptmd: ladder has {len(ladder)} temperatures, must have at least 2")
    for below, above in zip([0.0, *ladder], ladder):
        if not (np.isfinite(above) and above > below):
            raise ValueError(
                f"ptmd: ladder has {above:g} after {below:g} K, must rise from above 0; sort it"
            )
    return ladder
