"""`nigdt ablate`: an unattended queue of ablations and comparison systems, and their tables."""

from __future__ import annotations

from pathlib import Path

import click

from nigdt_training.commands.options import changes, data_folder
from nigdt_training.commands.places import photo_caches
from nigdt_training.commands.stopping import sigterm_as_ctrl_c


@click.command()
@click.argument("path", metavar="PLAN", type=click.Path(path_type=Path))
@data_folder
@changes("Change a setting for all: steps=500.")
@click.option("--dry-run", is_flag=True, help="Read plan and data, say what would happen, and stop.")
@click.option("--evaluate-only", is_flag=True, help="Train nothing; measure what is finished.")
def ablate(path: Path, data: Path, changes: tuple[str, ...], dry_run: bool, evaluate_only: bool) -> None:
    """Train every entry of PLAN for equal steps, export each, and compare all on the same photos.

    PLAN is a YAML file, or one of ablation, cub and coco. Runs and tables lie in ./runs. The same command
    again goes on where it was interrupted.

    Example: nigdt ablate ablation --data ~/photos

    Example: nigdt ablate cub --data ~/sets --dry-run
    """
    from nigdt.errors import NigdtError
    from nigdt_training.ablation.plan import load_plan
    from nigdt_training.ablation.queue import InterruptedQueueError, Queue
    from nigdt_training.inpaint.session import Places

    plan = load_plan(path, changes)
    for measurement in plan.measurements:
        if not (data / measurement.request.data).exists():
            raise NigdtError(
                f"plan: evaluate.{measurement.name}.data: there is no {data / measurement.request.data}.",
                "It is relative to --data.",
            )
    places = Places(data, Path("runs"), photo_caches())
    queue = Queue(plan, places, places.runs / plan.name, "auto", lambda text, **_: click.echo(text))
    if dry_run:
        queue.look()
        return
    try:
        with sigterm_as_ctrl_c():
            failed = {} if evaluate_only else queue.train()
    except InterruptedQueueError as error:
        raise NigdtError(error.message, f"Go on with: nigdt ablate {path} ...") from None
    for measurement in plan.measurements:
        folder = queue.evaluate(measurement)
        click.echo("Nothing is finished yet." if folder is None else f"Table and pictures: {folder}")
    if failed:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failed.items())
        raise NigdtError(f"{len(failed)} of {len(plan.entries)} trainings failed ({reasons}).")
