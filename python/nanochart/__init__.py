"""nanochart: learned structural charts of metal nanoclusters in molecular dynamics."""

import importlib

# Loaded on first use: LAMMPS imports this package at every start, only to find the plugin.
_HOMES = {
    "RdfGrid": "nanochart.descriptor",
    "rdf": "nanochart.descriptor",
    "rdf_pullback": "nanochart.descriptor",
    "channel_names": "nanochart.descriptor",
    "ChartCV": "nanochart.chart.chart_cv",
    "Error": "nanochart._core",
}
__all__ = list(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'nanochart' has no attribute '{name}'")


def __dir__():
    return sorted(set(globals()) | set(_HOMES))
