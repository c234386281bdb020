"""The photo being edited: original, layers of fills, selection, and every step that can be undone.

The original is never changed. What the user sees is the original with the visible layers drawn over it;
`rgb` keeps that picture up to date region by region.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from nigdt.limits import CAPTION_CHARS
from nigdt.photo.photo import Photo
from nigdt_plugin.core.composite import Composite
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer, Pixels, covered, lone_colour
from nigdt_plugin.core.selection import Combine, Mask, Patch, Selection
from nigdt_plugin.core.tasks import Hook
from nigdt_plugin.core.undo import UndoStack

_BAND = 192


@dataclass
class _Saved:
    """What was opened or saved last; a picture and its parts share it, for undo leads from one to another."""

    photo: Photo
    layers: tuple[Layer, ...] = ()


@dataclass
class SelectionStep:
    """A change of the mask, kept as the changed rectangle before and after; see `UndoStep`."""

    document: Document
    label: str
    region: Region
    before: bytes | Mask
    after: bytes | Mask

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(
            len(part) if isinstance(part, bytes) else part.nbytes for part in (self.before, self.after)
        )

    def _write(self, values: bytes | Mask) -> None:
        shape = (self.region.height, self.region.width)
        self.document.selection.put(self.region, unpacked(values, shape))
        self.document.selection_changed(self.region)

    def undo(self) -> None:
        """Bring back the mask before."""
        self._write(self.before)

    def redo(self) -> None:
        """Bring back the mask after."""
        self._write(self.after)


@dataclass
class _LayersStep:
    """A change of the list of layers; the lists share their layers."""

    document: Document
    label: str
    before: tuple[Layer, ...]
    after: tuple[Layer, ...]

    @property
    def size(self) -> int:
        kept = {id(layer): layer.size for layer in (*self.before, *self.after)}
        for layer in self.document.layers:
            kept.pop(id(layer), None)
        return sum(kept.values())

    def undo(self) -> None:
        self.document.set_layers(self.before)

    def redo(self) -> None:
        self.document.set_layers(self.after)


@dataclass
class _ColourStep:
    """The photo made one that holds colour."""

    document: Document
    label: str
    before: Photo
    after: Photo
    size: int

    def undo(self) -> None:
        self.document.photo = self.before

    def redo(self) -> None:
        self.document.photo = self.after


def packed(mask: Mask) -> bytes | Mask:
    """Return a mask of only 0 and 255 as bits, a copy of any other."""
    # Fresh memory for a mask of the whole photo costs more than these sums.
    if mask.size and cv2.norm(mask, cv2.NORM_L1) == 255 * cv2.countNonZero(mask):
        return np.packbits(mask).tobytes()
    return mask.copy()


def unpacked(values: bytes | Mask, shape: tuple[int, int]) -> Mask:
    """Return what `packed` was given."""
    if isinstance(values, bytes):
        count = shape[0] * shape[1]
        mask = np.unpackbits(np.frombuffer(values, np.uint8), count=count).reshape(shape)
        return np.negative(mask, out=mask)  # 1 becomes 255
    return values.copy()


def alpha_of(photo: Photo) -> Pixels | None:
    """Return the photo's opacity (H, W) uint8, upright; None if every pixel is opaque."""
    alpha = photo.alpha8
    return None if alpha is None or (alpha == 255).all() else alpha


