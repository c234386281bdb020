"""`nigdt train`: both stages from a settings file, or fine-tuning on one's own photos."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import click

from nigdt.errors import NigdtError
from nigdt_training.commands.options import SharingGroup, changes, shares
from nigdt_training.commands.places import photo_caches
from nigdt_training.commands.stopping import sigterm_as_ctrl_c
from nigdt_training.commands.train_comparison import comparison
from nigdt_training.commands.train_damsm import damsm
from nigdt_training.commands.train_recolour import recolour
from nigdt_training.commands.train_tdanet import tdanet
from nigdt_training.settings import load_settings, with_changes

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_CONFIG = click.Path(path_type=Path)  # or a name, which a folder may have too
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_COUNT = click.IntRange(1)
_MINUTES = click.FloatRange(0, min_open=True)


@click.group(cls=SharingGroup, invoke_without_command=True)
@click.option(
    "--config",
    type=_CONFIG,
    help="Settings: a YAML file, or one of small, paper-cub and paper-coco.",
)
@click.option(
    "--stage",
    type=click.Choice(["match", "inpaint"]),
    help="Only the match networks, or only the model with match networks that are there.  [default: both]",
)
@click.option("--name", help="Name of the run.  [default: the settings file's]")
@click.option(
    "--data",
    type=_FOLDER,
    help="Folder that the settings' paths start from.  [default: here, or where a resumed run had them]",
)
@click.option("--resume", type=_FOLDER, help="Run folder to go on with.")
@click.option(
    "--from",
    "start_from",
    type=click.Path(path_type=Path, exists=True),
    help="Checkpoint, or folder of a bundle, to begin with.",
)
@click.option("--match-from", type=_FILE, help="Match networks to use.")
@changes("Change a setting: steps=500.")
@click.option(
    "--track",
    multiple=True,
    type=click.Choice(["wandb", "mlflow"]),
    help="Log to this tracker too, beside TensorBoard.",
)
@click.option("--dry-run", is_flag=True, help="Read settings and data, say what would happen, and stop.")
@click.option("--max-minutes", type=_MINUTES, help="Stop after this time with a checkpoint to go on from.")
@click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Run folders."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.", metavar="NAME")
@click.pass_context
def train(context: click.Context, **options: Any) -> None:
    """Train a model: match networks first, then both paths with discriminators.

    A run can be interrupted at any moment and continued with --resume. Under torchrun all its processes train
    together.

    Example: nigdt train --config small --data ~/collections

    Example: nigdt train --resume runs/00001-small
    """
    if context.invoked_subcommand is None:
        _run(**options)
        return
    shared = SharingGroup.shared(train.commands[context.invoked_subcommand])
    if given := [name for name in options if name not in shared and _is_given(context, name)]:
        option = next(one for one in train.params if one.name == given[0])
        raise click.UsageError(f"{option.opts[0]} is not for {context.invoked_subcommand}.")


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT


train.add_command(comparison)
train.add_command(damsm)
train.add_command(recolour)
train.add_command(tdanet)


@train.command()
@click.option("--phases", "name", default="default", show_default=True, help="File of phases (YAML).")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder of the new bundle.")
@shares("data", "max_minutes", "runs", "device")
def default(
    name: str, output: Path, data: Path | None, max_minutes: float | None, runs: Path, device: str
) -> None:
    """Train the model that this program brings, from photos to bundle.

    docs/training-data.md lists the collections and where they come from. --data names
    the folder that they are in. Stopped at any moment, the same command goes on.

    Example: nigdt train default --data ~/collections --output my-default
    """
    if data is None:
        raise click.UsageError("Say with --data where the collections are.")
    deadline = time.monotonic() + 60 * (max_minutes or math.inf)
    from nigdt.bundle.writing import check_target
    from nigdt_training.inpaint.phases import load_phases, train_phases
    from nigdt_training.inpaint.session import Places, export_run

    check_target(output)
    places = Places(data, runs, photo_caches())
    again = "Give the same command again to go on."
    try:
        with sigterm_as_ctrl_c():
            run = train_phases(load_phases(name), places, Path(name).stem, device, _say_plain, deadline)
    except KeyboardInterrupt:
        raise NigdtError("Interrupted.", again) from None
    if run is None:
        raise NigdtError("Stopped before the last step.", again)
    click.echo(str(export_run(run, output, title=output.name).folder))


@train.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--name", required=True, help="Name of the new model, as panel and GIMP will show it.")
@click.option("--bundle", default="default", show_default=True, help="Model to start from.")
@click.option("--steps", type=_COUNT, default=2000, show_default=True, help="Steps at most.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted training of this name.")
@click.option("--json-progress", is_flag=True, help="Print one JSON object per line, for programs.")
@click.option("--output", type=click.Path(path_type=Path), help="Bundle folder. Default: the user's bundles.")
@shares("runs", "device")
def photos(path: Path, name: str, **options: Any) -> None:
    """Teach a model your own captioned photos.

    Checks the photos, adds their words, fine-tunes match networks and model, compares before and after on
    photos kept apart, and saves a bundle that panel and GIMP show.

    Example: nigdt train photos ~/garden --name garden
    """
    from nigdt_training.inpaint.own_photos import OwnPhotos, train_own_photos

    request = OwnPhotos(path=path, name=name, caches=photo_caches(), **options)
    with sigterm_as_ctrl_c():
        train_own_photos(request, _say_json if request.json_progress else _say_plain)


def _say_plain(text: str, **_: Any) -> None:
    click.echo(text)


def _say_json(text: str, **facts: Any) -> None:
    click.echo(json.dumps({"message": text, **facts}))


def _run(
    *,
    config: Path | None,
    stage: str | None,
    name: str | None,
    data: Path | None,
    runs: Path,
    resume: Path | None,
    start_from: Path | None,
    match_from: Path | None,
    changes: tuple[str, ...],
    track: tuple[str, ...],
    device: str,
    max_minutes: float | None,
    dry_run: bool,
) -> None:
    if (config is None) == (resume is None):
        raise click.UsageError("Give either --config FILE for a new run or --resume RUN for an old one.")
    if resume is not None and (changes or dry_run):
        raise click.UsageError("--set and --dry-run go with --config.")
    deadline = time.monotonic() + 60 * (max_minutes or math.inf)
    from nigdt_training.inpaint.session import Machine, Places, plan, run_stages, start_run
    from nigdt_training.run import Run

    origin = {} if resume is None else Run.open(resume).origin()
    data = data or origin.get("data", Path())
    start_from, match_from = start_from or origin.get("from"), match_from or origin.get("match_from")
    places = Places(data, runs, photo_caches())
    if resume is not None:
        settings = Run.open(resume).settings
    else:
        assert config is not None
        settings = with_changes(load_settings(config), changes)
        if dry_run:
            plan(settings, places, _say_plain, match_from)
            return
    fabric = Machine.found(device).fabric(settings.precision)
    say = _say_plain if fabric.is_global_zero else _quiet
    if resume is not None:
        run = Run.open(resume)
    else:
        assert config is not None
        run = start_run(settings, places, name or config.stem, fabric)
        if fabric.is_global_zero:
            run.remember({"data": data, "from": start_from, "match_from": match_from})
    if fabric.is_global_zero:
        run.track(track)
    say(f"run folder: {run.folder}")
    try:
        with sigterm_as_ctrl_c():
            finished = run_stages(
                run,
                places,
                fabric,
                say,
                stages=("match", "inpaint") if stage is None else (stage,),
                start_from=start_from,
                match_from=match_from,
                deadline=deadline,
            )
    except KeyboardInterrupt:
        finished = False
    finally:
        run.close()
    if not finished:
        only = f"--stage {stage} " if stage else ""
        raise NigdtError(
            "Stopped before the last step.", f"Go on with: nigdt train {only}--resume {run.folder}"
        )


def _quiet(_: str, **__: Any) -> None:
    pass
