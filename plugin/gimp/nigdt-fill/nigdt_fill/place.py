"""From the answers to layers: one undo step, the photo's own layers untouched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gi.repository import Gimp
from nigdt_backend.protocol import FillPicture

from nigdt_fill import provenance
from nigdt_fill.capture import Capture, write
from nigdt_fill.plan import Box, cut, layer_name, touched
from nigdt_fill.problem import Problem
from nigdt_fill.texts import _


@contextmanager
def one_undo_step(image: Gimp.Image) -> Iterator[None]:
    """Everything done inside is undone together."""
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()


def was_closed(image: Gimp.Image) -> bool:
    """Return whether the user closed the image, or the window of it from which the procedure was called.

    GIMP keeps a closed image while a procedure works on it, so the image alone does not tell.
    """
    display = Gimp.default_display()
    return not image.is_valid() or (display is not None and not display.is_valid())


def still_open(image: Gimp.Image) -> None:
    """Refuse an image that was closed meanwhile.

    Raises:
        Problem: It was.
    """
    if was_closed(image):
        raise Problem(_("The image was closed before the fill was ready."))


def place(image: Gimp.Image, capture: Capture, pictures: Sequence[FillPicture]) -> Gimp.Layer:
    """Put the answers on top of the image, and select what was put there.

    They lie on top since they were made for what is seen, whichever layer it comes from.

    Args:
        image: An indexed one becomes RGB.
        capture: What the answers are for.
        pictures: One or more; the first is visible.

    Returns:
        The layer, or the group that holds several.

    Raises:
        Problem: The image was closed meanwhile.
    """
    still_open(image)
    with one_undo_step(image):
        if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
            image.convert_rgb()
        name = layer_name(pictures[0].recipe.caption) or _("Removed")
        if len(pictures) == 1:
            made = _add(image, None, capture, pictures[0], name)
        else:
            made = Gimp.GroupLayer.new(image, name)
            image.insert_layer(made, None, 0)
            _blend_as_stored(image, made)
            for picture in reversed(pictures):
                layer = _add(image, made, capture, picture, _variant_name(picture))
                layer.set_visible(picture is pictures[0])
        image.set_selected_layers([made])
    return made


def _variant_name(picture: FillPicture) -> str:
    seed = picture.recipe.variant.seed
    return _("Likeliest") if seed is None else _("Seed {seed}").format(seed=seed)


def _add(
    image: Gimp.Image, parent: Gimp.Layer | None, capture: Capture, picture: FillPicture, name: str
) -> Gimp.Layer:
    """Insert one answer, no larger than what it changes, with its weight as the mask."""
    context = capture.context
    inner = touched(picture.weight, picture.width) or Box(0, 0, 1, 1)
    region = Box(context.left + inner.left, context.top + inner.top, inner.width, inner.height)
    layer = new_layer(image, name, region.width, region.height)
    pixels = cut(picture.pixels, picture.width, inner, 3)
    write(layer, Box(0, 0, region.width, region.height), "R'G'B' u8", pixels)
    finish(layer, region, cut(picture.weight, picture.width, inner, 1), provenance.describe(picture.recipe))
    image.insert_layer(layer, parent, 0)
    return layer


def new_layer(image: Gimp.Image, name: str, width: int, height: int) -> Gimp.Layer:
    """Return an empty layer with alpha of the image's kind, not yet inserted."""
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    return Gimp.Layer.new(image, name, width, height, kind, 100.0, Gimp.LayerMode.NORMAL)


def _blend_as_stored(image: Gimp.Image, layer: Gimp.Layer) -> None:
    """Have soft borders blended in the kind of numbers that the image holds.

    So panel, preview and GIMP blend alike in the usual images. Anything else would have GIMP convert all that
    is seen to and fro, and pixels outside the fill would change in their last bits. Deep grey images with a
    profile change least when GIMP chooses: by one step of 16 bits.
    """
    bits, _dash, kind = image.get_precision().value_nick.upper().replace("-", "_").partition("_")
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    if grey and bits != "U8" and image.get_color_profile() is not None:
        return
    spaces = {
        "LINEAR": Gimp.LayerColorSpace.RGB_LINEAR,
        "NON_LINEAR": Gimp.LayerColorSpace.RGB_NON_LINEAR,
        "PERCEPTUAL": Gimp.LayerColorSpace.RGB_PERCEPTUAL,
    }
    layer.set_composite_space(spaces[kind])


def finish(layer: Gimp.Layer, region: Box, weight: bytes, record: bytes) -> None:
    """Move a layer to `region`, mask it by `weight` and attach its record, all before it is inserted.

    Then GIMP undoes and redoes the insertion alone. Redoing the addition of a mask would leave the mask, not
    the layer, as what is painted on.
    """
    layer.set_offsets(region.left, region.top)
    _blend_as_stored(layer.get_image(), layer)
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layer.add_mask(mask)
    write(mask, Box(0, 0, region.width, region.height), "Y u8", weight)
    layer.set_edit_mask(False)
    flags = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
    layer.attach_parasite(Gimp.Parasite.new(provenance.NAME, flags, list(record)))
