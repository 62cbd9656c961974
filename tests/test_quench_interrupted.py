"""`nanochart quench`: kill -9, full disks, two writers, many processes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import ase.io
import pytest
from quench_cases import call, shaken

from nanochart.landscape import quench_command
from nanochart.landscape.dataset import Dataset
from nanochart.landscape.disk import DiskFull
from nanochart.landscape.executors import executor


def test_killed_and_begun_again_it_has_every_frame_once(tmp_path):
    ase.io.write(tmp_path / "a.xyz", shaken(240), format="extxyz")
    call([tmp_path / "a.xyz"], tmp_path / "whole.h5")
    code = ("import sys; from pathlib import Path; from nanochart.landscape import quench_command as q\n"
            "if __name__ == '__main__':\n"
            "    q.BLOCK_ROWS = 32\n"
            "    q.quench([Path('a.xyz')], Path('a.h5'), progress=False)\n")
    (tmp_path / "script.py").write_text(code)
    running = subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, start_new_session=True)
    blocks = tmp_path / "a.h5.blocks"
    deadline = time.monotonic() + 60
    while len(list(blocks.glob("*.h5"))) < 2:
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    kept = Dataset(tmp_path / "a.h5")
    assert 64 <= len(kept) < 240 and len(set(kept.step)) == len(kept)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        outcome = call([Path("a.xyz")], Path("a.h5"))
    assert outcome.frames == 240 - len(kept)
    assert Dataset(tmp_path / "a.h5").hash == Dataset(tmp_path / "whole.h5").hash
    assert not blocks.exists()


def test_a_disk_that_is_nearly_full(tmp_path, monkeypatch):
    """Said before HDF5 meets it; blocks that were written are kept, and the next call goes on."""
    ase.io.write(tmp_path / "a.xyz", shaken(64), format="extxyz")
    monkeypatch.setattr(quench_command, "BLOCK_ROWS", 32)
    usage = shutil.disk_usage(tmp_path)
    free = iter([usage.free])  # for the first block only
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=next(free, 10e6)))
    with pytest.raises(DiskFull, match="a.h5.blocks/.*cannot be written: .* has 0.01 GB free, must have 0.10 GB.*is kept"):
        call([tmp_path / "a.xyz"], tmp_path / "a.h5")
    assert len(Dataset(tmp_path / "a.h5")) == 32
    monkeypatch.undo()
    assert call([tmp_path / "a.xyz"], tmp_path / "a.h5").frames == 32
    assert sorted(Dataset(tmp_path / "a.h5").step) == list(range(64))


def test_a_disk_that_runs_full_all_the_same(frames_file, tmp_path, monkeypatch):
    """The system refuses the write, here beyond a size of file: one sentence, and no half file."""
    code = ("import resource, sys; from pathlib import Path\n"
            "from nanochart.landscape import dataset, quench_command\n"
            "def add_block(*arguments, add=dataset.add_block):\n"
            "    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))\n"
            "    add(*arguments)\n"
            "if __name__ == '__main__':\n"
            "    dataset.add_block = add_block\n"
            "    quench_command.quench([Path('a.xyz')], Path('a.h5'), progress=False)\n")
    (tmp_path / "script.py").write_text(code)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "cannot be written" in done.stderr and "File too large" in done.stderr
    assert not list(tmp_path.rglob("*.part"))
    monkeypatch.chdir(tmp_path)
    assert call([Path("a.xyz")], Path("a.h5")).frames == 20


def test_one_writer_at_a_time(frames_file, tmp_path):
    with quench_command.sole_writer(tmp_path / "a.h5"):
        with pytest.raises(RuntimeError, match="another process is writing it"):
            call([frames_file], tmp_path / "a.h5")


def test_mpiexec_without_mpi4py_is_one_sentence(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "4")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ImportError, match="4 processes of mpiexec need mpi4py"):
        with executor(1):
            pass


def test_under_mpiexec(frames_file, tmp_path):
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    mpiexec = shutil.which("mpiexec", path=os.path.dirname(sys.executable)) or "mpiexec"
    done = subprocess.run([mpiexec, "-n", "3", sys.executable, "-m", "nanochart.cli", "quench", "a.xyz", "-o", "a.h5"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("quenched 20 frames") == 1
    assert len(Dataset(tmp_path / "a.h5")) == 20
