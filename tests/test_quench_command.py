"""`nanochart quench`: sources, potentials, bad input."""

import shutil

import ase.io
import numpy as np
import pytest
from ase import Atoms
from quench_cases import call, shaken

from nanochart.landscape.dataset import Dataset
from nanochart.landscape.motifs import start
from nanochart.landscape.potential import write_setfl
from nanochart.landscape.ptmd.command import new_run
from nanochart.landscape.ptmd.record import Record
from nanochart.landscape.ptmd.run import run
from nanochart.landscape.quench import Quencher
from nanochart.landscape.structures import TrajectoryFile


def test_every_frame_of_a_file(frames_file, tmp_path):
    outcome = call([frames_file], tmp_path / "a.h5", temperature=350.0)
    assert outcome.frames == 20 and not outcome.failed and outcome.evaluations > 20
    data = Dataset(tmp_path / "a.h5")
    assert list(data.step) == list(range(20)) and set(data.temperature) == {350.0} and set(data.replica) == {0}
    frames, one = ase.io.read(frames_file, ":"), Quencher("Au", 13)
    assert np.allclose(data.positions_thermal, [f.positions for f in frames], atol=1e-5)
    assert np.allclose(data.energy, [one(f.positions).energy for f in frames], atol=1e-6)
    assert list(data.evaluations) == [one(f.positions).evaluations for f in frames]
    assert str(call([frames_file], tmp_path / "a.h5", temperature=350.0)).startswith("nothing to quench")
    # A second file may follow; its trajectory has the next number.
    ase.io.write(tmp_path / "b.xyz", shaken(3, seed=1), format="extxyz")
    assert call([frames_file, tmp_path / "b.xyz"], tmp_path / "a.h5").frames == 3
    assert np.bincount(Dataset(tmp_path / "a.h5").replica).tolist() == [20, 3]
    with pytest.raises(ValueError, match="was begun with tolerance 0.001, not 0.1; give another file"):
        call([frames_file, tmp_path / "b.xyz"], tmp_path / "a.h5", tolerance=0.1)
    with pytest.raises(ValueError, match="was begun with sources"):
        call([tmp_path / "b.xyz"], tmp_path / "a.h5")


