"""Processes to share work out to: of this machine, or of all nodes under mpiexec."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from contextlib import contextmanager


def mpi_processes() -> int:
    """Number of processes that mpiexec started, 1 without it."""
    return max(int(os.environ.get(name, 1)) for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE"))


@contextmanager
def executor(jobs: int) -> Iterator[tuple[Executor | None, int]]:
    """An executor and its number of workers; (None, 0) on the processes of mpiexec that work for it.

    Under mpiexec all processes but the first are workers (mpi4py.futures), else `jobs` of this
    machine. ImportError under mpiexec without mpi4py.
    """
    if (processes := mpi_processes()) > 1:
        try:
            from mpi4py import MPI
            from mpi4py.futures import MPICommExecutor
        except ImportError as e:
            raise ImportError(f"{processes} processes of mpiexec need mpi4py: pip install mpi4py, "
                              "or start without mpiexec and give --jobs") from e
        with MPICommExecutor(MPI.COMM_WORLD, root=0) as pool:
            yield pool, processes - 1 if pool is not None else 0
        return
    # Spawned, not forked: LAMMPS and MPI of this process must not be inherited.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool, jobs


def results(pool: Executor, workers: int, function: Callable, tasks: Iterable[tuple]) -> Iterator:
    """function(*task) of each task as they finish; never more than 3 a worker are waiting."""
    waiting = set()
    try:
        for task in tasks:
            waiting.add(pool.submit(function, *task))
            if len(waiting) >= 3 * workers:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        for future in waiting:
            future.cancel()
