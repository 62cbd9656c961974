"""The command `nanochart`: thin wrappers that parse, call one function of a room, and report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from . import chart, landscape, reading, sampling

app = typer.Typer(
    help="Learned structural charts of metal nanoclusters, as collective variables in MD.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (landscape.potential, landscape.ptmd, landscape.quench, landscape.dataset, landscape.convergence,
                landscape.superposition,
                chart.train, chart.distil, chart.export, chart.info,
                reading.families, reading.chart, reading.project, reading.quality):  # fmt: skip
    app.command()(command)
app.add_typer(sampling.fes, name="fes")


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
