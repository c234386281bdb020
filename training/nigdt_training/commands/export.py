"""`nigdt export`: a run's averaged weights as a model bundle."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("output", type=click.Path(path_type=Path))
def export(run: Path, output: Path) -> None:
    """Export a training run as a model bundle, the folder OUTPUT.

    Example: nigdt export runs/00001-small my-model
    """
    from nigdt_training.inpaint.session import export_run
    from nigdt_training.run import Run

    info = export_run(Run.open(run), output, title=output.name)
    click.echo(f"{info.folder}: {info.parameters / 1e6:.1f} M parameters, {info.bytes / 1e6:.1f} MB")
