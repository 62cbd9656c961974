"""`nanochart project`, fix nanochart, ASE and PLUMED's driver: one trajectory, one COLVAR."""

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from conformance_cases import case
from lammps_runner import BIAS_ALONE, colvar, deck, good, run, write_data
from plumed_runner import driver

import nanochart
from nanochart.chart.projection import project
from nanochart.sampling import ChartLog

CU = case("linear-Cu55-triclinic")
CELL = np.diag([27.0, 28.5, 26.0])  # what every file format can hold
STEP, EVERY = 0.005, 10  # ps, steps between frames


@pytest.fixture(scope="module")
def frames():
    """Five frames of a cluster that drifts across a boundary of its box, wrapped into it."""
    rng = np.random.default_rng(4)
    centred = case("linear-Cu55-free").positions
    drift = np.array([9.0, 1.0, 14.0])
    return [(centred + 0.05 * k * rng.normal(size=centred.shape) + k * drift) % np.diag(CELL) for k in range(5)]


@pytest.fixture(scope="module")
def projected(frames, tmp_path_factory):
    """COLVAR of `nanochart project`."""
    folder = tmp_path_factory.mktemp("projected")
    write(folder / "run.traj", [Atoms("Cu55", x, cell=CELL, pbc=True) for x in frames])
    project(nanochart.ChartCV(CU.path), folder / "run.traj", folder / "COLVAR", interval=STEP * EVERY)
    rows = colvar(folder / "COLVAR")
    assert np.ptp(rows["chart.s1"]) > 0.1 and len(rows["time"]) == 5
    return rows


def same(rows, projected, tolerance=1e-8):
    columns = ["time", "chart.s1", "chart.s2", "chart.s3", "chart.outside"]
    assert list(rows) == columns and list(projected)[:5] == columns
    for name in columns:
        assert rows[name] == pytest.approx(projected[name], rel=0, abs=tolerance, nan_ok=True), name


def test_lammps(frames, projected, tmp_path):
    write_data(tmp_path / "au.data", frames[0], masses=(63.546,), cell=(*np.diag(CELL), 0, 0, 0))
    with open(tmp_path / "frames.dump", "w") as file:
        for k, x in enumerate(frames):
            file.write(f"ITEM: TIMESTEP\n{k * EVERY}\nITEM: NUMBER OF ATOMS\n55\nITEM: BOX BOUNDS pp pp pp\n")
            file.writelines(f"0 {length}\n" for length in np.diag(CELL))
            file.write("ITEM: ATOMS id type x y z\n")
            file.writelines("%d 1 %.17g %.17g %.17g\n" % (i + 1, *row) for i, row in enumerate(x))
    text = f"timestep {STEP}\nfix chart all nanochart {CU.path} log COLVAR {EVERY} elements Cu\n"
    good(run(tmp_path, deck(text + "rerun frames.dump dump x y z\n", pair=BIAS_ALONE, boundary="p p p")))
    same(colvar(tmp_path / "COLVAR"), projected)


def test_ase(frames, projected, tmp_path):
    class Frames:
        """A driver that only plays frames."""

        atoms, nsteps = Atoms("Cu55", cell=CELL, pbc=True), 0

        def get_time(self):
            from ase import units

            return self.nsteps * STEP * 1000 * units.fs

    dyn = Frames()
    log = ChartLog(dyn, nanochart.ChartCV(CU.path), tmp_path / "COLVAR")
    for k, x in enumerate(frames):
        dyn.atoms.positions, dyn.nsteps = x, k * EVERY
        log()
    same(colvar(tmp_path / "COLVAR"), projected)


def test_plumed(frames, projected, tmp_path):
    text = (
        f"{{load}}\nchart: NANOCHART ATOMS=1-55 MODEL={CU.path}\n"
        "PRINT ARG=chart.s1,chart.s2,chart.s3,chart.outside FILE=COLVAR FMT=%.15g\n"
    )
    driver(tmp_path, text, CU.symbols, frames, CELL, "--timestep", str(STEP), "--trajectory-stride", str(EVERY))
    same(colvar(tmp_path / "COLVAR"), projected)
