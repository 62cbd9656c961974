"""Commands of the room `chart`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Optional

import typer


def train(
    data: Annotated[Path, typer.Argument(help="HDF5 data set of (thermal, quenched) pairs")],
    output: Annotated[Path, typer.Option("--output", "-o", help="folder for checkpoints, losses and pictures")],
    architecture: Annotated[str, typer.Option(help="charting or inherent")] = "charting",
    target: Annotated[str, typer.Option(help="self or quenched")] = "quenched",
    inputs: Annotated[str, typer.Option(help="quenched, or thermal+quenched")] = "thermal+quenched",
    split: Annotated[str, typer.Option(help="blocks (stretches of trajectory held out) or random")] = "blocks",
    latent: Annotated[int, typer.Option(min=1, max=8, help="number of CVs")] = 3,
    activation: Annotated[str, typer.Option(help="relu (as in the papers), or silu or tanh: no jumps of the force")] = "relu",
    epochs: Annotated[int, typer.Option(min=1, help="at most")] = 100,
    patience: Annotated[int, typer.Option(min=0, help="epochs without a better validation loss before the end; 0: never")] = 20,
    batch: Annotated[int, typer.Option(min=2)] = 128,
    rate: Annotated[float, typer.Option(help="largest step of the optimiser")] = 1e-3,
    optimiser: Annotated[str, typer.Option(help="adam (as in the papers), or soap: far fewer steps, with rate 1e-2")] = "adam",
    schedule: Annotated[str, typer.Option(help="of the rate: steps (at the milestones), or cosine (over all epochs)")] = "steps",
    milestones: Annotated[str, typer.Option(help="epochs at which the rate is halved")] = "30 90",
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    bins: Annotated[Optional[int], typer.Option(help="points of the papers' grid; default: by the data")] = None,
    structures: Annotated[Optional[int], typer.Option(help="learn on so many of the data set's pairs, drawn by the seed")] = None,
    half: Annotated[Optional[int], typer.Option(min=1, max=2, help="learn on the first or the second half of the pairs")] = None,
    seed: Annotated[int, typer.Option()] = 0,
    resume: Annotated[bool, typer.Option(help="go on from the checkpoint in the folder")] = False,
    start: Annotated[Optional[Path], typer.Option(help="folder of another run whose weights are the first ones")] = None,
    scan: Annotated[Optional[str], typer.Option(help="numbers of CVs, e.g. \"1 2 3 4 6\": a training for each, and a picture")] = None,
):  # fmt: skip
    """Learn a chart from a data set."""
    from nanochart import plots
    from nanochart.chart.run_folder import load_checkpoint
    from nanochart.chart.training import Settings, train_dataset

    halved = tuple(int(epoch) for epoch in milestones.replace(",", " ").split())
    settings = Settings(architecture, latent, activation, epochs, batch, rate, schedule, halved, patience, seed,
                        device=device, optimiser=optimiser)  # fmt: skip
    options = dict(target=target, inputs=inputs, split=split, bins=bins, structures=structures, half=half, start=start)
    if scan is not None:
        from nanochart.chart.latent_scan import latent_scan

        sizes = [int(size) for size in scan.replace(",", " ").split()]
        rows = latent_scan(data, output, sizes, settings, **options)
        plots.latent_sizes(rows, output / "scan.png")
        typer.echo("coordinates   loss     of as many principal components   ratio")
        for row in rows:
            typer.echo("{latent:11d}  {validation:.5f}  {pca:31.5f}   {ratio:.2f}".format(**row))
        typer.echo(f"wrote {output / 'scan.json'} and {output / 'scan.png'}")
        return
    result = train_dataset(data, output, settings, resume=resume, **options)
    plots.learning_curves(load_checkpoint(output)["history"], result, output / "learning.png")
    typer.echo(json.dumps(result, indent=2))
    typer.echo(f"next: nanochart export {output} -o MODEL.pt --name NAME")


def distil(
    teacher: Annotated[str, typer.Argument(help="shipped name, or path of a trained model file")],
    data: Annotated[Path, typer.Argument(help="the data set it was trained on")],
    output: Annotated[Path, typer.Option("--output", "-o", help="model file of the small network, .pt")],
    name: Annotated[Optional[str], typer.Option(help="name in the model file; default: the file's")] = None,
    widths: Annotated[str, typer.Option(help="hidden units of each layer")] = "160 96",
    activation: Annotated[str, typer.Option(help="silu or tanh")] = "silu",
    epochs: Annotated[int, typer.Option(min=1)] = 100,
    inputs: Annotated[int, typer.Option(help="structures to learn from: hot, quenched, between, displaced")] = 48000,
    seed: Annotated[int, typer.Option()] = 0,
    other_data: Annotated[bool, typer.Option("--other-data", help="DATA is not what TEACHER was trained on")] = False,
):
    """Teach a small smooth network to give the chart coordinates of a trained one, for MD."""
    from nanochart.chart.distil import distil as run
    from nanochart.chart.student import StudentSettings

    sizes = tuple(int(width) for width in widths.replace(",", " ").split())
    settings = StudentSettings(sizes, activation, epochs, inputs=inputs, seed=seed)
    result = run(teacher, data, output, name or output.stem, settings, other_data=other_data)
    for key, value in result.items():
        typer.echo(f"{key:34} {value}")
    typer.echo(f"wrote {output}; look at it with: nanochart info {output}")


def export(
    run: Annotated[Path, typer.Argument(help="folder that `nanochart train` wrote")],
    output: Annotated[Path, typer.Option("--output", "-o", help="model file, .pt")],
    name: Annotated[Optional[str], typer.Option(help="name in the model file; default: the file's")] = None,
):
    """Write the trained encoder as a model file for `fix nanochart`."""
    from nanochart.chart.export import export_run

    export_run(run, output, name=name or output.stem)
    typer.echo(f"wrote {output}; look at it with: nanochart info {output}")


def info(model: Annotated[str, typer.Argument(help="shipped name, or path of a model file")]):
    """Print what a model is: system, grid, training data, losses."""
    from nanochart import ChartCV

    chart = ChartCV(model)
    meta = chart.metadata
    grid = meta["grid"]
    last = grid["start"] + grid["step"] * (grid["bins"] - 1)
    elements = " ".join(meta["elements"])
    typer.echo(f"{meta['name']}: {meta['latent']} chart coordinates of {meta['atoms']} atoms of {elements}")
    typer.echo(f"file      {chart.path}\nsha-256   {chart.hash}")
    typer.echo(f"grid      {grid['bins']} points, {grid['start']:.3f} .. {last:.3f} A, bandwidth {grid['bandwidth']} A")
    typer.echo(f"computes  in {meta['dtype']}; s has zero mean and unit variance over the training inputs")
    dense = meta.get("dense")
    if dense:
        typer.echo(f"network   distilled: {dense['layers']} dense layers, {dense['activation']}")
    known = "outside" in meta
    typer.echo(f"outside   {'known: 1 marks the edge of the training data' if known else 'not in this file (nan)'}")
    for title in ("training", "losses", "versions"):
        typer.echo(title)
        for key, value in meta.get(title, {}).items():
            if key == "temperatures" and len(value) > 12:
                value = f"{min(value)} .. {max(value)}, {len(value)} of them"
            parts = value.items() if isinstance(value, dict) else ()  # losses of the structures of each label
            typer.echo(f"  {key:22} {'' if parts else value}".rstrip())
            for part, row in parts:
                typer.echo(f"    {part:20} " + ", ".join(f"{name} {number:.4g}" for name, number in row.items()))
