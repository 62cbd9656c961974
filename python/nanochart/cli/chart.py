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
    split: Annotated[str, typer.Option(help="trajectory (whole ones held out) or random")] = "trajectory",
    latent: Annotated[int, typer.Option(min=1, max=8, help="number of CVs")] = 3,
    epochs: Annotated[int, typer.Option(min=1)] = 100,
    bins: Annotated[Optional[int], typer.Option(help="points of the papers' grid; default: by the data")] = None,
    seed: Annotated[int, typer.Option()] = 0,
    resume: Annotated[bool, typer.Option(help="go on from the checkpoint in the folder")] = False,
):
    """Learn a chart from a data set."""
    from nanochart.chart.training import train_dataset

    result = train_dataset(
        data, output, architecture=architecture, target=target, inputs=inputs, split=split,
        latent=latent, epochs=epochs, bins=bins, seed=seed, resume=resume,
    )  # fmt: skip
    typer.echo(json.dumps(result, indent=2))
    typer.echo(f"next: nanochart export {output} -o MODEL.pt --name NAME")


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
    for title in ("training", "losses", "versions"):
        typer.echo(title)
        for key, value in meta.get(title, {}).items():
            typer.echo(f"  {key:22} {value}")
