"""The atoms of an ASE `Atoms` that a chart is about."""

from __future__ import annotations

import numpy as np
from ase import units
from ase.data import atomic_numbers

from nanochart.chart.chart_cv import ChartCV

PS = 1000 * units.fs  # a picosecond in ASE's unit of time


class ChartAtoms:
    """Picks positions, species and cell out of `Atoms` for a chart, and checks them against its model.

    Parameters
    ----------
    chart : ChartCV.
    indices : of the chart's atoms, or a mask, when the system has others too; None: all.
    """

    def __init__(self, chart: ChartCV, indices=None):
        if not isinstance(chart, ChartCV):
            raise TypeError(f"chart is {chart!r}, must be a nanochart.ChartCV")
        if np.asarray(indices).dtype == bool:
            indices = np.flatnonzero(indices)
        self.chart = chart
        self.indices = slice(None) if indices is None else np.asarray(indices, dtype=int)
        self.model = chart.metadata["name"]
        self._elements = chart.metadata["elements"]
        self._numbers = self._species = None  # of the last atoms

    def frame(self, atoms) -> dict:
        """Arguments of ChartCV's methods. Raises ValueError when the atoms are not those of the model."""
        if not isinstance(self.indices, slice) and len(self.indices) and self.indices.max() >= len(atoms):
            raise ValueError(
                f"indices go up to {self.indices.max()}, but there are {len(atoms)} atoms: the atoms changed, or the "
                "indices are those of another system"
            )
        numbers = atoms.numbers[self.indices]
        if self._numbers is None or not np.array_equal(numbers, self._numbers):
            self._species = self._species_of(numbers)
            self._numbers = numbers.copy()
        periodic = dict(cell=atoms.cell.array, pbc=atoms.pbc) if atoms.pbc.any() else {}
        return dict(x=atoms.positions[self.indices], species=self._species, **periodic)

    def _species_of(self, numbers) -> np.ndarray:
        expected = self.chart.metadata["atoms"]
        if len(numbers) != expected:
            raise ValueError(
                f"model {self.model} is for {expected} atoms, but there are {len(numbers)}: take its own system, or "
                "name the chart's atoms with indices"
            )
        kinds = [atomic_numbers[element] for element in self._elements]
        if set(numbers.tolist()) != set(kinds):
            from ase.data import chemical_symbols

            found = " ".join(sorted({chemical_symbols[number] for number in numbers}))
            raise ValueError(f"model {self.model} is for {' '.join(self._elements)}, but the atoms are {found}")
        index = np.full(max(kinds) + 1, -1)
        index[kinds] = np.arange(len(kinds))
        return index[numbers]
