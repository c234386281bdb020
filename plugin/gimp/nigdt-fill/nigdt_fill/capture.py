"""From GIMP's image to what the model gets: the composite of what is seen, and the selection, at one moment.

Everything is read from a copy that is gone before the fill begins. So whatever the user does meanwhile, the
fill belongs to what was selected when it was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gi.repository import Gegl, Gimp
from nigdt_backend.protocol import LIMITS

from nigdt_fill.plan import Box, Settings, context_box, gather, hole_of, reflected
from nigdt_fill.problem import Problem
from nigdt_fill.texts import _

LARGEST_SIDE = LIMITS.side_max_px
"""Pixels, the protocol's limit. A larger context is sent scaled down, and its fill scaled up again."""


@dataclass(frozen=True)
class Capture:
    """What of the photo is to be filled.

    Attributes:
        context: The square that the model sees, in photo pixels.
        side: Of the square as it is sent, pixels.
        crop: RGB of the square as sent, sRGB, 8 bit.
        hole: Of the square as sent: 255 = to be made.
        region: Smallest box around the selection, grown and feathered, in photo pixels.
        weight: Selection over `region`, grown and feathered, 0 to 255.
    """

    context: Box
    side: int
    crop: bytes = field(repr=False)
    hole: bytes = field(repr=False)
    region: Box
    weight: bytes = field(repr=False)


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
        Problem: Nothing is selected, or a selection floats.
    """
    if image.get_floating_sel() is not None:
        raise Problem(_("A selection is floating. Anchor it (Layer > Anchor Floating Layer) and try again."))
    if selected_box(image) is None:
        raise Problem(_("Nothing is selected. Select the region to fill first, with any selection tool."))


def capture(image: Gimp.Image, settings: Settings, model_size: int) -> Capture:
    """Read what a fill of the image's selection needs.

    Args:
        image: Any kind of image; it is not changed.
        settings: `grow`, `feather` and `context` are used.
        model_size: The model's working size, pixels.

    Raises:
        Problem: Nothing is selected, a selection floats, or nothing is seen around the selection.
    """
    check(image)
    copy = image.duplicate()
    try:
        copy.undo_disable()
        return _capture(copy, settings, model_size)
    finally:
        copy.delete()


def _capture(copy: Gimp.Image, settings: Settings, model_size: int) -> Capture:
    if settings.grow:
        Gimp.Selection.grow(copy, settings.grow)
    if settings.feather:
        Gimp.Selection.feather(copy, settings.feather)
    region = selected_box(copy)
    if region is None:  # a feather much wider than the selection can leave nothing of it
        raise Problem(_("Feathered so much, nothing of the selection is left. Make the feather smaller."))
    width, height = copy.get_width(), copy.get_height()
    weight = read(copy.get_selection(), region, "Y u8")
    context = context_box(region, width, height, model_size, settings.context)
    inside = context.clipped(width, height)
    copy.crop(inside.width, inside.height, inside.left, inside.top)
    if copy.get_base_type() == Gimp.ImageBaseType.INDEXED:
        copy.convert_rgb()
    side = min(context.width, LARGEST_SIDE)
    if side < context.width:
        copy.scale(
            max(1, inside.width * side // context.width), max(1, inside.height * side // context.width)
        )
    seen = Box(0, 0, copy.get_width(), copy.get_height())
    composite = Gimp.Layer.new_from_visible(copy, copy, "NIGDT")
    copy.insert_layer(composite, None, 0)
    photo = read(composite, seen, "R'G'B' u8")
    hole = hole_of(read(copy.get_selection(), seen, "Y u8"), read(composite, seen, "A u8"))
    if hole.count(0) == 0:
        raise Problem(_("There is nothing around the selection that the fill could go by. Select less."))
    rows = reflected((context.top - inside.top) * side // context.width, side, seen.height)
    columns = reflected((context.left - inside.left) * side // context.width, side, seen.width)
    return Capture(
        context,
        side,
        gather(photo, seen.width, rows, columns, 3),
        gather(hole, seen.width, rows, columns, 1),
        region,
        weight,
    )
