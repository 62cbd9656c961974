"""`nanochart demo`: hot gold clusters in LAMMPS on the shipped chart Au147."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

PACKAGE = Path(__file__).parent
STARTS = ["Ih", "Dh", "Fcc"]
TEMPERATURE = 450  # K
STEPS = 100_000  # 0.5 ns
HELD_STEPS = 20_000
HELD_KAPPA = 5  # eV: the cluster pulls towards its own basin with some 0.5 eV per unit of s
INTERVAL = 0.2 if sys.stderr.isatty() else 10  # s between turns of the progress bar


def _inputs() -> Path:
    installed = PACKAGE / "lammps_inputs"
    return installed if installed.exists() else PACKAGE.parent.parent / "lammps_inputs"


def prepare(folder: Path) -> None:
    """Copy decks and start structures into `folder` and write the potential they use."""
    from nanochart.landscape.potential import write_setfl

    folder.mkdir(parents=True, exist_ok=True)
    for path in [*_inputs().glob("*.lmp"), *_inputs().glob("*.data")]:
        shutil.copy(path, folder)
    write_setfl(folder / "Au.eam.alloy", ["Au"])


def run_deck(folder: Path, deck: str, steps: int, variables: dict[str, object], title: str) -> None:
    """Run a deck with `lmp` in `folder`, with a progress bar fed by its thermo output.

    Raises
    ------
    RuntimeError
        with LAMMPS's own error line.
    """
    from nanochart.lammps_plugin import lmp_command

    command = [*lmp_command(), "-in", deck, "-log", f"log.{title}"]
    for name, value in variables.items():
        command += ["-var", name, str(value)]
    with (
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as lmp,
        tqdm(total=steps, desc=f"{title:6}", unit=" steps", unit_scale=True, mininterval=INTERVAL) as bar,
    ):
        lines = []
        for line in lmp.stdout:
            lines.append(line)
            first = line.split()[:1]
            if first and first[0].isdigit() and bar.n < int(first[0]) <= steps:
                bar.update(int(first[0]) - bar.n)
    if lmp.returncode:
        error = [line for line in lines if line.startswith("ERROR")] or lines[-3:]
        raise RuntimeError(f"LAMMPS stopped in {folder / deck}: {''.join(error).strip()}")


def read_colvar(path: Path) -> np.ndarray:
    """Time (ps) and s of a COLVAR file of a three-dimensional chart, [frames, 4]."""
    return np.loadtxt(path, usecols=(0, 1, 2, 3), ndmin=2)


def run(folder: Path) -> None:
    """Write everything into `folder`; prints what was made."""
    from nanochart.plots import chart_tour

    print(f"Au147 at {TEMPERATURE} K in LAMMPS, RGL potential; chart coordinates by `fix nanochart`.")
    prepare(folder)
    runs = {}
    for start in STARTS:
        variables = {"start": start, "temperature": TEMPERATURE, "steps": STEPS}
        run_deck(folder, "chart.lmp", STEPS, variables, start)
        shutil.move(folder / "COLVAR", folder / f"COLVAR.{start}")
        runs[start] = read_colvar(folder / f"COLVAR.{start}")

    # Hold the icosahedron half-way to where the decahedron was: the restraint must move the mean.
    target = np.mean([runs["Ih"][:, 1:].mean(0), runs["Dh"][:, 1:].mean(0)], axis=0).round(2)
    variables = {"start": "Ih", "temperature": TEMPERATURE, "steps": HELD_STEPS}
    variables |= {f"s{i + 1}": value for i, value in enumerate(target)} | {"kappa": HELD_KAPPA}
    run_deck(folder, "hold.lmp", HELD_STEPS, variables, "held")
    shutil.move(folder / "COLVAR", folder / "COLVAR.held")
    runs["held"] = read_colvar(folder / "COLVAR.held")

    picture = folder / "chart.png"
    chart_tour(runs, target, picture, f"Au147 at {TEMPERATURE} K on the chart Au147")
    print(f"\n{'run':6}{'ps':>8}   mean s1, s2, s3          spread")
    for name, values in runs.items():
        s = values[len(values) // 5 :, 1:]
        mean, spread = (" ".join(f"{v:6.2f}" for v in f(axis=0)) for f in (s.mean, s.std))
        print(f"{name:6}{values[-1, 0]:8.0f}   {mean}     {spread}")
    print(f"held at {' '.join(f'{v:.2f}' for v in target)} by fix nanochart/restraint\n")
    print(f"{picture}            each coordinate against time, and the runs on the chart")
    print(f"{folder}/COLVAR.*           the numbers, in PLUMED's format: time (ps), s1, s2, s3")
    print(f"{folder}/chart.lmp          the deck: plain MD plus one line; hold.lmp adds the restraint")
