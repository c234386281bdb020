"""From GIMP's image to what the model gets: the composite of what is seen, and the selection, at one moment.

Everything is read from a copy that is gone before the fill begins. So whatever the user does meanwhile, the
fill belongs to what was selected when it was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gi.repository import Gegl, Gimp
from nigdt_backend.protocol import LIMITS

from nigdt_fill.plan import Box, Settings, context_box, shows_nothing
from nigdt_fill.problem import Problem
from nigdt_fill.texts import _

QUICK_MASK = "Qmask"
"""GIMP's name for the channel that stands for the selection while the quick mask is on."""


@dataclass(frozen=True)
class Capture:
    """What of the photo is to be filled.

    Attributes:
        context: The part that the model sees, in photo pixels.
        crop: Its pixels, `channels` bytes each: sRGB, 8 bit, with alpha where the photo is not opaque.
        channels: 3 or 4.
        selection: The selection over it, grown, 0 to 255.
    """

    context: Box
    crop: bytes = field(repr=False)
    channels: int
    selection: bytes = field(repr=False)


def read(drawable: Gimp.Drawable, box: Box, pixel_format: str) -> bytes:
    """Read pixels of a drawable in its own coordinates, converted to `pixel_format` (a babl format; sRGB)."""
    rectangle = Gegl.Rectangle.new(box.left, box.top, box.width, box.height)
    return bytes(drawable.get_buffer().get(rectangle, 1.0, pixel_format, Gegl.AbyssPolicy.NONE))


def write(drawable: Gimp.Drawable, box: Box, pixel_format: str, pixels: bytes) -> None:
    """Write pixels of a drawable in its own coordinates, converted from `pixel_format`.

    Raises:
        ValueError: `pixels` does not fit the box; GIMP itself would write nothing and only log it.
    """
    per_pixel = {"R'G'B' u8": 3, "R'G'B'A u8": 4, "Y u8": 1, "Y' u8": 1}[pixel_format]
    if len(pixels) != box.width * box.height * per_pixel:
        raise ValueError(f"{len(pixels)} bytes for {box.width} x {box.height} pixels of {pixel_format}.")
    buffer = drawable.get_buffer()
    buffer.set(Gegl.Rectangle.new(box.left, box.top, box.width, box.height), pixel_format, pixels)
    buffer.flush()
    drawable.update(box.left, box.top, box.width, box.height)


def selected_box(image: Gimp.Image) -> Box | None:
    """Return the smallest box around the selection, None without one."""
    _ok, selected, left, top, right, bottom = Gimp.Selection.bounds(image)
    return Box(left, top, right - left, bottom - top) if selected else None


def check(image: Gimp.Image) -> None:
    """Refuse what cannot be filled.

    Raises:
        Problem: Nothing is selected or seen, the quick mask is on, or a selection floats.
    """
    if image.get_floating_sel() is not None:
        raise Problem(_("A selection is floating. Anchor it (Layer > Anchor Floating Layer) and try again."))
    if image.get_channel_by_name(QUICK_MASK) is not None:
        raise Problem(_("The quick mask is on. Turn it off first (Shift+Q)."))
    if not any(layer.get_visible() for layer in image.get_layers()):
        raise Problem(_("No layer is visible. Show one first, with its eye in the layers' dialog."))
    if selected_box(image) is None:
        raise Problem(_("Nothing is selected. Select the region to fill first, with any selection tool."))


def capture(image: Gimp.Image, settings: Settings, model_size: int) -> Capture:
    """Read what a fill of the image's selection needs.

    Args:
        image: Any kind of image; it is not changed.
        settings: What decides the context is used.
        model_size: The model's working size, pixels.

    Raises:
        Problem: As `check`, the context is too large, or nothing is seen around the selection.
    """
    check(image)
    copy = image.duplicate()
    try:
        copy.undo_disable()
        return _capture(copy, settings, model_size)
    finally:
        copy.delete()


def _capture(copy: Gimp.Image, settings: Settings, model_size: int) -> Capture:
    recipe = settings.recipe
    if recipe.way == "remove":
        Gimp.Selection.flood(copy)
    if recipe.grown:
        Gimp.Selection.grow(copy, recipe.grown)
    region = selected_box(copy)
    assert region is not None
    context = context_box(region, copy.get_width(), copy.get_height(), model_size, recipe.widen, recipe.way)
    if context.pixels > LIMITS.placed_pixels:
        raise Problem(_("The selection with its surroundings is too large. Select less."))
    copy.crop(context.width, context.height, context.left, context.top)
    if copy.get_base_type() == Gimp.ImageBaseType.INDEXED:
        copy.convert_rgb()
    seen = Box(0, 0, context.width, context.height)
    composite = Gimp.Layer.new_from_visible(copy, copy, "NIGDT")
    copy.insert_layer(composite, None, 0)
    selection, alpha = read(copy.get_selection(), seen, "Y u8"), read(composite, seen, "A u8")
    if shows_nothing(selection, alpha):
        raise Problem(_("There is nothing around the selection that the fill could go by. Select less."))
    channels = 3 if alpha.count(255) == len(alpha) else 4
    crop = read(composite, seen, "R'G'B' u8" if channels == 3 else "R'G'B'A u8")
    return Capture(context, crop, channels, selection)
