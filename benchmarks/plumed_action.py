"""Cost of the action NANOCHART: PLUMED's own timers, `plumed driver` on hot frames of Au147, all three coordinates
restrained. Needs the command `plumed` for which nanochart was built, in PATH or in the variable PLUMED."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from ase.cluster import Icosahedron

FRAMES = 200
MODELS = ("Au147", "Au147-inherent", "Au147-charting")


def run() -> list[dict]:
    from nanochart.sampling.plumed_action import library

    plumed = os.environ.get("PLUMED") or shutil.which("plumed")
    if not plumed or not library().exists():
        return [{"what": f"not measured: no command plumed, or no {library().name}"}]
    version = subprocess.check_output([plumed, "--no-mpi", "info", "--long-version"], text=True).strip()
    with tempfile.TemporaryDirectory() as folder:
        write_frames(Path(folder) / "frames.xyz")
        return [{"PLUMED": version, "model": model} | timers(plumed, library(), model, folder) for model in MODELS]


def write_frames(path: Path) -> None:
    x, rng = Icosahedron("Au", 4).positions, np.random.default_rng(1)
    with open(path, "w") as file:
        for _ in range(FRAMES):
            file.write("147\n0 0 0\n")
            np.savetxt(file, x + 0.1 * rng.normal(size=x.shape), fmt="Au %.6f %.6f %.6f")


def timers(plumed: str, library: Path, model: str, folder: str) -> dict:
    """ms a step of the forward loop (s and its derivatives) and of the backward loop (forces)."""
    text = (
        f"UNITS LENGTH=A ENERGY=eV\nLOAD FILE={library}\nchart: NANOCHART ATOMS=1-147 MODEL={model}\n"
        "RESTRAINT ARG=chart.s1,chart.s2,chart.s3 AT=0,0,0 KAPPA=2,2,2\n"
    )
    (Path(folder) / "plumed.dat").write_text(text)
    output = subprocess.check_output(
        [plumed, "--no-mpi", "driver", "--ixyz", "frames.xyz", "--length-units", "A"], cwd=folder, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    seconds = {
        name: float(re.search(rf"{name}[^\n]*?\)\s+\d+\s+\S+\s+(\S+)", output).group(1)) for name in ("Calculating", "Applying")
    }
    forward, backward = 1000 * seconds["Calculating"], 1000 * seconds["Applying"]
    return {"forward ms": forward, "backward ms": backward, "ms a step": forward + backward}
