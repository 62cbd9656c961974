"""nanochart: learned structural charts of metal nanoclusters in molecular dynamics."""

from nanochart._lazy import lazy

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
__getattr__, __dir__ = lazy(__name__, _HOMES)
