"""Which chart to bias: Au147 under a static bias on the distilled, the inherent and the charting chart.

    python benchmarks/run.py charts
    python benchmarks/charts.py 4          # a look, with runs of 4 ps

One plain run at 450 K in the icosahedral basin gives the fluctuation of s, which sets sigma, and the change of
ds/dx from step to step. The bias is 40 hills along that run, 0.5 eV high together, kept static; their sigma is half the
fluctuation, and once that of metad.lmp. Then runs without thermostat: drift and ripple of the total energy with the bias, against none; the longest time step and the largest
`every` that pass the test of `nanochart ptmd` (ripple below 1 %, heating below 1e-4 of T in 1 ps).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ase.units import kB

CHARTS = ["Au147", "Au147-inherent", "Au147-charting"]
T, ATOMS = 450, 147
TIMESTEPS = [5, 7.5, 10, 12.5, 15, 20, 25]  # fs
EVERY = [1, 2, 5, 10, 20, 40]  # at 5 fs
SETTLE, PS = 20, 20  # ps: before, and of each run without thermostat
FRAMES, FINE = 80, 200  # frames 0.5 ps apart, and every step
HILLS, TOP, WIDE = 40, 0.5, 0.15  # number, eV, and sigma of metad.lmp

DECK = """\
units metal
atom_modify map array sort 0 0
{read}
pair_style eam/alloy
pair_coeff * * Au.eam.alloy Au
neighbor 1.0 bin
timestep {timestep}
fix move all nve
compute ke all ke
thermo_modify norm no lost error
"""


def lammps(folder: Path, text: str) -> bool:
    """Whether the deck ran to its end."""
    from nanochart.lammps_plugin import lmp_command

    (folder / "in.lmp").write_text(text)
    command = [*lmp_command(), "-in", "in.lmp", "-log", "none"]
    return subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def sample(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Positions [FRAMES,N,3] 0.5 ps apart and [FINE,N,3] 5 fs apart; leaves the file `start` behind."""
    text = DECK.format(read="boundary s s s\nread_data Ih147.data", timestep=0.005)
    text += f"velocity all create {2 * T} 4928 mom yes rot yes\nfix bath all langevin {T} {T} 1.0 4928 zero yes\n"
    text += f"run {round(SETTLE / 0.005)}\ndump d all custom 100 coarse x y z\ndump_modify d sort id format float %.9f\n"
    text += f"run {100 * (FRAMES - 1)}\nundump d\nwrite_restart start\ndump d all custom 1 fine x y z\n"
    text += f"dump_modify d sort id format float %.9f\nrun {FINE - 1}\n"
    assert lammps(folder, text)
    found = []
    for name in ("coarse", "fine"):
        parts = (folder / name).read_text().split("ITEM: ATOMS x y z\n")[1:]
        found.append(np.array([part.split("ITEM")[0].split() for part in parts], float).reshape(-1, ATOMS, 3))
    return found[0], found[1]


