"""From the answers to layers: one undo step, the photo's own layers untouched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from gi.repository import Gimp
from nigdt_backend.protocol import FillPicture

from nigdt_fill import provenance
from nigdt_fill.again import Drawn, set_visible
from nigdt_fill.capture import Capture, composite_space, write
from nigdt_fill.plan import Rect, cut, greyed, layer_name, scaled, touched
from nigdt_fill.problem import Closed, Problem
from nigdt_fill.texts import _

Built = TypeVar("Built")


def insert_in_one_step(
    image: Gimp.Image, build: Callable[[], Built], insert: Callable[[Built], Gimp.Layer]
) -> Gimp.Layer:
    """Insert layers so that they are undone together, and select what they are in.

    GIMP ignores Undo while a step is open, and the layers take a while to be filled. So they are built before
    the step opens, but for an image with a palette, which becomes RGB first, in the same step.

    Args:
        image: Where to.
        build: Makes the layers, without inserting them.
        insert: Inserts them, and returns the one to select.
    """
    with ExitStack() as step:
        if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
            step.enter_context(_undo_step(image))
            image.convert_rgb()
        built = build()
        step.enter_context(_undo_step(image))
        made = insert(built)
        image.set_selected_layers([made])
    return made


@contextmanager
def _undo_step(image: Gimp.Image) -> Iterator[None]:
    """Let everything that is done inside be undone together."""
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()


def was_closed(image: Gimp.Image) -> bool:
    """Return whether the user closed the last window of the image."""
    return not image.is_valid()


def still_open(image: Gimp.Image) -> None:
    """Refuse an image that was closed meanwhile.

    Raises:
        Closed: It was.
    """
    if was_closed(image):
        raise Closed(_("The image was closed before the fill was ready."))


@contextmanager
def while_open(image: Gimp.Image) -> Iterator[None]:
    """Say that the image was closed instead of what goes wrong inside because of that.

    It may be closed at any moment, even between two calls; the second one fails then.

    Raises:
        Closed: It was closed, and something went wrong.
    """
    try:
        yield
    except Exception:
        still_open(image)
        raise


def place(
    image: Gimp.Image,
    capture: Capture,
    pictures: Sequence[FillPicture],
    shown: int = 0,
    drawn: Drawn | None = None,
) -> Gimp.Layer:
    """Put the answers on top of the image, and select what was put there.

    They lie on top since they were made for what is seen, whichever layer it comes from. A fill that was made
    again lies above the one that it replaces, which is hidden.

    Args:
        image: An indexed one becomes RGB.
        capture: What the answers are for.
        pictures: One or more.
        shown: Which of them is visible.
        drawn: The fill that was made again.

    Returns:
        The layer, or the group that holds several.

    Raises:
        Closed: The image was closed meanwhile.
        Problem: It was cropped, scaled or turned meanwhile, so that nobody knows where the answers belong.
    """
    still_open(image)
    if capture.image != (image.get_width(), image.get_height()):
        raise Problem(_("The image was cropped, scaled or turned before the fill was ready. Try again."))
    name = layer_name(pictures[0].recipe.caption) or _("Removed")

    def build() -> list[BuiltFill]:
        names = [name] if len(pictures) == 1 else [_variant_name(each) for each in pictures]
        return [build_fill(image, capture, *each) for each in zip(pictures, names, strict=True)]

    def insert(fills: list[BuiltFill]) -> Gimp.Layer:
        where = (None, 0)
        if drawn is not None and drawn.there:
            where = (drawn.item.get_parent(), image.get_item_position(drawn.item))
            set_visible(drawn.item, False)
        if len(fills) == 1:
            return fills[0].insert(*where)
        group = Gimp.GroupLayer.new(image, name)
        image.insert_layer(group, *where)
        group.set_composite_space(composite_space(image))
        for index, fill in reversed(list(enumerate(fills))):
            fill.insert(group, 0).set_visible(index == shown)
        return group

    return insert_in_one_step(image, build, insert)


def _variant_name(picture: FillPicture) -> str:
    seed = picture.recipe.variant.seed
    return _("Likeliest") if seed is None else _("Seed {seed}").format(seed=seed)


@dataclass(frozen=True)
class BuiltFill:
    """One answer as a layer that is not in its image yet.

    Attributes:
        layer: No larger than what it changes, with its weight as the mask.
        region: Where it belongs, in photo pixels.
    """

    layer: Gimp.Layer
    region: Rect

    def insert(self, parent: Gimp.Layer | None, position: int) -> Gimp.Layer:
        """Insert the layer, enlarged where the answer is smaller than its region."""
        layer, region = self.layer, self.region
        layer.get_image().insert_layer(layer, parent, position)
        if (layer.get_width(), layer.get_height()) != (region.width, region.height):
            layer.scale(region.width, region.height, True)
            layer.set_offsets(region.left, region.top)
        return layer


def build_fill(image: Gimp.Image, capture: Capture, picture: FillPicture, name: str) -> BuiltFill:
    """Make the layer of one answer.

    Args:
        image: Which will hold it; not an indexed one.
        capture: What the answer is for.
        picture: The answer.
        name: The layer's.
    """
    context = capture.context
    inner = touched(picture.weight, picture.width) or Rect(0, 0, 1, 1)
    region = scaled(inner, capture.size, (context.width, context.height))
    region = replace(region, left=context.left + region.left, top=context.top + region.top)
    layer = new_layer(image, name, inner.width, inner.height)
    write_fill(layer, Rect(0, 0, inner.width, inner.height), cut(picture.pixels, picture.width, inner, 3))
    size = image.get_width(), image.get_height()
    record = provenance.describe(picture.recipe, region, capture.selected, capture.drawn, size)
    finish(
        layer,
        replace(inner, left=region.left, top=region.top),
        cut(picture.weight, picture.width, inner, 1),
        record,
    )
    return BuiltFill(layer, region)


def write_fill(layer: Gimp.Layer, box: Rect, pixels: bytes) -> None:
    """Write RGB pixels to a layer, without their colour where the image holds none."""
    if layer.get_image().get_base_type() == Gimp.ImageBaseType.GRAY:
        write(layer, box, "Y' u8", greyed(pixels))
    else:
        write(layer, box, "R'G'B' u8", pixels)


def new_layer(image: Gimp.Image, name: str, width: int, height: int) -> Gimp.Layer:
    """Return an empty layer with alpha of the image's kind, not yet inserted."""
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    return Gimp.Layer.new(image, name, width, height, kind, 100.0, Gimp.LayerMode.NORMAL)


def finish(layer: Gimp.Layer, region: Rect, weight: bytes, record: bytes) -> None:
    """Move a layer to `region`, mask it by `weight` and attach its record, all before it is inserted.

    Then GIMP undoes and redoes the insertion alone. Redoing the addition of a mask would leave the mask, not
    the layer, as what is painted on.
    """
    layer.set_offsets(region.left, region.top)
    layer.set_composite_space(composite_space(layer.get_image()))
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layer.add_mask(mask)
    write(mask, Rect(0, 0, region.width, region.height), "Y u8", weight)
    layer.set_edit_mask(False)
    flags = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
    layer.attach_parasite(Gimp.Parasite.new(provenance.NAME, flags, list(record)))
