"""Several hot frames of one minimum, for data sets that hold one of each: how far a chart's s scatters in a basin.

    python docs/figures/basin_frames.py data/Ag147.h5 -o Ag147.basins.npz
    python docs/figures/model_card.py Ag147 data/Ag147.h5 --basins Ag147.basins.npz

Minima that the training did not see, drawn by chance, are heated at the temperature of their hot frame: velocities of
twice that temperature, 0.2 ps of Langevin dynamics, then ten frames 0.08 ps apart, each quenched. Frames
whose quench gives the minimum's energy back to 0.1 meV are its own; minima with fewer than five have been left and do
not count: what is measured are the basins that last.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from nanochart.chart.reading_hot import FEWEST_FRAMES, SAME_BASIN
from nanochart.chart.samples import parts_of
from nanochart.landscape import cna
from nanochart.landscape._lammps import new_lammps, positions_of
from nanochart.landscape.dataset import Dataset
from nanochart.landscape.dataset_file import VALIDATION
from nanochart.landscape.quench import Quencher
from nanochart.landscape.trajectories import TIMESTEP, _thermostat

FRAMES, SETTLE, INTERVAL = 10, 0.2, 0.08  # number, ps, ps


def frames_of(element: str, minimum: np.ndarray, temperature: float, seed: int, quencher: Quencher) -> list[np.ndarray]:
    """Hot frames [N,3] that quench back to the minimum; fewer than five: given up early."""
    energy, found = quencher(minimum).energy, []
    lmp = new_lammps(element, minimum)
    try:
        lmp.command(f"velocity all create {2 * temperature} {seed} mom yes rot yes")
        _thermostat(lmp, temperature, seed)
        lmp.command(f"run {round(SETTLE / TIMESTEP)}")
        for i in range(FRAMES):
            lmp.command(f"run {round(INTERVAL / TIMESTEP)} post no")
            x = positions_of(lmp)
            if abs(quencher(x).energy - energy) < SAME_BASIN:
                found.append(x)
            if len(found) + FRAMES - 1 - i < FEWEST_FRAMES:
                break
    finally:
        lmp.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, help="HDF5 data set")
    parser.add_argument("-o", "--out", type=Path, required=True, help="file.npz of the frames")
    parser.add_argument("--minima", type=int, default=200, help="how many are heated")
    options = parser.parse_args()
    data = Dataset(options.data)
    unseen = np.flatnonzero(parts_of(data, "blocks") == VALIDATION)
    rows = np.sort(np.random.default_rng(0).permutation(unseen)[: options.minima])
    quencher = Quencher(data.element, data.atoms)
    thermal, basin = [], []
    for row in tqdm(rows, unit="minimum"):
        of_row = frames_of(data.element, data.positions_quenched[row].astype(float), float(data.temperature[row]),
                           1000 + int(row), quencher)  # fmt: skip
        if len(of_row) >= FEWEST_FRAMES:
            thermal += of_row
            basin += [row] * len(of_row)
    if not basin:
        raise SystemExit(f"none of {len(rows)} minima lasts: heat more of them")
    kept = np.unique(basin)
    labels = np.asarray(cna.label(data.positions_quenched[kept].astype(float), element=data.element))
    print(f"{len(kept)} of {len(rows)} minima last, {len(basin)} frames; "
          + ", ".join(f"{np.sum(labels == name)} {name}" for name in np.unique(labels)))  # fmt: skip
    np.savez_compressed(options.out, thermal=np.float32(thermal), basin=basin, tried=len(rows), data_hash=data.hash,
                        temperature=data.temperature[kept], labels=labels)  # fmt: skip


if __name__ == "__main__":
    main()
