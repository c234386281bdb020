"""`nigdt train recolour`: the network that gives things another colour."""

from __future__ import annotations

from pathlib import Path

import click

from nigdt.errors import NigdtError
from nigdt_training.commands.options import shares
from nigdt_training.commands.stopping import sigterm_as_ctrl_c


@click.command("recolour")
@click.option(
    "--run",
    "folder",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the training's state and the objects it cuts out.",
)
@click.option(
    "--export",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Put the averaged weights into this bundle, and stop.",
)
@click.option(
    "--finder",
    is_flag=True,
    help="Train the finder instead, on the objects that the run has cut out; with --data, it also learns to "
    "tell birds from other things, by the photos there.",
)
@click.option(
    "--reader",
    is_flag=True,
    help="Train the reader of captions instead, which tells which part gets "
    "which colour; it needs no photos.",
)
@shares("data", "max_minutes")
def recolour(
    folder: Path,
    export: Path | None,
    finder: bool,
    reader: bool,
    data: Path | None,
    max_minutes: float | None,
) -> None:
    """Train the recolouring network until Ctrl-C, from photos alone.

    Objects are cut out of the photos in the folders of --data and tinted; each of these needs a
    metadata.jsonl. Hours of it help. It can be stopped at any moment; the same command goes on.

    Example: nigdt train recolour --data ~/photos --run runs/recolour --max-minutes 120
    """
    from nigdt.model.recolour import RecolourConfig
    from nigdt_training.recolour.batches import Store
    from nigdt_training.recolour.finder import train_finder
    from nigdt_training.recolour.reader import train_reader
    from nigdt_training.recolour.training import STORE, export_recolour, train_recolour

    if export is not None:
        export_recolour(folder, export)
        return
    try:
        with sigterm_as_ctrl_c():
            if reader:
                train_reader(folder, RecolourConfig().max_words, click.echo)
                return
            if finder:
                train_finder(Store(folder / STORE), folder, click.echo, data=data)
                return
            if data is None:
                raise click.UsageError("Say with --data where the photos are.")
            step = train_recolour(data, folder, click.echo, max_minutes=max_minutes)
    except KeyboardInterrupt:
        raise NigdtError(
            "The training was interrupted.",
            f"Go on with: nigdt train recolour --data {data} --run {folder}",
        ) from None
    click.echo(f"Stopped at step {step}.")
