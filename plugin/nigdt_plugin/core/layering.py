"""What can be done with layers, each as one step; what is large is drawn in a thread. UI thread only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from nigdt_plugin.core.composite import Composite
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.failures import Failure
from nigdt_plugin.core.geometry import EMPTY
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.selection import Combine, Patch

if TYPE_CHECKING:
    from nigdt_plugin.core.session import Session

_LARGE = 1_000_000
"""Pixels from which on layers are drawn in a thread."""

Layers = tuple[Layer, ...]


class Layering:
    """The layers of a session's photo.

    Args:
        session: Whose photo it is.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def show(self, layer: Layer, visible: bool) -> None:
        """Show or hide a layer."""
        self._swap(layer, layer.shown(visible), "Show layer" if visible else "Hide layer")

    def rename(self, layer: Layer, name: str) -> None:
        """Call a layer something else."""
        self._swap(layer, layer.named(name), "Rename layer")

    def set_opacity(self, layer: Layer, opacity: float) -> None:
        """Let a layer be seen more or less, 0 to 1; moving on is the same step."""
        self._swap(layer, layer.at_opacity(opacity), "Layer opacity", joins=True)

    def remove(self, layer: Layer) -> None:
        """Take a layer away."""
        self._change(lambda layers: tuple(it for it in layers if it is not layer), "Remove layer")

    def duplicate(self, layer: Layer) -> None:
        """Put a copy over a layer."""
        copy = layer.copied()
        self._change(
            lambda layers: tuple(part for it in layers for part in ((it, copy) if it is layer else (it,))),
            "Duplicate layer",
        )

    def order(self, layers: Layers) -> None:
        """Put the layers into another order, the lowest first."""
        self._change(lambda _present: layers, "Move layer")

    def move(self, layer: Layer, by: int) -> None:
        """Move a layer up (1) or down (-1)."""
        document = self._session.document
        if document is None or layer not in document.layers:
            return
        layers = list(document.layers)
        place = layers.index(layer)
        if 0 <= place + by < len(layers):
            layers.insert(place + by, layers.pop(place))
            self.order(tuple(layers))

    def merge_visible(self) -> None:
        """Make one layer of all visible ones."""
        document = self._session.document
        if document is not None:
            self._merge(document, tuple(layer for layer in document.layers if layer.visible))

    def merge_down(self, layer: Layer) -> None:
        """Make one layer of this one and the one below."""
        document = self._session.document
        if document is not None and layer in document.layers[1:]:
            place = document.layers.index(layer)
            self._merge(document, document.layers[place - 1 : place + 1])

    def _merge(self, document: Document, parts: Layers) -> None:
        if document.cannot_merge(parts):
            self._session.say(Failure("mixed", ""))
            return
        layers = document.layers

        def work() -> tuple[Layers, Composite] | None:
            merged = document.merged(parts)
            if merged is None:
                return None
            after = document.with_merged(merged, parts)
            return after, document.drawn(merged.region, after)

        def then(result: tuple[Layers, Composite] | None) -> None:
            if result is not None and document.layers == layers:
                document.change_layers(result[0], "Merge layers", result[1])
                self._told()

        self._session.work(work, then)

    def select(self, layer: Layer) -> None:
        """Select what was selected when the layer was made, or else what it covers."""
        document = self._session.document
        if document is None:
            return
        drawn = layer.selection
        if drawn is not None:
            box = drawn.box
            mask = drawn.mask(document.width, document.height)[box.slices]
            patch = Patch(box.left, box.top, np.ascontiguousarray(mask))
        else:
            covered = np.rint(layer.kept * 255).astype(np.uint8)
            patch = Patch(layer.region.left, layer.region.top, covered)
        self._session.select(patch, Combine.REPLACE, "Selection from layer")
        self._session.recalled()

    def paint_mask(self, layer: Layer, patch: Patch, *, shown: bool) -> None:
        """Hide a part of a layer, or show it again as it was drawn."""
        self._mask(layer, lambda: layer.masked(patch, shown=shown))

    def hide_selected(self, layer: Layer) -> None:
        """Hide what is selected of a layer."""
        document = self._session.document
        if document is not None and not document.selection.empty:
            patch = document.selection.patch()
            self._mask(layer, lambda: layer.masked(patch, shown=False))

    def show_whole(self, layer: Layer) -> None:
        """Show all of a layer, whatever was hidden."""
        self._mask(layer, layer.unmasked)

    def _mask(self, layer: Layer, change: Callable[[], Layer]) -> None:
        document = self._session.document
        if document is None or layer not in document.layers:
            return
        layers = document.layers

        def work() -> tuple[Layers, Composite] | None:
            by = change()
            if by is layer:
                return None
            after = tuple(by if it is layer else it for it in layers)
            return after, document.drawn(layer.region, after)

        def then(result: tuple[Layers, Composite] | None) -> None:
            if result is not None and document.layers == layers:
                document.change_layers(result[0], "Layer mask", result[1])
                self._told()

        if layer.region.width * layer.region.height < _LARGE:
            then(work())
        else:
            self._session.work(work, then)

    def fill_again(self, layer: Layer) -> None:
        """Hide a layer and ask anew for what it shows: its region, words and settings are set again."""
        session, recipe = self._session, layer.recipe
        if session.filling is None:
            return
        if layer.visible:
            self.show(layer, False)
        self.select(layer)
        settings = session.settings
        settings.take_asked(recipe)
        settings.mode = recipe.mode
        session.caption = recipe.caption
        session.filling.set_recipe(settings.recipe())
        session.fills()
        session.filling.fill(recipe.caption, settings.variants)

    def _swap(self, layer: Layer, by: Layer, label: str, *, joins: bool = False) -> None:
        self._change(lambda layers: tuple(by if it is layer else it for it in layers), label, joins=joins)

    def _change(self, change: Callable[[Layers], Layers], label: str, *, joins: bool = False) -> None:
        document = self._session.document
        if document is None:
            return
        before = document.layers
        after = change(before)
        region = EMPTY
        for part in document.changed_regions(after):
            region = region.union(part)

        def show(drawn: Composite | None) -> None:
            if document.layers == before:
                document.change_layers(after, label, drawn, joins=joins)
                self._told()

        if region.width * region.height < _LARGE:
            show(None)
        else:
            self._session.work(lambda: document.drawn(region, after), show)

    def _told(self) -> None:
        self._session.steps()
        self._session.fills()
