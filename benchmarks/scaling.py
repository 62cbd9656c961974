"""Cost against the number of atoms and of MPI ranks, and of batches over all cores.

Spherical pieces of a gold crystal with thermal displacements. Value + pull-back of the kernel: each size in a process of
its own, for its memory. Ranks: wall time of a step of LAMMPS that has nothing but a restraint on a closed-form chart.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIZES = (55, 147, 561, 2057, 6500, 20000, 50000, 100000)
SECONDS = 1.5  # for the repeats of one time
SIZES_WITH_RANKS = (147, 561, 2057, 6500, 20000)
DECK = """\
units metal
atom_modify map array
boundary f f f
read_data {data}
mass 1 196.97
pair_style zero 6.0
pair_coeff * *
fix chart all nanochart {model}
fix hold all nanochart/restraint chart at 0 0 0 kappa 0 0 0
fix move all nve
timestep 0
run 1 post no
run {steps}
"""


def piece(n: int) -> np.ndarray:
    """The n atoms of fcc gold nearest to a point."""
    a, half = 4.08, int(np.ceil((3 * n / (16 * np.pi)) ** (1 / 3))) + 2
    corners = np.stack(np.meshgrid(*[np.arange(-half, half)] * 3), -1).reshape(-1, 1, 3)
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    x = a * (corners + basis).reshape(-1, 3) - [0.4, 0.3, 0.2]
    x = x[np.argsort(np.einsum("ij,ij->i", x, x), kind="stable")[:n]]
    return x + np.random.default_rng(0).normal(scale=0.1, size=x.shape)


def size(n: int) -> None:
    """Prints CPU seconds of value + pull-back, and the kB that they added to the process."""
    from nanochart import RdfGrid, _core

    grid = RdfGrid.charting(340)
    kernel = _core.Rdf(grid.start, grid.step, grid.bins, grid.bandwidth)
    x, dv_dg = piece(n)[None], np.random.default_rng(1).normal(size=(1, grid.bins))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    least, start = float("inf"), time.process_time()
    while time.process_time() - start < SECONDS:
        repeat = max(1, 2000 // n)
        begin = time.process_time()
        kernel.pass_rows(x, None, dv_dg, 0, n, repeat)
        least = min(least, (time.process_time() - begin) / repeat)
    print(least, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def by_size() -> list[dict]:
    rows = []
    for n in SIZES:
        done = subprocess.run([sys.executable, __file__, str(n)], capture_output=True, text=True, check=True)
        seconds, memory = map(float, done.stdout.split())
        rows.append({"N": n, "value + pull-back ms": 1e3 * seconds, "ns an atom": 1e9 * seconds / n,
                     "memory MB": memory / 1024})  # fmt: skip
    for row, before in zip(rows[1:], rows):
        row["exponent"] = np.log(row["value + pull-back ms"] / before["value + pull-back ms"]) / np.log(row["N"] / before["N"])
    return rows


def by_ranks() -> list[dict]:
    """1, 2, 4 .. ranks up to the number of cores."""
    from ase import Atoms
    from ase.io import write

    from nanochart import RdfGrid
    from nanochart.chart.linear import write_linear_model
    from nanochart.lammps_plugin import lmp_command, plugin_directory

    grid, rows = RdfGrid.charting(340), []
    mpiexec = shutil.which("mpiexec", path=os.path.dirname(sys.executable)) or "mpiexec"
    ranks = [2**k for k in range(10) if 2**k <= (os.cpu_count() or 1)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LAMMPS_PLUGIN_PATH": plugin_directory()}
    with tempfile.TemporaryDirectory() as name:
        data, model, deck = (Path(name) / file for file in ("atoms.data", "linear.pt", "in.lmp"))
        weights = np.random.default_rng(0).normal(size=(3, grid.bins))
        for n in SIZES_WITH_RANKS:
            x = piece(n)
            cluster = Atoms(f"Au{n}", x, cell=np.ptp(x, axis=0) + 20)
            cluster.center()
            write(data, cluster, format="lammps-data")
            write_linear_model(model, weights, grid, atoms=n)
            steps = int(np.clip(2e8 / n**1.5 / 2000, 3, 2000))
            deck.write_text(DECK.format(data=data, model=model, steps=steps))
            row = {"N": n}
            for p in ranks:
                command = [*([mpiexec, "-n", str(p)] if p > 1 else []), *lmp_command(), "-in", str(deck), "-log", "none"]
                done = subprocess.run(command, capture_output=True, text=True, env=environment)
                loops = re.findall(r"Loop time of (\S+) on", done.stdout)
                if done.returncode or not loops:
                    raise RuntimeError(f"LAMMPS failed:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
                row[f"step with {p} rank{'s' if p > 1 else ''}, ms"] = 1e3 * float(loops[-1]) / steps
            rows.append(row)
    return rows


def batches() -> list[dict]:
    from nanochart import RdfGrid, rdf, rdf_pullback

    grid = RdfGrid.charting(340)
    frames = piece(147) + np.random.default_rng(1).normal(scale=0.1, size=(1000, 147, 3))
    dv_dg = np.ones((len(frames), 1, grid.bins))
    rows = []
    for threads in sorted({1, os.cpu_count() or 1}):
        row = {"N": 147, "threads": threads}
        for name, call in (("values/s", lambda: rdf(frames, grid, threads=threads)),
                           ("pull-backs/s", lambda: rdf_pullback(frames, grid, dv_dg, threads=threads))):  # fmt: skip
            call()
            times = []
            for _ in range(5):
                begin = time.perf_counter()
                call()
                times.append(time.perf_counter() - begin)
            row[name] = len(frames) / min(times)
        rows.append(row)
    return rows


def run() -> list[dict]:
    return by_size() + by_ranks() + batches()


if __name__ == "__main__":
    size(int(sys.argv[1]))
