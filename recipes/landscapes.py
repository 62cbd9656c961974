"""The four data sets, from nothing: Au147, Ag147, Cu147, Au90.

    python recipes/landscapes.py [Au147 ...] [--folder landscapes] [--jobs 2] [--length 1.0]

For each system two runs of parallel tempering from opposite starts, all their frames quenched, the
comparison of the two, and the compact data set NAME.h5 of the repository. On two cores about half
an hour of MD, as long for the trajectories of recipes/Au147.py, and a quarter of an hour of
quenching; --length 10 makes every run of tempering ten times longer. An interrupted recipe
continues where it stopped when started again. `nanochart ptmd`, `quench`, `convergence` and
`dataset` do the same one by one.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from nanochart.landscape import ptmd_command
from nanochart.landscape.convergence import compare
from nanochart.landscape.production import produce
from nanochart.landscape.quench_command import quench
from nanochart.landscape.unique import make
from nanochart.plots import populations, tempering


@dataclass(frozen=True)
class System:
    """Periods in ps; starts, lengths (ns a replica) and seeds of the two runs; frames and structures kept at most."""

    element: str
    atoms: int
    ladder: tuple[float, float, int]  # K, geometric
    swap: float
    frame: float
    checkpoint: float
    starts: tuple[str, str]
    lengths: tuple[float, float]
    seeds: tuple[int, int]
    frames: int = 2  # of each structure
    most: int | None = None


SYSTEMS = {
    "Au147": System("Au", 147, (250, 600, 16), 2.5, 2.5, 50, ("Ih", "Dh"), (5.0, 1.56), (11, 12), 1, 8600),
    "Ag147": System("Ag", 147, (300, 750, 12), 2.0, 4.0, 40, ("Ih", "Dh"), (1.2, 0.5), (13, 16)),
    "Cu147": System("Cu", 147, (350, 900, 12), 1.5, 3.0, 30, ("Ih", "Dh"), (0.9, 0.24), (14, 17)),
    "Au90": System("Au", 90, (250, 550, 12), 2.0, 4.0, 40, ("Fcc", "Dh"), (1.6, 1.6), (15, 18), 3),
}


def temper(folder: Path, system: System, start: str, length: float, seed: int) -> None:
    """One run, to its end; `report` makes summary.json and ptmd.png beside its frames."""
    if not (folder / "settings.json").exists():
        ptmd_command.new_run(folder, system.element, system.atoms, ladder=system.ladder, swap=system.swap,
                             frame=system.frame, checkpoint=system.checkpoint, length=length, motifs=[start],
                             seed=seed)  # fmt: skip
    ptmd_command.lengthen(folder, length)
    ptmd_command.go_on(folder)
    summary, table = ptmd_command.report(folder)
    tempering(summary, folder / "ptmd.png")
    print(table)


def more(name: str, folder: Path, jobs: int) -> list[Path]:
    """MD at fixed temperatures from all motifs, for Au147: in a few ns tempering stays near its start."""
    if name != "Au147":
        return []
    from Au147 import plan

    return [produce(folder / "Au147.trajectories.h5", plan(), jobs)]


def landscape(name: str, folder: Path, jobs: int, longer: float) -> None:
    system = SYSTEMS[name]
    runs = [folder / f"{name}-{start}" for start in system.starts]
    for run, start, length, seed in zip(runs, system.starts, system.lengths, system.seeds):
        temper(run, system, start, longer * length, seed)
    pairs = folder / f"{name}.quenched.h5"
    print(quench(runs, pairs, jobs=jobs))
    comparison = compare(pairs, jobs)
    comparison.save(folder / f"{name}.convergence.json")
    populations(comparison, folder / f"{name}.convergence.png")
    print(comparison.table())
    output = folder / f"{name}.h5"
    output.unlink(missing_ok=True)  # of an earlier, shorter run
    composition, made = make([pairs, *more(name, folder, jobs)], output, frames=system.frames, most=system.most,
                             compact=True, threads=jobs)  # fmt: skip
    print(f"{composition}\ndata set: {output}, {made['rows']} frames, content hash {made['hash']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("systems", nargs="*", default=list(SYSTEMS), help=f"of {', '.join(SYSTEMS)}; default: all")
    parser.add_argument("--folder", type=Path, default=Path("landscapes"))
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side, for quenching and labels")
    parser.add_argument("--length", type=float, default=1.0, help="times the length of the runs")
    options = parser.parse_args()
    if unknown := set(options.systems) - set(SYSTEMS):
        parser.error(f"{', '.join(unknown)}: must be of {', '.join(SYSTEMS)}")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.systems:
        landscape(name, options.folder, options.jobs, options.length)


if __name__ == "__main__":
    main()
