"""Cost of an MD step of Au147 on one core, as a ratio to plain MD in the same run.

Every variant is run in turn, `ROUNDS` times; the least CPU time of each counts, which other processes disturb less
than wall time. The last row is what people do without nanochart: `fix external` calling PyTorch autograd from Python.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

ROUNDS = 3
TEMPERATURE = 400

DECK = """\
units metal
atom_modify map array
read_data {data}
pair_style eam/alloy
pair_coeff * * {potential} Au
velocity all create {temperature} 4928459 mom yes rot yes
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
# title: steps, commands. Au147 is the shipped distilled chart.
VARIANTS = {
    "plain MD": (20000, []),
    "log every 100": (20000, ["fix chart all nanochart Au147 log COLVAR 100"]),
    "log every 1": (5000, ["fix chart all nanochart Au147 log COLVAR 1"]),
    "restraint every 1": (5000, ["fix chart all nanochart Au147", *HOLD]),
    "metadynamics in 3D every 5": (10000, ["fix chart all nanochart Au147 every 5", *METAD]),
    "metadynamics in 3D every 1": (5000, ["fix chart all nanochart Au147", *METAD]),
    "charting network, log every 100": (5000, ["fix chart all nanochart Au147-charting log COLVAR 100"]),
    "charting network, restraint every 1": (500, ["fix chart all nanochart Au147-charting", *HOLD]),
}


def new_run(folder: Path, commands: list[str]):
    from nanochart.lammps_plugin import new_lammps

    lmp = new_lammps(["-log", "none", "-screen", "none"])
    lmp.commands_string(DECK.format(data=folder / "Ih147.data", potential=folder / "Au.eam.alloy", temperature=TEMPERATURE))
    for command in commands:
        lmp.command(command.replace("COLVAR", str(folder / "COLVAR")))
    return lmp


def seconds_per_step(lmp, steps: int, before: int = 100) -> float:
    lmp.command(f"run {before}")  # first evaluations of the network are slow
    start = time.process_time()
    lmp.command(f"run {steps} pre no post no")
    return (time.process_time() - start) / steps


def with_autograd(folder: Path, model: str = "Au147-charting"):
    """`fix external` with the RDF and the network in PyTorch, restraint and forces by autograd."""
    import torch

    from nanochart import ChartCV

    torch.set_num_threads(1)
    chart = ChartCV(model)
    encoder = torch.jit.load(chart.path).eval()
    points = torch.tensor(chart.grid.points)
    width = chart.grid.bandwidth
    lmp = new_run(folder, ["fix external all external pf/callback 1 1"])

    def callback(_, step, n, tags, x, f):
        position = torch.tensor(x, requires_grad=True)
        r = torch.pdist(position)
        g = torch.exp(-0.5 * ((points[:, None] - r) / width) ** 2).mean(1) / (width * (2 * torch.pi) ** 0.5)
        s = encoder(g.float()[None, None])[0]
        energy = 0.05 * (s.double() ** 2).sum()
        f[:] = -torch.autograd.grad(energy, position)[0].numpy()

    lmp.set_fix_external_callback("external", callback, lmp)
    return lmp


def run() -> list[dict]:
    from nanochart.demo import prepare

    best: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        for _ in range(ROUNDS):
            for title, (steps, commands) in VARIANTS.items():
                lmp = new_run(folder, commands)
                best[title] = min(seconds_per_step(lmp, steps), best.get(title, 1e9))
                lmp.close()
            title = "fix external, PyTorch autograd, every 1"
            lmp = with_autograd(folder)
            best[title] = min(seconds_per_step(lmp, 20, 3), best.get(title, 1e9))
            lmp.close()
    plain = best["plain MD"]
    return [{"variant": t, "ms a step": 1e3 * s, "times plain MD": s / plain} for t, s in best.items()]


if __name__ == "__main__":
    from run import main

    main(["step"])
