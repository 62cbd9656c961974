"""The conformance files (tests/conformance/README.md) as the tests of all engines read them."""

import json
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from nanochart.sampling.biases import Metadynamics, MovingRestraint, Restraint, Wall

FOLDER = Path(__file__).parent / "conformance"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
# Against the exact sums: g within 1e-6 of its peak (docs/rdf.md); a float32 network adds its rounding.
TOLERANCE = {"linear": 1e-6, "network": 5e-5}


@lru_cache
def case(name: str) -> SimpleNamespace:
    content = json.loads((FOLDER / f"{name}.json").read_text())
    for key in ("positions", "g", "s", "ds_dx", "ds_dstrain", "forces", "virial"):
        content[key] = np.array(content[key])
    content["cell"] = None if content["cell"] is None else np.array(content["cell"])
    content["hills"] = FOLDER / f"{name}.HILLS"
    content["path"] = FOLDER / content["model"]
    return SimpleNamespace(name=name, tolerance=TOLERANCE[name.split("-")[0]], **content)


def close(ours, expected, tolerance) -> None:
    """Within `tolerance` times the largest value."""
    expected = np.asarray(expected)
    assert np.shape(ours) == expected.shape
    assert np.abs(ours - expected).max() <= tolerance * max(1.0, np.abs(expected).max())


def python_bias(case: SimpleNamespace, name: str):
    """One of the case's biases as nanochart's own class."""
    bias = case.biases[name]
    if bias["type"] == "restraint":
        return Restraint(bias["at"], bias["kappa"])
    if bias["type"] == "moving_restraint":
        moving = MovingRestraint(bias["start"], bias["kappa"], [(bias["to"], bias["first"], bias["last"])])
        moving.set_step(bias["step"])
        return moving
    if bias["type"] == "wall":
        return Wall(3, bias["side"], bias["component"], at=bias["at"], kappa=bias["kappa"], exp=bias["exp"])
    hills = dict(hills=str(case.hills), restart=True, names=["chart.s1", "chart.s2"])
    return Metadynamics([*bias["sigma"], None], 0.0, 1, **hills)


def words(values) -> str:
    return " ".join(f"{value:.17g}" for value in values)


def lammps_fixes(case: SimpleNamespace) -> str:
    """The chart fix and the biases, at the step of the moving restraint."""
    b = case.biases
    pull, low, high, meta = b["pull"], b["low"], b["high"], b["meta"]
    return f"""reset_timestep {pull["step"]}
fix chart all nanochart {case.path} elements {" ".join(case.elements)} log COLVAR 1
fix hold all nanochart/restraint chart at {words(b["hold"]["at"])} kappa {words(b["hold"]["kappa"])}
fix pull all nanochart/restraint chart at {words(pull["start"])} kappa {words(pull["kappa"])} to {words(pull["to"])} &
  over {pull["first"]} {pull["last"]}
fix low all nanochart/wall chart lower 1 at {low["at"]:.17g} kappa {low["kappa"]} exp {low["exp"]}
fix high all nanochart/wall chart upper 2 at {high["at"]:.17g} kappa {high["kappa"]} exp {high["exp"]}
fix meta all nanochart/metad chart sigma {words(meta["sigma"])} * height 0 hills {case.hills} restart yes
"""


def plumed_biases(case: SimpleNamespace) -> str:
    """The biases on chart.s1 .. in PLUMED's language, in its unit of energy of eV."""

    def commas(values):
        return ",".join(f"{value:.17g}" for value in values)

    b = case.biases
    pull, low, high, meta = b["pull"], b["low"], b["high"], b["meta"]
    all_cvs = "ARG=chart.s1,chart.s2,chart.s3"
    return f"""hold: RESTRAINT {all_cvs} AT={commas(b["hold"]["at"])} KAPPA={commas(b["hold"]["kappa"])}
pull: MOVINGRESTRAINT {all_cvs} STEP0={pull["first"]} AT0={commas(pull["start"])} KAPPA0={commas(pull["kappa"])} """ + f"""\
STEP1={pull["last"]} AT1={commas(pull["to"])}
low: LOWER_WALLS ARG=chart.s1 AT={low["at"]:.17g} KAPPA={low["kappa"]} EXP={low["exp"]}
high: UPPER_WALLS ARG=chart.s2 AT={high["at"]:.17g} KAPPA={high["kappa"]} EXP={high["exp"]}
meta: METAD ARG=chart.s1,chart.s2 SIGMA={commas(meta["sigma"])} HEIGHT=0 PACE=1000000 FILE=HILLS RESTART=YES
"""
