"""Walkers that share a folder: every hill of everybody exactly once, whoever comes and goes."""

import multiprocessing
import shutil
import subprocess
import sys

import numpy as np
import pytest

from nanochart.sampling.biases import Metadynamics

POINTS = np.linspace(-1, 1, 201)[:, None]


def walker(folder, name, every=1, **options):
    options = {"sigma": [0.2], "height": 0.01, "pace": 1, "grid": [(-2, 2, 80)], **options}
    return Metadynamics(**options, walkers=(str(folder), name, every))


def steps(bias, first, last, place):
    for step in range(first, last):
        bias.update(step, 0.1 * step, [place])


def assert_same(a, b):
    assert a.hills == b.hills
    for x, y in zip(a.value(POINTS), b.value(POINTS)):
        assert abs(x - y).max() <= 1e-12 * abs(x).max()


def test_everybody_has_every_hill_once(tmp_path):
    places = {"a": -0.5, "b": 0.0, "c": 0.7}
    biases = {name: walker(tmp_path, name, every=3) for name in places}
    for step in range(1, 31):
        for name, bias in biases.items():
            bias.update(step, 0.1 * step, [places[name]])
    assert biases["c"].hills == 90  # last in turn, so it has read what all others wrote
    assert biases["a"].hills == 90 - 2  # one hill of b and c each is still to be read
    biases["a"].update(33, 3.3, [places["a"]])
    biases["b"].update(33, 3.3, [places["b"]])
    assert (biases["a"].hills, biases["b"].hills) == (91, 92)
    fresh = walker(tmp_path, "reader")
    assert_same(fresh, biases["b"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["HILLS.a", "HILLS.b", "HILLS.c", "HILLS.reader"]


def test_processes_at_the_same_time(tmp_path):
    """Three jobs that write and read as fast as they can."""
    code = """
import sys, time
from nanochart.sampling.biases import Metadynamics
folder, name, place = sys.argv[1:]
bias = Metadynamics([0.2], 0.01, 2, grid=[(-2, 2, 80)], walkers=(folder, name, 1))
for step in range(1, 601):
    bias.update(step, 0.1 * step, [float(place)])
end = time.monotonic() + 60
while bias.hills < 900 and time.monotonic() < end:
    time.sleep(0.01)
    bias.update(601, 60.1, [float(place)])  # no multiple of the pace: reads alone
print(bias.hills, *bias.value([0.2])[1])
"""
    jobs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), *job], stdout=subprocess.PIPE, text=True)
        for job in (("a", "-0.5"), ("b", "0.0"), ("c", "0.7"))
    ]
    results = [[float(word) for word in job.communicate()[0].split()] for job in jobs]
    fresh = walker(tmp_path, "fresh", height=0.0)
    assert fresh.hills == 900
    for hills, dv_ds in results:
        assert hills == 900 and dv_ds == pytest.approx(fresh.value([0.2])[1][0], rel=1e-10)


def test_only_whole_lines_are_read(tmp_path):
    a, b = walker(tmp_path, "a"), walker(tmp_path, "b")
    steps(a, 0, 3, 0.1)
    file = tmp_path / "HILLS.a"
    line = file.read_bytes().splitlines(keepends=True)[-1]
    with file.open("ab", buffering=0) as stream:
        stream.write(line[:40])
        b.update(0, 0.0, [0.5])
        assert b.hills == 4  # one of its own
        stream.write(line[40:])
        b.update(1, 0.1, [0.5])
        assert b.hills == 6


def test_a_late_walker_and_a_dead_one(tmp_path):
    a = walker(tmp_path, "a")
    steps(a, 0, 10, 0.3)
    late = walker(tmp_path, "late")
    assert late.hills == 10 and "10 hills read" in late.messages()[0]
    assert_same(a, late)
    del a  # dies; its hills stay
    steps(late, 0, 5, -0.3)
    assert late.hills == 15
    (tmp_path / "HILLS.a").unlink()
    steps(late, 5, 6, -0.3)
    assert late.hills == 16


