"""`nanochart ptmd`: from an element and a size, or a formula, to a parallel-tempering run and its summary."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from ..formulas import counts_of
from ..pair_lines import check_types, read_pair_lines
from ..potential import builtin_lines, is_builtin
from .analysis import Summary, summarise, table
from .deck import STILL_EVERY, Settings, deck
from .drift import nve_drift
from .export import export_frames
from .ladder import checked_ladder, geometric_ladder
from .record import Record
from .run import run
from .starts import MOTIFS, file_starts, motif_starts, prepare

# fs; the lighter copper vibrates faster. Other elements have no default.
TIMESTEPS = {"Au": 5.0, "Ag": 5.0, "Cu": 3.0}


def new_run(
    folder: Path, of: str, atoms: int | None = None, *, ladder: Sequence[float], timestep: float | None = None,
    damping: float = 1.0, swap: float = 1.0, frame: float = 10.0, checkpoint: float | None = None,
    length: float = 50.0, motifs: Sequence[str] = MOTIFS, starts: Sequence[Path] = (),
    potential: Path | None = None, extra: Path | None = None, wall: float | None = None, ranks: int = 1, seed: int = 1,
) -> Settings:  # fmt: skip
    """Lay out a run, or find it laid out already with the same settings.

    `of` is an element, of which there are `atoms`, or a formula. `ladder` is LOW HIGH COUNT,
    geometric, or four and more temperatures (K). timestep in fs; damping, swap, frame and
    checkpoint in ps (checkpoint: every swap); length in ns per replica. Periods become whole steps:
    swap a multiple of 10, the others multiples of swap. Raises ValueError for what does not fit
    together, FileExistsError if the folder holds another run.
    """
    counts = counts_of(of, atoms)
    names = tuple(counts)
    for name, value, unit in (("timestep", timestep, "fs"), ("swap", swap, "ps"), ("frame", frame, "ps"),
                              ("checkpoint", checkpoint, "ps"), ("length", length, "ns"), ("wall", wall, "A")):  # fmt: skip
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"ptmd: {name} is {value:g} {unit}, must be > 0")
    if timestep is None:
        if without := [name for name in names if name not in TIMESTEPS]:
            raise ValueError(f"ptmd: there is no usual time step for {without[0]}; give --timestep (fs)")
        timestep = min(TIMESTEPS[name] for name in names)
    if not (potential and starts):
        try:
            builtin_lines(names)
        except ValueError as e:
            raise ValueError(f"ptmd: {of} has no built-in potential; give --potential-lines and --start "
                             f"({e})") from e  # fmt: skip
    if len(ladder) == 3:
        if not float(ladder[2]).is_integer():
            raise ValueError(f"ptmd: ladder has the count {ladder[2]}, must be whole: low, high, count")
        temperatures = geometric_ladder(ladder[0], ladder[1], int(ladder[2]))
    else:
        temperatures = checked_ladder(ladder)
    if potential:
        given = read_pair_lines(potential)
        check_types(given, names)
        if is_builtin(given.lines, names):
            raise ValueError(f"ptmd: {potential} has the lines of the built-in potential; leave it out, or give "
                             "its table another name")
        lines, files = given.lines, given.files
    else:
        lines, files = builtin_lines(names), []
    if extra and not extra.is_file():
        raise FileNotFoundError(f"ptmd: extra: {extra}: no such file, must hold LAMMPS lines")
    per_swap = max(round(swap / (timestep / 1000) / STILL_EVERY), 1) * STILL_EVERY
    swap_ps = per_swap * timestep / 1000

    def steps(ps: float) -> int:
        return max(round(ps / swap_ps), 1) * per_swap

    settings = Settings(
        elements=names, atoms=sum(counts.values()), temperatures=tuple(temperatures),
        timestep=timestep / 1000, damping=damping, steps=steps(1000 * length), swap=per_swap, frame=steps(frame), checkpoint=steps(checkpoint or swap_ps),
        seed=seed, potential=tuple(lines), wall=wall, ranks=ranks,
        extra=tuple(extra.read_text().splitlines()) if extra else (),
        composition=tuple(counts.values()) if len(counts) > 1 else (),
    )  # fmt: skip
    if (folder / "settings.json").exists():
        there = Settings.load(folder / "settings.json")
        for name, value in asdict(there).items():
            if getattr(settings, name) != value:
                raise FileExistsError(
                    f"ptmd: {folder} holds a run with {name} {value}, not {getattr(settings, name)}; give another "
                    f"--output, or no element or formula to go on with it"
                )
        return there
    clusters = (file_starts(starts, settings.replicas) if starts
                else motif_starts(counts, motifs, settings.replicas, seed))  # fmt: skip
    prepare(folder, settings, clusters, files)
    return settings


def write_deck(folder: Path) -> Path:
    """Write the deck of a run's first segment where `nanochart ptmd` would, to be started by hand."""
    path = folder / "segment-0000" / "in.lmp"
    path.parent.mkdir(exist_ok=True)
    path.write_text(deck(Settings.load(folder / "settings.json"), path.parent.name))
    return path


def lengthen(folder: Path, length: float) -> Settings:
    """Give a run another length (ns per replica). ValueError if it is beyond that already."""
    settings = Settings.load(folder / "settings.json")
    steps = round(1000 * length / settings.timestep / settings.swap) * settings.swap
    reached = Record(folder).last
    if steps < reached:
        raise ValueError(f"ptmd: length is {steps} steps, must be at least the {reached} that have been run")
    settings = replace(settings, steps=steps)
    settings.save(folder / "settings.json")
    return settings


def go_on(folder: Path, *, mpiexec: str | None = None, lmp: str | None = None,
          say: Callable[[str], None] = print) -> None:  # fmt: skip
    """Run, or go on with, the run in `folder`; the time step is checked at the beginning."""
    settings = Settings.load(folder / "settings.json")
    say(describe(settings))
    if Record(folder).last == 0:
        say(str(nve_drift(folder, settings, lmp)))
    run(folder, mpiexec=mpiexec, lmp=lmp)


def describe(s: Settings) -> str:
    """One sentence with the settings that rounding may have changed."""
    t = s.temperatures
    return (
        f"{s.replicas} replicas of {s.formula}, {t[0]:g}-{t[-1]:g} K; time step "
        f"{1000 * s.timestep:g} fs, damping {s.damping:g} ps, swap every {s.swap * s.timestep:g} ps, frame every "
        f"{s.frame * s.timestep:g} ps, {s.steps * s.timestep / 1000:g} ns a replica"
    )


def report(folder: Path) -> tuple[Summary, str]:
    """Summary of a run so far, saved as FOLDER/summary.json, and its table."""
    summary = summarise(Record(folder))
    summary.save(folder / "summary.json")
    return summary, table(summary)


def export(folder: Path, by: str) -> list[Path]:
    """Frames of a run so far as files, one per temperature or replica (`by`)."""
    return export_frames(Record(folder), by)
