"""Commands of the room `sampling`: `nanochart fes ..`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

fes = typer.Typer(help="Free energies on the chart, from biased runs and tempering ladders.", no_args_is_help=True)

Temperature = Annotated[float, typer.Option("--temperature", "-T", help="K")]
Cvs = Annotated[Optional[list[str]], typer.Option("--cv", help="column to project on; repeat for 2 or 3; default: the biased CVs")]
Grid = Annotated[Optional[list[str]], typer.Option("--grid", help='"lo hi bins" of each --cv; default: 50 bins over the data')]
Skip = Annotated[float, typer.Option(help="ps left out at the beginning")]
Labels = Annotated[Optional[str], typer.Option(help="column, text file `time label`, or quenched data set: populations of labels")]
Difference = Annotated[Optional[str], typer.Option(help='"A B": F(B) - F(A) of two labels')]
Output = Annotated[Path, typer.Option("--output", "-o", help="table; picture and page have its name")]
Chart = Annotated[Optional[str], typer.Option(help="chart model whose families are named on picture and page")]
Weights = Annotated[Optional[Path], typer.Option(help="write the weight of each frame here")]
Interval = Annotated[Optional[float], typer.Option(help="ps between frames of the trajectory that --labels FILE.h5 was quenched from")]


@fes.command()
def hills(
    files: Annotated[list[Path], typer.Argument(help="HILLS file, of nanochart or PLUMED, or those of all walkers")],
    temperature: Temperature,
    output: Output = Path("fes.dat"),
    grid: Grid = None,
    project: Annotated[Optional[list[str]], typer.Option(help="coordinate to keep; the others are integrated out; may be repeated")] = None,
    parts: Annotated[int, typer.Option(min=1, help="equal parts of the run, to see how F changes with time")] = 5,
    chart: Chart = None,
):
    """F(s) from the hills of metadynamics, and how it changed with time."""
    from nanochart.sampling.fes_command import from_hills

    _show(from_hills(files, temperature, grid=grid or [], project=project or [], parts=parts), output, chart)


@fes.command()
def reweight(
    colvars: Annotated[list[Path], typer.Argument(help="COLVAR file of the biased run, or those of all walkers")],
    temperature: Temperature,
    output: Output = Path("fes.dat"),
    cv: Cvs = None,
    grid: Grid = None,
    join: Annotated[Optional[list[Path]], typer.Option(help="further file of columns by time, e.g. with the energy; may be repeated")] = None,
    hills: Annotated[Optional[list[Path]], typer.Option(help="reweight with the final V of this file, not with V - c(t) of the log; repeat for walkers")] = None,
    skip: Skip = 0.0,
    weights: Weights = None,
    labels: Annotated[Optional[list[str]], typer.Option(help="column, text file `time label`, COLVAR of `project`, or quenched data set; repeat for walkers")] = None,
    difference: Difference = None,
    interval: Interval = None,
    chart: Chart = None,
):
    """F of any columns, and populations, from a biased run."""
    from nanochart.sampling.fes_command import reweighted

    _show(reweighted(colvars, temperature, cv=cv or [], grid=grid or [], more=join or [], hills=hills or [], skip=skip,
                     weights=weights, labels=labels or [], difference=difference, interval=interval), output, chart)  # fmt: skip


@fes.command()
def umbrella(
    windows: Annotated[Path, typer.Argument(help="list of COLVAR files with their restraints")],
    temperature: Temperature,
    output: Output = Path("fes.dat"),
    cv: Cvs = None,
    grid: Grid = None,
    skip: Skip = 0.0,
    weights: Weights = None,
    chart: Chart = None,
):
    """F of any columns from a series of restrained runs, by MBAR."""
    from nanochart.sampling.fes_command import from_windows

    _show(from_windows(windows, temperature, cv=cv or [], grid=grid or [], skip=skip, weights=weights), output, chart)


@fes.command()
def ladder(
    folder: Annotated[Path, typer.Argument(help="folder of `nanochart ptmd` whose replicas logged COLVAR files")],
    temperature: Temperature,
    output: Output = Path("fes.dat"),
    cv: Cvs = None,
    grid: Grid = None,
    log: Annotated[str, typer.Option(help="name of the logs, LOG.0 .. LOG.n")] = "COLVAR",
    skip: Skip = 0.0,
    weights: Weights = None,
    labels: Labels = None,
    difference: Difference = None,
    chart: Chart = None,
):
    """F of any columns at any temperature of a tempering run, from all its rungs by MBAR."""
    from nanochart.sampling.fes_command import from_ladder

    _show(from_ladder(folder, temperature, cv=cv or [], grid=grid or [], log=log, skip=skip, weights=weights,
                      labels=labels, difference=difference), output, chart)  # fmt: skip


@fes.command()
def steered(
    forward: Annotated[list[Path], typer.Argument(help="COLVAR files of steered runs")],
    temperature: Temperature,
    reverse: Annotated[Optional[list[Path]], typer.Option(help="COLVAR file of a run steered back; may be repeated")] = None,
):
    """Free-energy difference from the work of steered runs: Jarzynski, and BAR with runs both ways."""
    from nanochart.sampling.fes_command import from_work

    typer.echo("\n".join(from_work(forward, reverse or [], temperature).lines))


def _show(report, output: Path, chart: str | None) -> None:
    from nanochart.plots import free_energy, landscape_page

    if chart:
        report.name_families(chart)
    report.landscape.save(output)
    written = [output, output.with_suffix(".png")]
    free_energy(report.landscape, written[1], before=report.before, marks=report.marks)
    if len(report.landscape.names) == 3:
        written.append(output.with_suffix(".html"))
        landscape_page(report.landscape, written[2], marks=report.marks)
    typer.echo("\n".join(report.lines))
    typer.echo("wrote " + ", ".join(map(str, written)))
