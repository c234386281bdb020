"""Runs inside GIMP: executes the snippets that the tests drop into a folder, one after the other.

`worker` is given by whoever executes this file: the folder's name. A snippet `N.py` leaves `N.json`, which is
{"result": ...} or {"error": ...}. The names defined here are at the snippets' disposal.
"""

import json
import struct
import time
import traceback
from pathlib import Path

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402, F401


def rectangle(x, y, width, height):
    return Gegl.Rectangle.new(x, y, width, height)


def read(drawable, pixel_format="R'G'B'A u8", box=None):
    """Pixels of a drawable, as bytes."""
    box = box or (0, 0, drawable.get_width(), drawable.get_height())
    return bytes(drawable.get_buffer().get(rectangle(*box), 1.0, pixel_format, Gegl.AbyssPolicy.NONE))


def write(drawable, pixel_format, pixels):
    buffer = drawable.get_buffer()
    buffer.set(rectangle(0, 0, drawable.get_width(), drawable.get_height()), pixel_format, pixels)
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())


def pattern(width, height):
    """RGBA pixels that differ everywhere, opaque."""
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            pixels += bytes(((x * 5 + y) % 256, (y * 3) % 256, (x * y) % 251, 255))
    return bytes(pixels)


def photo(width=96, height=80, base="RGB", precision="U8_NON_LINEAR", alpha=False):
    """A new image with one patterned layer."""
    kind = getattr(Gimp.ImageBaseType, base)
    image = Gimp.Image.new_with_precision(width, height, kind, getattr(Gimp.Precision, precision))
    layer_type = {"RGB": ("RGB_IMAGE", "RGBA_IMAGE"), "GRAY": ("GRAY_IMAGE", "GRAYA_IMAGE")}[base][alpha]
    layer = Gimp.Layer.new(
        image, "photo", width, height, getattr(Gimp.ImageType, layer_type), 100.0, Gimp.LayerMode.NORMAL
    )
    image.insert_layer(layer, None, 0)
    write(layer, "R'G'B'A u8", pattern(width, height))
    return image


def select(image, x, y, width, height):
    image.select_rectangle(Gimp.ChannelOps.REPLACE, x, y, width, height)


def composite(image, pixel_format="R'G'B'A float"):
    """Everything that is seen, in full precision."""
    layer = Gimp.Layer.new_from_visible(image, image, "seen")
    image.insert_layer(layer, None, 0)
    pixels = read(layer, pixel_format)
    image.remove_layer(layer)
    return pixels


def changed(before, after, width, tolerance=0.0):
    """The smallest box (left, top, right, bottom) around the pixels that differ, None when none does.

    `tolerance` is for grey images alone: GIMP itself changes their last bits under any new layer.
    """
    places = []
    for i in range(0, len(before), 16):
        if before[i : i + 16] != after[i : i + 16]:
            was, now = struct.unpack_from("4f", before, i), struct.unpack_from("4f", after, i)
            if max(abs(a - b) for a, b in zip(was, now, strict=True)) > tolerance:
                places.append(i // 16)
    if not places:
        return None
    rows, columns = [i // width for i in places], [i % width for i in places]
    return [min(columns), min(rows), max(columns) + 1, max(rows) + 1]


def call(name, image, run_mode="NONINTERACTIVE", **arguments):
    """Run a procedure; returns (status, message, first value)."""
    pdb = Gimp.get_pdb()
    procedure = pdb.lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", getattr(Gimp.RunMode, run_mode))
    config.set_property("image", image)
    config.set_core_object_array("drawables", image.get_selected_drawables())
    for key, value in arguments.items():
        config.set_property(key.replace("_", "-"), value)
    values = procedure.run(config)
    status = values.index(0).value_nick
    made = values.index(1) if values.length() > 1 and status == "success" else None
    return status, pdb.get_last_error() if status != "success" else "", made


def fill(image, **arguments):
    return call("nigdt-describe", image, **arguments)


def record(layer):
    """What a layer remembers about its fill."""
    parasite = layer.get_parasite("nigdt-fill")
    if parasite is None:
        return None
    told = json.loads(bytes(parasite.get_data()))
    return {**told, **told["fills"][0]["recipe"]}


def _serve(folder, tidy):
    done = 0
    while not (folder / "quit").exists():
        snippet = folder / f"{done}.py"
        if not snippet.exists():
            time.sleep(0.02)
            continue
        names = {**globals(), "result": None}
        try:
            exec(compile(snippet.read_text(encoding="utf-8"), str(snippet), "exec"), names)
            answer = json.dumps({"result": names["result"]})
        except BaseException:
            answer = json.dumps({"error": traceback.format_exc()})
        if tidy:
            shown = names.get("display")
            if shown is not None and shown.is_valid():
                shown.delete()  # and with it the image; GIMP does not delete one that is shown
            for image in Gimp.get_images():
                image.delete()
        partial = folder / f"{done}.tmp"
        partial.write_text(answer, encoding="utf-8")
        partial.rename(folder / f"{done}.json")
        done += 1


_serve(Path("/mnt/work") / worker, tidy=worker == "main")  # noqa: F821
