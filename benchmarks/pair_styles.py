"""Plain MD of gold icosahedra with LAMMPS's `eam/alloy` and `eam/alloy/opt`: which is the quicker at which size.

    python benchmarks/run.py pair_styles
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from ase.cluster import Icosahedron
from ase.io import write

os.environ.setdefault("OMP_NUM_THREADS", "1")

STEPS = {3: 20_000, 4: 10_000, 6: 3_000, 9: 600}  # of an icosahedron of so many shells
STYLES = "eam/alloy", "eam/alloy/opt"
ROUNDS = 5

DECK = """\
units metal
boundary s s s
read_data {folder}/start.data
mass 1 196.97
pair_style {style}
pair_coeff * * {folder}/Au.eam.alloy Au
neighbor 1.0 bin
velocity all create 900 1
fix move all nve
timestep 0.005
thermo 100000
run 200
"""


def seconds_per_step(folder: Path, style: str, steps: int) -> float:
    """CPU time."""
    from nanochart.lammps_plugin import new_lammps

    lmp = new_lammps(["-log", "none", "-screen", "none"])
    lmp.commands_string(DECK.format(folder=folder, style=style))
    start = time.process_time()
    lmp.command(f"run {steps} pre no post no")
    seconds = (time.process_time() - start) / steps
    lmp.close()
    return seconds


def run() -> list[dict]:
    from nanochart.landscape.potential import write_setfl

    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_setfl(folder / "Au.eam.alloy", "Au")
        for shells, steps in STEPS.items():
            atoms = Icosahedron("Au", shells, latticeconstant=4.08)
            atoms.center(vacuum=5)
            write(folder / "start.data", atoms, format="lammps-data")
            row = {"N": len(atoms)}
            for _ in range(ROUNDS):
                for style in STYLES:
                    row[f"{style}, us a step"] = min(
                        1e6 * seconds_per_step(folder, style, steps), row.get(f"{style}, us a step", 1e9)
                    )
            rows.append(row)
    return rows