def test_tempering_run(tmp_path):
    folder = tmp_path / "run"
    new_run(folder, "Au", 13, ladder=[300, 400, 4], frame=1.0, length=0.01, motifs=["Ih"])
    run(folder)
    outcome = call([folder], tmp_path / "a.h5", stride=2)
    record = list(Record(folder).frames())
    assert outcome.frames == 20 and len(record) == 40  # every other one of each replica
    data = Dataset(tmp_path / "a.h5")
    wanted = {(f.replica, f.step): f for f in record if (f.step // 200) % 2 == 1}
    assert set(zip(data.replica.tolist(), data.step.tolist())) == set(wanted)
    for replica, step, t, x in zip(data.replica, data.step, data.temperature, data.positions_thermal):
        frame = wanted[replica, step]
        assert t == frame.temperature and np.allclose(x, frame.positions, atol=1e-5)


@pytest.fixture
def lennard_jones(tmp_path):
    """epsilon 0.2 eV, sigma 2.5 A."""
    (tmp_path / "lj.txt").write_text("pair_style lj/cut 30.0  # any potential\npair_coeff * * 0.2 2.5\n")
    return tmp_path / "lj.txt"


def test_any_other_potential(tmp_path, lennard_jones):
    """The Lennard-Jones icosahedron of 13 atoms has -44.326801 epsilon (doi:10.1021/jp970984n)."""
    x = start("Ih", "Au", 13, 0).positions * 2.8 / 2.885
    rng = np.random.default_rng(0)
    frames = [Atoms("Ni13", x + 0.1 * rng.normal(size=x.shape)) for _ in range(5)]
    frames[2].positions[0] += 60.0  # in two pieces
    frames[3].positions[0] = frames[3].positions[1] + 0.1  # nearer than the potential can mean
    ase.io.write(tmp_path / "a.xyz", frames, format="extxyz")
    with pytest.raises(ValueError, match="element is 'Ni', must be one of Ag, Au, Cu"):
        call([tmp_path / "a.xyz"], tmp_path / "a.h5")
    outcome = call([tmp_path / "a.xyz"], tmp_path / "a.h5", potential=lennard_jones)
    assert outcome.failed.total() == 2
    data = Dataset(tmp_path / "a.h5")
    assert list(data.step) == [0, 1, 4] and data.energy == pytest.approx(-44.326801 * 0.2, abs=1e-5)
    assert data.potential == "pair_style lj/cut 30.0; pair_coeff * * 0.2 2.5" and data.element == "Ni"
    with pytest.raises(ValueError, match="was begun with potential pair_style lj/cut 30.0"):
        lennard_jones.write_text("pair_style lj/cut 29.0\npair_coeff * * 0.2 2.5\n")
        call([tmp_path / "a.xyz"], tmp_path / "a.h5", potential=lennard_jones)


@pytest.mark.parametrize("text, message", [
    ("pair_style lj/cut 9\n", "has no pair_coeff line, must have pair_style and pair_coeff"),
    ("pair_style nosuch 9\npair_coeff * * 1 1\n", "LAMMPS does not take pair_style nosuch 9.*for Au: .*nosuch"),
    ("pair_style eam/alloy\npair_coeff * * gone.eam.alloy Au\n", "LAMMPS does not take.*gone.eam.alloy"),
    ("pair_style eam/alloy\npair_coeff * * Ag.eam.alloy Pt\n", "LAMMPS does not take.*No matching element"),
])
def test_bad_potentials(frames_file, tmp_path, text, message):
    write_setfl(tmp_path / "Ag.eam.alloy", "Ag")
    (tmp_path / "lines.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        call([frames_file], tmp_path / "a.h5", potential=tmp_path / "lines.txt")
    assert not (tmp_path / "a.h5").exists()


def test_a_run_is_quenched_with_its_own_potential(tmp_path):
    """A run of Ag by a table that the user brought: as with the built-in one, which it is a copy of."""
    write_setfl(tmp_path / "any.table", "Ag")
    (tmp_path / "lines.txt").write_text("pair_style eam/alloy\npair_coeff * * any.table Ag\n")
    starts = [tmp_path / "Ag13.xyz"]
    ase.io.write(starts[0], Atoms("Ag13", start("Ih", "Ag", 13, 0).positions))
    new_run(tmp_path / "run", "Ag", 13, ladder=[300, 400, 2], frame=1.0, length=0.004, starts=starts,
            potential=tmp_path / "lines.txt")  # fmt: skip
    run(tmp_path / "run")
    call([tmp_path / "run"], tmp_path / "a.h5")
    data, built_in = Dataset(tmp_path / "a.h5"), Quencher("Ag", 13)
    assert len(data) == 8 and "any.table Ag (SHA-256 of its files " in data.potential
    assert set(data.temperature) == {300.0, 400.0}
    for x, energy in zip(data.positions_thermal, data.energy):
        assert built_in(x).energy == pytest.approx(energy, abs=1e-6)
    shutil.copytree(tmp_path / "run", tmp_path / "other")
    write_setfl(tmp_path / "other" / "any.table", "Au")
    with pytest.raises(ValueError, match="sources are of .*any.table.*any.table.*must be of one potential"):
        call([tmp_path / "run", tmp_path / "other"], tmp_path / "b.h5")


def test_dump_of_a_cluster_cut_by_its_box(tmp_path):
    x = start("Ih", "Au", 13, 0).positions
    order = np.random.default_rng(0).permutation(13)
    with open(tmp_path / "a.dump", "w") as dump:
        for step in (0, 100):
            dump.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n13\nITEM: BOX BOUNDS pp pp pp\n")
            dump.write("0 30\n" * 3 + "ITEM: ATOMS id element x y z\n")
            for i in order:
                dump.write(f"{i + 1} Au {' '.join(f'{c:.8f}' for c in x[i] % 30)}\n")
    assert np.ptp(x % 30, axis=0).max() > 25
    for structure in TrajectoryFile(tmp_path / "a.dump"):
        y = structure.positions
        assert np.allclose(y - y.mean(0), x - x.mean(0), atol=1e-6)  # together, in the order of IDs
    assert structure.step == 1


def test_failed_frames_are_recorded(tmp_path):
    frames = shaken(6)
    frames[1].positions[0] += 40.0
    frames[2].positions[0] = frames[2].positions[1]
    ase.io.write(tmp_path / "a.xyz", frames, format="extxyz")
    outcome = call([tmp_path / "a.xyz"], tmp_path / "a.h5")
    assert outcome.failed == {"in more than one piece": 1, "not minimised": 1}
    assert "2 failed; " in str(outcome)
    data = Dataset(tmp_path / "a.h5", converged_only=False)
    assert list(data.converged) == [True, False, False, True, True, True]
    assert np.allclose(data.positions_thermal[1], frames[1].positions, atol=1e-5)
    assert len(Dataset(tmp_path / "a.h5")) == 4


@pytest.mark.parametrize("spoil, message", [
    (lambda f: f + shaken(1, atoms=55), "frame 20 is Au55, must be Au13 as the first one"),
    (lambda f: f + [Atoms("Ag13", f[0].positions)], "frame 20 is Ag13, must be Au13"),
    (None, "frame 19 cannot be read"),
])
def test_a_bad_frame_stops_and_what_came_before_is_kept(frames_file, tmp_path, spoil, message):
    good = 20
    if spoil:
        ase.io.write(frames_file, spoil(shaken(20)), format="extxyz")
    else:
        frames_file.write_text("\n".join(frames_file.read_text().splitlines()[:-3]) + "\n")  # three atoms short
        good = 19
    with pytest.raises(ValueError, match=f"a.xyz: {message}"):
        call([frames_file], tmp_path / "a.h5")
    assert len(Dataset(tmp_path / "a.h5")) == good


def write_dump(path, frames, element="Au"):
    with open(path, "w") as out:
        for step, frame in enumerate(frames):
            out.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(frame)}\nITEM: BOX BOUNDS ff ff ff\n"
                      + "-10 10\n" * 3 + f"ITEM: ATOMS id type {'element ' if element else ''}x y z\n")  # fmt: skip
            out.writelines(f"{i + 1} 1 {element} {x} {y} {z}\n" for i, (x, y, z) in enumerate(frame.positions))


def test_a_dump_that_ends_in_a_frame_keeps_those_before(tmp_path):
    write_dump(tmp_path / "a.dump", shaken(4))
    (tmp_path / "a.dump").write_text("\n".join((tmp_path / "a.dump").read_text().splitlines()[:-3]) + "\n")
    with pytest.raises(ValueError, match="a.dump: frame 3 "):
        call([tmp_path / "a.dump"], tmp_path / "a.h5")
    assert len(Dataset(tmp_path / "a.h5")) == 3


def test_a_dump_without_elements_needs_one(tmp_path):
    write_dump(tmp_path / "a.dump", shaken(2), element="")
    with pytest.raises(ValueError, match="a.dump does not name its elements: give --element"):
        call([tmp_path / "a.dump"], tmp_path / "a.h5")
    call([tmp_path / "a.dump"], tmp_path / "a.h5", element="Au")
    assert len(Dataset(tmp_path / "a.h5")) == 2


@pytest.mark.parametrize("text, message", [
    ("", "a.xyz"), ("hello", "a.xyz"), ("2\n\nZr 0 0 0\nZr 0 0 3\n", "Zr"), ("2\n\nAu 0 0 0\nCu 0 0 3\n", "Au-Cu has no mixed pair"),
])
def test_bad_files(tmp_path, text, message):
    (tmp_path / "a.xyz").write_text(text)
    with pytest.raises(ValueError, match=message):
        call([tmp_path / "a.xyz"], tmp_path / "a.h5")
    assert [p.name for p in tmp_path.iterdir()] == ["a.xyz"]


@pytest.mark.parametrize("temperature", [0.0, -5.0, float("nan")])
def test_bad_temperatures(frames_file, tmp_path, temperature):
    with pytest.raises(ValueError, match="--temperature is .*, must be > 0 \\(K\\)"):
        call([frames_file], tmp_path / "a.h5", temperature=temperature)
    assert not (tmp_path / "a.h5").exists()
