"""A restraint shared by all replicas enters the swap criterion of `temper`, by exact populations.

The chart of a dimer is s = w.g with w_k = r_k, so that s is nearly the bond length; the restraint
pulls the bond into the outer well. What that does to populations is an integral.
"""

import numpy as np
import pytest
from ptmd_systems import BETWEEN, Dimer, double_well, prepare_dimer

from nanochart import RdfGrid, rdf
from nanochart.chart.linear import write_linear_model
from nanochart.landscape.ptmd_analysis import block_error
from nanochart.landscape.ptmd_record import Record
from nanochart.landscape.ptmd_run import run
from nanochart.sampling.biases import Metadynamics
from nanochart.sampling.ladder import ladder_of_run, logged_frames

TEMPERATURES = (250.0, 600.0)
GRID = RdfGrid.charting(340)
WEIGHTS = (GRID.start + GRID.step * np.arange(GRID.bins)) * GRID.step
AT, KAPPA = 4.8, 0.06  # A, eV/A^2


def restrained(r):
    """Bond energy with the restraint (eV)."""
    x = np.zeros((len(r), 2, 3))
    x[:, 1, 2] = r
    s = np.array([float(rdf(dimer, GRID)[0] @ WEIGHTS) for dimer in x])
    return double_well(r) + KAPPA / 2 * (s - AT) ** 2


