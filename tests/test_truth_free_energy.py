"""F(s) of a Morse dimer and trimer, known by quadrature, from biased LAMMPS runs in every way offered.

s = w.g with w_k = r_k^2/10 dr, which is the mean of (r_ij^2 + sigma^2)/10 over the pairs: monotonic in
a bond, with ds/dr = r/5. Without rotation or translation p(r) = r^2 exp(-U/kT) for two atoms, and
r12 r13 r23 exp(-U/kT) for three; the histogram over s adds |ds/dr|.
"""

from functools import lru_cache

import numpy as np
import pytest
from ase.units import kB
from lammps_runner import good, run, write_data

from nanochart import RdfGrid
from nanochart.chart.linear import write_linear_model
from nanochart.sampling.colvar import read_colvar
from nanochart.sampling.free_energy import from_hills, histogram
from nanochart.sampling.hills import read_hills
from nanochart.sampling.reweighting import bias_of_frames, final_bias, reweight
from nanochart.sampling.umbrella import read_windows, umbrella

GRID = RdfGrid.charting(340)
R = GRID.start + GRID.step * np.arange(GRID.bins)
T = 400.0
KT = kB * T
ALPHA, R0 = 1.2, 3.0  # 1/A, A
DEPTH = {2: 0.30, 3: 0.22}  # eV
WALL, KAPPA = {2: 1.70, 3: 1.45}, 2.0  # upper wall, eV
AXIS = {2: (0.6, 1.75, 46), 3: (0.7, 1.6, 36)}  # where F is compared
SIGMA2 = GRID.bandwidth**2


def morse(r, depth):
    return depth * ((1 - np.exp(-ALPHA * (r - R0))) ** 2 - 1)


@lru_cache
def truth(atoms: int, wall: bool) -> np.ndarray:
    """F [bins] in kT of the bins of AXIS, with or without the wall."""
    if atoms == 2:
        r = np.linspace(2.0, 5.5, 200_001)
        s, u, weight = (r**2 + SIGMA2) / 10, morse(r, DEPTH[2]), r**2
    else:
        r = np.linspace(2.0, 7.6, 181)
        a, b, c = np.meshgrid(r, r, r, indexing="ij", sparse=True)
        bond = morse(r, DEPTH[3])
        u = bond[:, None, None] + bond[:, None] + bond
        s = ((a**2 + b**2 + c**2) / 3 + SIGMA2) / 10
        weight = a * b * c * ((a + b > c) & (b + c > a) & (a + c > b))
    if wall:
        u = u + KAPPA * np.maximum(0, s - WALL[atoms]) ** 2
    lo, hi, bins = AXIS[atoms]
    p, _ = np.histogram(s.ravel(), np.linspace(lo, hi, bins + 1), weights=(weight * np.exp(-(u - u.min()) / KT)).ravel())
    f = -np.log(p)
    return f - f.min()


def differs(free_energy, exact) -> float:
    """Largest difference in kT where exact F < 5 kT, each about its mean there."""
    low = exact < 5
    assert low.sum() > 15 and np.isfinite(free_energy.values[low]).all()
    difference = free_energy.values[low] / free_energy.kt - exact[low]
    return abs(difference - difference.mean()).max()


def system(folder, atoms: int, every: int, timestep: float, log: int) -> str:
    write_linear_model(folder / "r2.pt", (R**2 / 10 * GRID.step)[None], GRID, atoms=atoms)
    places = np.array([[0, 0, 0], [R0, 0, 0], [R0 / 2, R0 * 0.866, 0]])[:atoms]
    write_data(folder / "au.data", places)
    return (
        "units metal\natom_style atomic\natom_modify map array sort 0 0\nboundary f f f\nread_data au.data\n"
        f"pair_style morse 15.0\npair_coeff * * {DEPTH[atoms]} {ALPHA} {R0}\nneighbor 1.0 nsq\n"
        "neigh_modify every 20 delay 0 check yes\nthermo 1000000\n"
        f"velocity all create {2 * T} 4711 mom yes rot no\nfix m all nve\nfix bath all langevin {T} {T} 0.5 815 zero yes\n"
        f"timestep {timestep}\nfix c all nanochart ./r2.pt every {every} log COLVAR {log}\n"
        f"fix w all nanochart/wall c upper 1 at {WALL[atoms]} kappa {KAPPA}\n"
    )


@pytest.mark.parametrize("atoms, every, timestep, steps", [(2, 1, 0.01, 300_000), (2, 5, 0.004, 600_000), (3, 1, 0.01, 300_000)])
def test_metadynamics_and_reweighting(tmp_path, atoms, every, timestep, steps):
    pace = round(0.5 / timestep)
    text = system(tmp_path, atoms, every, timestep, round(0.1 / timestep))
    text += (f"fix b all nanochart/metad c sigma 0.05 height 0.01 pace {pace} biasfactor 8 temp {T} grid 0.3 2.8 250 "
             f"hills HILLS\nrun {steps}\n")  # fmt: skip
    good(run(tmp_path, text))
    table, hills = read_colvar(tmp_path / "COLVAR"), read_hills(tmp_path / "HILLS")
    assert table["b.bias"].max() > 4 * KT  # it was needed
    axis = [AXIS[atoms]]
    found = {"hills": differs(from_hills(hills, axis, T), truth(atoms, True))}
    late = {name: column[len(column) // 10 :] for name, column in table.items()}
    s = late["c.s1"]
    for name, bias in [("c(t)", bias_of_frames(late, "")), ("final V", final_bias(late, "", tmp_path / "HILLS"))]:
        f = histogram(s, reweight(bias, T), axis, ["c.s1"])
        found[name] = differs(f, truth(atoms, False))
        assert np.nanmax(f.errors[truth(atoms, False) < 5]) < 0.2 * KT
    assert max(found.values()) < 0.1, found
