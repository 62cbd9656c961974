"""The HDF5 data set: made, resumed, read, and refused when damaged."""

import dataclasses
import multiprocessing
import os
import time

import h5py
import numpy as np
import pytest

from nanochart.landscape import cna, dataset
from nanochart.landscape.dataset import Dataset, Frames, append, create, finished
from nanochart.landscape.production import produce
from nanochart.landscape.trajectories import Trajectory

PLAN = [
    Trajectory(n, "Au", 55, motif, 400.0, n, frames=3, interval=0.5, settle=0.5)
    for n, motif in enumerate(("Ih", "Dh", "Fcc"))
]


def made_up(number=0, n=4, atoms=13, failed=()):
    rng = np.random.default_rng(number)
    x = rng.normal(size=(n, atoms, 3))
    ok = np.array([i not in failed for i in range(n)])
    frames = Frames(x, x + 1, rng.normal(size=n), np.full(n, 1e-4), ok, np.arange(n) * 10,
                    "complete", x[0])
    return Trajectory(number, "Ag", atoms, "Twin", 300.0, number, frames=n), frames


@pytest.fixture(scope="module")
def produced(tmp_path_factory):
    return produce(tmp_path_factory.mktemp("data") / "Au55.h5", PLAN, jobs=2, progress=False)


def test_production_gives_the_columns_of_the_design(produced):
    data = Dataset(produced)
    assert len(data) == 9 and data.failed == 0
    assert (data.element, data.atoms) == ("Au", 55)
    assert data.positions_thermal.shape == data.positions_quenched.shape == (9, 55, 3)
    assert data.positions_thermal.dtype == data.positions_quenched.dtype == np.float32
    assert list(data.replica) == [0] * 3 + [1] * 3 + [2] * 3
    assert list(data.step[:3]) == [200, 300, 400]
    assert set(data.motif[:3]) == {"Ih"} and set(data.motif[3:6]) == {"Dh"}
    assert set(data.temperature) == {400.0} and set(data.cna) == {-1}
    assert np.all(data.energy < 0) and np.all(data.force_norm <= 1e-3)
    assert "RGL" in data.potential and data.versions["lammps"][0].isdigit()


def test_interrupted_production_resumes_to_the_same_content(produced, tmp_path):
    path = produce(tmp_path / "Au55.h5", PLAN[:1], progress=False)
    (tmp_path / "Au55.h5.part").write_text("what a killed run left")
    untouched = Dataset(path).positions_thermal
    produce(path, PLAN, progress=False)
    assert Dataset(path).hash == Dataset(produced).hash
    assert np.array_equal(Dataset(path).positions_thermal[:3], untouched)
    before = path.stat().st_mtime_ns
    produce(path, PLAN, progress=False)
    assert path.stat().st_mtime_ns == before  # nothing was left to do


def test_another_plan_is_refused(produced):
    other = [dataclasses.replace(PLAN[0], temperature=500.0)]
    with pytest.raises(ValueError, match="trajectory 0 is .*400.0.*, the plan says .*500.0"):
        produce(produced, other, progress=False)
    with pytest.raises(ValueError, match="holds Au55, asked for Ag55"):
        create(produced, "Ag", 55)


def test_order_of_appending_does_not_matter(tmp_path):
    hashes = []
    for order in ((0, 1), (1, 0)):
        path = create(tmp_path / f"{order}.h5", "Ag", 13)
        for number in order:
            append(path, *made_up(number))
        hashes.append(Dataset(path).hash)
    assert hashes[0] == hashes[1]
    append(path, *made_up(2))
    assert Dataset(path).hash != hashes[0]


def test_failed_frames_are_kept_and_left_out_on_reading(tmp_path):
    path = create(tmp_path / "a.h5", "Ag", 13)
    append(path, *made_up(failed=(1,)))
    assert len(Dataset(path)) == 3 and Dataset(path).failed == 1
    everything = Dataset(path, converged_only=False)
    assert list(everything.converged) == [True, False, True, True]


def test_an_append_that_dies_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = create(tmp_path / "a.h5", "Ag", 13)
    append(path, *made_up(0))
    before = path.read_bytes()

    def die(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(dataset.os, "replace", die)
    with pytest.raises(OSError, match="No space"):
        append(path, *made_up(1))
    monkeypatch.undo()
    assert path.read_bytes() == before
    append(path, *made_up(1))
    assert set(finished(path)) == {0, 1}


def test_a_trajectory_is_appended_once(tmp_path):
    path = create(tmp_path / "a.h5", "Ag", 13)
    append(path, *made_up(0))
    with pytest.raises(ValueError, match="trajectory 0 is in it already"):
        append(path, *made_up(0))


def test_finished_trajectories_are_described(tmp_path):
    path = create(tmp_path / "a.h5", "Ag", 13)
    trajectory, frames = made_up(7)
    append(path, trajectory, frames)
    assert finished(path) == {7: trajectory}


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        Dataset(tmp_path / "none.h5")
    foreign = tmp_path / "text.h5"
    foreign.write_text("hello")
    with pytest.raises(ValueError, match="text.h5: not a readable HDF5 file"):
        Dataset(foreign)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1.0]
    with pytest.raises(ValueError, match="other.h5: schema is None, must be 'nanochart data set 2'"):
        Dataset(tmp_path / "other.h5")
    whole = create(tmp_path / "whole.h5", "Ag", 13)
    append(whole, *made_up(n=300))
    dataset.pack(whole)
    cut = tmp_path / "cut.h5"
    for share in (0.1, 0.5, 0.99):
        cut.write_bytes(whole.read_bytes()[: int(share * os.path.getsize(whole))])
        with pytest.raises(ValueError, match="cut.h5: not a readable HDF5 file .truncated"):
            Dataset(cut)
        with pytest.raises(ValueError, match="truncated"):
            append(cut, *made_up(1))
    with h5py.File(whole, "r+") as file:
        del file["energy"]
    with pytest.raises(ValueError, match="columns are missing"):
        Dataset(whole)


