"""A fill that is in the image already, to be made again or changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from gi.repository import GdkPixbuf, Gimp, GLib

from nigdt.recipe import Recipe
from nigdt_fill import provenance
from nigdt_fill.plan import Rect
from nigdt_fill.preview import is_preview
from nigdt_fill.problem import Problem
from nigdt_fill.texts import _


@dataclass(frozen=True)
class Drawn:
    """A fill in the image.

    Attributes:
        layer: Its layer.
        recipe: How it came about.
        box: Smallest box around what was selected for it, in photo pixels.
        selection: What was selected there, 0 to 255 per pixel.
    """

    layer: Gimp.Layer
    recipe: Recipe
    box: Rect
    selection: bytes = field(repr=False)

    @property
    def there(self) -> bool:
        """Whether it is in the image still; the user may have deleted it, or undone it, meanwhile."""
        return bool(self.layer.is_valid())

    @property
    def item(self) -> Gimp.Layer:
        """The layer, or the group of variants that it is in."""
        return _outermost(self.layer)


def find_drawn(image: Gimp.Image, drawables: Sequence[Gimp.Drawable]) -> Drawn:
    """Return the fill of the layer that is active; of a group of variants, that of the one that is seen.

    Raises:
        Problem: No such layer is active, or it does not tell how it came about.
    """
    chosen = [*drawables, *image.get_selected_layers()]
    layers = [part for layer in chosen for part in (layer.get_children() if layer.is_group() else [layer])]
    layers.sort(key=lambda layer: not layer.get_visible())
    found = next((layer for layer in layers if layer.get_parasite(provenance.NAME) is not None), None)
    if found is None:
        raise Problem(_("This layer is not a fill. In the Layers dialog, choose one that NIGDT made."))
    try:
        data = bytes(found.get_parasite(provenance.NAME).get_data())
        told = provenance.read(data)
        selection = _decoded(told.selection, told.selected)
    except ValueError:
        raise Problem(
            _("This layer does not tell how it was filled, or holds several fills. Select the region anew.")
        ) from None
    size = image.get_width(), image.get_height()
    box = _moved(told, found) if told.image not in (None, size) else told.selected
    if box is None or box.left < 0 or box.top < 0 or box != box.grown(0, *size):
        raise Problem(_("The image was cropped or scaled since this fill was made. Select the region anew."))
    return Drawn(found, told.recipe, box, selection)


def _moved(told: provenance.Told, layer: Gimp.Layer) -> Rect | None:
    """Return where the selection of a fill is since the image was cropped or got a larger canvas.

    None after something that changed more than places.
    """
    if (layer.get_width(), layer.get_height()) != (told.region.width, told.region.height):
        return None
    _ok, left, top = layer.get_offsets()
    right, down = left - told.region.left, top - told.region.top
    return replace(told.selected, left=told.selected.left + right, top=told.selected.top + down)


def hide_from(copy: Gimp.Image, layer: Gimp.Layer) -> None:
    """Hide a fill and all above it, so that what is seen is what it was made for.

    Args:
        copy: A duplicate of the layer's image, with the same layers.
        layer: The fill's.
    """
    path = _path(_outermost(layer))
    siblings = copy.get_layers()
    for place in path:
        for above in siblings[:place]:
            set_visible(above, False)
        item = siblings[place]
        siblings = item.get_children() if item.is_group() else []
    set_visible(item, False)


def set_visible(item: Gimp.Layer, visible: bool) -> None:
    """Show or hide a layer; GIMP ignores that, without a word, while its visibility is locked."""
    locked = item.get_lock_visibility()
    if locked:
        item.set_lock_visibility(False)
    item.set_visible(visible)
    if locked:
        item.set_lock_visibility(True)


def _path(item: Gimp.Layer) -> list[int]:
    """Return the positions of an item and of the groups that it is in, the outermost first."""
    parent, image = item.get_parent(), item.get_image()
    siblings = image.get_layers() if parent is None else parent.get_children()
    position = image.get_item_position(item)
    position -= sum(map(is_preview, siblings[:position]))  # a duplicate has none
    return [position] if parent is None else [*_path(parent), position]


def _outermost(layer: Gimp.Layer) -> Gimp.Layer:
    parent = layer.get_parent()
    return parent if parent is not None and all(_fills(parent)) else layer


def _fills(group: Gimp.Layer) -> Iterator[bool]:
    for layer in group.get_children():
        yield layer.get_parasite(provenance.NAME) is not None


def _decoded(png: bytes, box: Rect) -> bytes:
    """Read a grey PNG of the size of a box.

    Raises:
        ValueError: It is something else.
    """
    loader = GdkPixbuf.PixbufLoader.new_with_type("png")
    try:
        loader.write(png)
        loader.close()
    except GLib.Error as error:
        raise ValueError(str(error)) from None
    picture = loader.get_pixbuf()
    if (picture.get_width(), picture.get_height()) != (box.width, box.height):
        raise ValueError("The selection does not have the size of its box.")
    step, stride, pixels = picture.get_n_channels(), picture.get_rowstride(), picture.get_pixels()
    starts = range(0, box.height * stride, stride)
    return b"".join(pixels[start : start + step * box.width : step] for start in starts)
