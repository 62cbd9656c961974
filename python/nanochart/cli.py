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
def ptmd(
    elements: Annotated[Optional[str], typer.Argument(metavar="[ELEMENT", help="Au, Ag, Cu; others with --potential-lines and --start")] = None,
    atoms: Annotated[Optional[int], typer.Argument(metavar="N]", help="number of atoms")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="folder of the run; without ELEMENT N: go on with it")] = Path("ptmd"),
    ladder: Annotated[str, typer.Option(help="K: low, high, count (geometric), or four and more temperatures")] = "250 600 24",
    timestep: Annotated[Optional[float], typer.Option(help="fs; default 5 (Au, Ag), 3 (Cu)")] = None,
    damping: Annotated[float, typer.Option(help="ps, of the Langevin bath")] = 1.0,
    swap: Annotated[float, typer.Option(help="ps between swap attempts")] = 1.0,
    frame: Annotated[float, typer.Option(help="ps between kept frames of a replica")] = 10.0,
    checkpoint: Annotated[Optional[float], typer.Option(help="ps between restart files; default: every swap")] = None,
    length: Annotated[Optional[float], typer.Option(help="ns per replica; default 50; a run may be lengthened")] = None,
    motifs: Annotated[str, typer.Option(help="starts, in turn up the ladder")] = "Ih Dh Fcc Twin Amorphous",
    start: Annotated[Optional[list[Path]], typer.Option(help="file of starts that ASE reads, instead of motifs; may be repeated")] = None,
    potential_lines: Annotated[Optional[Path], typer.Option(help="file with the pair_style and pair_coeff lines of another potential")] = None,
    extra: Annotated[Optional[Path], typer.Option(help="file of LAMMPS lines put before `temper`, the same for all replicas")] = None,
    wall: Annotated[Optional[float], typer.Option(help="A; soft spherical wall that keeps evaporated atoms near")] = None,
    ranks: Annotated[int, typer.Option(min=1, help="MPI processes of each replica; more for large clusters")] = 1,
    seed: Annotated[int, typer.Option(min=1)] = 1,
    mpiexec: Annotated[Optional[str], typer.Option(help="MPI launcher, with options; default: this environment's")] = None,
    write_only: Annotated[bool, typer.Option("--write-only", help="write deck, starts and a queue script; start nothing")] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help="summary and picture of what the run has so far")] = False,
):  # fmt: skip
    """Parallel-tempering MD of a cluster on LAMMPS; the same command goes on after an interruption."""
    from nanochart.landscape import ptmd_command as commands
    from nanochart.plots import tempering

    if elements is not None:
        if atoms is None:
            raise ValueError("ptmd: N is missing, must be the number of atoms: nanochart ptmd ELEMENT N")
        commands.new_run(
            output, elements, atoms, ladder=[float(t) for t in ladder.replace(",", " ").split()], timestep=timestep,
            damping=damping, swap=swap, frame=frame, checkpoint=checkpoint, length=length or 50.0,
            motifs=motifs.replace(",", " ").split(), starts=start or [], potential=potential_lines, extra=extra,
            wall=wall, ranks=ranks, seed=seed,
        )  # fmt: skip
    elif length is not None:
        commands.lengthen(output, length)
    if write_only:
        deck = commands.write_deck(output)
        typer.echo(f"wrote {deck}, whose first lines say how to start it, and {output / 'queue.sh'} for a queue")
        return
    if not report_only:
        commands.go_on(output, mpiexec=mpiexec, say=typer.echo)
    summary, text = commands.report(output)
    tempering(summary, output / "ptmd.png")
    typer.echo(f"{text}\nwrote {output / 'summary.json'} and {output / 'ptmd.png'}")


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
    """Hot gold clusters in LAMMPS on the shipped chart: logs, a restraint, a picture (one minute)."""
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
