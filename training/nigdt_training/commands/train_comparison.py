"""`nigdt train comparison`: training the comparison systems of the paper's tables."""

from __future__ import annotations

from pathlib import Path

import click

from nigdt_training.commands.options import shares
from nigdt_training.commands.places import photo_caches
from nigdt_training.commands.stopping import sigterm_as_ctrl_c


@click.command("comparison")
@click.argument("kind", type=click.Choice(["picnet", "csa"]))
@click.option("--width", type=click.IntRange(1), help="Channels of the first layers.  [default: the paper's]")
@shares("config", "data", "changes", "resume", "runs")
def comparison(
    kind: str,
    width: int | None,
    config: Path | None,
    data: Path | None,
    changes: tuple[str, ...],
    resume: Path | None,
    runs: Path,
) -> None:
    """Train PICNet or CSA on the samples that the model was trained on.

    The run's folder is then a system for nigdt evaluate --compare.

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
        run = Run.create(runs, kind, with_changes(load_settings(config), changes))
    else:
        assert resume is not None
        run = Run.open(resume)
    click.echo(f"run folder: {run.folder}")
    try:
        with sigterm_as_ctrl_c():
            ComparisonTrainer(run, kind, width, data or Path(), photo_caches(), chosen, click.echo).train()
    except KeyboardInterrupt:
        raise NigdtError(
            "Interrupted.", f"Go on with: nigdt train comparison {kind} --resume {run.folder}"
        ) from None
    finally:
        run.close()
