"""The data set behind the shipped chart Au147, from nothing.

    python recipes/Au147.py [--out Au147.h5] [--jobs 2]

The chart is learned from it with `nanochart train Au147.h5` and written with `nanochart export`.

Molecular dynamics of Au147 (RGL potential) in LAMMPS from icosahedral, decahedral, fcc and twinned
pieces of many shapes and from frozen melts, over 250-600 K; every frame is quenched. 144
trajectories of 60 frames, 10 ps apart: 8,640 (thermal, quenched) pairs, about 25 minutes on two
cores. An interrupted run continues where it stopped when started again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nanochart.landscape import dataset
from nanochart.landscape.production import produce
from nanochart.landscape.trajectories import Trajectory

# Where a solid of Au147 changes shape within a nanosecond (400-480 K), temperatures lie closer.
TEMPERATURES = (250, 300, 340, 370, 400, 420, 440, 460, 480, 510, 550, 600)
# Starts a temperature. Decahedra rule the equilibrium below melting, amorphous ones above.
STARTS = {"Ih": 2, "Dh": 3, "Fcc": 2, "Twin": 2, "Amorphous": 3}


def plan() -> list[Trajectory]:
    """144 trajectories; each has a start of its own."""
    runs = []
    for i in range(max(STARTS.values())):
        for n, temperature in enumerate(TEMPERATURES):
            for motif, count in STARTS.items():
                if i < count:
                    # 5 is coprime to 12: neighbours in temperature differ in shape.
                    seed = (5 * n + i) % len(TEMPERATURES) + i * len(TEMPERATURES)
                    runs.append(Trajectory(len(runs), "Au", 147, motif, temperature, seed))
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("Au147.h5"))
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    options = parser.parse_args()
    path = produce(options.out, plan(), options.jobs)
    dataset.label(path)
    print(f"data set: {path}")


if __name__ == "__main__":
    main()
