"""Any ASE calculator with biases on chart coordinates added, and molecular dynamics in which they grow."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence

import numpy as np
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from ase.md.md import MolecularDynamics
from ase.outputs import Properties, all_outputs
from ase.stress import full_3x3_to_voigt_6_stress

from nanochart.chart.chart_cv import ChartCV
from nanochart.sampling.ase_atoms import PS, ChartAtoms
from nanochart.sampling.biases import Metadynamics, MovingRestraint, Restraint, Wall

_BIASED = ("energy", "free_energy", "forces", "stress")
_UNCHANGED = ("charges", "dipole", "magmom", "magmoms")
_log = logging.getLogger(__name__)


class BiasedCalculator(Calculator):
    """E = E' + V(s), F = F' - dV/dx, stress = stress' + dV/dstrain / volume; E', F', stress' of a calculator.

    V is the sum of the biases at the chart coordinates s(x). `results` also holds `s` [d], `outside`, `V` (eV) and,
    for each bias, `NAME.bias` and (metadynamics) `NAME.rct` or (moving restraint) `NAME.work`, the columns of a COLVAR file.

    Asking for energies or forces changes no bias: a minimiser, a finite difference or a second question drops no
    hill. Hills, moving centres and work follow the steps of molecular dynamics after `follow(dyn)`.

    Parameters
    ----------
    calculator : ASE calculator.
    chart : ChartCV.
    biases : {name: bias}, or a list; unnamed ones are called by their class, `restraint`, `restraint2`, ..
    name : of the chart, in COLVAR.
    indices : of the chart's atoms, when the system has others too; None: all.

    Raises
    ------
    TypeError : calculator, chart or a bias is something else.
    ValueError : a bias has another number of CVs than the chart; when evaluated: other atoms than the model's, a
        cluster that does not fit into the cell, atoms at one place.
    PropertyNotImplementedError : the calculator does not offer what is asked for.
    """

    def __init__(
        self,
        calculator,
        chart: ChartCV,
        biases: Mapping[str, object] | Sequence = (),
        *,
        name: str = "chart",
        indices=None,
    ):
        super().__init__()
        if isinstance(calculator, type) or not hasattr(calculator, "get_property"):
            raise TypeError(f"calculator is {calculator!r}, must be an ASE calculator")
        self.calculator = calculator
        self.chart = chart
        self.chart_name = name
        self.chart_atoms = ChartAtoms(chart, indices)
        self.biases = _named(biases)
        for key, bias in self.biases.items():
            if bias.dim != chart.dim:
                raise ValueError(f"bias {key} is on {bias.dim} CVs, must be on {chart.dim} as the chart")
        offered = [p for p in (*_BIASED, *_UNCHANGED) if p in calculator.implemented_properties]
        self.implemented_properties = [*offered, "s", "outside", "V"]
        self.step = 0  # of the dynamics, from its first start on
        self.time = 0.0  # ps
        self._dyn = None  # that the biases follow
        self._start = 0, 0.0  # step and time when it was at its step 0
        self._states = None  # of the biases at `step`
        self._chart_part = None  # (columns, dV/dx, dV/dstrain) at self.atoms

    def __getstate__(self):  # a copy follows no dynamics yet
        return {**self.__dict__, "_dyn": None}

    # ---- energies and forces ----------------------------------------------------------------------------------

    def get_property(self, name, atoms=None, allow_calculation=True):
        if name in all_outputs and name not in self.implemented_properties:
            raise PropertyNotImplementedError(
                f"calculator {type(self.calculator).__name__} offers no {name}: take one that does"
            )
        return super().get_property(name, atoms, allow_calculation)

    def export_properties(self):  # ASE knows no others
        return Properties({key: value for key, value in self.results.items() if key in all_outputs})

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        atoms = self.atoms if atoms is None else atoms
        if system_changes or "s" not in self.results:
            self.results = {}
            self._chart_part = self._evaluate(atoms)
        columns, dv_dx, dv_dstrain = self._chart_part
        inner = {name: self.calculator.get_property(name, atoms) for name in properties if name in all_outputs}
        along_the_way = getattr(self.calculator, "results", {}) if inner else {}
        for name in self.implemented_properties:
            if name in along_the_way and (name != "stress" or atoms.cell.rank == 3):
                inner.setdefault(name, along_the_way[name])
        for name in ("energy", "free_energy"):
            if name in inner:
                inner[name] = inner[name] + columns["V"]
        if "forces" in inner:
            inner["forces"] = np.array(inner["forces"], dtype=float)
            inner["forces"][self.chart_atoms.indices] -= dv_dx
        if "stress" in inner:
            bias = dv_dstrain / atoms.get_volume()
            inner["stress"] = inner["stress"] + (full_3x3_to_voigt_6_stress(bias) if inner["stress"].ndim == 1 else bias)
        self.results.update(columns, **inner)

    def _evaluate(self, atoms):
        frame = self.chart_atoms.frame(atoms)
        columns = {"V": 0.0}

        def dv_ds(s):
            total = np.zeros(len(s))
            for name, bias in self.biases.items():
                v, slope = bias.value(s)
                total += slope
                columns["V"] += v
                columns[f"{name}.bias"] = v
                if isinstance(bias, Metadynamics):
                    columns[f"{name}.rct"] = bias.ct
                elif isinstance(bias, MovingRestraint):
                    columns[f"{name}.work"] = bias.work_with(s)
            return total

        s, outside, dv_dx, dv_dstrain = self.chart.value_and_pullback(dv_ds=dv_ds, **frame)
        return {"s": s, "outside": outside, **columns}, dv_dx, dv_dstrain

    # ---- molecular dynamics -----------------------------------------------------------------------------------

    def follow(self, dyn: MolecularDynamics, state: Mapping | None = None) -> None:
        """From now on hills are added, centres moved and work summed at the steps of `dyn`.

        As in LAMMPS: a hill belongs to the step whose number is a multiple of pace, comes after its forces, and there
        is none at the first step. Steps and time continue those of an earlier `follow`, whose driver no longer counts.

        Parameters
        ----------
        dyn : an ASE driver of molecular dynamics, whose atoms have this calculator.
        state : `self.state` of an interrupted run, whose biases were made with their `state` of it.

        Raises
        ------
        TypeError : `dyn` is no molecular dynamics, as an optimiser: biases stay as they are there.
        ValueError : its atoms have another calculator, or the calculator offers no forces.
        """
        if not isinstance(dyn, MolecularDynamics):
            raise TypeError(
                f"biases follow molecular dynamics, not {type(dyn).__name__}: an optimiser runs with the biases as they "
                "are, without follow"
            )
        if dyn.atoms.calc is not self:
            raise ValueError("follow: the atoms of this driver have another calculator: set atoms.calc before")
        if "forces" not in self.implemented_properties:
            raise ValueError(
                f"calculator {type(self.calculator).__name__} offers no forces, which molecular dynamics needs"
            )
        if state is not None:
            if not {"step", "time"} <= set(state):
                raise ValueError(f"state is {state}, must be the `state` of the interrupted run's calculator")
            self.step, self.time = int(state["step"]), float(state["time"])
        self._dyn = dyn
        self._start = self.step - dyn.nsteps, self.time - dyn.get_time() / PS
        self.reset()
        self._move_centres(self.step)
        s = self.get_property("s", dyn.atoms)
        for bias in self.biases.values():
            if isinstance(bias, MovingRestraint):
                bias.begin(self.step, s)
        self._finish_step()
        dyn.attach(functools.partial(self._observe, dyn), interval=1)

    def time_of(self, dyn) -> float | None:
        """Time in ps, if `dyn` is the driver that the biases follow."""
        return self._start[1] + dyn.get_time() / PS if dyn is self._dyn else None

    @property
    def state(self) -> dict:
        """What a restart needs besides positions, momenta and HILLS files; fit for JSON."""
        return {"step": self.step, "time": self.time, "biases": dict(self._states or self._bias_states())}

    def _observe(self, dyn) -> None:
        step = self._start[0] + dyn.nsteps
        if dyn is not self._dyn or step == self.step:  # ASE also calls at the very beginning
            return
        self.step, self.time = step, self.time_of(dyn)
        s = self.get_property("s", dyn.atoms)
        for name, bias in self.biases.items():
            if isinstance(bias, MovingRestraint):
                bias.update(step, s)
            elif isinstance(bias, Metadynamics):
                bias.hold(step, self.time, s)
                for message in bias.messages():
                    _log.warning("%s: %s", name, message)
        self._finish_step()

    def _finish_step(self) -> None:
        """The forces of this step are known and stay in `results`: the next ones are those of the next step."""
        self._states = self._bias_states()
        for bias in self.biases.values():
            if isinstance(bias, Metadynamics):
                bias.settle(self.step + 1)
        self._move_centres(self.step + 1)

    def _move_centres(self, step: int) -> None:
        for bias in self.biases.values():
            if isinstance(bias, MovingRestraint):
                bias.set_step(step)

    def _bias_states(self) -> dict[str, str]:
        return {name: bias.state for name, bias in self.biases.items() if hasattr(bias, "state")}


def _named(biases: Mapping[str, object] | Sequence) -> dict[str, object]:
    if not isinstance(biases, Mapping | Sequence):
        raise TypeError(f"biases is {biases!r}, must be {{name: bias}} or a list of biases")
    named = dict(biases) if isinstance(biases, Mapping) else {}
    for bias in () if isinstance(biases, Mapping) else biases:
        kind = type(bias).__name__.lower()
        count = sum(type(other) is type(bias) for other in named.values())
        named[kind if count == 0 else f"{kind}{count + 1}"] = bias
    for name, bias in named.items():
        if not isinstance(bias, Metadynamics | MovingRestraint | Restraint | Wall):
            raise TypeError(f"bias {name} is {bias!r}, must be a Restraint, MovingRestraint, Wall or Metadynamics")
        if name.split() != [name]:
            raise ValueError(f"the name of bias {name!r} must have no blanks: it names columns of COLVAR")
    return named
