"""*Open in NIGDT panel...*: photo and selection go to the panel, what is applied there comes back as a layer.

Files go through a folder of this process alone; the panel's side is docs/panel.md, "Hosts".
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from gi.repository import Gimp, Gio

from nigdt_fill import VERSION, provenance
from nigdt_fill.capture import read, selected_box, write
from nigdt_fill.install import read_install
from nigdt_fill.place import finish, new_layer, one_undo_step, still_open, was_closed
from nigdt_fill.plan import Box, layer_name
from nigdt_fill.problem import Cancelled, Problem
from nigdt_fill.texts import _

POLL_SECONDS = 0.1


def open_panel(image: Gimp.Image, config: Gimp.ProcedureConfig) -> Gimp.Layer:
    """Show the image in the panel and wait until the user is done there.

    Args:
        image: Any kind of image; a selection is not needed, one can be made in the panel.
        config: `caption`, what the panel starts with.

    Returns:
        The layer that came back.

    Raises:
        Cancelled: The user closed the panel without applying.
        Problem: The panel cannot be opened, or the image was closed.
    """
    command = read_install().command("nigdt", "panel")
    if command is None:
        raise Problem(
            _("The NIGDT panel cannot be started from here. Save the photo and open it in the panel instead.")
        )
    with tempfile.TemporaryDirectory(prefix="nigdt-") as name:
        folder = Path(name)
        command += [*export(image, folder), "--return-to", str(folder)]
        caption = config.get_property("caption") or ""
        if caption.strip():
            command += ["--caption", caption]
        result = _wait(image, command, folder)
        still_open(image)
        return _insert(image, folder, result)


def export(image: Gimp.Image, folder: Path) -> list[str]:
    """Write what is seen, and the selection, in 8-bit sRGB.

    Returns:
        The panel's arguments that name the files.
    """
    size = Box(0, 0, image.get_width(), image.get_height())
    copy = image.duplicate()
    try:
        if copy.get_base_type() == Gimp.ImageBaseType.INDEXED:
            copy.convert_rgb()
        composite = Gimp.Layer.new_from_visible(copy, copy, "NIGDT")
        copy.insert_layer(composite, None, 0)
        pixels = read(composite, size, "R'G'B'A u8")
        selection = read(copy.get_selection(), size, "Y u8") if selected_box(copy) else None
    finally:
        copy.delete()
    rgb, rgba, grey = Gimp.ImageType.RGB_IMAGE, Gimp.ImageType.RGBA_IMAGE, Gimp.ImageType.GRAY_IMAGE
    opaque = pixels[3::4].count(255) == size.width * size.height
    _save(folder / "photo.png", size, rgb if opaque else rgba, "R'G'B'A u8", pixels)
    arguments = [str(folder / "photo.png")]
    if selection is not None:
        _save(folder / "mask.png", size, grey, "Y' u8", selection)
        arguments += ["--mask", str(folder / "mask.png")]
    return arguments


def _save(file: Path, size: Box, kind: Gimp.ImageType, pixel_format: str, pixels: bytes) -> None:
    base = Gimp.ImageBaseType.GRAY if kind == Gimp.ImageType.GRAY_IMAGE else Gimp.ImageBaseType.RGB
    plain = Gimp.Image.new(size.width, size.height, base)
    try:
        layer = Gimp.Layer.new(plain, "", size.width, size.height, kind, 100.0, Gimp.LayerMode.NORMAL)
        plain.insert_layer(layer, None, 0)
        write(layer, size, pixel_format, pixels)
        Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, plain, Gio.File.new_for_path(str(file)), None)
    finally:
        plain.delete()


def _wait(image: Gimp.Image, command: list[str], folder: Path) -> dict[str, Any]:
    """Run the panel until it answers or ends."""
    said = folder / "result.json"
    Gimp.progress_init(_("Waiting for the NIGDT panel…"))
    try:
        with (folder / "panel.log").open("wb") as log:
            windowless = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would open a console besides
            panel = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, creationflags=windowless
            )
        while panel.poll() is None and not said.exists() and not was_closed(image):
            Gimp.progress_pulse()
            time.sleep(POLL_SECONDS)
    except OSError as error:
        raise Problem(_("The NIGDT panel could not be started ({reason}).").format(reason=error)) from None
    finally:
        Gimp.progress_end()
    if not said.exists():
        still_open(image)
        if panel.returncode:
            lines = (folder / "panel.log").read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), str(panel.returncode))
            raise Problem(_("The NIGDT panel ended early ({reason}).").format(reason=last.strip()))
        raise Cancelled
    result: dict[str, Any] = json.loads(said.read_text(encoding="utf-8"))
    if result.get("status") != "applied":
        raise Cancelled
    return result


def _insert(image: Gimp.Image, folder: Path, result: dict[str, Any]) -> Gimp.Layer:
    """Put the panel's picture on top of the image; its opacity becomes the layer's mask."""
    region = Box(*(int(value) for value in result["box"]))
    loaded = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(folder / "layer.png")))
    try:
        picture, everything = loaded.get_layers()[0], Box(0, 0, loaded.get_width(), loaded.get_height())
        pixels = read(picture, everything, "R'G'B' u8")
        weight = read(picture, everything, "A u8")
    finally:
        loaded.delete()
    if len(weight) != region.width * region.height:
        raise Problem(_("The panel's answer does not fit the image."))
    fills = result.get("fills") or [{}]
    record = provenance.describe_applied({"fills": fills}, VERSION)
    with one_undo_step(image):
        if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
            image.convert_rgb()
        name = layer_name(fills[0].get("caption") or "NIGDT")
        layer = new_layer(image, name, region.width, region.height)
        image.insert_layer(layer, None, 0)
        write(layer, Box(0, 0, region.width, region.height), "R'G'B' u8", pixels)
        finish(layer, region, weight, record)
        image.set_selected_layers([layer])
    Gimp.displays_flush()
    return layer
