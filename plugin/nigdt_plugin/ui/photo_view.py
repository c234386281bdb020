"""The picture as it is shown: zoom, pan, selection, previews."""

from __future__ import annotations

import math

from PyQt6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QHideEvent,
    QImage,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QTransform,
)
from PyQt6.QtWidgets import QWidget

from nigdt_plugin.core.draft import Seen
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.outline import Outline
from nigdt_plugin.core.pyramid import Pyramid
from nigdt_plugin.core.selection import Selection
from nigdt_plugin.ui.loupe import Loupe
from nigdt_plugin.ui.rendering import premultiplied, rendered, renew
from nigdt_plugin.ui.theme import DARK, Theme
from nigdt_plugin.ui.turn import Turn
from nigdt_plugin.ui.wipe import Wipe

_MIN_SCALE, _MAX_SCALE = 0.01, 64.0
_ANTS_MS = 110
_MARGIN = 24
_PIXELS_SHOWN = 2.0
"""From this scale on each photo pixel is a square; those of a part might not meet those beside it."""
_STALE = 16
"""Changed regions from which on the whole view is drawn anew, such as of a window that is not painted."""


class PhotoView(QWidget):
    """Shows one photo, any part of it at any size, turned and mirrored at will.

    Zoom and place are kept as an upright window has them, whose width and height change places when the view
    is turned to a side; `turn` takes its points to the widget.

    Signals:
        zoomed: The zoom changed; window pixels per photo pixel.
        turned: The view was turned; its `Turn`.
        examined: The loupe or the line between before and after is shown now, or neither.
    """

    zoomed = pyqtSignal(float)
    turned = pyqtSignal(object)
    examined = pyqtSignal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(240, 200)
        self.theme: Theme = DARK
        self.pyramid: Pyramid | None = None
        self.selection: Selection | None = None
        self.show_tint = False
        self.show_selection = True
        self.scale = 1.0
        self.turn = Turn()
        self.wipe: Wipe | None = None
        self.loupe: Loupe | None = None
        self._fitted = True
        self._left, self._top = 0.0, 0.0  # photo coordinates at the upright window's corner
        self._picture: QImage | None = None
        self._stale: list[Region] = []  # where the picture does not show the photo as it is
        self._outline, self._stroke_outline = Outline(), Outline()
        self._stroke: Selection | None = None
        self._overlays: list[tuple[QImage, Region]] = []
        self._frame: Region | None = None
        self._ants = QTimer(self)
        self._ants.setInterval(_ANTS_MS)
        self._ants.timeout.connect(self._step_ants)

    # The photo ------------------------------------------------------------------------------------------

    def show_photo(self, pyramid: Pyramid | None, selection: Selection | None) -> None:
        """Show another photo, fitted."""
        self.pyramid, self.selection = pyramid, selection
        self._overlays, self._frame, self.wipe = [], None, None
        self._stroke = None
        self.fit()
        self.turn_to(Turn())
        self.show_loupe(self.loupe is not None)
        self.selection_changed(Region(0, 0, 0, 0))

    def pixels_changed(self, region: Region) -> None:
        """Draw a region of the photo anew; an empty one stands for all of it."""
        other = self.turn != Turn() or self.loupe is not None or self.wipe is not None
        whole = region.empty or other or self.scale >= _PIXELS_SHOWN or len(self._stale) == _STALE
        if whole or self._picture is None or self.pyramid is None:
            self._picture = None
            self.update()
            return
        # A pixel of a coarser level also shows what lies beside it.
        level = self.pyramid.level_at(self.scale * self.devicePixelRatioF())
        stale = region.grown(2 << level).clipped(*self.photo_size)
        self._stale.append(stale)
        self.update(self.region_rect(stale).toAlignedRect().adjusted(-1, -1, 1, 1))

    def show_stroke(self, stroke: Selection | None) -> None:
        """Show the outline of a stroke beside that of the selection; None for none."""
        self._stroke = stroke
        self.selection_changed(Region(0, 0, 0, 0))

    def selection_changed(self, _region: Region) -> None:
        """Draw the selection anew."""
        self._outline.clear()
        self._stroke_outline.clear()
        if not self._outlined or not self.isVisible():
            self._ants.stop()
        elif not self._ants.isActive():
            self._ants.start()
        self.update()

    @property
    def _outlined(self) -> list[tuple[Selection, Outline]]:
        """What a line marches around."""
        both = (self.selection, self._outline), (self._stroke, self._stroke_outline)
        return [(mask, line) for mask, line in both if mask is not None and not mask.empty]

    def set_overlays(self, overlays: list[tuple[QImage, Region]], frame: Region | None = None) -> None:
        """Draw pictures over parts of the photo, and a dashed frame."""
        self._overlays, self._frame = overlays, frame
        self.update()

    def show_before(self, before: Pyramid | None) -> None:
        """Show the photo as it was, left of a line that can be dragged; None ends that."""
        self.wipe = Wipe(before, self._render, self.width()) if before is not None else None
        self._tell_examined()
        self.update()

    def _tell_examined(self) -> None:
        self.examined.emit(self.wipe is not None or self.loupe is not None)

    def show_loupe(self, shown: bool) -> None:
        """Show or hide the loupe; it begins in the middle of what is selected, or else of the view."""
        self.loupe = None
        if shown and self.pyramid is not None:
            middle = self.to_photo(QPointF(self.width() / 2, self.height() / 2))
            if self.selection is not None and not self.selection.empty:
                region = self.selection.bounds
                middle = (region.left + region.right) / 2, (region.top + region.bottom) / 2
            self.loupe = Loupe(middle)
        self._tell_examined()
        self.update()

    # Coordinates ----------------------------------------------------------------------------------------

    @property
    def photo_size(self) -> tuple[int, int]:
        """Width and height of the photo, 0 without one."""
        if self.pyramid is None:
            return 0, 0
        height, width = self.pyramid.levels[0].shape[:2]
        return width, height

    def to_photo(self, point: QPointF) -> tuple[float, float]:
        """Convert a widget point to photo coordinates; pixel edges are whole numbers."""
        upright = self._turning.inverted()[0].map(point)
        return self._left + upright.x() / self.scale, self._top + upright.y() / self.scale

    def to_widget(self, x: float, y: float) -> QPointF:
        """Convert photo coordinates to a widget point."""
        return self._turning.map(self._upright(x, y))

    def _upright(self, x: float, y: float) -> QPointF:
        return QPointF((x - self._left) * self.scale, (y - self._top) * self.scale)

    @property
    def _turning(self) -> QTransform:
        """What takes a point of the upright window to the widget."""
        return self.turn.transform(QSizeF(self.size()))

    @property
    def _room(self) -> QSizeF:
        """Size of the upright window."""
        return self.turn.upright_size(QSizeF(self.size()))

    @property
    def photo_rect(self) -> QRect:
        """Where the photo is on the widget."""
        return self.region_rect(Region(0, 0, *self.photo_size)).toAlignedRect().intersected(self.rect())

    def region_rect(self, region: Region) -> QRectF:
        """Return where a region is on the widget."""
        return self._turning.mapRect(self._upright_rect(region))

    def _upright_rect(self, region: Region) -> QRectF:
        return QRectF(self._upright(region.left, region.top), self._upright(region.right, region.bottom))

    @property
    def seen(self) -> Seen | None:
        """What of the photo is on the screen."""
        if self.pyramid is None or not self.isVisible():
            return None
        left, top, room = self._left, self._top, self._room
        right, bottom = left + room.width() / self.scale, top + room.height() / self.scale
        region = Region(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))
        level = self.pyramid.level_at(self.scale * self.devicePixelRatioF())
        return Seen(level, region.grown(2 << level).clipped(*self.photo_size))

    # Zoom -----------------------------------------------------------------------------------------------

    @property
    def percent(self) -> float:
        """Zoom in percent of device pixels: at 100 one photo pixel is one screen pixel."""
        return self.scale * self.devicePixelRatioF() * 100

    def fit(self) -> None:
        """Show the whole photo, never larger than its pixels times two."""
        width, height = self.photo_size
        self._fitted = True
        if not width:
            self.update()
            return
        room = self._room
        room_x, room_y = max(50, room.width() - 2 * _MARGIN), max(50, room.height() - 2 * _MARGIN)
        self.scale = min(room_x / width, room_y / height, 2.0)
        self._left = (width - room.width() / self.scale) / 2
        self._top = (height - room.height() / self.scale) / 2
        self._moved()

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Zoom, keeping the photo point under `at` (the middle by default) where it is."""
        if self.pyramid is None:
            return
        at = at or QPointF(self.width() / 2, self.height() / 2)
        x, y = self.to_photo(at)
        self.scale = min(max(scale, _MIN_SCALE), _MAX_SCALE)
        self._place(x, y, at)
        self._fitted = False
        self._moved()

    def turn_to(self, turn: Turn) -> None:
        """Show the photo turned and mirrored; what is in the middle stays there."""
        if turn == self.turn:
            return
        middle = QPointF(self.width() / 2, self.height() / 2)
        x, y = self.to_photo(middle)
        self.turn = turn
        if self._fitted:
            self.fit()
        else:
            self._place(x, y, middle)
            self._moved()
        self.turned.emit(turn)

    def _place(self, x: float, y: float, at: QPointF) -> None:
        """Move a photo point to a point of the widget."""
        upright = self._turning.inverted()[0].map(at)
        self._left, self._top = x - upright.x() / self.scale, y - upright.y() / self.scale

    def zoom_percent(self, percent: float) -> None:
        """Zoom to a percentage of device pixels."""
        self.zoom_to(percent / 100 / self.devicePixelRatioF())

    def zoom_region(self, region: Region) -> None:
        """Show a region as large as it fits."""
        if not region.empty:
            room = self._room
            scale = min(room.width() / (region.width * 1.2), room.height() / (region.height * 1.2))
            self.scale = min(max(scale, _MIN_SCALE), 8.0)
            self._left = (region.left + region.right - room.width() / self.scale) / 2
            self._top = (region.top + region.bottom - room.height() / self.scale) / 2
            self._fitted = False
            self._moved()

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the photo by window pixels."""
        back = self._turning.inverted()[0]
        step = back.map(QPointF(dx, dy)) - back.map(QPointF(0, 0))
        self._left -= step.x() / self.scale
        self._top -= step.y() / self.scale
        self._fitted = False
        self._moved()

    def _moved(self) -> None:
        (width, height), room = self.photo_size, self._room
        # A corner of the photo always stays in sight.
        self._left = min(max(self._left, (40 - room.width()) / self.scale), width - 40 / self.scale)
        self._top = min(max(self._top, (40 - room.height()) / self.scale), height - 40 / self.scale)
        self._picture = None
        if self.wipe is not None:
            self.wipe.view_changed(self.width())
        self._outline.clear()
        self._stroke_outline.clear()
        self.zoomed.emit(self.scale)
        self.update()

    # Painting -------------------------------------------------------------------------------------------

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.canvas))
        if self.pyramid is None:
            return
        width, height = self.photo_size
        where = self.region_rect(Region(0, 0, width, height))
        if self._picture is None:
            self._picture = self._render(self.pyramid)
        else:
            for region in self._stale:
                renew(self._picture, self.pyramid, self.scale, (self._left, self._top), region)
        self._stale = []
        painter.setClipRect(where.toAlignedRect())
        painter.drawImage(QPointF(0, 0), self._picture)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setTransform(self._turning)
        for image, region in self._overlays:
            painter.drawImage(self._upright_rect(region), image)
        painter.resetTransform()
        if self.wipe is not None:
            self.wipe.paint_before(painter, self.height())
        if self.show_selection:
            self._paint_selection(painter)
        painter.setClipping(False)
        painter.setPen(QPen(QColor(0, 0, 0, 90), 1))
        painter.drawRect(where.adjusted(-0.5, -0.5, 0.5, 0.5))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._frame is not None:
            self._paint_frame(painter, self.region_rect(self._frame))
        if self.wipe is not None:
            loupe = None if self.loupe is None else self.loupe.rect(self.size())
            self.wipe.paint_line(painter, self.height(), loupe)
        self.paint_over(painter)
        if self.loupe is not None:
            self.loupe.paint(painter, self)

    def paint_over(self, painter: QPainter) -> None:
        """Paint what lies over photo and selection; whoever takes input says what."""

    def _render(self, pyramid: Pyramid) -> QImage:
        corner, room = (self._left, self._top), self._room.toSize()
        ratio, ground = self.devicePixelRatioF(), QColor(self.theme.canvas)
        size = room.width(), room.height()
        return self.turn.picture(rendered(pyramid, self.scale, corner, size, ratio, ground))

    def _paint_selection(self, painter: QPainter) -> None:
        ratio, room = self.devicePixelRatioF(), self._room
        size = max(1, round(room.width() * ratio)), max(1, round(room.height() * ratio))
        colour = QColor(self.theme.selection)
        tint = (colour.red(), colour.green(), colour.blue()) if self.show_tint else None
        painter.setTransform(self._turning)
        for mask, line in self._outlined:
            left, top, pixels = line.draw(
                mask, self.scale * ratio, self._left, self._top, size, tint, max(1, round(ratio))
            )
            if pixels.size:
                painter.drawImage(QPointF(left / ratio, top / ratio), premultiplied(pixels, ratio))
        painter.resetTransform()

    def _paint_frame(self, painter: QPainter, rect: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 150), 2.5))
        painter.drawRect(rect)
        pen = QPen(QColor(self.theme.accent_text), 1.5, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRect(rect)

    def _step_ants(self) -> None:
        ratio = self.devicePixelRatioF()
        for _mask, line in self._outlined:
            line.step()
            left, top, right, bottom = line.bounds
            drawn = QRect(int(left / ratio), int(top / ratio), int((right - left) / ratio) + 2,
                          int((bottom - top) / ratio) + 2)  # fmt: skip
            self.update(self._turning.mapRect(drawn))

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        if self._fitted:
            self.fit()
        else:
            self._moved()

    def showEvent(self, a0: QShowEvent | None) -> None:
        self.selection_changed(Region(0, 0, 0, 0))

    def hideEvent(self, a0: QHideEvent | None) -> None:
        self._ants.stop()
