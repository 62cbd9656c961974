"""The action NANOCHART in PLUMED, one core. Needs the `plumed` for which nanochart was built, in PATH or in PLUMED.

`plumed driver` with PLUMED's own timers: hot frames of Au147 and the shipped networks, all coordinates restrained.
`plumed benchmark`: NANOCHART beside PYTORCH_MODEL with the same network, for which g is made by hand
(plumed_by_hand.py), where PLUMED was built with its module pytorch. It calls its inputs by turns, step by step.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from ase.cluster import Icosahedron
from plumed_by_hand import MODEL, WAYS

import nanochart
from nanochart.sampling.plumed_action import library

FRAMES = 200
MODELS = ("Au147", "Au147-inherent", "Au147-charting")
# 147 random atoms of `plumed benchmark` fill a sphere of 3.27 nm, Au147 one of 0.9 nm; its grid is stretched by this.
STRETCH = 3.5
BENCHMARK = ["benchmark", "--natoms", "147", "--atom-distribution", "sphere"]
HEAD = "UNITS LENGTH=A ENERGY=eV\n"


def run() -> list[dict]:
    plumed = os.environ.get("PLUMED") or shutil.which("plumed")
    if not plumed or not library().exists():
        return [{"what": f"not measured: no command plumed, or no {library().name}"}]
    version = call(plumed, "info", "--long-version").strip()
    with tempfile.TemporaryDirectory() as folder:
        rows = timers(plumed, folder) + beside_pytorch_model(plumed, folder)
    return [{"PLUMED": version} | row for row in rows]


def call(plumed: str, *args: str, folder: str | None = None) -> str:
    done = subprocess.run(
        [plumed, "--no-mpi", *args], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PLUMED_NUM_THREADS": "1"},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"plumed {' '.join(args)}:\n{done.stdout[-2000:]}")
    return done.stdout


def action(model: str) -> str:
    return f"LOAD FILE={library()}\nchart: NANOCHART ATOMS=1-147 NOPBC MODEL={model}\n"


def restrained(names: list[str]) -> str:
    return f"RESTRAINT ARG={','.join(names)} AT=0,0,0 KAPPA=2,2,2\n"


# ---- driver -----------------------------------------------------------------------------------------------------


def timers(plumed: str, folder: str) -> list[dict]:
    """ms a step of the forward loop (s and its derivatives) and of the backward loop (forces)."""
    x, rng = Icosahedron("Au", 4).positions, np.random.default_rng(1)
    with open(Path(folder) / "hot.xyz", "w") as file:
        for _ in range(FRAMES):
            file.write("147\n0 0 0\n")
            np.savetxt(file, x + 0.1 * rng.normal(size=x.shape), fmt="Au %.6f %.6f %.6f")
    rows = []
    for model in MODELS:
        text = HEAD + action(model) + restrained(["chart.s1", "chart.s2", "chart.s3"])
        (Path(folder) / "plumed.dat").write_text(text)
        output = call(plumed, "driver", "--ixyz", "hot.xyz", "--length-units", "A", folder=folder)
        forward, backward = (
            1000 * float(re.search(rf"{loop}[^\n]*?\)\s+\d+\s+\S+\s+(\S+)", output).group(1))
            for loop in ("Calculating", "Applying")
        )
        rows.append({"command": "driver", "model": model, "input": "NANOCHART", "ms a step": forward + backward,
                     "forward ms": forward, "backward ms": backward})  # fmt: skip
    return rows


# ---- benchmark --------------------------------------------------------------------------------------------------


def beside_pytorch_model(plumed: str, folder: str) -> list[dict]:
    try:
        call(plumed, *BENCHMARK, "--nsteps", "3", "--dump-trajectory", "sphere.xyz", folder=folder)
        return [row for way in WAYS for row in compare(plumed, folder, *way)]
    except RuntimeError as error:
        if "PYTORCH_MODEL" not in str(error) or "is not known" not in str(error):
            raise
        how = "configure --enable-libtorch --enable-modules=+pytorch"
        return [{"command": "benchmark", "input": f"not measured: this PLUMED has no PYTORCH_MODEL ({how})"}]


def compare(plumed: str, folder: str, name: str, g_by_hand, steps: int) -> list[dict]:
    grid = stretched(MODEL, folder)
    ours = HEAD + action("./stretched.pt") + restrained(["chart.s1", "chart.s2", "chart.s3"])
    labels, lines = g_by_hand(grid)
    theirs = HEAD + lines + f"chart: PYTORCH_MODEL FILE=by_hand.pt ARG={','.join(labels)}\n"
    theirs += restrained(["chart.node-0", "chart.node-1", "chart.node-2"])
    for file, text in (("ours.dat", ours), ("theirs.dat", theirs)):
        (Path(folder) / file).write_text(text)
    same(plumed, folder)
    output = call(plumed, *BENCHMARK, "--nsteps", str(steps), "--plumed", "ours.dat:theirs.dat", folder=folder)
    rows = []
    for file, what in (("ours.dat", "NANOCHART"), ("theirs.dat", f"PYTORCH_MODEL, {name}")):
        part = re.search(rf"Input: +{file}\n(.*?)(?=Input:|\Z)", output, re.S).group(1)
        ratio, error = re.search(r"Comparative: (\S+) \+- (\S+)", part).groups()
        cycles, total, _, least, _ = np.array(re.findall(r"B[23] Calculation part \d" + 5 * r" +(\S+)", part), float).T
        rows.append({"command": "benchmark", "model": MODEL, "input": what,
                     "ms a step": 1000 * total.sum() / cycles.sum(), "least ms": 1000 * least.min(),
                     "times NANOCHART": float(ratio), "+-": float(error)})  # fmt: skip
    return rows


def stretched(model: str, folder: str) -> nanochart.RdfGrid:
    """Write the network for NANOCHART, with a stretched grid, and for PYTORCH_MODEL, whose input is one row of sums."""
    files = {"nanochart.json": ""}
    network = torch.jit.load(nanochart.ChartCV(model).path, _extra_files=files).eval()
    metadata = json.loads(files["nanochart.json"])
    for key in ("start", "step", "bandwidth"):
        metadata["grid"][key] *= STRETCH
    network.save(str(Path(folder) / "stretched.pt"), _extra_files={"nanochart.json": json.dumps(metadata)})
    torch.jit.script(OneRow(network)).save(str(Path(folder) / "by_hand.pt"))
    return nanochart.RdfGrid(**metadata["grid"])


class OneRow(torch.nn.Module):
    """Sums over pairs [1, K] -> s[1, d]."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, sums: torch.Tensor) -> torch.Tensor:
        return self.network(sums[:, None] / (147 * 146 / 2))