def write_bias(folder: Path, chart, s: np.ndarray, sigma: np.ndarray) -> str:
    """The static bias, hills at places of s [n,d], as lines of a deck."""
    from nanochart.sampling.biases import Metadynamics

    centres = s[:: len(s) // HILLS][:HILLS]
    unit = Metadynamics(list(sigma), 1.0, 1)
    unit.add(centres, np.ones(len(centres)))
    height = TOP / unit.value(s)[0].max()
    path = folder / "HILLS"
    path.unlink(missing_ok=True)
    bias = Metadynamics(list(sigma), height, 1, hills=str(path), names=[f"chart.s{i + 1}" for i in range(len(sigma))])
    for centre in centres:
        bias.deposit(0.0, centre)
    del bias
    lo, hi = s.min(axis=0) - 40 * sigma, s.max(axis=0) + 40 * sigma
    grid = " ".join(f"grid {a:.6f} {b:.6f} {int(3 * (b - a) / w)}" for a, b, w in zip(lo, hi, sigma))
    widths = " ".join(f"{w:.17g}" for w in sigma)
    line = f"fix bias all nanochart/metad chart sigma {widths} height 0 hills HILLS restart yes {grid}\n"
    return f"fix chart all nanochart {chart.path} every {{every}}\n{line}"


def smoothness(chart, frames: np.ndarray, fluctuation: np.ndarray) -> dict:
    """|ds/dx| in units of the fluctuation of s, and its relative change in 5 and 25 fs."""
    slope = np.array([chart.jacobian(x) for x in frames]) / fluctuation[:, None, None]  # [n,d,N,3]
    size = np.sqrt((slope**2).sum(axis=(2, 3)).mean(axis=0))  # [d]
    change = [np.sqrt(((slope[lag:] - slope[:-lag]) ** 2).sum(axis=(2, 3)).mean(axis=0)) / size for lag in (1, 5)]
    return {"|ds/dx|/fluctuation, 1/A": float(size.mean()), "change of ds/dx in 5 fs": float(change[0].mean()),
            "in 25 fs": float(change[1].mean())}  # fmt: skip


def conserved(folder: Path, bias: str, timestep: float, every: int, ps: float) -> tuple[float, float, float] | None:
    """Drift, its error (meV/atom/ns) and ripple (%) of the total energy; None if LAMMPS stopped."""
    period = every * max(round(100 / (timestep * every)), 1)  # about 0.1 ps
    steps = round(1000 * ps / timestep / period) * period
    text = DECK.format(read="read_restart start\nreset_timestep 0", timestep=timestep / 1000) + bias.format(every=every)
    text += f"fix out all ave/time {period} 1 {period} c_thermo_pe c_ke file energy format ' %.15g'\nrun {steps}\n"
    if not lammps(folder, text):
        return None
    rows = np.loadtxt(folder / "energy")
    ns, energy = rows[:, 0] * timestep * 1e-6, rows[:, 1:].sum(axis=1) / ATOMS
    (slope, _), covariance = np.polyfit(ns, energy, 1, cov=True)
    return 1e3 * slope, 1e3 * np.sqrt(covariance[0, 0]), 100 * energy.std() / (kB * T * np.sqrt(1.5 / ATOMS))


def passes(found) -> bool:
    """The test of `nanochart ptmd`."""
    from nanochart.landscape.ptmd.drift import LARGEST_HEATING, LARGEST_RIPPLE

    if found is None or not np.isfinite(found).all():
        return False
    drift, error, ripple = found
    heating = (abs(drift) - 2 * error) * 1e-6 / (1.5 * kB * T)  # in 1 ps
    return heating < LARGEST_HEATING and ripple < 100 * LARGEST_RIPPLE


def largest(values, measure) -> tuple[float, object]:
    """The last of rising values before one fails (0: the first fails), and what was measured with the first."""
    best, first = 0, None
    for value in values:
        found = measure(value)
        first = found if first is None else first
        if not passes(found):
            break
        best = value
    return best, first


def run(ps: float = PS) -> list[dict]:
    from nanochart import ChartCV
    from nanochart.demo import prepare

    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        coarse, fine = sample(folder)
        for title in ["no bias", *CHARTS]:
            bias, row = "", {"bias on": title}
            if title != "no bias":
                chart = ChartCV(title)
                s = np.array([chart.evaluate(x) for x in coarse])
                fluctuation = s.std(axis=0)
                bias = write_bias(folder, chart, s, fluctuation / 2)
                row["fluctuation of s"] = " ".join(f"{v:.3f}" for v in fluctuation)
                row |= smoothness(chart, fine, fluctuation)
            step, (drift, error, ripple) = largest(TIMESTEPS, lambda dt: conserved(folder, bias, dt, 1, ps))
            row |= {"drift at 5 fs, meV/atom/ns": drift, "+-": error, "ripple at 5 fs, %": ripple, "longest time step, fs": step}
            if bias:
                row["largest every"], _ = largest(EVERY, lambda n: conserved(folder, bias, 5, n, ps))
                bias = write_bias(folder, chart, s, np.full(len(fluctuation), WIDE))
                row["with wide hills"], _ = largest(EVERY, lambda n: conserved(folder, bias, 5, n, ps))
            rows.append(row)
    return rows


if __name__ == "__main__":
    from run import table

    print(table(run(*map(float, sys.argv[1:2]))))
