"""Learning and reading the chart."""

import importlib

# Loaded on first use: they import torch.
_HOMES = {"Autoencoder": "autoencoder", "ChartCV": "chart_cv"}
__all__ = list(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
