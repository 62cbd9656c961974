"""A Morse dimer and trimer whose F(s) is known by quadrature, and a LAMMPS deck of their dynamics.

s = sum_k g_k r_k^2/10 dr, the mean of (r_ij^2 + bandwidth^2)/10 over the pairs: monotonic in a bond,
with |ds/dr| = r/5. Without rotation and translation the density of the pair distances is
r^2 exp(-U/kT) for two atoms and r12 r13 r23 exp(-U/kT) for three.
"""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from ase.units import kB
from lammps_runner import write_data

from nanochart import RdfGrid
from nanochart.chart.dense import DenseNetwork
from nanochart.chart.export import export

GRID = RdfGrid(1.0, 0.2, 40, 0.2)
T = 400.0  # K
KT = kB * T
ALPHA, R0 = 1.2, 3.0  # 1/A, A
DEPTH = {2: 0.30, 3: 0.22}  # eV
WALL, KAPPA = {2: 1.45, 3: 1.25}, 1.0  # upper wall, eV
AXIS = {2: (0.64, 1.6, 32), 3: (0.72, 1.4, 34)}  # where F is compared
SUB = 9  # points of s in a bin


class MeanSquare(DenseNetwork):
    """s = w.g in float64, a dense network of one layer: LAMMPS computes it without libtorch."""

    def __init__(self):
        super().__init__(np.zeros(GRID.bins), np.ones(GRID.bins), (1,), 1)
        r = GRID.start + GRID.step * np.arange(GRID.bins)
        layer = torch.nn.Linear(GRID.bins, 1)
        layer.weight.data[:] = torch.as_tensor(r**2 / 10 * GRID.step)
        layer.bias.data.zero_()
        self.layers = torch.nn.ModuleList([layer])


def morse(r: np.ndarray, depth: float) -> np.ndarray:
    return depth * ((1 - np.exp(-ALPHA * (r - R0))) ** 2 - 1)


def density(atoms: int, s: np.ndarray) -> np.ndarray:
    """p(s) without a wall, up to a factor, s[n].

    Three atoms: with a = r12^2, b = r13^2 and c = 3 (10 s - bandwidth^2) - a - b, r12 r13 r23 dr12
    dr13 dr23 is da db ds up to a factor.
    """
    square = 10 * s - GRID.bandwidth**2  # mean of r^2
    if atoms == 2:
        r = np.sqrt(square)
        return r**2 * np.exp(-morse(r, DEPTH[2]) / KT) / (r / 5)
    a, b = np.meshgrid(*[np.linspace(1.8, 5.6, 200) ** 2] * 2, indexing="ij")
    area = np.outer(*[np.gradient(a[:, 0])] * 2)
    bonds = morse(np.sqrt(a), DEPTH[3]) + morse(np.sqrt(b), DEPTH[3])
    p = []
    for c in (3 * m - a - b for m in square):
        triangle = (c > 0) & (4 * a * b > (a + b - c) ** 2)
        energy = bonds + morse(np.sqrt(np.where(triangle, c, R0**2)), DEPTH[3])
        p.append(np.sum(area * triangle * np.exp(-energy / KT)))
    return np.array(p)


@cache
def exact(atoms: int, wall: bool, mean: bool) -> np.ndarray:
    """F [bins] in kT, of the mean density of each bin of AXIS, or in its middle; the lowest is 0."""
    lo, hi, bins = AXIS[atoms]
    s = lo + (np.arange(bins * SUB) + 0.5) * (hi - lo) / (bins * SUB)
    p = density(atoms, s)
    if wall:
        p = p * np.exp(-KAPPA * np.maximum(0, s - WALL[atoms]) ** 2 / KT)
    p = p.reshape(bins, SUB)
    f = -np.log(p.mean(axis=1) if mean else p[:, SUB // 2])
    return f - f.min()


def deviation(f, true: np.ndarray) -> float:
    """Largest |F - true| in kT where true < 5, each about its mean there."""
    low = true < 5
    assert low.sum() > 15 and np.isfinite(f.values[low]).all()
    d = f.values[low] / f.kt - true[low]
    return abs(d - d.mean()).max()


def deck(
    folder: Path, atoms: int, every: int, timestep: float, log: float, seed: int, damping: float = 1.0
) -> str:
    """LAMMPS commands up to the wall; writes chart and atoms. log: interval of COLVAR, damping: of the bath, in ps."""
    export(MeanSquare().eval(), folder / "r2.pt", name="r2", grid=GRID, elements=("Au",), atoms=atoms,
           inputs=np.random.default_rng(0).random((8, 1, GRID.bins)), standardise=False)  # fmt: skip
    write_data(folder / "au.data", np.array([[0, 0, 0], [R0, 0, 0], [R0 / 2, R0 * 0.866, 0]])[:atoms])
    return (
        "units metal\natom_style atomic\natom_modify map array sort 0 0\nboundary s s s\nread_data au.data\n"
        f"pair_style morse 15.0\npair_coeff * * {DEPTH[atoms]} {ALPHA} {R0}\nneighbor 1.0 nsq\n"
        f"velocity all create {2 * T} {seed} mom yes rot no\nfix m all nve\n"
        f"fix bath all langevin {T} {T} {damping} {seed} zero yes\nthermo 1000000\ntimestep {timestep}\n"
        f"fix c all nanochart ./r2.pt every {every} log COLVAR {round(log / timestep)}\n"
        f"fix w all nanochart/wall c upper 1 at {WALL[atoms]} kappa {KAPPA}\n"
    )