def test_a_walker_that_goes_back_to_a_restart(tmp_path):
    """Hills that it takes back leave everybody's V."""
    a, b = walker(tmp_path, "a"), walker(tmp_path, "b")
    steps(a, 1, 11, 0.3)
    state = a.state
    steps(b, 1, 6, -0.4)
    steps(a, 11, 16, 0.6)
    steps(b, 6, 7, -0.4)
    assert b.hills == 21
    del a
    a = walker(tmp_path, "a", state=state)
    assert a.hills == 10  # b's hills came later than its restart
    assert (tmp_path / "bck.0.HILLS.a").exists()
    steps(a, 11, 12, 0.9)
    steps(b, 7, 8, -0.4)
    assert any("V rebuilt" in message for message in b.messages())
    assert b.hills == 11 + 7
    steps(a, 12, 13, 0.9)  # reads the rest of b
    steps(b, 8, 9, -0.4)
    fresh = walker(tmp_path, "fresh", height=0.0)
    assert fresh.hills == b.hills == 20
    assert_same(b, fresh)


def test_restart_restores_how_far_others_were_read(tmp_path):
    a, b = walker(tmp_path, "a", every=4), walker(tmp_path, "b", every=4)
    for step in range(1, 7):
        a.update(step, 0.1 * step, [0.2])
        b.update(step, 0.1 * step, [-0.2])
    state, before = a.state, a.value(POINTS)
    assert a.hills == 6 + 3 and state.split()[0] == "6" and state.split()[2] == "b"
    del a
    again = walker(tmp_path, "a", every=4, state=state)
    assert again.hills == 9
    assert again.value(POINTS)[0] == pytest.approx(before[0], abs=1e-14)
    steps(again, 7, 9, 0.2)
    assert again.hills == 8 + 6


def test_two_walkers_with_one_name(tmp_path):
    first = walker(tmp_path, "a")
    with pytest.raises(ValueError, match="HILLS.a is being written by another run: give each run .* its own name"):
        walker(tmp_path, "a")
    steps(first, 0, 1, 0.0)
    assert first.hills == 1 and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "folder, name, every, message",
    [
        ("missing", "a", 1, "walkers .*missing is not a folder: make it first"),
        (".", "", 1, "walker name `` must consist of letters, digits, - and _"),
        (".", "a/b", 1, "walker name `a/b` must consist of"),
        (".", "a", 0, "hills of others are read every 0 steps, must be >= 1"),
    ],
)
def test_bad_input(tmp_path, folder, name, every, message):
    with pytest.raises(ValueError, match=message):
        walker(tmp_path / folder, name, every)
    assert not list(tmp_path.iterdir())


def test_a_walker_with_another_sigma(tmp_path):
    a = walker(tmp_path, "a")
    steps(a, 0, 1, 0.0)
    with pytest.raises(ValueError, match="HILLS.a line 4: sigma of s1 is 0.2, this run has 0.3"):
        walker(tmp_path, "b", sigma=[0.3])
    assert [p.name for p in tmp_path.iterdir()] == ["HILLS.a"]


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    a = walker(tmp_path, "a")
    steps(a, 0, 2, 0.0)
    for name in ("bck.0.HILLS.x", "HILLS.x~", "HILLS", "COLVAR.x"):
        shutil.copy(tmp_path / "HILLS.a", tmp_path / name)
    assert walker(tmp_path, "b").hills == 2


def begin_together(folder, rounds, start, results):
    for n in range(rounds):
        start.wait()
        try:
            kept = walker(folder, f"a{n}")
            results.put((n, "began"))
            start.wait()
            del kept
        except ValueError as error:
            results.put((n, str(error)))
            start.wait()


def test_two_jobs_that_begin_one_file_at_once(tmp_path):
    """One of them begins it and the other is told so, whichever system calls of theirs interleave."""
    rounds, fork = 300, multiprocessing.get_context("fork")
    start, results = fork.Barrier(2), fork.Queue()
    jobs = [fork.Process(target=begin_together, args=(tmp_path, rounds, start, results)) for _ in range(2)]
    for job in jobs:
        job.start()
    found = [results.get(timeout=60) for _ in range(2 * rounds)]
    for job in jobs:
        job.join()
    began = sorted(n for n, text in found if text == "began")
    refused = sorted(n for n, text in found if "is being written by another run" in text)
    assert began == refused == list(range(rounds)), found
    assert len(list(tmp_path.iterdir())) == rounds
