"""What the canvas shows of a document: its pixels with the preview on top, at every zoom. UI thread only."""

from __future__ import annotations

from nigdt_plugin.core.composite import Composite
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.draft import Draft
from nigdt_plugin.core.geometry import EMPTY, Region
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.preview import Preview
from nigdt_plugin.core.pyramid import Pyramid
from nigdt_plugin.core.tasks import Hook


def pyramid_of(document: Document) -> Pyramid:
    """Return the picture as the canvas draws it. Slow for a large photo."""
    return Pyramid(document.seen(document.selection.whole).on_checks)


class Display:
    """Keeps the picture on the screen up to date, region by region.

    Args:
        document: The photo.
        preview: What is shown on top of it.
        pyramid: The picture at the start, as `pyramid_of` gives it.

    Hooks:
        drawn: Pixels on the screen changed; told the region.
    """

    def __init__(self, document: Document, preview: Preview, pyramid: Pyramid) -> None:
        self.pyramid = pyramid
        self.drawn = Hook()
        self._document, self._preview = document, preview
        self._drafted = EMPTY
        self._drafted_level = 0  # the finest one that was drafted on
        document.on_pixels.connect(self._document_changed)
        preview.changed.connect(self._preview_changed)
        preview.drafted.connect(self._draw_draft)

    def _document_changed(self, region: Region) -> None:
        self._preview.drawn = {}  # over layers that have changed
        self._show(region)

    def _preview_changed(self, before: Layer | None) -> None:
        regions = [layer.region for layer in (before, self._preview.layer) if layer is not None]
        # A draft reaches as far as its context, further than a fill: only what is left of it is drawn anew.
        parts, self._drafted = [self._drafted], EMPTY
        for region in regions:
            parts = [rest for part in parts for rest in part.without(region)]
        if self._drafted_level == 0:
            regions += parts
        else:  # the finer levels have stayed as they were
            for part in parts:
                self.pyramid.rebuild(part, self._drafted_level)
                self.drawn(part)
        for region in dict.fromkeys(regions):
            if not any(region != other and region.within(other) for other in regions):
                self._show(region)

    def _draw_draft(self, draft: Draft) -> None:
        """Draw into the level that is seen, and the coarser ones; the whole replaces it on all."""
        self.pyramid.update(draft.region, draft.pixels, draft.level)
        finest = draft.level if self._drafted.empty else self._drafted_level
        self._drafted_level = min(finest, draft.level)
        self._drafted = self._drafted.union(draft.covered)
        self.drawn(draft.covered)

    def _show(self, region: Region) -> None:
        layer = self._preview.layer
        document, drawn = self._document, self._preview.drawn.get(region)
        if layer is None or (
            region.without(layer.region) == [region] and self._preview.without(layer) == document.layers
        ):
            seen = document.seen(region)
        elif drawn is not None:
            self.pyramid.put(drawn.levels)
            self.drawn(drawn.drawn.region)
            return
        else:
            seen = document.drawn(region, (*self._preview.without(layer), layer))
        self._draw(seen)

    def _draw(self, seen: Composite) -> None:
        if not seen.region.empty:
            self.pyramid.update(seen.region, seen.on_checks)
            self.drawn(seen.region)

    def compare(self, before: bool) -> None:
        """Show the picture without the fill in question (or without any), or with it again."""
        layers, preview = self._document.layers, self._preview.layer
        region, self._drafted = self._drafted, EMPTY
        for layer in layers if preview is None else (preview,):
            region = region.union(layer.region)
        if before:
            rest = () if preview is None else self._preview.without(preview)
            self._draw(self._document.drawn(region, rest))
        else:
            self._show(region)