def same(plumed: str, folder: str) -> None:
    """Both inputs give the same s and forces; else the comparison would mean nothing."""
    found = []
    for file, columns in (("ours.dat", "chart.s1,chart.s2,chart.s3"), ("theirs.dat", "chart.*")):
        text = (Path(folder) / file).read_text() + f"PRINT ARG={columns} FILE={file}.s FMT=%.9g\n"
        (Path(folder) / "check.dat").write_text(text)
        call(plumed, "driver", "--ixyz", "sphere.xyz", "--length-units", "nm", "--plumed", "check.dat",
             "--dump-forces", f"{file}.forces", "--dump-forces-fmt", "%.9g", folder=folder)  # fmt: skip
        lines = (Path(folder) / f"{file}.forces").read_text().splitlines()
        forces = np.array([line.split()[1:] for line in lines if line[0] == "X"], float)
        found.append((np.loadtxt(Path(folder) / f"{file}.s", ndmin=2)[:, 1:], forces))
    (s, f), (s_by_hand, f_by_hand) = found
    if np.abs(s - s_by_hand).max() > 1e-3 * np.abs(s).max() or np.abs(f - f_by_hand).max() > 1e-2 * np.abs(f).max():
        raise RuntimeError(f"PYTORCH_MODEL's s {s_by_hand[0]} or its forces are not those of NANOCHART, {s[0]}")
