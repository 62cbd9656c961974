"""Chart coordinates of an ASE run in a COLVAR file."""

from __future__ import annotations

import os

import numpy as np

from nanochart import _core
from nanochart.chart.chart_cv import ChartCV
from nanochart.sampling.ase_atoms import PS, ChartAtoms
from nanochart.sampling.ase_calculator import BiasedCalculator


class ChartLog:
    """An observer that only logs: `dyn.attach(ChartLog(dyn, chart, "COLVAR"), interval=100)`.

    The file is that of fix nanochart: `time` in ps (an optimiser has no time: its step number), `NAME.s1` .., and
    `NAME.outside`; for a BiasedCalculator also `BIAS.bias` in eV and (metadynamics) `BIAS.rct`
    or (moving restraint) `BIAS.work`.

    Parameters
    ----------
    dyn : ASE driver, molecular dynamics or optimiser.
    chart : ChartCV, or the BiasedCalculator of the driver's atoms.
    path : an existing file is kept as bck.0.NAME, bck.1.NAME, ..
    append : continue the file instead.
    name : of the chart in the file; a BiasedCalculator has its own.
    indices : of the chart's atoms; a BiasedCalculator has its own.

    Raises
    ------
    ValueError : the file cannot be written; other atoms than the model's.
    """

    def __init__(
        self,
        dyn,
        chart: ChartCV | BiasedCalculator,
        path: str | os.PathLike = "COLVAR",
        *,
        append: bool = False,
        name: str = "chart",
        indices=None,
    ):
        self.dyn = dyn
        self.biased = isinstance(chart, BiasedCalculator)
        self.chart = chart
        self.name = chart.chart_name if self.biased else name
        self.atoms = None if self.biased else ChartAtoms(chart, indices)
        if self.biased and dyn.atoms.calc is not chart:
            raise ValueError("the atoms of this driver have another calculator than the one to be logged")
        self.log = _core.ColvarLog(os.fspath(path), append)

    def __call__(self) -> None:
        """Write one row."""
        atoms = self.dyn.atoms
        if self.biased:
            s, outside = self.chart.get_property("s", atoms), self.chart.results["outside"]
            columns = {key: value for key, value in self.chart.results.items() if key.endswith((".bias", ".rct", ".work"))}
        else:
            s, outside, *_ = self.chart.value_and_pullback(dv_ds=np.zeros_like, **self.atoms.frame(atoms))
            columns = {}
        values = {f"{self.name}.s{i}": value for i, value in enumerate(s, 1)}
        values[f"{self.name}.outside"] = outside
        values.update(columns)
        self.log.header(["time", *values])
        self.log.row(self._time(), list(values.values()))

    def _time(self) -> float:
        followed = self.chart.time_of(self.dyn) if self.biased else None
        if followed is not None:
            return followed
        return self.dyn.get_time() / PS if hasattr(self.dyn, "get_time") else float(self.dyn.nsteps)