def test_labels(produced, tmp_path):
    path = tmp_path / "labelled.h5"
    path.write_bytes(produced.read_bytes())
    dataset.label(path)
    data = Dataset(path)
    assert np.array_equal(data.cna, cna.label_codes(data.positions_quenched.astype(float), "Au"))
    assert data.cna.min() >= 0
    assert data.hash == Dataset(produced).hash  # labels follow from the rest
    assert np.array_equal(data.positions_thermal, Dataset(produced).positions_thermal)


def test_appending_leaves_the_file_alone_and_packing_makes_it_one(tmp_path):
    path = create(tmp_path / "a.h5", "Ag", 13)
    append(path, *made_up(0))
    dataset.pack(path)
    before = path.stat()
    append(path, *made_up(1))
    append(path, *made_up(2))
    assert path.stat().st_mtime_ns == before.st_mtime_ns and path.stat().st_ino == before.st_ino
    waiting = Dataset(path)
    assert len(waiting) == 12 and set(finished(path)) == {0, 1, 2}
    dataset.pack(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]
    assert Dataset(path).hash == waiting.hash and set(finished(path)) == {0, 1, 2}
    assert dataset.summary(path) == {"element": "Ag", "atoms": 13, "rows": 12, "failed": 0, "hash": waiting.hash}


def test_blocks_that_are_packed_already_do_not_count_twice(tmp_path, monkeypatch):
    """Killed after the new file took its name and before the blocks were removed."""
    path = create(tmp_path / "a.h5", "Ag", 13)
    append(path, *made_up(0))
    monkeypatch.setattr("nanochart.landscape.dataset_file._remove_packed", lambda _: None)
    dataset.pack(path)
    monkeypatch.undo()
    assert len(list((tmp_path / "a.h5.blocks").iterdir())) == 1
    assert len(Dataset(path)) == 4
    append(path, *made_up(1))
    dataset.pack(path)
    assert len(Dataset(path)) == 8 and [p.name for p in tmp_path.iterdir()] == ["a.h5"]


def _append_for_ever(path):
    number = max(finished(path), default=-1)
    while True:
        number += 1
        append(path, *made_up(number))
        if number % 4 == 3:
            dataset.pack(path)


def _names(path):
    return sorted(p.name for p in (path.parent / f"{path.name}.blocks").glob("*.h5"))


def test_killed_at_any_moment_it_keeps_whole_blocks_once(tmp_path):
    """kill -9 of a process that appends and packs, twelve times."""
    path = create(tmp_path / "a.h5", "Ag", 13)
    rng, there = np.random.default_rng(0), 0
    for _ in range(12):
        state = (path.stat().st_ino, _names(path))
        writer = multiprocessing.get_context("fork").Process(target=_append_for_ever, args=(path,))
        writer.start()
        deadline = time.monotonic() + 30
        while (path.stat().st_ino, _names(path)) == state and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.06 * rng.random())
        writer.kill()
        writer.join()
        data = Dataset(path)
        numbers = set(finished(path))
        assert numbers == set(range(len(numbers))) and len(numbers) >= there
        assert np.array_equal(data.replica, np.repeat(np.arange(len(numbers)), 4))  # none twice, none in part
        there = len(numbers)
    assert there >= 6
    for number in range(there):
        assert np.array_equal(data.positions_thermal[data.replica == number], made_up(number)[1].thermal.astype("f4"))


def test_files_of_schema_1_are_read_with_their_old_hash(tmp_path):
    path = tmp_path / "old.h5"
    trajectory, frames = made_up(0)
    columns = {"positions_thermal": frames.thermal.astype("f4"), "positions_quenched": frames.quenched.astype("f4"),
               "energy": frames.energy, "force_norm": frames.force_norm, "converged": frames.converged,
               "temperature": np.full(4, 300.0), "replica": np.zeros(4, "i4"), "step": frames.step.astype("i8"),
               "cna": np.full(4, -1, "i1"), "motif": np.full(4, 3, "i1")}  # fmt: skip
    with h5py.File(path, "w") as file:
        file.attrs.update(schema="nanochart data set 1", elements="Ag", atoms=13, potential="RGL", versions="{}")
        for name, values in columns.items():
            file[name] = values
        group = file.create_group("trajectories")
        for name in ("number", "seed", "description", "status"):
            text = name in ("description", "status")
            group.create_dataset(name, (0,), h5py.string_dtype() if text else "i8")
        group.create_dataset("start", (0, 13, 3), "f4")
    data = Dataset(path)
    assert len(data) == 4 and set(data.motif) == {"Twin"}
    assert data.hash == "ca1c75925841fc3ab6021e1383441c94f5c039695fe82b74c44f418e49433201"
    append(path, *made_up(1))
    dataset.pack(path)
    assert len(Dataset(path)) == 8
