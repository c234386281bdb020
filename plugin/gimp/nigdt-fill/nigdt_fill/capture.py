"""From GIMP's image to what the model gets: the composite of what is seen, and the selection, at one moment.

Everything is read from a copy that is gone before the fill begins. So whatever the user does meanwhile, the
fill belongs to what was selected when it was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gi.repository import Gegl, Gimp

from nigdt.limits import sent_size
from nigdt_fill.again import Drawn, hide_from
from nigdt_fill.plan import FillSettings, Rect, context_box, covered, cut, paste, shows_nothing, touched
from nigdt_fill.preview import duplicate
from nigdt_fill.problem import Problem
from nigdt_fill.texts import _

QUICK_MASK = "Qmask"
"""GIMP's name for the channel that stands for the selection while the quick mask is on."""


@dataclass(frozen=True)
class Capture:
    """What of the photo is to be filled.

    Attributes:
        context: The part that the model sees, in photo pixels.
        size: Columns and rows in which it travels: its own, unless that is too much.
        crop: Its pixels, `channels` bytes each: sRGB, 8 bit, with alpha where the photo is not opaque.
        channels: 3 or 4.
        selection: The selection over it as it was drawn, 0 to 255.
        selected: Smallest box around the selection, in photo pixels.
        drawn: The selection in that box, in photo pixels.
        grey: Whether the image holds no colour.
        linear: Whether GIMP blends what is half transparent in linear light.
        image: Columns and rows of the whole image.
    """

    context: Rect
    size: tuple[int, int]
    crop: bytes = field(repr=False)
    channels: int
    selection: bytes = field(repr=False)
    selected: Rect
    drawn: bytes = field(repr=False)
    grey: bool
    linear: bool
    image: tuple[int, int]

    @property
    def scale(self) -> float:
        """Size in which it travels as a fraction of its own, at most 1."""
        return self.size[0] / self.context.width


def read(drawable: Gimp.Drawable, box: Rect, pixel_format: str) -> bytes:
    """Read pixels of a drawable in its own coordinates, converted to `pixel_format` (a babl format; sRGB)."""
    rectangle = Gegl.Rectangle.new(box.left, box.top, box.width, box.height)
    return bytes(drawable.get_buffer().get(rectangle, 1.0, pixel_format, Gegl.AbyssPolicy.NONE))


def write(drawable: Gimp.Drawable, box: Rect, pixel_format: str, pixels: bytes) -> None:
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


def composite_space(image: Gimp.Image) -> Gimp.LayerColorSpace:
    """Return in which kind of numbers a fill is to be blended with an image: in that which the image holds.

    So panel, preview and GIMP blend alike in the usual images. Anything else would have GIMP convert all that
    is seen to and fro, and pixels outside the fill would change in their last bits. Deep grey images with a
    profile change least when GIMP chooses: by one step of 16 bits.
    """
    bits, _dash, kind = image.get_precision().value_nick.upper().replace("-", "_").partition("_")
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    if grey and bits != "U8" and image.get_color_profile() is not None:
        return Gimp.LayerColorSpace.AUTO
    return {
        "LINEAR": Gimp.LayerColorSpace.RGB_LINEAR,
        "NON_LINEAR": Gimp.LayerColorSpace.RGB_NON_LINEAR,
        "PERCEPTUAL": Gimp.LayerColorSpace.RGB_PERCEPTUAL,
    }[kind]


def blends_linearly(image: Gimp.Image) -> bool:
    """Return whether a fill of an image is blended in linear light, which is also what GIMP chooses."""
    return composite_space(image) in (Gimp.LayerColorSpace.RGB_LINEAR, Gimp.LayerColorSpace.AUTO)


def selected_box(image: Gimp.Image) -> Rect | None:
    """Return the smallest box around the selection, None without one."""
    _ok, selected, left, top, right, bottom = Gimp.Selection.bounds(image)
    return Rect(left, top, right - left, bottom - top) if selected else None


def check(image: Gimp.Image, settings: FillSettings, drawn: Drawn | None = None) -> None:
    """Refuse what cannot be filled.

    Args:
        image: Any kind of image.
        settings: What is to be done.
        drawn: A fill that is to be made again, whose selection counts.

    Raises:
        Problem: Nothing is selected or seen, the quick mask is on, a selection floats, or a grey image is to
            be coloured.
    """
    if settings.mode == "recolour" and image.get_base_type() == Gimp.ImageBaseType.GRAY:
        raise Problem(_("This image is grey and holds no colour. Convert it first with Image > Mode > RGB."))
    if image.get_floating_sel() is not None:
        raise Problem(_("A selection is floating. Anchor it (Layer > Anchor Floating Layer) and try again."))
    if image.get_channel_by_name(QUICK_MASK) is not None:
        raise Problem(_("The quick mask is on. Turn it off first (Shift+Q)."))
    if not _anything_visible(image.get_layers()):
        raise Problem(_("No layer is visible. Show one first, with its eye in the layers' dialog."))
    if drawn is None and selected_box(image) is None:
        raise Problem(_("Nothing is selected. Select the region to fill first, with any selection tool."))


