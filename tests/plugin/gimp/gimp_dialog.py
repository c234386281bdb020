"""What the tests of the dialogs share: a dialog over a new image, writing into it, and what is seen of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from gimp_session import WindowSession
from PIL import Image
from scripted_daemon import COLOURS, ScriptedDaemon

TITLES = {
    "nigdt-describe": "NIGDT: Describe",
    "nigdt-recolour": "NIGDT: Recolour",
    "nigdt-remove": "NIGDT: Remove",
    "nigdt-fill-again": "NIGDT: Fill again",
}
SHOWN = """
    image = photo(400, 300)
    select(image, 150, 100, 80, 60)
    display = Gimp.Display.new(image)
    Gimp.displays_flush()
    result = display.get_id()
"""
INDEXED = """
    kinds = Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE
    image.convert_indexed(*kinds, 200, False, False, "")
"""
"""Gives `image` a palette."""
CLOSE = "Gimp.Display.get_by_id({}).delete()"
ASK = """
    before = composite(image)
    image.clean_all()
    status, message, layer = call({name!r}, image, "INTERACTIVE")
    dirty, layers = image.is_dirty(), image.get_layers()
    result = {{
        "status": status,
        "message": message,
        "changed": changed(before, composite(image), 400),
        "layers": [each.get_name() for each in layers],
        "shown": [each.get_visible() for each in layers],
        "variants": [it.get_visible() for it in layer.get_children()] if layer and layer.is_group() else [],
        "record": record(layer) if layer and not layer.is_group() else None,
        "base": image.get_base_type().value_nick,
        "dirty": dirty,
        "seen": list(composite(image, "R'G'B' u8")[3 * (130 * 400 + 190) :][:3]),
    }}
"""


def ask(
    windows: WindowSession, name: str = "nigdt-describe", before: str = "", title: str | None = None
) -> Path:
    """Open a procedure's dialog over a new image; returns where the answer will be.

    Args:
        windows: A GIMP.
        name: The procedure's.
        before: A snippet that does something to `image` first.
        title: A part of the window's title, where it is not the dialog's own in English.
    """
    answer = windows.send(SHOWN + before + ASK.format(name=name))
    windows.window(title or TITLES[name], answer)
    return answer


def wait_for(condition: Callable[[], object], seconds: float = 150.0) -> None:
    """Wait until something has come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


def write(windows: WindowSession, caption: str, daemon: ScriptedDaemon | None = None) -> None:
    """Replace the dialog's caption, which is the last one at first, and wait for its preview.

    A dialog that has just opened may miss what is typed, as with a hasty user; then it is typed again. The
    image's window may take the focus from it, and Ctrl+A would select the whole image there.
    """
    for _ in range(10):
        dialog = windows.window("NIGDT: ")
        windows.type("key", "alt+d")
        if windows.active() != dialog:
            continue
        windows.type("key", "ctrl+a")
        windows.type("type", "--delay", "15", caption)
        deadline = time.monotonic() + 8
        while daemon is not None and time.monotonic() < deadline:
            if any(request.recipe.caption == caption for request in daemon.requests):
                return
            time.sleep(0.05)
        if daemon is None:
            return
    raise AssertionError("no preview was asked for")


def middle_of(picture: Path, colour: tuple[int, int, int]) -> tuple[int, int] | None:
    """Return the middle (x, y) of what has a colour in a screenshot, None for a few pixels."""
    with Image.open(picture) as opened:
        rows, columns = np.nonzero((np.asarray(opened.convert("RGB")) == colour).all(axis=2))
    return (int(np.median(columns)), int(np.median(rows))) if rows.size > 100 else None


def greens(picture: Path) -> int:
    """Return how many pixels of a screenshot have the plain daemon's first colour."""
    with Image.open(picture) as opened:
        return int((np.asarray(opened.convert("RGB")) == COLOURS[0]).all(axis=2).sum())
