"""Moving along the chart: biases, and the engines that apply them."""

from nanochart._lazy import lazy

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
__getattr__, __dir__ = lazy(__name__, _HOMES)
