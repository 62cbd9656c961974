"""Cost of an MD step of Au147 on one core, as a ratio to plain MD in the same run.

Every variant runs once with each of `SEEDS` of velocities, between two runs of plain MD with the same velocities: a
bias changes the path, and paths of plain MD themselves differ in speed by some percent. The median of the ratios
counts, of CPU times, which other processes disturb less than wall time. The last row is what people do without
nanochart: `fix external` calling PyTorch autograd from Python.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

SEEDS = (4928459, 4928460, 4928461, 4928462, 4928463)
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
# title: steps, commands. Au147 is the shipped distilled chart.
VARIANTS = {
    PLAIN: (20000, []),
    "log every 100": (20000, ["fix chart all nanochart Au147 log COLVAR 100"]),
    "log every 1": (5000, ["fix chart all nanochart Au147 log COLVAR 1"]),
    "restraint every 1": (5000, ["fix chart all nanochart Au147", *HOLD]),
    "metadynamics in 3D every 5": (10000, ["fix chart all nanochart Au147 every 5", *METAD]),
    "metadynamics in 3D every 1": (5000, ["fix chart all nanochart Au147", *METAD]),
    "charting network, log every 100": (5000, ["fix chart all nanochart Au147-charting log COLVAR 100"]),
    "charting network, restraint every 1": (500, ["fix chart all nanochart Au147-charting", *HOLD]),
}
EXTERNAL = "fix external, PyTorch autograd, every 1"


def new_run(folder: Path, commands: list[str], seed: int = SEEDS[0]):
    from nanochart.lammps_plugin import new_lammps

    lmp = new_lammps(["-log", "none", "-screen", "none"])
    lmp.commands_string(
        DECK.format(data=folder / "Ih147.data", potential=folder / "Au.eam.alloy", temperature=TEMPERATURE, seed=seed)
    )
    for command in commands:
        lmp.command(command.replace("COLVAR", str(folder / "COLVAR")))
    return lmp


def seconds_per_step(lmp, steps: int, before: int = 100) -> float:
    lmp.command(f"run {before}")  # first evaluations of the network are slow
    start = time.process_time()
    lmp.command(f"run {steps} pre no post no")
    return (time.process_time() - start) / steps


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


def timed(folder: Path, title: str, seed: int) -> float:
    if title == EXTERNAL:
        lmp, steps, before = with_autograd(folder, seed=seed), 20, 3
    else:
        (steps, commands), before = VARIANTS[title], 100
        lmp = new_run(folder, commands, seed)
    seconds = seconds_per_step(lmp, steps, before)
    lmp.close()
    return seconds


def run() -> list[dict]:
    from nanochart.demo import prepare

    titles = [title for title in (*VARIANTS, EXTERNAL) if title != PLAIN]
    plain: list[float] = []
    seconds: dict[str, list[float]] = {title: [] for title in titles}
    ratios: dict[str, list[float]] = {title: [] for title in titles}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        for seed in SEEDS:
            plain.append(timed(folder, PLAIN, seed))
            for title in titles:
                seconds[title].append(timed(folder, title, seed))
                plain.append(timed(folder, PLAIN, seed))
                ratios[title].append(2 * seconds[title][-1] / (plain[-2] + plain[-1]))
    rows = [{"variant": PLAIN, "ms a step": 1e3 * median(plain), "times plain MD": 1, "from": 1, "to": 1}]
    for title in titles:
        r = ratios[title]
        rows.append({"variant": title, "ms a step": 1e3 * median(seconds[title]), "times plain MD": median(r),
                     "from": min(r), "to": max(r)})  # fmt: skip
    return rows


if __name__ == "__main__":
    from run import main

    main(["step"])
