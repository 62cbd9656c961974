"""The command `nanochart`: thin wrappers that parse, call one function of a room, and report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(
    help="Learned structural charts of metal nanoclusters, as collective variables in MD.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def potential(
    elements: Annotated[list[str], typer.Argument(help="Au, Ag or Cu")],
    output: Annotated[Optional[Path], typer.Option("--output", "-o", help="default: ELEMENT.eam.alloy")] = None,
):
    """Write an RGL (Gupta) potential as a setfl file for pair_style eam/alloy."""
    from nanochart.landscape.potential import write_setfl

    path = output or Path(f"{''.join(elements)}.eam.alloy")
    write_setfl(path, elements)
    names = " ".join(elements)
    typer.echo(f"wrote {path}; in LAMMPS:\n  pair_style eam/alloy/opt\n  pair_coeff * * {path} {names}")


@app.command()
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


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="folder that `nanochart train` wrote")],
    output: Annotated[Path, typer.Option("--output", "-o", help="model file, .pt")],
    name: Annotated[Optional[str], typer.Option(help="name in the model file; default: the file's")] = None,
):
    """Write the trained encoder as a model file for `fix nanochart`."""
    from nanochart.chart.export import export_run

    export_run(run, output, name=name or output.stem)
    typer.echo(f"wrote {output}; look at it with: nanochart info {output}")


@app.command()
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


@app.command()
def doctor():
    """Check torch, LAMMPS, MPI and the plugin; load it and run ten steps."""
    from nanochart.doctor import examine

    checks = examine()
    for check in checks:
        typer.echo(f"{'ok     ' if check.ok else 'TROUBLE'}  {check.what:10} {check.found}")
        if not check.ok:
            typer.echo(f"         {'':10} -> {check.remedy}")
    bad = [check.what for check in checks if not check.ok]
    typer.echo("everything fits together" if not bad else f"to mend: {', '.join(bad)}")
    raise typer.Exit(1 if bad else 0)


@app.command()
def demo(
    directory: Annotated[Path, typer.Option(help="where its files go")] = Path("demo"),
):
    """Hot gold clusters in LAMMPS on the shipped chart: logs, a restraint, a picture (two minutes)."""
    from nanochart.demo import run

    run(directory)


def main() -> None:
    """Entry point: errors of ours and of files are one sentence, not a traceback."""
    try:
        app()
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        sys.exit(f"nanochart: error: {error}")


if __name__ == "__main__":
    main()
