"""Clusters of data/Au147.h5 labelled and frames quenched a second: one core, processor time."""

from __future__ import annotations

import os
import time
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "Au147.h5"
LABELS, FRAMES = 4000, 100


def run() -> list[dict]:
    """A row for the labels and one for quenching; frames of all temperatures, evenly spaced in the file."""
    os.environ["OMP_NUM_THREADS"] = "1"
    from nanochart.landscape import cna
    from nanochart.landscape.dataset import Dataset
    from nanochart.landscape.quench import Quencher

    data = Dataset(DATA)
    clusters = data.positions_quenched[:: max(len(data) // LABELS, 1)].astype(float)
    hot = data.positions_thermal[:: len(data) // FRAMES].astype(float)
    quencher = Quencher("Au", data.atoms)
    quencher(hot[0])  # starts LAMMPS
    labelled, _ = timed(lambda: cna.label_codes(clusters, "Au"))
    quenched, results = timed(lambda: [quencher(x) for x in hot])
    return [
        {"what": "label", "frames": len(clusters), "frames/s": round(len(clusters) / labelled)},
        {"what": "quench", "frames": len(hot), "frames/s": round(len(hot) / quenched, 1),
         "evaluations a frame": round(sum(r.evaluations for r in results) / len(hot)),
         "converged": sum(r.converged for r in results)},
    ]  # fmt: skip


def timed(work) -> tuple[float, object]:
    """Processor time of `work` (s), the least of three, and what it returned."""
    times = []
    for _ in range(3):
        before = time.process_time()
        result = work()
        times.append(time.process_time() - before)
    return min(times), result