def capture(
    image: Gimp.Image, settings: FillSettings, model_size: int, drawn: Drawn | None = None
) -> Capture:
    """Read what a fill of the image's selection needs.

    Args:
        image: Any kind of image; it is not changed.
        settings: What decides the context is used.
        model_size: The model's working size, pixels.
        drawn: A fill that is to be made again.

    Raises:
        Problem: As `check`, or nothing is seen around what is to be removed.
    """
    check(image, settings, drawn)
    copy = duplicate(image)
    try:
        if drawn is not None and drawn.there:
            hide_from(copy, drawn.layer)
        return _capture(copy, settings, model_size, drawn)
    finally:
        copy.delete()


def _capture(copy: Gimp.Image, settings: FillSettings, model_size: int, drawn: Drawn | None) -> Capture:
    recipe, width, height = settings.recipe, copy.get_width(), copy.get_height()
    if drawn is not None:
        selected, inside = drawn.box, drawn.selection
    else:
        around = selected_box(copy)
        assert around is not None
        inside = read(copy.get_selection(), around, "Y u8")
        tight = touched(inside, around.width) or Rect(0, 0, around.width, around.height)
        inside = cut(inside, around.width, tight, 1)
        selected = Rect(around.left + tight.left, around.top + tight.top, tight.width, tight.height)
    region = selected.grown(recipe.grown, width, height)
    context = context_box(
        region,
        width,
        height,
        model_size,
        recipe.widen,
        recipe.effective_mode,
        covered(inside, selected.width),
        recipe.grown,
    )
    if copy.get_base_type() == Gimp.ImageBaseType.INDEXED:
        copy.convert_rgb()
    if _filtered(copy.get_layers()):
        _leave_only(Gimp.Layer.new_from_visible(copy, copy, "NIGDT"))
    copy.crop(context.width, context.height, context.left, context.top)
    composite = Gimp.Layer.new_from_visible(copy, copy, "NIGDT")
    selection = paste(inside, selected, context)
    # All that travels is bounded by what a removal gets; of the rest the service sees to itself.
    size = sent_size(context.width, context.height, "remove")
    if size != (context.width, context.height):
        composite, selection = _reduced(composite, selection, context, size)
    else:
        copy.insert_layer(composite, None, 0)
    seen = Rect(0, 0, *size)
    alpha = read(composite, seen, "A u8")
    if recipe.effective_mode == "remove" and shows_nothing(selection, alpha):
        raise Problem(_("There is nothing around the selection that the fill could go by. Select less."))
    channels = 3 if alpha.count(255) == len(alpha) else 4
    crop = read(composite, seen, "R'G'B' u8" if channels == 3 else "R'G'B'A u8")
    grey, linear = copy.get_base_type() == Gimp.ImageBaseType.GRAY, blends_linearly(copy)
    return Capture(
        context, size, crop, channels, selection, selected, inside, grey, linear, image=(width, height)
    )


def _anything_visible(layers: Sequence[Gimp.Layer]) -> bool:
    """Return whether a layer is shown; a group is shown by what is in it."""
    return any(
        layer.get_visible() and (not layer.is_group() or _anything_visible(layer.get_children()))
        for layer in layers
    )


def _filtered(layers: Sequence[Gimp.Layer]) -> bool:
    """Return whether there is a filter among layers, whose effect may change when its layer is cropped."""
    return any(
        layer.get_filters() or (layer.is_group() and _filtered(layer.get_children())) for layer in layers
    )


def _leave_only(composite: Gimp.Layer) -> None:
    """Put a layer in the place of all others of its image."""
    copy = composite.get_image()
    for layer in copy.get_layers():
        copy.remove_layer(layer)
    copy.insert_layer(composite, None, 0)


def _reduced(
    composite: Gimp.Layer, selection: bytes, context: Rect, size: tuple[int, int]
) -> tuple[Gimp.Layer, bytes]:
    """Return what is seen and the selection at a smaller size.

    Args:
        composite: Not inserted yet; its image is a duplicate and ends up with nothing else in it.
        selection: 0 to 255 per pixel.
        context: The size of both.
        size: The columns and rows that are wanted.
    """
    copy = composite.get_image()
    _leave_only(composite)
    black = Gegl.Color.new("black")
    chosen = Gimp.Channel.new(copy, "selection", context.width, context.height, 100.0, black)
    copy.insert_channel(chosen, None, 0)
    write(chosen, Rect(0, 0, context.width, context.height), "Y u8", selection)
    Gimp.context_push()
    Gimp.context_set_interpolation(Gimp.InterpolationType.CUBIC)
    try:
        copy.scale(*size)
    finally:
        Gimp.context_pop()
    return composite, read(chosen, Rect(0, 0, *size), "Y u8")
