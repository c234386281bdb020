"""`nigdt train comparison`: training the comparison systems of the paper's tables."""

from __future__ import annotations

from pathlib import Path

import click

from nigdt_training.commands.places import photo_caches
from nigdt_training.commands.stopping import sigterm_as_ctrl_c


@click.command("comparison")
@click.argument("kind", type=click.Choice(["picnet", "csa"]))
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Settings (YAML) of the model to compare with.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="Folder that the settings' paths start from.  [default: here]",
)
@click.option("--width", type=click.IntRange(1), help="Channels of the first layers.  [default: the paper's]")
@click.option("--steps", type=click.IntRange(1), help="Number of steps instead of the settings'.")
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Run folders."
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Run folder to go on with.",
)
@click.option("--device", help="cpu, cuda, ...; by default CUDA where there is one.")
def comparison(
    kind: str,
    config: Path | None,
    data: Path,
    width: int | None,
    steps: int | None,
    runs: Path,
    resume: Path | None,
    device: str | None,
) -> None:
    """Train PICNet or CSA on the samples that the model was trained on.

    The run's folder is then a system for nigdt evaluate --compare.

    Example: nigdt train comparison picnet --config training/configs/small-64.yaml --data ~/photos
    """
    if (config is None) == (resume is None):
        raise click.UsageError("Give either --config FILE for a new run or --resume RUN for an old one.")
    import torch

    from nigdt.errors import NigdtError
    from nigdt.runtime.devices import usable_device
    from nigdt_training.comparison.stage import ComparisonTrainer
    from nigdt_training.run import Run
    from nigdt_training.settings import load_settings, settings_from

    chosen = usable_device(device)
    if config is not None:
        settings = load_settings(config)
        if steps is not None:
            settings = settings_from({**settings.to_dict(), "steps": steps})
        run = Run.create(runs, kind, settings)
    else:
        assert resume is not None
        run = Run.open(resume)
    if run.settings.threads:
        torch.set_num_threads(run.settings.threads)
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
