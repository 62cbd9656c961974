"""Cost of an MD step of Au147 on one core, as a ratio to plain MD in the same run.

All variants of one set of velocities are open at once and take turns of some ten milliseconds, each between two turns
of plain MD: a processor that is shared or changes its clock does so more slowly than that. A turn begins with steps
that do not count, since the one before has filled the caches with its own. The ratio of a set is the median over its
turns of CPU times. Two equal runs differ by some per cent for as long as they last, by what of them meets in a cache,
paths differ in speed, and a bias changes the path: hence several runs of plain MD by turns, many sets, and the mean
over them with its standard error. The descriptor alone, value and pull-back over and over, takes its turns too. The
last row is what people do without nanochart: `fix external` calling PyTorch autograd from Python.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from statistics import mean, median, stdev
from uuid import uuid4

import numpy as np
from rdf import cluster

from nanochart import RdfGrid, _core
from nanochart.chart.student import student_grid

os.environ.setdefault("OMP_NUM_THREADS", "1")

SEEDS = tuple(range(4928459, 4928475))
TURNS, SELDOM = 36, 12  # of each set; every twelfth one of EXTERNAL, a hundred times slower
PLAIN_RUNS = 4
TEMPERATURE = 400

DECK = """\
units metal
atom_modify map array
read_data {data}
pair_style eam/alloy
pair_coeff * * {potential} Au
velocity all create {temperature} {seed} mom yes rot yes
fix move all nve
fix bath all langevin {temperature} {temperature} 1.0 587283
timestep 0.005
thermo 100000
thermo_modify norm no
"""

METAD = [
    "fix bias all nanochart/metad chart sigma 0.1 0.1 0.1 height 0.002 pace 500 biasfactor 20 temp 400 "
    "grid -5 5 150 grid -5 5 150 grid -5 5 150"
]
HOLD = ["fix hold all nanochart/restraint chart at 0 0 0 kappa 0.1 0.1 0.1"]
PLAIN = "plain MD"
# title: steps of a turn, commands. Au147 is the shipped distilled chart.
VARIANTS = {
    PLAIN: (500, []),
    "log every 100": (500, ["fix chart all nanochart Au147 log COLVAR 100"]),
    "log every 1": (250, ["fix chart all nanochart Au147 log COLVAR 1"]),
    "restraint every 1": (250, ["fix chart all nanochart Au147", *HOLD]),
    "metadynamics in 3D every 5": (500, ["fix chart all nanochart Au147 every 5", *METAD]),
    "metadynamics in 3D every 1": (250, ["fix chart all nanochart Au147", *METAD]),
    "charting network, log every 100": (500, ["fix chart all nanochart Au147-charting log COLVAR 100"]),
    "charting network, restraint every 1": (10, ["fix chart all nanochart Au147-charting", *HOLD]),
}
DESCRIPTOR = "descriptor alone, value + pull-back"
EXTERNAL = "fix external, PyTorch autograd, every 1"


def new_run(folder: Path, commands: list[str], seed: int = SEEDS[0]):
    from nanochart.lammps_plugin import new_lammps

    lmp = new_lammps(["-log", "none", "-screen", "none"])
    lmp.commands_string(
        DECK.format(data=folder / "Ih147.data", potential=folder / "Au.eam.alloy", temperature=TEMPERATURE, seed=seed)
    )
    for command in commands:
        lmp.command(command.replace("COLVAR", str(folder / f"COLVAR.{uuid4().hex}")))
    return lmp


def turn_of(lmp, steps: int, before: int = 100) -> Callable[[], float]:
    """Seconds of CPU a step, of so many more steps at each call, after a fifth of them that find the caches full of others'."""
    lmp.command(f"run {before}")  # first evaluations of the network are slow

    def turn() -> float:
        lmp.command(f"run {steps // 5} pre no post no")
        start = time.process_time()
        lmp.command(f"run {steps} pre no post no")
        return (time.process_time() - start) / steps

    return turn


def descriptor_turn(repeats: int = 1000) -> Callable[[], float]:
    """Seconds of value + pull-back on the grid of a distilled chart, as in_core of rdf.py has them."""
    grid = student_grid(RdfGrid.charting(340))
    kernel = _core.Rdf(grid.start, grid.step, grid.bins, grid.bandwidth)
    x, dv_dg = cluster(147), np.random.default_rng(1).normal(size=(1, grid.bins))

    def turn() -> float:
        kernel.pass_rows(x[None], None, dv_dg, 0, len(x), repeats // 5)
        start = time.process_time()
        kernel.pass_rows(x[None], None, dv_dg, 0, len(x), repeats)
        return (time.process_time() - start) / repeats

    return turn


def with_autograd(folder: Path, model: str = "Au147-charting", seed: int = SEEDS[0]):
    """`fix external` with the RDF and the network in PyTorch, restraint and forces by autograd."""
    import torch

    from nanochart import ChartCV

    torch.set_num_threads(1)
    chart = ChartCV(model)
    encoder = torch.jit.load(chart.path).eval()
    points = torch.tensor(chart.grid.points)
    width = chart.grid.bandwidth
    lmp = new_run(folder, ["fix external all external pf/callback 1 1"], seed)

    def callback(_, step, n, tags, x, f):
        position = torch.tensor(x, requires_grad=True)
        r = torch.pdist(position)
        g = torch.exp(-0.5 * ((points[:, None] - r) / width) ** 2).mean(1) / (width * (2 * torch.pi) ** 0.5)
        s = encoder(g.float()[None, None])[0]
        energy = 0.05 * (s.double() ** 2).sum()
        f[:] = -torch.autograd.grad(energy, position)[0].numpy()

    lmp.set_fix_external_callback("external", callback, lmp)
    return lmp


def turns(folder: Path, seed: int) -> dict[str, Callable[[], float]]:
    found = {}
    for title, (steps, commands) in VARIANTS.items():
        found[title] = turn_of(new_run(folder, commands, seed), steps)
    return found | {DESCRIPTOR: descriptor_turn(), EXTERNAL: turn_of(with_autograd(folder, seed=seed), 1, before=3)}


def run() -> list[dict]:
    from nanochart.demo import prepare

    seconds: dict[str, list[list[float]]] = {}  # of each set of velocities
    ratios: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        for seed in SEEDS:
            todo = turns(folder, seed)
            more = [turn_of(new_run(folder, [], seed), VARIANTS[PLAIN][0]) for _ in range(1, PLAIN_RUNS)]
            plain = cycle([todo.pop(PLAIN), *more])
            before = next(plain)()
            for new in (seconds, ratios):
                for title in (PLAIN, *todo):
                    new.setdefault(title, []).append([])
            for n in range(TURNS):
                for title, turn in todo.items():
                    if title == EXTERNAL and n % SELDOM:
                        continue
                    spent, after = turn(), next(plain)()
                    seconds[title][-1].append(spent)
                    seconds[PLAIN][-1].append(after)
                    ratios[title][-1].append(2 * spent / (before + after))
                    ratios[PLAIN][-1].append(1.0)
                    before = after
    return [{"variant": title, "ms a step": 1e3 * mean(map(median, seconds[title])),
             "times plain MD": mean(map(median, ratios[title])),
             "error": stdev(map(median, ratios[title])) / len(SEEDS) ** 0.5}
            for title in seconds]  # fmt: skip


if __name__ == "__main__":
    from run import main

    main(["step"])
