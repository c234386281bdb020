"""`nigdt train`: both stages from a settings file, or fine-tuning on one's own photos."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from nigdt.errors import NigdtError
from nigdt_training.commands.places import photo_caches
from nigdt_training.commands.stopping import sigterm_as_ctrl_c
from nigdt_training.commands.train_comparison import comparison
from nigdt_training.commands.train_recolour import recolour
from nigdt_training.settings import load_settings, with_changes

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_COUNT = click.IntRange(1)

_config = click.option("--config", type=_FILE, help="Settings (YAML).")
_runs = click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Run folders."
)
_device = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.", metavar="NAME"
)


_OPTIONS = (
    _config,
    click.option("--name", help="Name of the run. Default: the settings file's name."),
    click.option(
        "--data",
        type=_FOLDER,
        help="Folder that the settings' paths start from. Default: here, or where a resumed run had them.",
    ),
    _runs,
    click.option("--resume", type=_FOLDER, help="Run folder to go on with."),
    click.option(
        "--from",
        "start_from",
        type=click.Path(path_type=Path, exists=True),
        help="Checkpoint, or folder of a bundle, to begin with.",
    ),
    click.option("--match-from", type=_FILE, help="Match networks to use."),
    click.option("--steps", type=_COUNT, help="Number of steps instead of the settings'."),
    click.option(
        "--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting: loss.match=0."
    ),
    click.option("--devices", type=_COUNT, help="Processes on this machine.  [default: 1, or torchrun's]"),
    click.option("--nodes", type=_COUNT, help="Machines.  [default: 1, or torchrun's]"),
    _device,
    click.option("--dry-run", is_flag=True, help="Read settings and data, say what would happen, and stop."),
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@_options
@click.pass_context
def train(context: click.Context, **options: Any) -> None:
    """Train a model: match networks first, then both paths with discriminators.

    A run can be interrupted at any moment and continued with --resume.

    Example: nigdt train --config small.yaml --data ~/photos

    Example: nigdt train --resume runs/00001-small
    """
    if context.invoked_subcommand is None:
        _run(("match", "inpaint"), **options)
    else:
        context.obj = options


train.add_command(comparison)
train.add_command(recolour)


@train.command()
@_options
@click.pass_context
def match(context: click.Context, **options: Any) -> None:
    """Train only the match networks (stage 1).

    Example: nigdt train match --config training/configs/small.yaml --data ~/photos
    """
    _run(("match",), **_with_outer(context, options))


@train.command()
@_options
@click.pass_context
def inpaint(context: click.Context, **options: Any) -> None:
    """Train only the inpainting model (stage 2), with match networks that are there already.

    Example: nigdt train inpaint --config small.yaml --match-from runs/00001-small/match.safetensors
    """
    _run(("inpaint",), **_with_outer(context, options))


def _with_outer(context: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """The options after the sub-command's name, and those before it that were not given again."""
    default = click.core.ParameterSource.DEFAULT
    given = {key: options[key] for key in options if context.get_parameter_source(key) is not default}
    return {**context.obj, **given, "changes": (*context.obj["changes"], *options["changes"])}


@train.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--name", required=True, help="Name of the new model, as panel and GIMP will show it.")
@click.option("--bundle", default="default", show_default=True, help="Model to start from.")
@click.option("--steps", type=_COUNT, default=2000, show_default=True, help="Steps at most.")
@click.option("--patience", type=_COUNT, default=5, show_default=True, help="Validations without gain.")
@click.option("--resume", is_flag=True, help="Go on with an interrupted training of this name.")
@click.option("--json-progress", is_flag=True, help="Print one JSON object per line, for programs.")
@click.option("--output", type=click.Path(path_type=Path), help="Bundle folder. Default: the user's bundles.")
@click.option("--match-from", type=_FILE, help="Match networks to start from. Default: the model's, if any.")
@_runs
@_device
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
    stages: tuple[str, ...],
    *,
    config: Path | None,
    name: str | None,
    data: Path | None,
    runs: Path,
    resume: Path | None,
    start_from: Path | None,
    match_from: Path | None,
    steps: int | None,
    changes: tuple[str, ...],
    devices: int | None,
    nodes: int | None,
    device: str,
    dry_run: bool,
) -> None:
    if (config is None) == (resume is None):
        raise click.UsageError("Give either --config FILE for a new run or --resume RUN for an old one.")
    from nigdt_training.inpaint.session import Machine, Places, plan, run_stages, start_run
    from nigdt_training.run import Run

    origin = {} if resume is None else Run.open(resume).origin()
    data = data or origin.get("data", Path())
    start_from, match_from = start_from or origin.get("from"), match_from or origin.get("match_from")
    places = Places(data, runs, photo_caches())
    if config is not None:
        steps_change = (f"steps={steps}",) if steps is not None else ()
        settings = with_changes(load_settings(config), (*changes, *steps_change))
        if dry_run:
            plan(settings, places, _say_plain)
            return
    elif steps is not None or changes or dry_run:
        raise click.UsageError("--steps, --set and --dry-run go with --config.")
    else:
        assert resume is not None
        settings = Run.open(resume).settings
    fabric = Machine.found(device, devices, nodes).fabric(settings.precision)
    say = _say_plain if fabric.is_global_zero else _quiet
    if resume is not None:
        run = Run.open(resume)
    else:
        assert config is not None
        run = start_run(settings, places, name or config.stem, fabric)
        if fabric.is_global_zero:
            run.remember({"data": data, "from": start_from, "match_from": match_from})
    say(f"run folder: {run.folder}")
    try:
        with sigterm_as_ctrl_c():
            finished = run_stages(
                run, places, fabric, say, stages=stages, start_from=start_from, match_from=match_from
            )
    except KeyboardInterrupt:
        finished = False
    finally:
        run.close()
    if not finished:
        raise NigdtError("Interrupted.", hint=f"Go on with: {_resume_command(stages, run.folder)}")


def _resume_command(stages: tuple[str, ...], folder: Path) -> str:
    only = f"{stages[0]} " if len(stages) == 1 else ""
    return f"nigdt train {only}--resume {folder}"


def _quiet(_: str, **__: Any) -> None:
    pass
