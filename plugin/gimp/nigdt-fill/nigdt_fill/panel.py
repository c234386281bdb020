"""*Open in NIGDT panel...*: photo and selection go to the panel, what is applied there comes back as a layer.

Files go through a folder of this process alone; the panel's side is docs/panel.md, "Hosts".
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from gi.repository import Gimp, Gio

from nigdt_fill import problem, provenance
from nigdt_fill.capture import read, selected_box, write
from nigdt_fill.install import read_install
from nigdt_fill.place import (
    finish,
    insert_in_one_step,
    new_layer,
    still_open,
    was_closed,
    while_open,
    write_fill,
)
from nigdt_fill.plan import Rect, layer_name
from nigdt_fill.preview import duplicate
from nigdt_fill.problem import Cancelled, Problem
from nigdt_fill.texts import _

RESULT = "result.json"
LOG = "panel.log"
POLL_SECONDS = 0.1
NAME_CHARS = 60
"""No more bytes than a file's name may have, whatever the letters."""
_FORBIDDEN = frozenset('<>:"/\\|?*')


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
    install = read_install()
    command = install.command("nigdt", "panel")
    if command is None:
        raise problem.lost(install) or Problem(
            _("The NIGDT panel cannot be started from here. Save the photo and open it in the panel instead.")
        )
    Gimp.progress_init(_("Waiting for the NIGDT panel…"))
    folder = Path(tempfile.mkdtemp(prefix="nigdt-"))
    panel: subprocess.Popen[bytes] | None = None
    opened = image.get_width(), image.get_height()
    try:
        with while_open(image):
            command += [*export(image, folder), "--return-to", str(folder)]
        caption = config.get_property("caption") or ""
        if caption.strip():
            command += ["--caption", caption]
        panel = _start(command, folder)
        result = _wait(image, panel, folder)
        return _insert(image, folder, result, opened)
    finally:
        Gimp.progress_end()
        # A panel that goes on without GIMP still needs its folder, and clears it away itself.
        if panel is None or panel.poll() is not None or (folder / RESULT).exists():
            shutil.rmtree(folder, ignore_errors=True)


def export(image: Gimp.Image, folder: Path) -> list[str]:
    """Write what is seen, and the selection, in 8-bit sRGB.

    Returns:
        The panel's arguments that name the files.
    """
    size = Rect(0, 0, image.get_width(), image.get_height())
    copy = duplicate(image)
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
    photo = folder / "photo" / _file_name(image)
    photo.parent.mkdir()
    _save(photo, size, rgb if opaque else rgba, "R'G'B'A u8", pixels)
    arguments = [str(photo)]
    if selection is not None:
        mask = folder / "mask.png"
        _save(mask, size, grey, "Y' u8", selection)
        arguments += ["--mask", str(mask)]
    return arguments


def _file_name(image: Gimp.Image) -> str:
    """Return the image's name as that of a PNG file; the panel calls the photo by it."""
    file = image.get_file() or image.get_imported_file() or image.get_exported_file()
    name = Path(file.get_basename()).stem if file else image.get_name().strip("[]")
    kept = "".join(
        "_" if letter in _FORBIDDEN or not letter.isprintable() else letter for letter in name[:NAME_CHARS]
    )
    return (kept.strip(" .") or "image") + ".png"


def _save(file: Path, size: Rect, kind: Gimp.ImageType, pixel_format: str, pixels: bytes) -> None:
    base = Gimp.ImageBaseType.GRAY if kind == Gimp.ImageType.GRAY_IMAGE else Gimp.ImageBaseType.RGB
    plain = Gimp.Image.new(size.width, size.height, base)
    try:
        layer = Gimp.Layer.new(plain, "", size.width, size.height, kind, 100.0, Gimp.LayerMode.NORMAL)
        plain.insert_layer(layer, None, 0)
        write(layer, size, pixel_format, pixels)
        if not Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, plain, Gio.File.new_for_path(str(file)), None):
            reason = Gimp.get_pdb().get_last_error()
            raise Problem(_("The photo cannot be handed over ({reason}).").format(reason=reason))
    finally:
        plain.delete()


def _start(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start the panel. The pipe to it tells it, by breaking, that this process has ended."""
    windowless = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would open a console besides
    try:
        with (folder / LOG).open("wb") as log:
            return subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, creationflags=windowless
            )
    except OSError as error:
        raise Problem(_("The NIGDT panel could not be started ({reason}).").format(reason=error)) from None


def _wait(image: Gimp.Image, panel: subprocess.Popen[bytes], folder: Path) -> dict[str, Any]:
    """Wait until the panel answers or ends."""
    said = folder / RESULT
    while panel.poll() is None and not said.exists():
        if was_closed(image):
            raise Problem(
                _("The image was closed. What you made is still in the NIGDT panel; save it there.")
            )
        # GIMP's status bar forgets its text when it has other things to say meanwhile.
        Gimp.progress_set_text(_("Waiting for the NIGDT panel…"))
        Gimp.progress_pulse()
        time.sleep(POLL_SECONDS)
    if not said.exists():
        if panel.returncode:
            lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), str(panel.returncode))
            raise Problem(_("The NIGDT panel ended early ({reason}).").format(reason=last.strip()))
        raise Cancelled
    result: dict[str, Any] = json.loads(said.read_text(encoding="utf-8"))
    if result.get("status") != "applied":
        raise Cancelled
    still_open(image)
    return result


def _insert(image: Gimp.Image, folder: Path, result: dict[str, Any], opened: tuple[int, int]) -> Gimp.Layer:
    """Put the panel's picture on top of the image; its opacity becomes the layer's mask.

    Args:
        image: Which may have another size by now; what was made is not lost then.
        folder: With the panel's picture.
        result: The panel's answer.
        opened: Columns and rows of the image when the panel was opened.

    Raises:
        Problem: Picture and answer do not belong together.
    """
    region = Rect(*(int(value) for value in result["box"]))
    loaded = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(str(folder / "layer.png")))
    try:
        picture, everything = loaded.get_layers()[0], Rect(0, 0, loaded.get_width(), loaded.get_height())
        pixels = read(picture, everything, "R'G'B' u8")
        weight = read(picture, everything, "A u8")
    finally:
        loaded.delete()
    if len(weight) != region.width * region.height:
        raise Problem(_("The panel's answer does not fit the image."))
    fills = result.get("fills") or [{}]
    record = provenance.describe_applied(fills, opened)
    caption = fills[0].get("recipe", {}).get("caption")

    def build() -> Gimp.Layer:
        name = "NIGDT" if caption is None else layer_name(caption) or _("Removed")
        layer = new_layer(image, name, region.width, region.height)
        write_fill(layer, Rect(0, 0, region.width, region.height), pixels)
        finish(layer, region, weight, record)
        return layer

    def insert(layer: Gimp.Layer) -> Gimp.Layer:
        image.insert_layer(layer, None, 0)
        return layer

    size = image.get_width(), image.get_height()
    made = insert_in_one_step(image, build, insert)
    Gimp.displays_flush()
    if size != opened:
        Gimp.message(
            _("The image was cropped, scaled or turned meanwhile. Move the new layer to where it belongs.")
        )
    return made
