"""The four data sets, from nothing: Au147, Ag147, Cu147, Au90.

    python recipes/landscapes.py [Au147 ...] [--folder landscapes] [--jobs 2] [--length 1.0]

For each system two runs of parallel tempering from opposite starts, all their frames quenched, the
comparison of the two, and the compact data set NAME.h5 of the repository. On two cores about an
hour of MD and an hour of quenching; --length 10 makes every run ten times longer. An interrupted
recipe continues where it stopped when started again. `nanochart ptmd`, `quench`, `convergence` and
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
    """Periods in ps, length in ns a replica; starts and seeds of the two runs."""

    element: str
    atoms: int
    ladder: tuple[float, float, int]  # K, geometric
    swap: float
    frame: float
    checkpoint: float
    length: float
    starts: tuple[str, str]
    seeds: tuple[int, int]


SYSTEMS = {
    "Au147": System("Au", 147, (250, 600, 16), 2.5, 2.5, 50, 5.0, ("Ih", "Dh"), (11, 12)),
    "Ag147": System("Ag", 147, (300, 750, 12), 2.0, 4.0, 40, 2.5, ("Ih", "Dh"), (13, 16)),
    "Cu147": System("Cu", 147, (350, 900, 12), 1.5, 3.0, 30, 1.8, ("Ih", "Dh"), (14, 17)),
    "Au90": System("Au", 90, (250, 550, 12), 2.0, 4.0, 40, 3.2, ("Fcc", "Dh"), (15, 18)),
}
FRAMES_OF_EACH = 2  # thermal frames kept of each unique structure, at most


def temper(folder: Path, system: System, start: str, seed: int, longer: float) -> None:
    """One run, to its end; `report` makes summary.json and ptmd.png beside its frames."""
    if not (folder / "settings.json").exists():
        ptmd_command.new_run(folder, system.element, system.atoms, ladder=system.ladder, swap=system.swap,
                             frame=system.frame, checkpoint=system.checkpoint, length=system.length, motifs=[start],
                             seed=seed)  # fmt: skip
    ptmd_command.lengthen(folder, longer * system.length)
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
    for run, start, seed in zip(runs, system.starts, system.seeds):
        temper(run, system, start, seed, longer)
    pairs = folder / f"{name}.quenched.h5"
    print(quench(runs, pairs, jobs=jobs))
    comparison = compare(pairs, jobs)
    comparison.save(folder / f"{name}.convergence.json")
    populations(comparison, folder / f"{name}.convergence.png")
    print(comparison.table())
    output = folder / f"{name}.h5"
    output.unlink(missing_ok=True)  # of an earlier, shorter run
    composition, made = make([pairs, *more(name, folder, jobs)], output, frames=FRAMES_OF_EACH, compact=True,
                             threads=jobs)  # fmt: skip
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
