"""The action NANOCHART in PLUMED, one core. Needs the `plumed` for which nanochart was built, in PATH or in PLUMED.

`plumed benchmark`, all coordinates restrained: NANOCHART with the shipped networks of Au147, and PYTORCH_MODEL with
one of them, for which g is made by hand (plumed_by_hand.py), where PLUMED was built with its module pytorch. Times are
CPU time, from runs of few and of many steps, so that neither the set-up nor other processes count.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from plumed_by_hand import MODEL, WAYS

import nanochart
from nanochart.sampling.plumed_action import library

MODELS = {"Au147": 2010, "Au147-inherent": 210, "Au147-charting": 110}  # steps
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
        rows = ours(plumed, folder) + beside_pytorch_model(plumed, folder)
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


def cpu_ms(plumed: str, folder: str, file: str, few: int, many: int) -> float:
    """CPU time of a step of `plumed benchmark`."""
    used = []
    for steps in (few, many):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        call(plumed, *BENCHMARK, "--nsteps", str(steps), "--plumed", file, folder=folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1000 * (used[1] - used[0]) / (many - few)


def ours(plumed: str, folder: str) -> list[dict]:
    rows = []
    for model, many in MODELS.items():
        stretched(model, folder)
        (Path(folder) / "ours.dat").write_text(our_input())
        rows.append({"input": "NANOCHART", "model": model, "ms a step": cpu_ms(plumed, folder, "ours.dat", 10, many)})
    return rows


def our_input() -> str:
    return HEAD + action("./stretched.pt") + restrained(["chart.s1", "chart.s2", "chart.s3"])


def beside_pytorch_model(plumed: str, folder: str) -> list[dict]:
    """PYTORCH_MODEL in each way, after its s and forces were found those of NANOCHART."""
    call(plumed, *BENCHMARK, "--nsteps", "2", "--dump-trajectory", "sphere.xyz", folder=folder)
    grid = stretched(MODEL, folder)
    (Path(folder) / "ours.dat").write_text(our_input())
    rows = []
    for name, g_by_hand, few, many in WAYS:
        labels, lines = g_by_hand(grid)
        lines += f"chart: PYTORCH_MODEL FILE=by_hand.pt ARG={','.join(labels)}\n"
        lines += restrained(["chart.node-0", "chart.node-1", "chart.node-2"])
        (Path(folder) / "theirs.dat").write_text(HEAD + lines)
        try:
            same(plumed, folder)
        except RuntimeError as error:
            if "PYTORCH_MODEL" not in str(error) or "is not known" not in str(error):
                raise
            how = "configure --enable-libtorch --enable-modules=+pytorch"
            return [{"input": f"not measured: this PLUMED has no PYTORCH_MODEL ({how})"}]
        ms = [cpu_ms(plumed, folder, "ours.dat", 10, 1010), cpu_ms(plumed, folder, "theirs.dat", few, many)]
        row = {"input": f"PYTORCH_MODEL, {name}", "model": MODEL, "ms a step": ms[1], "times NANOCHART": ms[1] / ms[0]}
        rows.append(row)
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
