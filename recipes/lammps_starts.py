"""The relaxed Au147 clusters in lammps_inputs/: the best of 60 shapes of each motif.

    python recipes/lammps_starts.py [--out lammps_inputs]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from ase.data import atomic_masses, atomic_numbers

from nanochart.landscape.motifs import start
from nanochart.landscape.quench import Quencher

SHAPES = 60


def data_file(element: str, positions: np.ndarray, title: str, box: float = 40.0) -> str:
    """A LAMMPS data file (atom_style atomic, units metal): positions in a cube of 2*box A."""
    atoms = "\n".join(f"{i} 1 {x:.8f} {y:.8f} {z:.8f}" for i, (x, y, z) in enumerate(positions, 1))
    walls = "\n".join(f"{-box} {box} {axis}lo {axis}hi" for axis in "xyz")
    mass = atomic_masses[atomic_numbers[element]]
    return (f"{title}\n\n{len(positions)} atoms\n1 atom types\n\n{walls}\n\n"
            f"Masses\n\n1 {mass}  # {element}\n\nAtoms # atomic\n\n{atoms}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("lammps_inputs"))
    folder = parser.parse_args().out
    quench = Quencher("Au", 147)
    for motif in ("Ih", "Dh", "Fcc", "Twin"):
        relaxed = [quench(start(motif, "Au", 147, seed).positions) for seed in range(SHAPES)]
        best = min((q for q in relaxed if q.converged), key=lambda q: q.energy)
        path = folder / f"{motif}147.data"
        path.write_text(data_file("Au", best.positions,
                                  f"Au147, {motif}, RGL potential, relaxed: {best.energy:.4f} eV"))
        print(f"{path}: {best.energy:.4f} eV")


if __name__ == "__main__":
    main()
