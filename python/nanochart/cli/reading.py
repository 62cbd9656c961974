"""Commands that read a chart: families, pictures, trajectories, quality."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

Model = Annotated[str, typer.Argument(help="shipped name, or path of a model file")]
Data = Annotated[Path, typer.Argument(help="data set of `nanochart quench` or `nanochart dataset`")]
FamiliesFile = Annotated[Optional[Path], typer.Option(help="families.json; default: the one beside the model, if any")]


def families(
    model: Model,
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="folder for table, structures and pictures")],
    bandwidth: Annotated[Optional[float], typer.Option(help="of mean shift, in s; default: on the plateau of a scan")] = None,
    number: Annotated[Optional[int], typer.Option(min=1, help="wanted number of families, instead of the plateau")] = None,
    merge: Annotated[Optional[float], typer.Option(help="join neighbours whose labels overlap by this share, as 0.9")] = None,
    store: Annotated[bool, typer.Option("--store", help="also keep them beside the model file, for chart and project")] = False,
):  # fmt: skip
    """Find the families of a chart by mean shift; table, 50 structures of each, pictures."""
    from nanochart import ChartCV
    from nanochart.chart.families import beside
    from nanochart.chart.points import load
    from nanochart.gallery import find_families

    if bandwidth is not None and number is not None:
        raise ValueError("families: give --bandwidth or --number, not both")
    chart = ChartCV(model)
    found, text = find_families(load(chart, data, progress=True), output, bandwidth=bandwidth, families=number,
                                merge=merge, progress=True)  # fmt: skip
    typer.echo(f"{text}\nwrote {output}")
    if store:
        found.save(beside(chart.path))
        typer.echo(f"wrote {beside(chart.path)}")


def chart(
    model: Model,
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="folder for the pictures")],
    frames: Annotated[Optional[Path], typer.Option(help="data set of all frames, for populations; default: DATA")] = None,
    families: FamiliesFile = None,
    sample: Annotated[int, typer.Option(min=1, help="structures inside atlas.html")] = 3000,
):
    """All pictures of a data set on a chart, and atlas.html to walk through it."""
    from nanochart.gallery import write

    write(model, data, output, frames=frames, families=families, sample=sample, progress=True, say=typer.echo)


def project(
    model: Model,
    trajectories: Annotated[list[Path], typer.Argument(help="files that ASE reads, or folders of `nanochart ptmd`")],
    output: Annotated[Path, typer.Option("--output", "-o", help="folder for COLVAR files and pictures")] = Path("project"),
    replica: Annotated[Optional[list[int]], typer.Option(help="of a ptmd run, from 0; may be repeated; default: all")] = None,
    every: Annotated[int, typer.Option(min=1, help="take every n-th frame")] = 1,
    quench: Annotated[bool, typer.Option("--quench", help="minimise each frame first")] = False,
    interval: Annotated[Optional[float], typer.Option(help="ps between the frames of a file")] = None,
    timestep: Annotated[Optional[float], typer.Option(help="ps; turns the MD steps of a LAMMPS dump into times")] = None,
    element: Annotated[Optional[str], typer.Option(help="of all atoms, for files that do not name it")] = None,
    families: FamiliesFile = None,
    window: Annotated[int, typer.Option(min=1, help="frames of the running average; a shorter stay is no stay")] = 50,
):
    """Put trajectories on a chart: COLVAR files, pictures against time, transitions."""
    from nanochart import ChartCV, plots
    from nanochart.chart.families import Families, beside
    from nanochart.chart.projection import project_all, running_average, stays_text

    chart = ChartCV(model)
    path = families or beside(chart.path)
    known = Families.load(path, chart.hash) if families or path.exists() else None
    for colvar, found, stays in project_all(
        chart, trajectories, output, families=known, replicas=replica, window=window, every=every, quench=quench,
        interval=interval, timestep=timestep, element=element, progress=True,
    ):  # fmt: skip
        picture = colvar.with_suffix(colvar.suffix + ".png")
        plots.projection(found.time, found.s, running_average(found.s, window), found.outside, picture,
                         states=found.states, stays=stays, title=found.name)  # fmt: skip
        typer.echo(f"{found.name}: {len(found.time)} frames -> {colvar}, {picture.name}\n{stays_text(found, stays)}")


def quality(
    model: Model,
    data: Data,
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="JSON file; default: print only")] = None,
    against: Annotated[Optional[list[str]], typer.Option(help="another model to align with; may be repeated")] = None,
    umap: Annotated[bool, typer.Option("--umap", help="compare with UMAP too (needs umap-learn)")] = False,
    sample: Annotated[int, typer.Option(min=11, help="structures compared, drawn at random")] = 10_000,
):
    """How good a chart is: labels of neighbours, order of motifs, agreement with other charts."""
    from nanochart.chart.quality import report

    text = json.dumps(report(model, data, others=tuple(against or ()), with_umap=umap, sample=sample, progress=True), indent=1)
    typer.echo(text)
    if output:
        output.write_text(text + "\n")
