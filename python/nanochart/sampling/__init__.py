"""Moving along the chart: biases, and the engines that apply them."""

import importlib

# Loaded on first use, so that a reader of HILLS files pays for neither torch nor ASE.
_HOMES = {
    "Metadynamics": "nanochart.sampling.biases",
    "MovingRestraint": "nanochart.sampling.biases",
    "Restraint": "nanochart.sampling.biases",
    "Wall": "nanochart.sampling.biases",
    "BiasedCalculator": "nanochart.sampling.ase_calculator",
    "ChartLog": "nanochart.sampling.ase_log",
}
__all__ = list(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'nanochart.sampling' has no attribute '{name}'")


def __dir__():
    return sorted(set(globals()) | set(_HOMES))
