"""PLUMED's driver on frames of a cluster, with the action NANOCHART loaded."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from nanochart.sampling.plumed_action import library

EV = 96.48530749925792  # kJ/mol, as PLUMED has it


def missing(reason: str) -> None:
    if "plumed" in os.environ.get("NANOCHART_REQUIRE", ""):
        pytest.fail(f"NANOCHART_REQUIRE names plumed, but {reason}")
    pytest.skip(reason)


def command() -> str:
    """The `plumed` that NANOCHART was built for; else the test is skipped with the reason."""
    path = os.environ.get("PLUMED") or shutil.which("plumed")
    if not path:
        missing("there is no command `plumed` in PATH, nor in the variable PLUMED")
    if not library().exists():
        missing(f"{library()} was not built: CMake found no plumed")
    built, found = json.loads((library().parent / "build_info.json").read_text())["plumed"], version(path)
    if built != found:
        missing(f"NANOCHART was built for PLUMED {built}, and {path} is {found}")
    return path


@lru_cache
def version(path: str) -> str:
    return subprocess.check_output([path, "--no-mpi", "info", "--long-version"], text=True).strip()


@lru_cache
def has_mpi(path: str) -> bool:
    configuration = subprocess.check_output([path, "--no-mpi", "info", "--configuration"], text=True)
    return "__PLUMED_HAS_MPI=1" in configuration


@dataclass
class Result:
    code: int
    output: str
    forces: np.ndarray | None = None  # [N,3] of the last frame, eV/A
    virial: np.ndarray | None = None  # [3,3] of the last frame, -dV/dstrain in eV; PLUMED has the other sign


def write_xyz(path: Path, symbols, frames, cell) -> None:
    box = "0 0 0" if cell is None else " ".join(f"{value:.17g}" for value in np.ravel(cell))
    with open(path, "w") as file:
        for x in frames:
            file.write(f"{len(x)}\n{box}\n")
            file.writelines(f"{symbol} {a:.17g} {b:.17g} {c:.17g}\n" for symbol, (a, b, c) in zip(symbols, x))


def driver(folder: Path, text: str, symbols, frames, cell, *args, forces=False, ranks=1, fails=False) -> Result:
    """Run a PLUMED input, where {load} is the LOAD line, on frames [n][N,3] in angstrom."""
    plumed = command()
    write_xyz(folder / "frames.xyz", symbols, frames, cell)
    (folder / "plumed.dat").write_text(text.replace("{load}", f"LOAD FILE={library()}"))
    call = [plumed, "driver", "--ixyz", "frames.xyz", "--length-units", "A", "--plumed", "plumed.dat", *args]
    if forces:
        call += ["--dump-forces", "forces.xyz", "--dump-forces-fmt", "%.17g", "--dump-full-virial"]
    if ranks > 1:
        if not has_mpi(plumed):
            missing(f"{plumed} was built without MPI")
        mpiexec = shutil.which("mpiexec", path=os.path.dirname(sys.executable)) or "mpiexec"
        call = [mpiexec, "-n", str(ranks), *call]
    else:
        call.insert(1, "--no-mpi")
    done = subprocess.run(
        call, cwd=folder, timeout=120, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    assert (done.returncode != 0) == fails, done.stdout[-3000:]
    if not forces:
        return Result(done.returncode, done.stdout)
    written = "forces.xyz.0" if ranks > 1 else "forces.xyz"  # each process writes its own
    lines = (folder / written).read_text().splitlines()[-len(symbols) - 1 :]
    virial = -np.array(lines[0].split(), float).reshape(3, 3) / EV
    f = np.array([line.split()[1:] for line in lines[1:]], float) / EV
    return Result(done.returncode, done.stdout, f, virial)
