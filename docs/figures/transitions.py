"""Pictures of docs/families.md: two passages from the icosahedron to the decahedron.

    python recipes/Au147.py --out Au147.h5             # one of its trajectories is the unbiased passage
    lmp -in lammps_inputs/steer.lmp                    # frames.lammpstrj, the steered one
    python docs/figures/transitions.py Au147.h5 frames.lammpstrj FOLDER

Runs `nanochart project --quench` on both and keeps its pictures in docs/img.
"""

import sys
from pathlib import Path

import h5py
import numpy as np
from ase import Atoms
from ase.io import write
from reading import keep, nanochart

TRAJECTORY, TIMESTEP = 99, 0.005  # ps; a melt that froze, at 460 K


def write_trajectory(data: str, path: Path) -> None:
    with h5py.File(data) as file:
        rows = np.flatnonzero(file["replica"][:] == TRAJECTORY)
        steps = file["step"][:]
        write(path, [Atoms(f"Au{x.shape[0]}", x, info={"time": steps[r] * TIMESTEP, "temperature": file["temperature"][r]})
                     for r in rows[np.argsort(steps[rows])] for x in [file["positions_thermal"][r]]], format="extxyz")  # fmt: skip


def main(data: str, steered: str, folder: str) -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    write_trajectory(data, out / "Au147-460K.xyz")
    for name, frames, more in (("unbiased", out / "Au147-460K.xyz", ()), ("steered", steered, ("--timestep", TIMESTEP))):
        nanochart("project", "Au147", frames, "-o", out / name, "--quench", "--window", 5, *more)
        keep(out / name / "COLVAR.png", f"transition_{name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:4])
