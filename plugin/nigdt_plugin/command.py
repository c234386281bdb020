"""`nigdt panel`: the editor on the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("photo", required=False, type=_FILE)
@click.option("--mask", type=_FILE, help="Selection to begin with: a grey picture, white = to be filled.")
@click.option("--caption", help="Caption to begin with.")
@click.option(
    "--return-to",
    type=click.Path(file_okay=False, exists=True, writable=True, path_type=Path),
    help="Folder that gets layer.png and result.json instead of a saved file (docs/panel.md).",
)
@click.option("--time-first-paint", is_flag=True, help="Print how long the window took to appear, and end.")
def panel(
    photo: Path | None,
    mask: Path | None,
    caption: str | None,
    return_to: Path | None,
    time_first_paint: bool,
) -> None:
    """Open the editor: select a region, describe it, see it filled.

    Example: nigdt panel garden.jpg --caption "a red bird"
    """
    if mask is not None and photo is None:
        raise click.UsageError("--mask needs a PHOTO to select on.")
    if return_to is not None and photo is None:
        raise click.UsageError("--return-to needs a PHOTO.")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in _DISPLAYS):
        raise click.ClickException("There is no display to open a window on. Use 'nigdt fill' without one.")
    from nigdt_plugin.ui.app import Start, run

    raise SystemExit(run(Start(photo, mask, caption, return_to, time_first_paint)))