class Document:
    """One open photo.

    Args:
        photo: The original.
        path: File it came from, None for a pasted picture.
        budget: Bytes of memory for undo.

    Hooks:
        on_pixels: Pixels changed; told the region.
        on_selection: The mask changed; told the region.
    """

    def __init__(self, photo: Photo, path: Path | None = None, budget: int = 512 * 1024 * 1024) -> None:
        self.photo = photo
        self.path = path
        self.near = path  # where it lay before it became another picture than its file
        self.rgb: Pixels = np.array(photo.rgb8)
        height, width = self.rgb.shape[:2]
        self._clear = alpha_of(photo)
        # What is seen, as `rgb` is: fills make it opaque.
        self.alpha = None if self._clear is None else self._clear.copy()
        self.selection = Selection(width, height)
        self.layers: tuple[Layer, ...] = ()
        self.undo_stack = UndoStack(budget)
        self.opened_photo = photo
        self._saved = _Saved(photo)
        self.written: bytes | None = None  # SHA-256 of what was saved over the original
        self.on_pixels, self.on_selection = Hook(), Hook()

    @property
    def width(self) -> int:
        """Columns of the photo as it is viewed (EXIF orientation applied)."""
        return self.rgb.shape[1]

    @property
    def height(self) -> int:
        """Rows of the photo as it is viewed."""
        return self.rgb.shape[0]

    @property
    def modified(self) -> bool:
        """Whether it is another picture than the one opened or saved last."""
        return self.layers != self._saved.layers or self.photo is not self._saved.photo

    @property
    def name(self) -> str:
        """What to call it in a title."""
        return self.near.name if self.near else ""

    # Selection ------------------------------------------------------------------------------------------

    def select(self, patch: Patch, how: Combine, label: str) -> None:
        """Let a shape meet the selection, as one step."""
        self.write_selection(*self.selection.combined(patch, how), label)

    def write_selection(self, region: Region, values: Mask, label: str) -> None:
        """Replace a rectangle of the selection, as one step; no step if nothing changes."""
        if region.empty:
            return
        step = self.selection_step(region, self.selection.mask[region.slices], values, label)
        if step is not None:
            self.selection.put(region, values)
            self.record(step)
            self.selection_changed(region)

    def selection_step(self, region: Region, before: Mask, after: Mask, label: str) -> SelectionStep | None:
        """Make the step between two states of a rectangle; None if they are equal. Thread-safe."""
        if region.empty or cv2.norm(before, after, cv2.NORM_INF) == 0:
            return None
        return SelectionStep(self, label, region, packed(before), packed(after))

    def record(self, step: SelectionStep | None) -> None:
        """Remember a step whose change was already written."""
        if step is not None:
            self.undo_stack.push(step)

    def selection_changed(self, region: Region) -> None:
        """Tell the view that the mask changed there."""
        self.on_selection(region)

    # Layers ---------------------------------------------------------------------------------------------

    def set_layers(self, layers: tuple[Layer, ...], drawn: Composite | None = None) -> None:
        """Show these layers; redraws only what differs.

        Args:
            layers: From the lowest to the topmost.
            drawn: A region whose pixels with these layers are known already.
        """
        regions = self.changed_regions(layers)
        self.layers = layers
        if drawn is not None and any(region.within(drawn.region) for region in regions):
            self._put(drawn)
            self.on_pixels(drawn.region)
            regions = [region for region in regions if not region.within(drawn.region)]
        for region in regions:
            for band in region.bands(_BAND):  # small ones stay in the processor's cache
                self._put(self.drawn(band, layers))
            self.on_pixels(region)

    def _put(self, drawn: Composite) -> None:
        self.rgb[drawn.region.slices] = drawn.pixels
        if self.alpha is not None and drawn.opacity is not None:
            self.alpha[drawn.region.slices] = drawn.opacity

    def changed_regions(self, layers: tuple[Layer, ...]) -> list[Region]:
        """Return where the picture changes if these layers are shown instead."""
        changed = [layer for layer in self.layers if layer not in layers]
        changed += [layer for layer in layers if layer not in self.layers]
        if [layer for layer in self.layers if layer in layers] != [x for x in layers if x in self.layers]:
            changed = [*self.layers, *layers]
        return list(dict.fromkeys(layer.region for layer in changed))

    def change_layers(
        self, layers: tuple[Layer, ...], label: str, drawn: Composite | None = None, *, joins: bool = False
    ) -> None:
        """Show these layers, as one step.

        Args:
            layers: From the lowest to the topmost.
            label: What the user reads in the menu.
            drawn: As for `set_layers`.
            joins: Whether it goes on with a step of the same label: a slider is moved many times.
        """
        before = self.layers
        if layers == before:
            return
        last = self.undo_stack.last
        if joins and isinstance(last, _LayersStep) and last.label == label and last.after == before:
            last.after = layers
        else:
            self.undo_stack.push(_LayersStep(self, label, before, layers))
        self.set_layers(layers, drawn)  # last: whoever is told of the pixels shows the step too

    def with_fill(self, layer: Layer) -> tuple[Layer, ...]:
        """Return the layers with a fill on top, or in the place of another of its round."""
        same = [it for it in self.layers if layer.round and it.round == layer.round]
        if same:
            return tuple(layer if it is same[0] else it for it in self.layers)
        return (*self.layers, layer)

    def apply(self, layer: Layer, label: str, drawn: Composite | None = None) -> None:
        """Make a fill part of the picture, as one step."""
        self.change_layers(self.with_fill(layer), label, drawn)

    def merged(self, layers: tuple[Layer, ...]) -> Layer | None:
        """Make one layer that shows what several do; None for fewer than two. Slow for large ones."""
        if len(layers) < 2:
            return None
        region, weight = covered(layers)
        seen = self.composite(region, layers)  # and it stays as it is
        clear = None if self._clear is None or not layers[0].covers else self._clear[region.slices]
        rgb = lone_colour(self.photo.rgb8[region.slices], seen, weight, 1e-3, clear)
        captions = list(dict.fromkeys(layer.caption for layer in layers if layer.caption))
        return Layer(
            region,
            rgb,
            weight,
            replace(layers[-1].recipe, caption="; ".join(captions)[:CAPTION_CHARS]),
            merged=tuple(origin for layer in layers for origin in layer.origins),
            name=layers[-1].name,
        )

    def with_merged(self, merged: Layer, of: tuple[Layer, ...]) -> tuple[Layer, ...]:
        """Return the layers with `merged` in place of those it is made of, where the topmost of them is."""
        return tuple(
            merged if layer is of[-1] else layer
            for layer in self.layers
            if layer is of[-1] or layer not in of
        )

    def composite(self, region: Region, layers: tuple[Layer, ...]) -> Pixels:
        """Return the photo's pixels (h, w, 3) in a region, with the visible layers drawn over them."""
        return self.drawn(region, layers).pixels

    def drawn(self, region: Region, layers: tuple[Layer, ...]) -> Composite:
        """Return what is seen of a region with these layers."""
        picture = np.array(self.photo.rgb8[region.slices])
        opacity = None if self._clear is None else np.array(self._clear[region.slices])
        for layer in layers:
            if layer.visible:
                layer.draw(picture, region, opacity)
        return Composite(region, picture, opacity)

    @property
    def original(self) -> Composite:
        """The photo without layers."""
        return Composite(self.selection.whole, self.photo.rgb8, self._clear)

    def seen(self, region: Region) -> Composite:
        """Return what is seen of a region now; views, which change with it."""
        alpha = None if self.alpha is None else self.alpha[region.slices]
        return Composite(region, self.rgb[region.slices], alpha)

    def cannot_merge(self, layers: tuple[Layer, ...]) -> bool:
        """Return whether one layer cannot show what these do: some make the photo opaque, and some do not."""
        return self._clear is not None and len({layer.covers for layer in layers}) > 1

    def result(self, layers: tuple[Layer, ...] | None = None) -> Photo:
        """Return the photo with its visible layers, in the original's mode and depth. Slow."""
        photo = self.photo
        for layer in self.layers if layers is None else layers:
            if layer.visible:
                photo = photo.paste(layer.box, layer.rgb, layer.alpha, covers=layer.covers)
        return photo

    def make_colour(self, colour: Photo, label: str) -> None:
        """Go on with the photo as one that holds colour (`Photo.in_colour`), as one step."""
        before, self.photo = self.photo, colour
        self.undo_stack.push(_ColourStep(self, label, before, colour, 3 * self.width * self.height))

    def recut(self, region: Region) -> Document:
        """Return a document of another part of the photo, with its layers, as nothing has saved it yet. Slow.

        Args:
            region: The part; what reaches beyond the photo becomes new canvas, and is selected.

        Raises:
            PhotoError: See `Photo.recut`.
        """
        other = Document(self.photo.recut(*region), None, self.undo_stack.budget)
        other.near, other.written = self.near, None
        other.undo_stack = self.undo_stack
        other._saved = self._saved
        other.layers = tuple(moved for layer in self.layers if (moved := layer.recut(region)) is not None)
        other._put(other.drawn(other.selection.whole, other.layers))
        kept = Region(-region.left, -region.top, self.width - region.left, self.height - region.top)
        kept = kept.clipped(other.width, other.height)
        if kept != other.selection.whole:
            border = np.full((other.height, other.width), 255, np.uint8)
            border[kept.slices] = 0
            other.selection.put(other.selection.whole, border)
        return other

    # Steps ----------------------------------------------------------------------------------------------

    def undo(self) -> bool:
        """Take back the last step; False if there is none."""
        return self.undo_stack.undo()

    def redo(self) -> bool:
        """Do the last undone step again; False if there is none."""
        return self.undo_stack.redo()

    def mark_saved(self, layers: tuple[Layer, ...], path: Path | None = None) -> None:
        """Note that a file holds these layers."""
        self._saved.layers, self._saved.photo = layers, self.photo
        if path is not None:
            self.path = path
