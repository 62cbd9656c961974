"""Learning and reading the chart."""

from nanochart._lazy import lazy

# Loaded on first use: they import torch.
_HOMES = {"Autoencoder": "nanochart.chart.autoencoder", "ChartCV": "nanochart.chart.chart_cv"}
__all__ = list(_HOMES)
__getattr__, __dir__ = lazy(__name__, _HOMES)
