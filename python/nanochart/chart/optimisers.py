"""Optimisers of the trainings."""

from __future__ import annotations

from collections.abc import Iterable

import torch

OPTIMISERS = ("adam", "soap")


def optimiser_of(name: str, parameters: Iterable[torch.nn.Parameter], rate: float) -> torch.optim.Optimizer:
    """ "adam", as in the papers, or "soap" (Vyas et al. 2024, arXiv:2409.11321): Adam in the eigenbasis of
    Shampoo's preconditioner, which brings a network with a narrow waist down in far fewer steps."""
    if name == "adam":
        return torch.optim.Adam(parameters, lr=rate)
    from pytorch_optimizer import SOAP

    # Channels, taps and units are preconditioned; places along the grid are too many.
    return SOAP(parameters, lr=rate, weight_decay=0.0, max_precondition_dim=256)
