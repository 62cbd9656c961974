"""What rounding in a compact data set does to energy, g and label.

    python docs/figures/compact.py FILE.h5      # a data set that is not compact

Writes docs/data/compact.json. 1,000 rows drawn by chance.
"""

import json
import sys
from pathlib import Path

import numpy as np

from nanochart.descriptor import rdf
from nanochart.chart.samples import grid_of
from nanochart.landscape import cna
from nanochart.landscape._lammps import new_lammps, set_positions
from nanochart.landscape.dataset import Dataset
from nanochart.landscape.dataset_file import DECIMALS, rounded

ROWS = 1000


def energies(x: np.ndarray, element: str) -> np.ndarray:
    """Potential energy (eV) of each of x[n,N,3]."""
    lmp, found = new_lammps([element] * x.shape[1], x[0]), []
    for positions in x:
        set_positions(lmp, positions)
        lmp.command("run 0 post no")
        found.append(lmp.get_thermo("pe"))
    lmp.close()
    return np.array(found)


def main(path: str) -> None:
    data = Dataset(path)
    chosen = np.random.default_rng(0).permutation(len(data))[:ROWS]
    full = {name: getattr(data, name)[chosen].astype(float) for name in DECIMALS}
    short = rounded(full)
    grid, result = grid_of(full["positions_thermal"], full["positions_quenched"], data.element), {"rows": len(chosen)}
    for name, places in DECIMALS.items():
        x, y = full[name], short[name].astype(np.float32).astype(float)
        de = energies(y, data.element) - energies(x, data.element)
        g, h = rdf(x, grid), rdf(y, grid)
        changed = np.mean(cna.label_codes(x, data.element) != cna.label_codes(y, data.element))
        result[name] = {
            "step_A": 10.0**-places, "energy_meV_mean": 1000 * de.mean(), "energy_meV_largest": 1000 * np.abs(de).max(),
            "g_rms_of_peak": float(np.sqrt(np.mean((g - h) ** 2)) / g.max()),
            "g_largest_of_peak": float(np.abs(g - h).max() / g.max()), "labels_changed": float(changed),
        }  # fmt: skip
    result = json.loads(json.dumps(result), parse_float=lambda text: float(f"{float(text):.3g}"))
    print(json.dumps(result, indent=1))
    (Path(__file__).parent.parent / "data" / "compact.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
