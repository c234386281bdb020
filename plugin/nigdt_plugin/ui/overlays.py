"""What is laid over the photo on request: context and blend band, or the fill without one of its words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtGui import QColor, QImage

from nigdt.errors import NigdtError
from nigdt_plugin.core import fills, heat
from nigdt_plugin.core.fills import region_of
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.canvas import Canvas

_REST_MS = 90


class Overlays(QObject):
    """Keeps the canvas' overlays up to date."""

    def __init__(self, session: Session, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.session, self.canvas = session, canvas
        self.context = False
        self._word = -1
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self._work)
        session.selected.connect(lambda _region: self.refresh())
        session.fills.connect(self.refresh)
        session.opened.connect(self.refresh)
        session.explained.connect(lambda _fill: self.refresh())

    def show_context(self, shown: bool) -> None:
        """Show or hide context and blend band."""
        self.context = shown
        self.refresh()

    def point_at_word(self, index: int) -> None:
        """Show the chosen fill without one of its words; -1 for none."""
        self._word = index
        self._work()

    def refresh(self) -> None:
        """Work it out anew, soon."""
        if self.context or self._word >= 0:
            self._timer.start()
        else:
            self.canvas.set_overlays([])

    def _work(self) -> None:
        filling = self.session.filling
        if filling is None:
            return
        if self._word >= 0:
            self._show_without()
            return
        if not self.context or filling.document.selection.empty:
            self.canvas.set_overlays([])
            return
        recipe = replace(filling.recipe, caption=self.session.caption)
        colour = self._colour(self.canvas.theme.accent_text)

        def work() -> tuple[Region, NDArray[np.uint8]] | None:
            try:
                context = filling.take_context(recipe)
            except NigdtError:  # deselected in the meantime
                return None
            return region_of(context), heat.of_blend(context, recipe.feather, colour)

        self.session.tasks.run(work, self._show)

    def _show_without(self) -> None:
        """Lay the fill without a word over the one with it, worked out in a thread."""
        filling, index = self.session.filling, self._word
        if filling is None or filling.chosen is None or filling.round is None:
            return
        entry, fill, document = filling.round, filling.chosen, filling.document
        if index >= len(fill.words) or filling.preview.layer is None:
            return
        shown, recipe = filling.preview.layer, filling.preview.layer.recipe
        layers, grey = filling.preview.without(shown), document.photo.grey

        def work() -> tuple[NDArray[np.uint8], Region]:
            other = fills.without_word(fill, fill.words[index])
            layer = fills.blended(entry, other, other.at(entry.context), recipe, grey)
            region = shown.region.union(layer.region)
            return document.drawn(region, (*layers, layer)).on_checks, region

        def show(found: tuple[NDArray[np.uint8], Region]) -> None:
            if self._word == index and filling.chosen is fill:
                pixels, region = found
                height, width = pixels.shape[:2]
                image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
                self.canvas.set_overlays([(image.copy(), region)])

        self.session.tasks.run(work, show, self.session.failed)

    def _show(self, found: tuple[Region, NDArray[np.uint8]] | None) -> None:
        if found is not None and self.context and self._word < 0:
            region, pixels = found
            self.canvas.set_overlays([(_image(pixels), region)], region)

    def _colour(self, name: str) -> tuple[int, int, int]:
        colour = QColor(name)
        return colour.red(), colour.green(), colour.blue()


def _image(pixels: NDArray[np.uint8]) -> QImage:
    height, width = pixels.shape[:2]
    kind = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.tobytes(), width, height, 4 * width, kind).copy()
