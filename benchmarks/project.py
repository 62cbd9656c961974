"""Frames a second that `nanochart project` reads, puts on the shipped chart and writes: one core, processor time."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

FRAMES = 2000


def run() -> list[dict]:
    """A row for each kind of file: Au147, random frames, families of 22 centroids."""
    from ase import Atoms
    from ase.cluster import Icosahedron
    from ase.io import write

    from nanochart import ChartCV
    from nanochart.chart.families import Families
    from nanochart.chart.projection import project

    chart = ChartCV("Au147")
    rng = np.random.default_rng(0)
    x = Icosahedron("Au", 4).positions
    images = [Atoms("Au147", x + 0.1 * rng.normal(size=x.shape)) for _ in range(FRAMES)]
    families = Families(rng.normal(size=(22, chart.dim)), 0.5, tuple(map(str, range(22))), chart.hash)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("run.traj", "run.dump", "run.xyz"):
            path = Path(folder) / name
            if path.suffix == ".dump":
                path.write_text("".join(_dump(k, image.positions) for k, image in enumerate(images)))
            else:
                write(path, images)
            best = np.inf
            for _ in range(3):
                before = time.process_time()
                project(chart, path, Path(folder) / "COLVAR", families=families)
                best = min(best, time.process_time() - before)
            rows.append({"format": path.suffix[1:], "frames": FRAMES, "frames/s": round(FRAMES / best)})
    return rows


def _dump(step: int, x: np.ndarray) -> str:
    box = "".join(f"{low - 1:.6g} {high + 1:.6g}\n" for low, high in zip(x.min(axis=0), x.max(axis=0)))
    rows = "".join(f"{i + 1} 1 Au {p[0]:.6g} {p[1]:.6g} {p[2]:.6g}\n" for i, p in enumerate(x))
    return (f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(x)}\nITEM: BOX BOUNDS ff ff ff\n{box}"
            f"ITEM: ATOMS id type element x y z\n{rows}")  # fmt: skip
