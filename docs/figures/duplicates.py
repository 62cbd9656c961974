"""Whether two quenched frames of nearly the same energy are the same structure.

    python docs/figures/duplicates.py FILE.h5 ...      # data sets of one cluster, from `nanochart quench`

Writes docs/data/duplicates.json. Frames are sorted by energy; of the pairs of neighbours in each interval of
energy difference 500 are drawn by chance. A pair is one structure when its sorted interatomic distances
agree within 0.02 A; the table also has the rms difference of its g, in units of that of two frames drawn
by chance.
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist

from nanochart.chart.samples import grid_of
from nanochart.descriptor import rdf
from nanochart.landscape.dataset import Dataset

PAIRS = 500
SAME = 0.02  # A
EDGES = [0.0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1]  # meV


def compare(x: np.ndarray, y: np.ndarray, grid) -> tuple[np.ndarray, float]:
    """Largest difference (A) of the sorted distances of each pair of x[n,N,3] and y[n,N,3]; rms difference of g."""
    x, y = x.astype(float), y.astype(float)
    apart = np.array([np.abs(np.sort(pdist(a)) - np.sort(pdist(b))).max() for a, b in zip(x, y)])
    return apart, float(np.sqrt(np.mean((rdf(x, grid) - rdf(y, grid)) ** 2)))


def main(paths: list[str]) -> None:
    sets, random = [Dataset(path) for path in paths], np.random.default_rng(0)
    rows = [np.flatnonzero(data.converged) for data in sets]
    energy = np.concatenate([data.energy[keep] for data, keep in zip(sets, rows)])
    positions = np.concatenate([data.positions_quenched[keep] for data, keep in zip(sets, rows)])
    grid = grid_of(positions, positions, sets[0].element)
    order = np.argsort(energy)
    difference = 1000 * np.diff(energy[order])  # meV
    chance = compare(*positions[random.choice(len(energy), (2, PAIRS))], grid)[1]
    table = []
    for low, high in zip(EDGES, EDGES[1:]):
        here = np.flatnonzero((difference >= low) & (difference < high))
        drawn = random.permutation(here)[:PAIRS]
        apart, rms = compare(positions[order[drawn]], positions[order[drawn + 1]], grid)
        table.append({"from_meV": low, "to_meV": high, "pairs": len(here), "compared": len(drawn),
                      "same": round(float(np.mean(apart < SAME)), 3), "g_rms_of_chance": round(rms / chance, 3)})  # fmt: skip
        print(table[-1])
    result = {"frames": len(energy), "same_within_A": SAME, "neighbours_in_energy": table}
    (Path(__file__).parent.parent / "data" / "duplicates.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
