"""`nigdt train comparison`: training the comparison systems of the paper's tables."""

from __future__ import annotations

from pathlib import Path

import click

from nigdt_training.commands.options import data_folder
from nigdt_training.commands.places import photo_caches
from nigdt_training.commands.stopping import sigterm_as_ctrl_c


@click.command("comparison")
@click.argument("kind", type=click.Choice(["picnet", "csa"]))
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings of the model to compare with: a YAML file, or the name of a shipped one.",
)
@data_folder
@click.option("--width", type=click.IntRange(1), help="Channels of the first layers.  [default: the paper's]")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting: steps=500.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Run folder to go on with.",
)
def comparison(
    kind: str,
    config: Path | None,
    data: Path,
    width: int | None,
    changes: tuple[str, ...],
    resume: Path | None,
) -> None:
    """Train PICNet or CSA on the samples that the model was trained on.

    The run's folder, in ./runs, is then a system for nigdt evaluate --compare.

    Example: nigdt train comparison picnet --config small --data ~/photos
    """
    if (config is None) == (resume is None):
        raise click.UsageError("Give either --config FILE for a new run or --resume RUN for an old one.")
    from nigdt.errors import NigdtError
    from nigdt.runtime.devices import usable_device
    from nigdt_training.comparison.stage import ComparisonTrainer
    from nigdt_training.run import Run
    from nigdt_training.settings import load_settings, with_changes

    chosen = usable_device()
    if config is not None:
        run = Run.create(Path("runs"), kind, with_changes(load_settings(config), changes))
    else:
        assert resume is not None
        run = Run.open(resume)
    click.echo(f"run folder: {run.folder}")
    try:
        with sigterm_as_ctrl_c():
            ComparisonTrainer(run, kind, width, data, photo_caches(), chosen, click.echo).train()
    except KeyboardInterrupt:
        raise NigdtError(
            "Interrupted.", f"Go on with: nigdt train comparison {kind} --resume {run.folder}"
        ) from None
    finally:
        run.close()
