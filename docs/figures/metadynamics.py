"""Independent metadynamics runs of Au147 against each other, tempering and harmonic superposition.

    python docs/figures/metadynamics.py FOLDER --temperature 500 --skip 2000 [--tempering FILE.convergence.json]

FOLDER/RUN/WALKER are the folders of the walkers (lmp -in metad.lmp -var walkers "../hills WALKER 500"), FOLDER/RUN/hills
their hills. Quenches all frames (`nanochart project`, once), reweights each run with c(t), and writes
docs/data/metad_Au147.json, docs/img/Au147_metad_labels.png and Au147_metad_populations.png, and the hills of the first
run, docs/data/metad_Au147/HILLS. --tempering: of `nanochart convergence`; --superposition: of `nanochart superposition`, or
docs/data/Au147.json, which holds one.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from metadynamics_pictures import bars, keep_hills, timeline
from reading import DOCS, keep, nanochart

from nanochart.chart.chart_cv import ChartCV
from nanochart.chart.families import Families, beside
from nanochart.chart.projection import stays
from nanochart.landscape.cna import LABELS
from nanochart.sampling.colvar import read_colvar
from nanochart.sampling.hills import merged_hills
from nanochart.sampling.reweighting import reweight
from nanochart.sampling.walkers import read_biased

WINDOW = 3  # frames 20 ps apart: a label counts if it lasts 60 ps


@dataclass
class Run:
    """One run: nanoseconds of each walker, its label by frame, its stays, and populations with errors [6]."""

    ns: list[float]
    starts: list[str]
    times: list[np.ndarray]
    labels: list[np.ndarray]
    stays: list[list]
    shares: np.ndarray
    errors: np.ndarray
    families: dict[str, tuple[float, float]]
    size: float
    heights: tuple[float, float]
    lowest: dict[str, float]
    kelvin: tuple[float, float]
    without: np.ndarray  # shares and errors [2,6] of what is not Dh

    @property
    def changes(self) -> int:
        return sum(len(kept) - 1 for kept in self.stays)

    def passages(self) -> int:
        """How often the walkers, having been Ih, next became Dh, or the other way round, whatever lies between."""
        ends = [[stay.state for stay in kept if LABELS[stay.state] in ("Ih", "Dh")] for kept in self.stays]
        return sum(int(np.count_nonzero(np.diff(states))) for states in ends)


def read_run(folder: Path, temperature: float, timestep: float, skip: float) -> Run:
    walkers = sorted(path.parent for path in folder.glob("*/COLVAR") if path.parent.name != "project")
    frames = [next(walker.glob("frames.*.lammpstrj")) for walker in walkers]
    out = folder / "project"
    projected = [out / f"COLVAR.{k}" for k in range(len(walkers))]
    if not all(path.exists() for path in projected):
        nanochart("project", "Au147", *frames, "--timestep", timestep, "--quench", "--window", WINDOW, "-o", out)
    files = [walker / "COLVAR" for walker in walkers]
    labels, families = ([f"{path}:chart.{what}" for path in projected] for what in ("label", "family"))
    run = read_biased(files, skip=skip, labels=labels)
    ensemble = reweight(run.bias[run.rows], temperature)
    shares, errors = populations(run.bias[run.rows], run.labels, temperature)
    rest = run.labels != "Dh"
    without = populations(run.bias[run.rows][rest], run.labels[rest], temperature)
    run = read_biased(files, skip=skip, labels=families)
    names = Families.load(beside(ChartCV("Au147").path)).names
    of_families = {names[int(k)].partition(" (")[0]: share for k, share in
                   reweight(run.bias[run.rows], temperature).populations(run.labels).items()}  # fmt: skip
    tables = [read_colvar(path) for path in projected]
    states = [table["chart.label"].astype(int) for table in tables]
    heights = merged_hills(sorted(folder.glob("hills/HILLS.*"))).height
    energy = np.concatenate([t["chart.energy"] for t in tables])
    lowest = {label: round(float(energy[np.concatenate(states) == k].min()), 3)
              for k, label in enumerate(LABELS) if any(k in s for s in states)}  # fmt: skip
    kelvin = np.concatenate([kinetic(walker / "log.lammps") for walker in walkers])
    return Run([float(t["time"][-1]) / 1000 for t in tables], [LABELS[s[0]] for s in states],
               [t["time"] / 1000 for t in tables], states, [stays(s, t["time"], WINDOW) for s, t in zip(states, tables)], shares, errors, of_families,
               ensemble.effective_size, (float(heights[0]), float(np.median(heights[-len(heights) // 10 :]))), lowest,
               (float(kelvin.mean()), float(kelvin.std() / np.sqrt(len(kelvin)))), without)  # fmt: skip


def populations(bias: np.ndarray, labels: np.ndarray, temperature: float) -> np.ndarray:
    """Shares and errors [2,6] of the labels of frames with their bias (eV)."""
    found = reweight(bias, temperature).populations(labels)
    return np.array([found.get(label, (0.0, 0.0)) for label in LABELS]).T


def kinetic(log: Path) -> np.ndarray:
    """Temperatures (K) that LAMMPS printed, 100 ps apart, without the first 500 ps."""
    rows = [line.split() for line in log.read_text().splitlines() if line[:11].strip().isdigit()]
    return np.array([float(row[1]) for row in rows if len(row) == 10])[6:]


def together(runs: list[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the runs' populations and its standard error from their spread."""
    shares = np.array([run.shares for run in runs])
    return shares.mean(axis=0), shares.std(axis=0, ddof=1) / np.sqrt(len(runs))


