"""Continuing from a restart file: every bias, one and two ranks, walkers in a folder, a full disk."""

import shutil
import sys

import numpy as np
import pytest
from lammps_runner import cluster, continued, cv, deck, good, lmp_binary, run, thermo

from nanochart.sampling.biases import Metadynamics
from nanochart.sampling.hills import read_hills

S = cv(cluster(noise=0.02))
HOT = "velocity all create 300 11 mom yes rot yes\nfix m all nve\ntimestep 0.002\nfix c all nanochart ./au.pt log COLVAR 1\n"
OTHERS = (
    f"fix r all nanochart/restraint c at * {S[1] + 0.2:.9f} * kappa * 5 *\n"
    f"fix p all nanochart/restraint c at {S[0]:.9f} * * kappa 20 * * to {S[0] + 0.3:.9f} * * over 10 80\n"
    f"fix w all nanochart/wall c lower 3 at {S[2] + 0.1:.9f} kappa 10\n"
)
METAD = (
    "fix b all nanochart/metad c sigma 0.1 * 0.2 height 0.3 pace 10 biasfactor 3 temp 300 "
    f"grid {S[0] - 4:.9f} {S[0] + 4:.9f} 200 grid {S[2] - 4:.9f} {S[2] + 4:.9f} 200"
)
OUTPUT = thermo("etotal f_c f_c[1] f_c[2] f_c[3] f_b f_b[1] f_b[2] f_b[3]", 1)
EVERY_BIAS = HOT + OTHERS + METAD + " hills HILLS\n" + OUTPUT


def assert_same(hills, others):
    for name in ("time", "center", "height"):
        assert getattr(hills, name) == pytest.approx(getattr(others, name), rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("ranks", [1, 2])
def test_every_bias_at_once(folder, ranks):
    """run 45 + restart + run 45 is run 90: s, energies, work, c(t) and hills, of which one is due at 50."""
    whole = good(run(folder, deck(EVERY_BIAS + "run 90"), ranks=ranks)).thermo()
    hills, logged = read_hills(folder / "HILLS"), np.loadtxt(folder / "COLVAR")
    columns = (folder / "COLVAR").read_text().split("\n")[0].split()[2:]
    assert columns[-6:] == ["r.bias", "p.bias", "p.work", "w.bias", "b.bias", "b.rct"] and len(hills.time) == 9
    assert all(np.ptp(logged[:, columns.index(name)]) > 1e-3 for name in columns[-6:])  # each of them acts
    good(run(folder, deck(EVERY_BIAS + "run 45\nwrite_restart half"), ranks=ranks))
    again = good(run(folder, continued(deck(EVERY_BIAS + "run 45"), "half"), ranks=ranks)).thermo()
    assert_same(read_hills(folder / "HILLS"), hills)
    assert np.loadtxt(folder / "COLVAR") == pytest.approx(logged[45:], rel=1e-9, abs=1e-9, nan_ok=True)
    for name, values in again.items():
        assert values == pytest.approx(whole[name][45:], rel=1e-9, abs=1e-9), name


def test_a_walker_in_a_folder(folder):
    """Another walker's hills, which it has read already, neither get lost nor count twice."""
    text = HOT + METAD + " walkers shared a 20\n" + OUTPUT
    tables = []
    for cut in (False, True):
        shutil.rmtree(folder / "shared", ignore_errors=True)
        (folder / "shared").mkdir()
        names = ["c.s1", "c.s3"]
        other = Metadynamics([0.1, None, 0.2], 0.1, 1, biasfactor=3.0, temperature=300.0, names=names,
                             walkers=(str(folder / "shared"), "b", 1))  # fmt: skip
        for k in range(4):
            other.deposit(0.0, S + 0.05 * k)
        if cut:
            good(run(folder, deck(text + "run 50\nwrite_restart half")))
            tables.append(good(run(folder, continued(deck(text + "run 50"), "half"))).thermo())
        else:
            tables.append(good(run(folder, deck(text + "run 100"))).thermo())
        assert len(read_hills(folder / "shared" / "HILLS.a").time) == 10 and tables[-1]["f_b[1]"][-1] == 14
    whole, again = tables
    for name in whole:
        assert again[name] == pytest.approx(whole[name][50:], rel=1e-9, abs=1e-9), name


def test_a_missing_file_of_hills_is_no_empty_start(folder):
    good(run(folder, deck(EVERY_BIAS + "run 20\nwrite_restart half")))
    (folder / "HILLS").unlink()
    result = run(folder, continued(deck(EVERY_BIAS + "run 20"), "half"), ranks=2, timeout=60)
    assert result.code != 0 and "HILLS is missing, but the run is to continue from it" in result.error, result.error
    assert not (folder / "HILLS").exists()


@pytest.mark.parametrize("filled, left", [("HILLS", 300), ("COLVAR", 1000)])
def test_a_full_disk(folder, filled, left):
    """A limit on file size stands for it. Lines stay whole, and the run goes on once there is space."""
    text = deck(EVERY_BIAS.replace("COLVAR 1", "COLVAR 1 append yes"))
    good(run(folder, text + "run 20\nwrite_restart half\nrun 70"))
    whole = read_hills(folder / "HILLS")
    padding = "# padding\n" * 2000  # so that this file reaches the limit first
    for name in ("HILLS", "COLVAR"):
        header = (folder / name).read_text().split(" 0.")[0]
        (folder / name).write_text(header + padding * (name == filled))
    goes_on = text.replace("HILLS\n", "HILLS restart yes\n")
    good(run(folder, goes_on + "run 20\nwrite_restart half"))
    size = (folder / filled).stat().st_size + left
    # Once LAMMPS runs, since the limit would also hit the shared memory of MPI.
    (folder / "limit.py").write_text(
        f"import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, ({size}, {size}))\n"
    )
    lmp = folder / "lmp"
    lmp.write_text(f"#!/bin/sh\ntrap '' XFSZ\nexec {lmp_binary()[0]} \"$@\"\n")
    lmp.chmod(0o755)
    full = continued(goes_on + f"shell exec {sys.executable} limit.py\nrun 70", "half")
    result = run(folder, full, lmp=lmp, timeout=60)
    assert result.code != 0 and f"{filled} cannot be written" in result.error, result.error
    for name in ("HILLS", "COLVAR"):
        assert (folder / name).read_text().endswith("\n")
    assert size - left < (folder / filled).stat().st_size <= size
    good(run(folder, continued(goes_on + "run 70", "half")))
    assert_same(read_hills(folder / "HILLS"), whole)
