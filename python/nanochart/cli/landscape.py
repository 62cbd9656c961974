"""Commands of the room `landscape`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer


def potential(
    elements: Annotated[list[str], typer.Argument(help="Au, Ag or Cu; of an alloy two: Ag Cu (or AgCu) or Ag Au")],
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="default: Au.eam.alloy, AgCu.eam.fs")] = None,
):
    """Write an RGL (Gupta) potential for LAMMPS: pair_style eam/alloy for a metal, eam/fs for an alloy."""
    from nanochart.landscape.potential import builtin_lines, file_name, write_setfl

    path = write_setfl(output or file_name(elements), elements)
    typer.echo("\n  ".join([f"wrote {path}; in LAMMPS:", *builtin_lines(elements, path)]))


def ptmd(
    of: Annotated[Optional[str], typer.Argument(metavar="ELEMENT|FORMULA", help="Au, Ag, Cu and the number of atoms, or a formula, also of Ag-Cu and Ag-Au: Ag27Cu7; others with --potential-lines and --start")] = None,
    atoms: Annotated[Optional[int], typer.Argument(metavar="N", help="number of atoms, after ELEMENT")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="folder of the run; without ELEMENT or FORMULA: go on with it")] = Path("ptmd"),
    ladder: Annotated[str, typer.Option(help="K: low, high, count (geometric), or four and more temperatures")] = "250 600 24",
    timestep: Annotated[Optional[float], typer.Option(help="fs; default 5 (Au, Ag), 3 (Cu and its alloys)")] = None,
    damping: Annotated[float, typer.Option(help="ps, of the Langevin bath")] = 1.0,
    swap: Annotated[float, typer.Option(help="ps between swap attempts")] = 1.0,
    frame: Annotated[float, typer.Option(help="ps between kept frames of a replica")] = 10.0,
    checkpoint: Annotated[Optional[float], typer.Option(help="ps between restart files; default: every swap")] = None,
    length: Annotated[Optional[float], typer.Option(help="ns per replica; default 50; a run may be lengthened")] = None,
    motifs: Annotated[str, typer.Option(help="starts, in turn up the ladder: Ih Dh Marks Ino Fcc TO Twin Fault Hcp Amorphous")] = "Ih Dh Fcc Twin Amorphous",
    start: Annotated[Optional[list[Path]], typer.Option(help="file of starts that ASE reads, instead of motifs; may be repeated")] = None,
    potential_lines: Annotated[Optional[Path], typer.Option(help="file with the pair_style and pair_coeff lines of another potential")] = None,
    extra: Annotated[Optional[Path], typer.Option(help="file of LAMMPS lines put before `temper`, the same for all replicas")] = None,
    wall: Annotated[Optional[float], typer.Option(help="A; soft spherical wall that keeps evaporated atoms near")] = None,
    ranks: Annotated[int, typer.Option(min=1, help="MPI processes of each replica; more for large clusters")] = 1,
    seed: Annotated[int, typer.Option(min=1)] = 1,
    mpiexec: Annotated[Optional[str], typer.Option(help="MPI launcher, with options; default: this environment's")] = None,
    write_only: Annotated[bool, typer.Option("--write-only", help="write deck, starts and a queue script; start nothing")] = False,
    frames_by: Annotated[Optional[str], typer.Option(help="temperature or replica: write the frames sorted so, as extxyz; starts nothing")] = None,
    report_only: Annotated[bool, typer.Option("--report-only", help="summary and picture of what the run has so far")] = False,
):  # fmt: skip
    """Parallel-tempering MD of a cluster on LAMMPS; the same command goes on after an interruption."""
    from nanochart.landscape.ptmd import command as commands
    from nanochart.landscape.ptmd.analysis import TooShort
    from nanochart.landscape.ptmd.ladder import parse_ladder
    from nanochart.plots import tempering

    if of is not None:
        commands.new_run(
            output, of, atoms, ladder=parse_ladder(ladder), timestep=timestep, damping=damping, swap=swap, frame=frame,
            checkpoint=checkpoint, length=50.0 if length is None else length,
            motifs=motifs.replace(",", " ").split(), starts=start or [], potential=potential_lines, extra=extra,
            wall=wall, ranks=ranks, seed=seed,
        )  # fmt: skip
    elif length is not None:
        commands.lengthen(output, length)
    if write_only:
        deck = commands.write_deck(output)
        typer.echo(f"wrote {deck}, whose first lines say how to start it, and {output / 'queue.sh'} for a queue")
        return
    if frames_by:
        paths = commands.export(output, frames_by)
        typer.echo(f"wrote {paths[0]} .. {paths[-1]}")
        return
    if not report_only:
        commands.go_on(output, mpiexec=mpiexec, say=typer.echo)
    try:
        summary, text = commands.report(output)
    except TooShort as short:  # no fault of a run that came to its end
        if report_only:
            raise
        typer.echo(f"{output} is complete; {short}: --length makes it longer")
        return
    tempering(summary, output / "ptmd.png")
    typer.echo(f"{text}\nwrote {output / 'summary.json'} and {output / 'ptmd.png'}")


def quench(
    sources: Annotated[list[Path], typer.Argument(help="folders of `nanochart ptmd`, or trajectory files that ASE reads")],
    output: Annotated[Path, typer.Option("--output", "-o", help="HDF5 data set; goes on with the one that is there")],
    jobs: Annotated[int, typer.Option(min=1, help="processes side by side; under mpiexec its processes instead")] = 1,
    tolerance: Annotated[float, typer.Option(help="eV/A, 2-norm of all forces at the minimum")] = 1e-3,
    stride: Annotated[int, typer.Option(min=1, help="take every n-th frame of each trajectory")] = 1,
    temperature: Annotated[Optional[float], typer.Option(help="K, of files whose frames name none")] = None,
    element: Annotated[Optional[str], typer.Option(help="of files that do not name it")] = None,
    potential_lines: Annotated[Optional[Path], typer.Option(help="of files: pair_style and pair_coeff lines of another potential; a run has its own")] = None,
):  # fmt: skip
    """Minimise every frame of tempering runs or trajectories: (thermal, quenched) pairs in a data set."""
    from nanochart.landscape.quench_command import quench as run

    outcome = run(sources, output, jobs=jobs, tolerance=tolerance, stride=stride, temperature=temperature,
                  element=element, potential=potential_lines)  # fmt: skip
    if outcome is not None:  # None on the workers of mpiexec
        typer.echo(f"{outcome}\nwrote {output}; next: nanochart dataset {output} -o UNIQUE.h5")


def dataset(
    sources: Annotated[list[Path], typer.Argument(help="data sets of `nanochart quench`, of one cluster")],
    output: Annotated[Path, typer.Option("--output", "-o", help="new HDF5 data set, of unique structures")],
    duplicates: Annotated[float, typer.Option(help="meV; kept structures of one label differ by at least this")] = 0.1,
    frames: Annotated[int, typer.Option(help="frames kept of each unique structure, at most")] = 1,
    most: Annotated[Optional[int], typer.Option(min=1, help="structures kept at most, drawn by chance; default: all")] = None,
    most_each: Annotated[Optional[int], typer.Option(min=1, help="the same of each label")] = None,
    compact: Annotated[bool, typer.Option("--compact", help="positions rounded to 0.01 (thermal) and 0.001 A: a third of the size")] = False,
    seed: Annotated[int, typer.Option(help="of the two splits")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="threads for the labels")] = 1,
):  # fmt: skip
    """Label quenched frames, drop duplicates, print the composition, store the splits."""
    from nanochart.landscape.unique import FINE, make

    composition, made = make(sources, output, rule=duplicates / 1000, frames=frames, most=most, most_each=most_each,
                             compact=compact, seed=seed, threads=jobs)  # fmt: skip
    structures = made["structures"]
    drawn = "" if most is None and most_each is None else f" ({', '.join(f'{label} {n}' for label, n in structures.items())})"
    typer.echo(f"{composition}\nwrote {output}: {made['rows']} frames of {sum(structures.values())} structures{drawn}, "
               f"content hash {made['hash']}")
    if made["unique_fine"] > 1.2 * made["unique"]:
        typer.echo(f"{duplicates:g} meV merges different minima of nearly the same energy: {made['unique']} are left of "
                   f"{made['unique_fine']}. Frames quenched to 1e-3 eV/A or better can be told apart by "
                   f"--duplicates {1000 * FINE:g}")


def convergence(
    source: Annotated[Path, typer.Argument(help="data set of `nanochart quench RUN1 RUN2`: two tempering runs from different starts")],
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="picture; numbers beside it as .json; default: SOURCE.convergence.png")] = None,
    runs: Annotated[Optional[str], typer.Option(help="names of the two runs, with a space between, in a set of more")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="threads for the labels")] = 1,
):  # fmt: skip
    """Compare the label populations of two tempering runs at each temperature, with errors."""
    from nanochart.landscape.convergence import compare
    from nanochart.plots import populations

    comparison = compare(source, jobs, runs.split() if runs else None)
    path = output or source.with_suffix(".convergence.png")
    comparison.save(path.with_suffix(".json"))
    populations(comparison, path)
    typer.echo(f"{comparison.table()}\nwrote {path} and {path.with_suffix('.json')}")


def superposition(
    source: Annotated[Path, typer.Argument(help="data set of `nanochart dataset`, of the built-in potential")],
    temperatures: Annotated[str, typer.Option("--temperatures", help="K, with spaces between")] = "250 300 350 400 450 500",
    most: Annotated[int, typer.Option(min=1, help="minima of each label, the lowest in energy")] = 200,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="numbers as JSON; default: SOURCE.superposition.json")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="processes side by side; under mpiexec its processes instead")] = 1,
):  # fmt: skip
    """Equilibrium populations of the labels from the minima of a data set and their vibrations."""
    from nanochart.landscape.superposition import minima

    try:
        kelvin = [float(t) for t in temperatures.split()]
    except ValueError:
        kelvin = []
    if not kelvin or min(kelvin) <= 0:
        raise ValueError(f"superposition: --temperatures is {temperatures!r}, must be temperatures > 0 (K): \"300 400\"")
    found = minima(source, most, jobs)
    if found is not None:  # None on the workers of mpiexec
        path = output or source.with_suffix(".superposition.json")
        found.save(path, kelvin)
        typer.echo(f"{found.table(kelvin)}\nwrote {path}")
