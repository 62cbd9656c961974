"""The four data sets, from nothing: Au147, Ag147, Cu147, Au90.

    python recipes/landscapes.py [Au147 ...] [--folder landscapes] [--jobs 2] [--length 1.0] [--seeds 0] [--denser 1]

For each system runs of parallel tempering from opposite starts, all their frames quenched, the comparison of the
first and the last, the populations that its minima have at equilibrium, and the compact data set
NAME.h5 of the repository. On two cores an hour and a half of MD, half an hour for the trajectories of
recipes/Au147.py, and an hour of quenching. --length 10 makes every run of tempering ten times longer; --seeds 100
makes other runs, for another folder, whose structures `nanochart dataset` joins to those of the first; --denser 2
takes frames twice as often. An interrupted recipe continues where it stopped when started again. `nanochart ptmd`, `quench`,
`convergence`, `dataset` and `superposition` do the same one by one.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from nanochart.landscape.ptmd import command as ptmd
from nanochart.landscape.convergence import compare
from nanochart.landscape.production import produce
from nanochart.landscape.quench_command import quench
from nanochart.landscape.superposition import minima
from nanochart.landscape.unique import make
from nanochart.plots import populations, tempering


@dataclass(frozen=True)
class System:
    """Periods in ps; starts, lengths (ns a replica) and seeds of the runs; frames and structures kept at most."""

    element: str
    atoms: int
    ladder: tuple[float, ...]  # K: low, high, count (geometric), or all temperatures
    swap: float
    frame: float
    checkpoint: float
    starts: tuple[str, ...]
    lengths: tuple[float, ...]
    seeds: tuple[int, ...]
    frames: int = 1  # of each structure
    most: int | None = None


# Silver and copper melt sharply: rungs 10 K apart there let a tenth and more of the swaps through.
SILVER = (300, 335, 372, 412, 455, 500, 540, 570, 590, 600, 610, 620, 630, 645, 670, 710)
COPPER = (350, 390, 433, 480, 530, 582, 630, 668, 695, 708, 718, 728, 738, 750, 780, 840)
SYSTEMS = {
    "Au147": System("Au", 147, (250, 600, 16), 2.5, 2.5, 50, ("Ih", "Dh", "Marks"), (5.0, 8.0, 4.165), (11, 12, 25),
                    most=9000),
    "Ag147": System("Ag", 147, SILVER, 2.0, 4.0, 40, ("Ih", "Dh"), (2.5, 2.5), (21, 22)),
    "Cu147": System("Cu", 147, COPPER, 1.5, 3.0, 30, ("Ih", "Dh"), (1.89, 1.89), (23, 24)),
    "Au90": System("Au", 90, (250, 550, 12), 2.0, 4.0, 40, ("Fcc", "Dh"), (3.2, 3.2), (15, 18)),
}


def temper(folder: Path, system: System, start: str, length: float, seed: int) -> None:
    """One run, to its end; `report` makes summary.json and ptmd.png beside its frames."""
    if not (folder / "settings.json").exists():
        ptmd.new_run(folder, system.element, system.atoms, ladder=system.ladder, swap=system.swap,
                             frame=system.frame, checkpoint=system.checkpoint, length=length, motifs=[start],
                             seed=seed)  # fmt: skip
    ptmd.lengthen(folder, length)
    ptmd.go_on(folder)
    summary, table = ptmd.report(folder)
    tempering(summary, folder / "ptmd.png")
    print(table)


def more(name: str, folder: Path, jobs: int) -> list[Path]:
    """MD at fixed temperatures from all motifs, for Au147: in a few ns tempering stays near its start."""
    if name != "Au147":
        return []
    from Au147 import plan

    return [produce(folder / "Au147.trajectories.h5", plan(), jobs)]


def landscape(name: str, folder: Path, jobs: int, longer: float, seeds: int = 0, denser: int = 1) -> None:
    system = SYSTEMS[name]
    system = replace(system, frame=system.frame / denser)
    runs = [folder / f"{name}-{start}" for start in system.starts]
    for run, start, length, seed in zip(runs, system.starts, system.lengths, system.seeds):
        temper(run, system, start, longer * length, seed + seeds)
    pairs = folder / f"{name}.quenched.h5"
    print(quench(runs, pairs, jobs=jobs))
    comparison = compare(pairs, jobs, [runs[0].name, runs[-1].name])
    comparison.save(folder / f"{name}.convergence.json")
    populations(comparison, folder / f"{name}.convergence.png")
    print(comparison.table())
    sources = [pairs, *more(name, folder, jobs)]
    output, unique = folder / f"{name}.h5", folder / f"{name}.unique.h5"
    for earlier in (output, unique):  # of a shorter run
        earlier.unlink(missing_ok=True)
    make(sources, unique, threads=jobs)
    found = minima(unique, most=100, jobs=jobs)
    found.save(folder / f"{name}.superposition.json", comparison.temperatures)
    print(found.table(comparison.temperatures))
    composition, made = make(sources, output, frames=system.frames, most=system.most, compact=True,
                             threads=jobs)  # fmt: skip
    print(f"{composition}\ndata set: {output}, {made['rows']} frames, content hash {made['hash']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("systems", nargs="*", default=list(SYSTEMS), help=f"of {', '.join(SYSTEMS)}; default: all")
    parser.add_argument("--folder", type=Path, default=Path("landscapes"))
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side, for quenching and labels")
    parser.add_argument("--length", type=float, default=1.0, help="times the length of the runs")
    parser.add_argument("--seeds", type=int, default=0, help="added to the seeds of the runs")
    parser.add_argument("--denser", type=int, default=1, help="frames so many times as often; swaps must be as frequent")
    options = parser.parse_args()
    if unknown := set(options.systems) - set(SYSTEMS):
        parser.error(f"{', '.join(unknown)}: must be of {', '.join(SYSTEMS)}")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.systems:
        landscape(name, options.folder, options.jobs, options.length, options.seeds, options.denser)


if __name__ == "__main__":
    main()