def inner_share(folder, extra: list[str], steps: int) -> tuple[np.ndarray, np.ndarray, Record]:
    """Share of the inner well on each rung, and its error, from a run with the lines `extra`."""
    prepare_dimer(folder, TEMPERATURES, steps=steps, extra=tuple(extra))
    write_linear_model(folder / "chart.pt", WEIGHTS[None], GRID, atoms=2)
    run(folder)
    record = Record(folder)
    inner = np.empty((len(record.steps), 2))
    for frame in record.frames():
        bond = np.linalg.norm(np.ptp(frame.positions, axis=0))
        inner[frame.step // record.settings.frame - 1, frame.rung] = bond < BETWEEN
    return inner[50:].mean(0), block_error(inner[50:], 15), record


HILLS = [3.0, 3.3, 3.6, 3.9]  # A; hills in the inner well drive the bond out of it


def write_hills(path):
    """A HILLS file on the chart of the dimer, and V(s) of it."""
    bias = Metadynamics([0.25], 0.02, 1, hills=str(path), names=["cv.s1"])
    for s in HILLS:
        bias.deposit(0.0, [s])
    return bias


def hilly(r):
    """Bond energy with the hills (eV)."""
    x = np.zeros((len(r), 2, 3))
    x[:, 1, 2] = r
    bias = Metadynamics([0.25], 0.02, 1)
    bias.add(np.array(HILLS)[:, None], np.full(len(HILLS), 0.02))
    s = rdf(x, GRID)[:, 0] @ WEIGHTS
    return double_well(r) + bias.value(s[:, None])[0]


def test_hills_of_a_file_enter_the_swaps(tmp_path):
    """A static bias that all replicas read from one HILLS file, which stays as it is."""
    write_hills(tmp_path / "HILLS")
    before = (tmp_path / "HILLS").read_bytes()
    fixes = ["fix cv all nanochart chart.pt every 10 log COLVAR 100",
             "fix old all nanochart/metad cv sigma 0.25 height 0 hills HILLS restart yes grid 1 8 280"]  # fmt: skip
    found, error, record = inner_share(tmp_path, fixes, 200_000)
    exact = [Dimer(t, energy=hilly) for t in TEMPERATURES]
    assert np.all(abs(found - [d.inner() for d in exact]) < 4 * error), (found, error)
    assert abs(found - [Dimer(t).inner() for t in TEMPERATURES])[0] > 5 * error[0]
    potential = record.by_rung(record.energies[0])[50:]
    assert np.all(abs(potential.mean(0) - [d.mean_energy() for d in exact]) < 4 * block_error(potential, 15))
    assert (tmp_path / "HILLS").read_bytes() == before

    # from all rungs, and without the bias, at a temperature between them
    table = logged_frames(tmp_path, after=25.0)
    ensemble = ladder_of_run(tmp_path, 400.0, table)
    share, error = ensemble.mean(table["cv.s1"] < BETWEEN)
    assert abs(share - Dimer(400.0).inner()) < 4 * error + 0.01 and error < 0.05


EXACT = [Dimer(t, energy=restrained) for t in TEMPERATURES]


def chart_lines(every: int) -> list[str]:
    return [f"fix cv all nanochart chart.pt every {every} log COLVAR 100",
            f"fix pull all nanochart/restraint cv at {AT} kappa {KAPPA}"]  # fmt: skip


@pytest.mark.parametrize("every, steps", [(1, 60_000), (10, 200_000)])
def test_the_restraint_enters_the_swaps(tmp_path, every, steps):
    found, error, record = inner_share(tmp_path, chart_lines(every), steps)
    exact = [dimer.inner() for dimer in EXACT]
    free = [Dimer(t).inner() for t in TEMPERATURES]
    assert np.all(abs(found - exact) < 4 * error), (found, error, exact)
    assert abs(found - free)[0] > 5 * error[0]
    potential = record.by_rung(record.energies[0])[50:]
    expected = [dimer.mean_energy() for dimer in EXACT]
    assert np.all(abs(potential.mean(0) - expected) < 4 * block_error(potential, 15))
    for replica in range(2):  # one log a world
        assert len((tmp_path / f"COLVAR.{replica}").read_text().splitlines()) > steps // 100


def test_swaps_see_the_restraint_with_two_ranks_a_replica(tmp_path):
    """The energy that `temper` compares is that of bond and restraint, to the table's accuracy.

    Populations follow from two things: the energy compared in a swap, and forces that sample each rung
    between swaps. Ranks could change either. The energy is checked here at every swap of both replicas
    (the thermo line and `temper` take it from one compute at one step), far below the 5 standard errors of a
    population (the restraint is 0.08 eV in the inner well); the forces and bias of two ranks are
    those of one in tests/test_lammps_runs.py. The comparison itself is LAMMPS's, and by populations above.
    """
    prepare_dimer(tmp_path, TEMPERATURES, steps=2000, extra=chart_lines(10), ranks=2)
    write_linear_model(tmp_path / "chart.pt", WEIGHTS[None], GRID, atoms=2)
    run(tmp_path)
    frames = list(Record(tmp_path).frames())
    bonds = np.array([np.linalg.norm(np.ptp(frame.positions, axis=0)) for frame in frames])
    assert len(frames) == 40 and np.ptp(bonds) > 0.1
    assert restrained(bonds) == pytest.approx([frame.potential_energy for frame in frames], abs=1e-5)


def test_leaving_the_restraint_out_of_the_energy_is_refused(tmp_path):
    prepare_dimer(tmp_path, TEMPERATURES, steps=1000, extra=(*chart_lines(1), "fix_modify cv energy no"))
    write_linear_model(tmp_path / "chart.pt", WEIGHTS[None], GRID, atoms=2)
    with pytest.raises(RuntimeError, match="potential energies, which must contain the bias"):
        run(tmp_path)


@pytest.mark.parametrize("energy", ["yes", "no"])
def test_these_populations_show_a_restraint_left_out(tmp_path, energy):
    """The same restraint by LAMMPS's own fix: the test above would notice if V were left out."""
    lines = [f"fix pull all restrain bond 1 2 {KAPPA / 2} {KAPPA / 2} {AT}", f"fix_modify pull energy {energy}"]
    found, error, _ = inner_share(tmp_path, lines, 200_000)
    off = abs(found - [dimer.inner() for dimer in EXACT]) / error
    assert np.all(off < 4) if energy == "yes" else np.max(off) > 5, (found, error)
