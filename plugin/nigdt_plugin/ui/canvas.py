"""The picture: zoom, pan, selection, previews; mouse and keys go to the tool in hand."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QWidget

from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.outline import Outline
from nigdt_plugin.core.pyramid import Pyramid
from nigdt_plugin.core.selection import Selection
from nigdt_plugin.ui.pointer import KeyPointer
from nigdt_plugin.ui.rendering import premultiplied, rendered
from nigdt_plugin.ui.theme import DARK, Theme
from nigdt_plugin.ui.tool import Tool
from nigdt_plugin.ui.tools import Pan
from nigdt_plugin.ui.widgets import take_drag
from nigdt_plugin.ui.wipe import Wipe

_MIN_SCALE, _MAX_SCALE = 0.01, 64.0
_ANTS_MS = 110
_MARGIN = 24
_WIPE_KEY, _WIPE_STEP = Qt.KeyboardModifier.ControlModifier, 24


class Canvas(QWidget):
    """Shows one photo.

    Signals:
        zoomed: The zoom changed; window pixels per photo pixel.
        hovered: The pointer is over photo pixel (x, y), or (-1, -1) when it left.
        dropped: Something was dropped; its QMimeData.
    """

    zoomed = pyqtSignal(float)
    hovered = pyqtSignal(int, int)
    dropped = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(240, 200)
        self.theme: Theme = DARK
        self.leaves_return: Callable[[], bool] = lambda: False  # whether Return means something else
        self.pyramid: Pyramid | None = None
        self.selection: Selection | None = None
        self.show_tint = False
        self.show_selection = True
        self.scale = 1.0
        self._fitted = True
        self._left, self._top = 0.0, 0.0  # photo coordinates at the widget's corner
        self._picture: QImage | None = None
        self._outline = Outline()
        self._overlays: list[tuple[QImage, Region]] = []
        self._frame: Region | None = None
        self.wipe: Wipe | None = None
        self.tool: Tool = Pan(self)
        self._pan = Pan(self)
        self._panning: Tool | None = None
        self._space = False
        self._pointer = KeyPointer()
        self._ants = QTimer(self)
        self._ants.setInterval(_ANTS_MS)
        self._ants.timeout.connect(self._step_ants)

    # The photo ------------------------------------------------------------------------------------------

    def show_photo(self, pyramid: Pyramid | None, selection: Selection | None) -> None:
        """Show another photo, fitted."""
        self.pyramid, self.selection = pyramid, selection
        self._overlays, self._frame, self.wipe = [], None, None
        self._pointer.hide()
        self.tool.cancel()
        self._outline.clear()
        self.fit()
        self.selection_changed(Region(0, 0, 0, 0))

    def pixels_changed(self, _region: Region) -> None:
        """Draw the photo anew."""
        self._picture = None
        self.update()

    def selection_changed(self, _region: Region) -> None:
        """Draw the selection anew."""
        self._outline.clear()
        empty = self.selection is None or self.selection.empty
        if empty or not self.isVisible():
            self._ants.stop()
        elif not self._ants.isActive():
            self._ants.start()
        self.update()

    def set_overlays(self, overlays: list[tuple[QImage, Region]], frame: Region | None = None) -> None:
        """Pictures drawn over parts of the photo, and a dashed frame."""
        self._overlays, self._frame = overlays, frame
        self.update()

    def show_before(self, before: Pyramid | None) -> None:
        """Show the photo as it was, left of a line that can be dragged; None ends that."""
        self.wipe = Wipe(before, self._render, self.width()) if before is not None else None
        self.setCursor(self.tool.cursor)
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
        """Photo coordinates of a widget point; pixel edges are whole numbers."""
        return self._left + point.x() / self.scale, self._top + point.y() / self.scale

    def to_widget(self, x: float, y: float) -> QPointF:
        """Widget point of photo coordinates."""
        return QPointF((x - self._left) * self.scale, (y - self._top) * self.scale)

    def region_rect(self, region: Region) -> QRectF:
        """Return where a region is on the widget."""
        return QRectF(self.to_widget(region.left, region.top), self.to_widget(region.right, region.bottom))

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
        room_x, room_y = max(50, self.width() - 2 * _MARGIN), max(50, self.height() - 2 * _MARGIN)
        self.scale = min(room_x / width, room_y / height, 2.0)
        self._left = (width - self.width() / self.scale) / 2
        self._top = (height - self.height() / self.scale) / 2
        self._moved()

    def zoom_to(self, scale: float, at: QPointF | None = None) -> None:
        """Zoom, keeping the photo point under `at` (the middle by default) where it is."""
        if self.pyramid is None:
            return
        at = at or QPointF(self.width() / 2, self.height() / 2)
        x, y = self.to_photo(at)
        self.scale = min(max(scale, _MIN_SCALE), _MAX_SCALE)
        self._left, self._top = x - at.x() / self.scale, y - at.y() / self.scale
        self._fitted = False
        self._moved()

    def zoom_percent(self, percent: float) -> None:
        """Zoom to a percentage of device pixels."""
        self.zoom_to(percent / 100 / self.devicePixelRatioF())

    def zoom_region(self, region: Region) -> None:
        """Show a region as large as it fits."""
        if not region.empty:
            scale = min(self.width() / (region.width * 1.2), self.height() / (region.height * 1.2))
            self.scale = min(max(scale, _MIN_SCALE), 8.0)
            self._left = (region.left + region.right - self.width() / self.scale) / 2
            self._top = (region.top + region.bottom - self.height() / self.scale) / 2
            self._fitted = False
            self._moved()

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the photo by window pixels."""
        self._left -= dx / self.scale
        self._top -= dy / self.scale
        self._fitted = False
        self._moved()

    def _moved(self) -> None:
        width, height = self.photo_size
        # A corner of the photo always stays in sight.
        self._left = min(
            max(self._left, 40 / self.scale - self.width() / self.scale), width - 40 / self.scale
        )
        self._top = min(
            max(self._top, 40 / self.scale - self.height() / self.scale), height - 40 / self.scale
        )
        self._picture = None
        if self.wipe is not None:
            self.wipe.view_changed(self.width())
        self._outline.clear()
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
        painter.setClipRect(where.toAlignedRect())
        painter.drawImage(QPointF(0, 0), self._picture)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for image, region in self._overlays:
            painter.drawImage(self.region_rect(region), image)
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
        self.tool.paint(painter)
        if self.hasFocus():
            self._pointer.paint(painter, self.theme.selection)
        if self.wipe is not None:
            self.wipe.paint_line(painter, self.height())

    def _render(self, pyramid: Pyramid) -> QImage:
        corner, size = (self._left, self._top), (self.width(), self.height())
        ratio, ground = self.devicePixelRatioF(), QColor(self.theme.canvas)
        return rendered(pyramid, self.scale, corner, size, ratio, ground)

    def _paint_selection(self, painter: QPainter) -> None:
        if self.selection is None or self.selection.empty:
            return
        ratio = self.devicePixelRatioF()
        size = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        colour = QColor(self.theme.selection)
        tint = (colour.red(), colour.green(), colour.blue()) if self.show_tint else None
        left, top, pixels = self._outline.draw(
            self.selection, self.scale * ratio, self._left, self._top, size, tint, max(1, round(ratio))
        )
        if pixels.size:
            painter.drawImage(QPointF(left / ratio, top / ratio), premultiplied(pixels, ratio))

    def _paint_frame(self, painter: QPainter, rect: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 150), 2.5))
        painter.drawRect(rect)
        pen = QPen(QColor(self.theme.accent_text), 1.5, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRect(rect)

    def _step_ants(self) -> None:
        self._outline.step()
        left, top, right, bottom = self._outline.bounds
        ratio = self.devicePixelRatioF()
        self.update(QRect(int(left / ratio), int(top / ratio), int((right - left) / ratio) + 2,
                          int((bottom - top) / ratio) + 2))  # fmt: skip

    # Events ---------------------------------------------------------------------------------------------

    def set_tool(self, make: Callable[[Canvas], Tool]) -> None:
        """Take another tool in hand."""
        self.tool.cancel()
        self._pointer.let_go()
        self.tool = make(self)
        self.setCursor(self.tool.cursor)
        self.update()

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        if self._fitted:
            self.fit()
        else:
            self._moved()

    def showEvent(self, a0: QShowEvent | None) -> None:
        self.selection_changed(Region(0, 0, 0, 0))

    def hideEvent(self, a0: QHideEvent | None) -> None:
        self._ants.stop()

    def wheelEvent(self, a0: QWheelEvent | None) -> None:
        assert a0 is not None
        pixels, degrees = a0.pixelDelta(), a0.angleDelta()
        sideways = a0.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if sideways:
            delta = degrees.y() or degrees.x()
            self.pan_by(delta / 2, 0)
        elif not pixels.isNull() and not a0.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.pan_by(pixels.x(), pixels.y())  # a touch pad
        else:
            self.zoom_to(self.scale * 1.25 ** (degrees.y() / 120), a0.position())
        a0.accept()

    def _tool_for(self, event: QMouseEvent) -> Tool:
        middle = event.button() == Qt.MouseButton.MiddleButton
        return self._pan if self._space or middle else self.tool

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:
        assert a0 is not None
        if self.pyramid is None or a0.button() == Qt.MouseButton.RightButton:
            return
        self._pointer.hide()
        if self.wipe is not None and self.wipe.hit(a0.position()):
            self.wipe.held = True
            return
        self._panning = self._tool_for(a0)
        self._panning.press(a0.position(), a0.modifiers())
        self.update()

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:
        assert a0 is not None
        if self.pyramid is None:
            return
        x, y = self.to_photo(a0.position())
        width, height = self.photo_size
        inside = 0 <= x < width and 0 <= y < height
        self.hovered.emit(int(x) if inside else -1, int(y) if inside else -1)
        if self.wipe is not None and self._panning is None:
            if self.wipe.held:
                self.wipe.move_to(a0.position().x())
                self.update()
            if self.wipe.held or not a0.buttons():
                over = self.wipe.held or self.wipe.hit(a0.position())
                self.setCursor(Qt.CursorShape.SplitHCursor if over else self.tool.cursor)
            if self.wipe.held:
                return
        (self._panning or self.tool).move(a0.position(), a0.modifiers())

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:
        assert a0 is not None
        if self.wipe is not None:
            self.wipe.held = False
        if self._panning is not None:
            tool, self._panning = self._panning, None
            tool.release(a0.position(), a0.modifiers())
            self.update()

    def mouseDoubleClickEvent(self, a0: QMouseEvent | None) -> None:
        assert a0 is not None
        if self.pyramid is not None and a0.button() == Qt.MouseButton.LeftButton:
            self.tool.finish()

    def leaveEvent(self, a0: QEvent | None) -> None:
        self.hovered.emit(-1, -1)
        self.tool.leave()

    def focusOutEvent(self, a0: QFocusEvent | None) -> None:
        self._space = False
        self.update()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        assert a0 is not None
        if self.pyramid is None or not self._key(a0):
            super().keyPressEvent(a0)

    def _key(self, event: QKeyEvent) -> bool:
        key, modifiers = event.key(), event.modifiers()
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        if key == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = True
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        elif self.wipe is not None and modifiers & _WIPE_KEY and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.wipe.move_to(self.wipe.x + _WIPE_STEP * steps[Qt.Key(key)][0])
        elif key in steps:
            self._pointer.move(self.tool, *steps[Qt.Key(key)], modifiers, self.size())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._pointer.point is None and self.leaves_return():
                return self.tool.finish()
            self._pointer.press(self.tool, modifiers, self.size())
        elif key == Qt.Key.Key_Escape:
            self._pointer.let_go()
            return self.tool.cancel()
        elif key == Qt.Key.Key_Backspace:
            self.tool.step_back()
        else:
            return False
        self.update()
        return True

    def keyReleaseEvent(self, a0: QKeyEvent | None) -> None:
        assert a0 is not None
        if a0.key() == Qt.Key.Key_Space and not a0.isAutoRepeat():
            self._space = False
            self.setCursor(self.tool.cursor)
        else:
            super().keyReleaseEvent(a0)

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:
        take_drag(a0)

    def dropEvent(self, a0: QDropEvent | None) -> None:
        assert a0 is not None
        a0.acceptProposedAction()
        self.dropped.emit(a0.mimeData())
