"""Splits of a data set into training and validation: random, and by stretches of trajectory."""

from __future__ import annotations

import numpy as np

from .dataset_file import NEITHER, TRAINING, VALIDATION

HELD_OUT = 0.2
BLOCKS = 100  # fewest blocks of trajectory, taken over all trajectories
MARGIN = 0.1  # of a block next to a held-out one that is used by neither side


def random_split(n: int, seed: int) -> np.ndarray:
    """TRAINING or VALIDATION for each of n rows: 80/20 as in the papers."""
    split = np.full(n, TRAINING, np.int8)
    split[np.random.default_rng(seed).permutation(n)[: round(HELD_OUT * n)]] = VALIDATION
    return split


def block_split(replica: np.ndarray, step: np.ndarray, seed: int, blocks: int = BLOCKS) -> np.ndarray:
    """TRAINING, VALIDATION or NEITHER [n]: whole stretches of trajectory are held out.

    Each trajectory (replica[n]) is cut into equal stretches of its steps, so many that there are at
    least `blocks` in all; 20 % of them, drawn with `seed`, are held out. The tenth of a training
    block that touches a held-out one belongs to neither: its frames are correlated with those.
    """
    names, of = np.unique(replica, return_inverse=True)
    if not len(names):
        return np.empty(0, np.int8)
    pieces = -(-blocks // len(names))
    first, last = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    np.minimum.at(first, of, step)
    np.maximum.at(last, of, step)
    place = (step - first[of]) / np.maximum(last - first, 1)[of] * pieces
    piece = np.minimum(place.astype(int), pieces - 1)
    total = len(names) * pieces
    drawn = np.random.default_rng(seed).permutation(total)[: max(round(HELD_OUT * total), 1)]
    held = np.zeros((len(names), pieces + 2), dtype=bool)  # with a free block at either end
    held[:, 1:-1].flat[drawn] = True
    inside = held[of, piece + 1]
    before = held[of, piece] & (place - piece < MARGIN)
    after = held[of, piece + 2] & (place - piece > 1 - MARGIN)
    return np.where(inside, VALIDATION, np.where(before | after, NEITHER, TRAINING)).astype(np.int8)
