"""A restraint shared by all replicas enters the swap criterion of `temper`, by exact populations.

The chart of a dimer is s = w.g with w_k = r_k, so that s is nearly the bond length; the restraint
pulls the bond into the outer well. What that does to populations is an integral.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ptmd_systems import BETWEEN, Dimer, double_well, prepare_dimer

from nanochart import RdfGrid, rdf
from nanochart.chart.linear import write_linear_model
from nanochart.landscape.ptmd.analysis import block_error
from nanochart.landscape.ptmd.record import Record
from nanochart.landscape.ptmd.run import run
from nanochart.sampling.biases import Metadynamics
from nanochart.sampling.ladder import ladder_of_run, logged_frames

TEMPERATURES = (250.0, 600.0)
GRID = RdfGrid.charting(340)
WEIGHTS = (GRID.start + GRID.step * np.arange(GRID.bins)) * GRID.step
AT, KAPPA = 4.8, 0.06  # A, eV/A^2


def restrained(r, kappa=KAPPA):
    """Bond energy with the restraint (eV)."""
    x = np.zeros((len(r), 2, 3))
    x[:, 1, 2] = r
    s = rdf(x, GRID)[:, 0] @ WEIGHTS
    return double_well(r) + kappa / 2 * (s - AT) ** 2


def inner_share(
    folder, extra: list[str], steps: int, temperatures=TEMPERATURES, **settings
) -> tuple[np.ndarray, np.ndarray, Record]:
    """Share of the inner well on each rung, and its error, from a run with the lines `extra`."""
    prepare_dimer(folder, temperatures, steps=steps, extra=tuple(extra), **settings)
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


def chart_lines(every: int, kappa: float = KAPPA) -> list[str]:
    return [f"fix cv all nanochart chart.pt every {every} log COLVAR 100",
            f"fix pull all nanochart/restraint cv at {AT} kappa {kappa}"]  # fmt: skip


def lammps_lines(energy: str, kappa: float = KAPPA) -> list[str]:
    """The same restraint by LAMMPS's own fix, which may be left out of the swaps."""
    return [f"fix pull all restrain bond 1 2 {kappa / 2} {kappa / 2} {AT}", f"fix_modify pull energy {energy}"]


@pytest.mark.parametrize("every", [1, 10])
def test_the_restraint_enters_the_swaps(tmp_path, every):
    steps = 200_000  # of fewer, blocks hold too few passages between the wells to tell their own error
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


@pytest.fixture
def patient_mpi(tmp_path, monkeypatch):
    """Ranks of the runs of a test sleep while they wait for each other: there are more than cores."""
    library = tmp_path / "patient_mpi.so"
    source = Path(__file__).with_name("patient_mpi.c")
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-shared", "-fPIC", f"-I{sys.prefix}/include", source,
                    "-o", library], check=True)  # fmt: skip
    monkeypatch.setenv("LD_PRELOAD", str(library))


def test_the_restraint_enters_the_swaps_with_two_ranks_a_replica(tmp_path, patient_mpi):
    """Each of the two ranks of a replica owns one atom of the dimer.

    Frequent swaps on a wide ladder: what leaving V out of them does to the cold rung is 12 standard
    errors of this run by a model of its dynamics, and is sampled here with LAMMPS's own restraint.
    """
    temperatures, kappa, fast = (200.0, 600.0), 0.08, dict(timestep=0.02, swap=10, frame=10, ranks=2)
    owners = "dump owner all custom 100 owner.${replica} proc"
    found, error, record = inner_share(tmp_path / "two", [*chart_lines(5, kappa), owners], 10_000, temperatures,
                                       **fast)  # fmt: skip
    exact = [Dimer(t, energy=lambda r: restrained(r, kappa)) for t in temperatures]
    assert np.all(abs(found - [dimer.inner() for dimer in exact]) < 4 * error), (found, error)
    potential = record.by_rung(record.energies[0])[50:]
    assert np.all(abs(potential.mean(0) - [d.mean_energy() for d in exact]) < 4 * block_error(potential, 15))

    left_out, its_error, _ = inner_share(tmp_path / "no", lammps_lines("no", kappa), 20_000, temperatures, **fast)
    assert left_out[0] - found[0] > 5 * error[0], (found, error, left_out, its_error)

    frames = list(record.frames())
    bonds = np.array([np.linalg.norm(np.ptp(frame.positions, axis=0)) for frame in frames])
    assert restrained(bonds, kappa) == pytest.approx([frame.potential_energy for frame in frames], abs=1e-5)
    for replica in range(2):
        snapshots = (tmp_path / "two" / f"owner.{replica}").read_text().split("ITEM: ATOMS proc")[1:]
        assert len(snapshots) == 101 and all(sorted(s.split()[:2]) == ["0", "1"] for s in snapshots)


def test_leaving_the_restraint_out_of_the_energy_is_refused(tmp_path):
    prepare_dimer(tmp_path, TEMPERATURES, steps=1000, extra=(*chart_lines(1), "fix_modify cv energy no"))
    write_linear_model(tmp_path / "chart.pt", WEIGHTS[None], GRID, atoms=2)
    with pytest.raises(RuntimeError, match="potential energies, which must contain the bias"):
        run(tmp_path)


@pytest.mark.parametrize("energy", ["yes", "no"])
def test_these_populations_show_a_restraint_left_out(tmp_path, energy):
    """The test above would notice if V were left out."""
    found, error, _ = inner_share(tmp_path, lammps_lines(energy), 200_000)
    off = abs(found - [dimer.inner() for dimer in EXACT]) / error
    assert np.all(off < 4) if energy == "yes" else np.max(off) > 5, (found, error)
