"""The picture under the user's hands: mouse and keys go to the tool in hand."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPointingDevice,
    QTabletEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QWidget

from nigdt_plugin.core.pyramid import Pyramid
from nigdt_plugin.core.selection import Selection
from nigdt_plugin.ui.photo_view import PhotoView
from nigdt_plugin.ui.pointer import KeyPointer
from nigdt_plugin.ui.tool import Tool
from nigdt_plugin.ui.tools import Pan
from nigdt_plugin.ui.widgets import take_drag

_WIPE_KEY, _WIPE_STEP = Qt.KeyboardModifier.ControlModifier, 24


class Canvas(PhotoView):
    """Shows one photo and takes what the user does to it.

    Signals:
        hovered: The pointer is over photo pixel (x, y), or (-1, -1) when it left.
        dropped: Something was dropped; its QMimeData.
    """

    hovered = pyqtSignal(int, int)
    dropped = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.leaves_return: Callable[[], bool] = lambda: False  # whether Return means something else
        self.tool: Tool = Pan(self)
        self._pan = Pan(self)
        self._panning: Tool | None = None
        self.pressure = 1.0  # of the pen, 1 for a mouse
        self._space = False
        self._pointer = KeyPointer()
        self._marked = False  # that it has the focus; whoever uses the mouse knows

    def show_photo(self, pyramid: Pyramid | None, selection: Selection | None) -> None:
        """Show another photo, fitted."""
        self._pointer.hide()
        self.tool.cancel()
        super().show_photo(pyramid, selection)

    def show_before(self, before: Pyramid | None) -> None:
        """Show the photo as it was, left of a line that can be dragged; None ends that."""
        super().show_before(before)
        self.setCursor(self.tool.cursor)

    def paint_over(self, painter: QPainter) -> None:
        """Paint what the tool shows, the pointer that keys move, and that keys go here."""
        self.tool.paint(painter)
        if self.hasFocus():
            self._pointer.paint(painter, self.theme.selection)
            if self._marked:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(self.theme.accent_text), 2))
                painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def set_tool(self, make: Callable[[Canvas], Tool]) -> None:
        """Take another tool in hand."""
        self.tool.cancel()
        self._pointer.let_go()
        self.tool = make(self)
        self.setCursor(self.tool.cursor)
        self.update()

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
        self._mark(False)
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
        x, y = self._look_at(a0.position())
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

    def tabletEvent(self, a0: QTabletEvent | None) -> None:
        """Draw with a pen: its pressure is the brush's size, its other end takes away."""
        assert a0 is not None
        kinds = QEvent.Type
        if a0.type() == kinds.TabletMove and self._panning is None:
            a0.ignore()  # the pen hovers: Qt makes it a mouse's move
            return
        modifiers, left = a0.modifiers(), Qt.MouseButton.LeftButton
        if a0.pointerType() == QPointingDevice.PointerType.Eraser:
            modifiers |= Qt.KeyboardModifier.ControlModifier
        self.pressure = a0.pressure() if a0.type() != kinds.TabletRelease else self.pressure
        mouse = {
            kinds.TabletPress: (kinds.MouseButtonPress, a0.button(), self.mousePressEvent),
            kinds.TabletMove: (kinds.MouseMove, Qt.MouseButton.NoButton, self.mouseMoveEvent),
            kinds.TabletRelease: (kinds.MouseButtonRelease, a0.button(), self.mouseReleaseEvent),
        }[a0.type()]
        kind, button, handle = mouse
        handle(QMouseEvent(kind, a0.position(), a0.globalPosition(), button, a0.buttons() | left, modifiers))
        if a0.type() == kinds.TabletRelease:
            self.pressure = 1.0
        a0.accept()

    def leaveEvent(self, a0: QEvent | None) -> None:
        self.hovered.emit(-1, -1)
        self.tool.leave()

    def _look_at(self, at: QPointF) -> tuple[float, float]:
        """Return the photo point below the pointer, and show it in the loupe."""
        place = self.to_photo(at)
        if self.loupe is not None:
            self.loupe.move(at, place, self.size())
            self.update()
        return place

    def _mark(self, marked: bool) -> None:
        """Show or hide that the photo has the focus."""
        if marked != self._marked:
            self._marked = marked
            self.update()

    def focusInEvent(self, a0: QFocusEvent | None) -> None:
        reason = a0.reason() if a0 is not None else Qt.FocusReason.OtherFocusReason
        window = Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason
        if reason not in window:  # back from another window it is as it was
            self._mark(reason != Qt.FocusReason.MouseFocusReason)
        self.update()

    def focusOutEvent(self, a0: QFocusEvent | None) -> None:
        self._space = False
        self.update()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        assert a0 is not None
        if self.pyramid is None or not self._key(a0):
            super().keyPressEvent(a0)

    def _key(self, event: QKeyEvent) -> bool:
        key, modifiers = event.key(), event.modifiers()
        self._mark(True)
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
            if self._pointer.point is not None:
                self._look_at(self._pointer.point)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if event.isAutoRepeat():  # held a moment too long, in another field before maybe
                return True
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
