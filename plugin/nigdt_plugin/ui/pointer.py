"""A pointer on the photo for people without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QPointF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

if TYPE_CHECKING:
    from nigdt_plugin.ui.tool import Tool

_STEP, _FINE, _COARSE = 10, 1, 40
_ARM = 9


class KeyPointer:
    """Arrow keys move it, Return presses it down and lets go.

    Attributes:
        point: Where it is in the window, None while the mouse is used.
    """

    def __init__(self) -> None:
        self.point: QPointF | None = None
        self._down = False

    def move(self, tool: Tool, dx: int, dy: int, modifiers: Qt.KeyboardModifier, window: QSize) -> None:
        """Move one step; with Ctrl a small one, with Shift a large one."""
        step = _FINE if modifiers & Qt.KeyboardModifier.ControlModifier else _STEP
        step = _COARSE if modifiers & Qt.KeyboardModifier.ShiftModifier else step
        point = self.point or _middle(window)
        self.point = QPointF(
            min(max(point.x() + dx * step, 0), window.width()),
            min(max(point.y() + dy * step, 0), window.height()),
        )
        tool.move(self.point, Qt.KeyboardModifier.NoModifier)

    def press(self, tool: Tool, modifiers: Qt.KeyboardModifier, window: QSize) -> None:
        """Press, or let go of what was pressed."""
        if self.point is None:
            if not tool.finish():
                self.point = _middle(window)
            return
        if self._down:
            tool.release(self.point, modifiers)
        else:
            tool.press(self.point, modifiers)
        self._down = not self._down and tool.drags
        if not self._down and not tool.drags:
            tool.release(self.point, modifiers)

    def let_go(self) -> None:
        """Drop what was being drawn."""
        self._down = False

    def hide(self) -> None:
        """Hide the pointer: the mouse is used again."""
        self.point = None
        self._down = False

    def paint(self, painter: QPainter, colour: str) -> None:
        """Draw it as a cross."""
        if self.point is None:
            return
        for shade, width in ((QColor(0, 0, 0, 180), 4.0), (QColor(colour), 2.0)):
            painter.setPen(QPen(shade, width))
            painter.drawLine(self.point - QPointF(_ARM, 0), self.point + QPointF(_ARM, 0))
            painter.drawLine(self.point - QPointF(0, _ARM), self.point + QPointF(0, _ARM))


def _middle(window: QSize) -> QPointF:
    return QPointF(window.width() / 2, window.height() / 2)
