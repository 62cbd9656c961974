"""Exchange statistics of `temper`, and the rung of every frame, on systems with exact answers."""

import shutil

import numpy as np
import pytest
from ase.io import read
from ase.units import kB
from ptmd_systems import BETWEEN, Dimer, double_well, prepare_dimer, write_icosahedron

from nanochart.landscape.rgl import energies_forces
from nanochart.landscape.ptmd.analysis import acceptance, block_error, round_trips
from nanochart.landscape.ptmd.command import new_run
from nanochart.landscape.ptmd.export import export_frames
from nanochart.landscape.ptmd.record import Record
from nanochart.landscape.ptmd.run import run

TEMPERATURES = (300.0, 600.0)


@pytest.fixture(scope="module")
def dimer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dimer")
    prepare_dimer(folder, TEMPERATURES, steps=400_000)
    run(folder)
    return Record(folder)


@pytest.fixture(scope="module")
def ag13(tmp_path_factory):
    """A cold icosahedron on a steep ladder: a swap changes the temperature by half."""
    folder = tmp_path_factory.mktemp("ag13")
    new_run(folder, "Ag", 13, ladder=(60, 90, 2), swap=0.5, frame=0.5, checkpoint=50, length=0.5, damping=0.25,
            starts=[write_icosahedron(folder / "Ih13.xyz", "Ag")])  # fmt: skip
    run(folder)
    return Record(folder)


def test_populations_of_a_double_well_are_exact(dimer):
    bond = np.empty((len(dimer.steps), 2))
    for frame in dimer.frames():
        bond[frame.step // dimer.settings.frame - 1, frame.rung] = np.ptp(frame.positions, axis=0) @ np.ptp(
            frame.positions, axis=0
        )
    bond = np.sqrt(bond[100:])
    inner = bond < BETWEEN
    error = block_error(inner.astype(float), 20)
    exact = [Dimer(t).inner() for t in TEMPERATURES]
    assert np.all(error < 0.035)
    assert np.all(abs(inner.mean(0) - exact) < 4 * error)
    rotating = [Dimer(t, power=2).inner() for t in TEMPERATURES]
    assert np.all(abs(inner.mean(0) - rotating) > 4 * error)  # angular momentum is removed: no r^2

    energy = dimer.by_rung(dimer.energies[0])[100:]
    assert abs(double_well(bond) - energy).max() < 1e-5  # frames and energies of the same step and rung
    error = block_error(energy, 20)
    assert np.all(abs(energy.mean(0) - [Dimer(t).mean_energy() for t in TEMPERATURES]) < 4 * error)


def test_swaps_are_accepted_as_often_as_they_should(dimer):
    tried, accepted = acceptance(dimer)
    assert tried[0] == len(dimer.steps) // 2  # of two rungs, every other attempt has no partner
    exact = Dimer(300).acceptance(Dimer(600))
    assert accepted[0] / tried[0] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / tried[0]))
    assert abs(round_trips(dimer.order).sum() - accepted[0]) <= 2 + accepted[0] % 2


def test_kinetic_temperature_proves_the_rung_of_every_row(ag13):
    s = ag13.settings
    t = np.array(s.temperatures)
    kinetic = 2 * ag13.energies[1] / (s.degrees * kB)
    reduced = kinetic / t[ag13.order]
    assert np.all(abs(reduced.mean(0) - 1) < 4 * block_error(reduced) + 0.01)
    rungs = ag13.by_rung(kinetic)[200:]
    assert np.all(abs(rungs.mean(0) - t) < 4 * block_error(rungs) + 0.005 * t)

    # Rows of replicas that swap right after the row: with the rungs after the swap, which is what
    # the log says at the same step, their kinetic temperatures would be off by 50 %.
    after = np.vstack([ag13.order[1:], ag13.order[-1:]])
    for move, wrong in ((1, 1 / 1.5), (-1, 1.5)):
        swapping = after - ag13.order == move
        count = np.count_nonzero(swapping)
        assert count > 100
        noise = np.sqrt(2 / s.degrees / count)
        assert reduced[swapping].mean() == pytest.approx(1.0, abs=5 * noise)
        assert (kinetic / t[after])[swapping].mean() == pytest.approx(wrong, rel=0.1)


def test_frames_belong_to_their_energies_and_come_by_rung_or_replica(ag13):
    potential, kinetic = ag13.energies
    frames = list(ag13.frames(after=ag13.last - 40 * ag13.settings.frame))
    assert len(frames) == 40 * 2
    for frame in frames:
        row = int(np.flatnonzero(ag13.steps == frame.step)[0])
        assert frame.potential_energy == potential[row, frame.replica]
        assert frame.kinetic_energy == kinetic[row, frame.replica]
        assert frame.temperature == ag13.settings.temperatures[ag13.order[row, frame.replica]]
        assert energies_forces(frame.positions, "Ag")[0].sum() == pytest.approx(frame.potential_energy, abs=2e-5)
    for rung in range(2):
        same = [f for f in ag13.frames(rung=rung, after=frames[0].step - 1)]
        assert [f.step for f in same] == sorted({f.step for f in frames})
        assert [f.replica for f in same] == [f.replica for f in frames if f.rung == rung]
    one = list(ag13.frames(replica=1))
    assert [f.step for f in one] == ag13.steps.tolist() and {f.rung for f in one} == {0, 1}


def test_frames_as_files_of_each_temperature_or_replica(ag13, tmp_path):
    """Short copy: the files hold what the record says, and their kinetic energy fits their temperature."""
    shutil.copytree(ag13.folder, tmp_path / "run")
    record = Record(tmp_path / "run")
    after = record.last - 300 * record.settings.frame
    frames = list(record.frames(after=after))
    for by, names in (("temperature", ["T=60.00K", "T=90.00K"]), ("replica", ["replica-0", "replica-1"])):
        paths = export_frames(record, by, after)
        assert [path.stem for path in paths] == names
        for k, path in enumerate(paths):
            images = read(path, ":")
            wanted = [f for f in frames if (f.rung if by == "temperature" else f.replica) == k]
            assert [a.info["step"] for a in images] == [f.step for f in wanted] and len(images) == 300
            assert np.allclose([a.positions for a in images], [f.positions for f in wanted], atol=1e-7)
            assert str(images[0].symbols) == "Ag13"
            if by == "temperature":
                s = record.settings
                kelvin = np.array([2 * a.info["kinetic_energy"] / (s.degrees * kB) for a in images])
                assert {a.info["temperature"] for a in images} == {s.temperatures[k]}
                assert abs(kelvin.mean() / s.temperatures[k] - 1) < 5 * np.sqrt(2 / s.degrees / 300)
    with pytest.raises(ValueError, match="sorted by 'time', must be by temperature or replica"):
        export_frames(record, "time")