def agree(shares: list[np.ndarray], errors: list[np.ndarray]) -> bool:
    """Whether all pairs lie within two combined errors, and these are at most 0.1."""
    pairs = [(i, j) for i in range(len(shares)) for j in range(i)]
    combined = [np.hypot(errors[i], errors[j]) for i, j in pairs]
    return all(np.all((np.abs(shares[i] - shares[j]) <= 2 * c + 1e-3) & (c <= 0.1)) for (i, j), c in zip(pairs, combined))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--temperature", type=float, required=True)
    parser.add_argument("--timestep", type=float, default=0.01)
    parser.add_argument("--skip", type=float, default=2000.0)
    parser.add_argument("--tempering", type=Path, help=".json of `nanochart convergence`")
    parser.add_argument("--superposition", type=Path, help=".json of `nanochart superposition`")
    options = parser.parse_args()
    folders = sorted(path.parent for path in options.folder.glob("*/hills"))
    runs = [read_run(path, options.temperature, options.timestep, options.skip) for path in folders]
    columns = {f"metadynamics {k}": (run.shares, run.errors) for k, run in enumerate(runs, 1)}
    for path in filter(None, (options.tempering, options.superposition)):
        found = json.loads(path.read_text())
        found = found.get("superposition", found)
        at = int(np.argmin(np.abs(np.array(found["temperatures"]) - options.temperature)))
        for k, name in enumerate(found.get("runs", [])):
            columns[f"tempering from {name}"] = (np.array(found["populations"][k][at]), np.array(found["errors"][k][at]))
        if "runs" not in found:
            columns[f"superposition, {found['temperatures'][at]:.0f} K"] = (np.array(found["populations"][at]), None)
    mean, error = together(runs)
    made = {"temperature": options.temperature, "skip": options.skip, "labels": LABELS, "runs": [
        {"ns": run.ns, "starts": run.starts, "changes": run.changes, "passages": run.passages(),
         "effective": round(run.size), "heights": np.round(run.heights, 4).tolist(), "lowest": run.lowest, "kelvin": np.round(run.kelvin, 1).tolist(),
         "without Dh": run.without.round(4).tolist(),
         "families": {k: np.round(v, 4).tolist() for k, v in run.families.items()}} for run in runs],
        "populations": {name: [None if v is None else v.round(4).tolist() for v in c] for name, c in columns.items()},
        "mean": mean.round(4).tolist(), "error": error.round(4).tolist(),
        "runs agree": agree([r.shares for r in runs], [r.errors for r in runs])}  # fmt: skip
    (DOCS / "data" / "metad_Au147.json").write_text(json.dumps(made, indent=1) + "\n")
    for run, row in zip(runs, made["runs"]):
        print({k: v for k, v in row.items() if k not in ("families", "without Dh")})
        print(f"{run.changes / sum(run.ns):.1f} changes per ns")
    print(f"{'':24}" + "".join(f"{label:>18}" for label in LABELS))
    not_dh = {f"  what is not Dh, {k}": tuple(run.without) for k, run in enumerate(runs, 1)}
    for name, (shares, errors) in {**columns, "mean of the runs": (mean, error), **not_dh}.items():
        print(f"{name:24}" + "".join(f"{p:9.3f} {'' if e is None else f'+- {e:.3f}':>8}" for p, e in
                                     zip(shares, errors if errors is not None else [None] * 6)))  # fmt: skip
    print("the runs agree within errors of at most 0.1:", made["runs agree"])
    timeline(runs, options.folder / "labels.png")
    bars(columns, options.folder / "populations.png")
    keep_hills(folders[0], DOCS / "data" / "metad_Au147" / "HILLS")
    keep(options.folder / "labels.png", "Au147_metad_labels.png")
    keep(options.folder / "populations.png", "Au147_metad_populations.png")


if __name__ == "__main__":
    main()
