"""A run killed at any moment goes on: no frame twice, none lost but the unfinished period."""

import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase.units import kB
from ptmd_systems import write_icosahedron

from nanochart.landscape.ptmd.checkpoint import MAGIC, last_checkpoint, restart_step, segment_checkpoint
from nanochart.landscape.ptmd.command import lengthen, new_run
from nanochart.landscape.ptmd.log import open_frames, read_swap_log
from nanochart.landscape.ptmd.record import Record, Segment, read_segment
from nanochart.landscape.ptmd.run import locked, run

RUN = "import sys; from nanochart.landscape.ptmd.run import run; run(sys.argv[1])"


def processes(folder, name: str) -> list[int]:
    """Processes of the run in `folder` whose program is `name`."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == str(folder):
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    words = file.read().decode().split("\0")
                if any(os.path.basename(w) == name for w in words[:2]):
                    found.append(int(entry))
        except OSError:
            continue
    return found


def heed_interrupts() -> None:
    """A shell's background jobs, and what they start, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def started(folder, lines: int) -> tuple[subprocess.Popen, Path]:
    """The run in a process of its own, once its log has `lines` lines, and its segment."""
    before = {p.name: p.stat().st_ino for p in folder.glob("segment-*")}
    process = subprocess.Popen([sys.executable, "-c", RUN, str(folder)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, preexec_fn=heed_interrupts)  # fmt: skip
    deadline = time.time() + 60
    while time.time() < deadline and process.poll() is None:
        time.sleep(0.02)
        for segment in folder.glob("segment-*"):
            new = before.get(segment.name) != segment.stat().st_ino
            if new and len(read_swap_log(segment / "log.lammps", 3)[0]) >= lines:
                return process, segment
    process.kill()
    raise AssertionError(process.communicate()[1][-2000:])


def gone(folder) -> None:
    """Wait until nothing of the run in `folder` goes on writing."""
    end = time.time() + 20
    while processes(folder, "lmp") and time.time() < end:
        time.sleep(0.02)
    assert not processes(folder, "lmp")


def kill_later(folder, victim: str, lines: int, wait: float = 0.0) -> tuple[int, int]:
    """Run, kill -9 one engine process or mpiexec; first and last step that the segment has logged."""
    process, segment = started(folder, lines)
    time.sleep(wait)
    os.kill(processes(folder, victim)[0], signal.SIGKILL)
    message = process.communicate(timeout=60)[1]
    assert process.returncode != 0 and "ptmd: LAMMPS stopped" in message
    gone(folder)
    steps = read_swap_log(segment / "log.lammps", 3)[0]
    return int(steps[0]), int(steps[-1])


def lay_out(folder, **settings):
    return new_run(folder, "Ag", 13, ladder=(60, 90, 3), damping=0.25,
                   starts=[write_icosahedron(folder / "Ih13.xyz", "Ag")], **settings)  # fmt: skip


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A run of Ag13 killed twice, first one replica, then mpiexec, and finished."""
    folder = tmp_path_factory.mktemp("killed").resolve()
    s = lay_out(folder, swap=0.25, frame=0.5, length=0.1)
    ends = [kill_later(folder, "lmp", 37)[1], kill_later(folder, "mpiexec", 52)[1]]
    shutil.copytree(folder, folder.with_name("killed-copy"))
    run(folder)
    record = Record(folder)
    starts = [segment.start for segment in record.segments]
    # on from the last step that the log has, the one before, or the one after where all had got there
    assert starts[0] == 0 and all(abs(start - end) <= s.swap for start, end in zip(starts[1:], ends))
    return record, starts[1:]


def test_killed_at_random_moments(tmp_path):
    """Many checkpoints a second: kills come while files are being written over, and between replicas."""
    folder = tmp_path.resolve()
    s = lay_out(folder, swap=0.05, frame=0.1, length=20)
    random = np.random.default_rng()  # other moments each time
    end = 0
    for k in range(6):
        start, reached = kill_later(folder, ("lmp", "mpiexec")[k % 2], 4, random.uniform(0, 0.4))
        assert start == 0 if k == 0 else abs(start - end) <= s.swap
        end = reached
    record = Record(folder)
    assert not list(folder.glob("damaged-*"))
    assert record.steps.tolist() == list(range(s.swap, end + 1, s.swap))
    assert np.isfinite(record.energies).all()
    seen = [(f.step, f.replica) for f in record.frames()]
    assert seen == [(t, r) for t in range(s.frame, end + 1, s.frame) for r in range(3)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_processes(tmp_path, number):
    folder = tmp_path.resolve()
    lay_out(folder, swap=0.25, frame=0.5, length=20)
    process, _ = started(folder, 2)
    engines = processes(folder, "lmp")
    assert len(engines) == 3
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    assert process.returncode == 128 + number if number == signal.SIGTERM else process.returncode != 0
    assert not processes(folder, "mpiexec") and not processes(folder, "lmp")


def test_nothing_is_lost_and_nothing_comes_twice(killed):
    record, _ = killed
    s = record.settings
    assert record.last == s.steps and len(record.segments) == 3
    assert record.steps.tolist() == list(range(s.swap, s.steps + 1, s.swap))
    seen = [(f.step, f.replica) for f in record.frames()]
    assert seen == [(t, r) for t in range(s.frame, s.steps + 1, s.frame) for r in range(3)]
    assert np.isfinite(record.energies).all()


def test_rungs_go_on_from_the_log(killed):
    record, _ = killed
    s = record.settings
    for old, new in zip(record.segments, record.segments[1:]):
        # restart files hold velocities from before the swap of their step: so must be the order
        before = old.order[np.flatnonzero(old.steps == new.start - s.swap)[0]]
        assert new.order[0].tolist() == before.tolist()
    reduced = 2 * record.energies[1] / (s.degrees * kB) / np.array(s.temperatures)[record.order]
    assert abs(reduced[20:].mean() - 1) < 4 * np.sqrt(2 / s.degrees / reduced[20:].size) + 0.01
    assert all((np.sort(o) == np.arange(3)).all() for o in record.order)


def test_positions_go_on_where_they_were(killed):
    """The first frame after a resume is as near to the last one before as any two neighbours."""
    record, starts = killed
    frames = [f.positions for f in record.frames(replica=1)]
    jumps = np.array([np.abs(b - a).max() for a, b in zip(frames, frames[1:])])
    at = [step // record.settings.frame - 1 for step in starts]
    assert max(jumps[at]) <= jumps.max() < 1.0  # A; a fresh start would be turned or another cluster


def test_a_run_can_be_lengthened_and_only_run_once_at_a_time(killed):
    record, _ = killed
    folder = record.folder
    with locked(folder), pytest.raises(BlockingIOError, match="is being run by another process"):
        run(folder)
    run(folder)  # nothing to do
    assert Record(folder).last == record.last
    with pytest.raises(ValueError, match="must be at least the 20000 that have been run"):
        lengthen(folder, 0.05)
    longer = lengthen(folder, 0.11)
    run(folder)
    assert Record(folder).last == longer.steps == 22_000
    assert len(list(Record(folder).frames(replica=0))) == 220


def write_restarts(folder: Path, name: str, steps: list[int | None]) -> None:
    """What the beginning and the end of LAMMPS's restart files are; None: cut off."""
    for replica, step in enumerate(steps):
        words = struct.pack("=iiii7siiiiiiiiii6siq", 1, 3, 0, 7, b"1 2025\0", 1, 4, 48, 4, 2, 4, 3, 8, 4, 6,
                            b"metal\0", 5, step or 0)  # fmt: skip
        (folder / f"{name}.{replica}").write_bytes(MAGIC + words + 900 * b"\1" + (MAGIC if step else b""))


def test_the_checkpoint_is_the_last_that_is_complete_in_all_replicas(killed):
    """Restart files of the first segment as a kill may leave them."""
    s = killed[0].settings
    copy = killed[0].folder.with_name("killed-copy") / "segment-0000"
    segment = read_segment(copy, s)
    end = killed[0].segments[-1].folder  # files of LAMMPS
    assert {restart_step(end / "a.0"), restart_step(end / "b.0")} == {s.steps - 50, s.steps}
    first = Segment(copy, segment.steps[:21], segment.order[:21])  # logged to 1000
    for a, b, step in [
        ([1000, 1000, 1000], [950, 950, 950], 1000),
        ([1000, 1000, 1000], [1050, None, 950], 1000),  # some had begun with the next one
        ([1100, None, 1000], [1050, 1050, 1050], 1050),  # written by all, one line ahead of the log
        ([1000, None, 1000], [950, 950, 950], 950),  # one was killed while writing
        ([1000, 1000, 1000], [1100, 1100, 1100], 1000),  # not of this run: two lines ahead
    ]:
        write_restarts(copy, "a", a)
        write_restarts(copy, "b", b)
        point = segment_checkpoint(first, s)
        assert (point.step, point.restart) == (step, f"segment-0000/{'a' if step in a else 'b'}")
        assert point.order == segment.order[step // 50 - 1].tolist()  # of the line before: before the swap
    write_restarts(copy, "a", [1000] * 3)
    write_restarts(copy, "b", [950] * 3)
    frames = (copy / "frames.1.bin").read_bytes()
    size = open_frames(copy / "frames.1.bin", 13).dtype.itemsize
    (copy / "frames.1.bin").write_bytes(frames[: 10 * size - 1])  # the tenth, of 1000, cut off by a full disk
    assert segment_checkpoint(first, s).step == 950
    (copy / "frames.1.bin").write_bytes(frames)
    assert segment_checkpoint(first, s).step == 1000
    rows = (copy / "thermo.1").read_text().split("\n")
    cut = next(i for i, row in enumerate(rows) if row.split()[:1] == ["950"])
    (copy / "thermo.1").write_text("\n".join(rows[: cut + 1]) + "\n")
    assert segment_checkpoint(first, s).step == 950  # a replica lacks its energy at 1000


def test_damaged_restart_files_lose_no_frames_from_the_disk(killed, capsys):
    """What cannot be gone on with is kept aside, and said; the run goes on from before it."""
    s, copy = killed[0].settings, killed[0].folder.with_name("killed-copy")
    second = read_segment(copy / "segment-0001", s)
    write_restarts(copy / "segment-0001", "a", [None] * 3)
    write_restarts(copy / "segment-0001", "b", [None, 50, 50])
    write_restarts(copy / "segment-0000", "a", [second.start] * 3)
    write_restarts(copy / "segment-0000", "b", [second.start - 50] * 3)
    shutil.copy(killed[0].folder / "segment-0000" / "thermo.1", copy / "segment-0000" / "thermo.1")
    assert last_checkpoint(copy, s).step == second.start
    assert "no checkpoint that is whole in all replicas; it is kept as damaged-0000-of-segment-0001" in capsys.readouterr().out
    assert (copy / "damaged-0000-of-segment-0001" / "frames.0.bin").stat().st_size > 0


def test_a_log_that_lacks_a_swap_is_refused(killed):
    copy = killed[0].folder.with_name("killed-copy")
    log = copy / "segment-0000" / "log.lammps"
    log.write_text("\n".join(line for line in log.read_text().split("\n") if not line.startswith("500 ")))
    with pytest.raises(ValueError, match="step 450 is followed by 550, must be by 500"):
        Record(copy)


def test_a_line_cut_off_is_no_step(tmp_path):
    log = tmp_path / "log.lammps"
    log.write_text("Step T0 T1 T2\n0 0 1 2\n50 1 0 2\n100 1 2 0")
    steps, order, offset = read_swap_log(log, 3)
    assert steps.tolist() == [0, 50] and order.tolist() == [[0, 1, 2], [1, 0, 2]]
    with open(log, "a") as file:
        file.write("\n150 0 2 1\n")
    assert read_swap_log(log, 3, offset)[0].tolist() == [100, 150]
    log.write_text("0 0 1 1\n")
    with pytest.raises(ValueError, match="must hold each rung once"):
        read_swap_log(log, 3)
