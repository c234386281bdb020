"""The wipe: the photo as it was, left of a line that is dragged over the canvas."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QPointF, QRect, QRectF, Qt
from PyQt6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from nigdt_plugin.core.pyramid import Pyramid
from nigdt_plugin.ui.widgets import translate

_GRIP = 14.0
_REACH = 9.0
_NEAREST = 4.0  # that the line comes to the edge of the canvas
_LABEL = 10.0


class Wipe:
    """The photo before, and the line.

    Args:
        before: The photo as it was.
        render: Draws what the canvas shows of a photo.
        width: Of the canvas, in window pixels.

    Attributes:
        before: The photo as it was.
        held: Whether the line is being dragged.
    """

    def __init__(self, before: Pyramid, render: Callable[[Pyramid], QImage], width: float) -> None:
        self.before, self._render = before, render
        self._picture: QImage | None = None
        self._fraction = 0.5
        self.held = False
        self._width = width

    @property
    def x(self) -> float:
        """Where the line is, in window pixels."""
        return self._fraction * self._width

    def move_to(self, x: float) -> None:
        """Put the line elsewhere."""
        near = min(_NEAREST, self._width / 2)
        self._fraction = min(max(x, near), self._width - near) / max(1.0, self._width)

    def view_changed(self, width: float) -> None:
        """Draw the photo anew: it was moved, or the canvas is of another width."""
        self._picture = None
        self._width = width

    def hit(self, at: QPointF) -> bool:
        """Return whether a point is on the line."""
        return abs(at.x() - self.x) <= _REACH

    def paint_before(self, painter: QPainter, height: float) -> None:
        """Paint the photo as it was."""
        if self._picture is None:
            self._picture = self._render(self.before)
        ratio = self._picture.devicePixelRatio()
        part = QRectF(0, 0, self.x, height)
        painter.drawImage(part, self._picture, QRectF(0, 0, self.x * ratio, height * ratio))

    def paint_line(self, painter: QPainter, height: float, covered: QRect | None) -> None:
        """Paint the line, its grip and what is on either side; no word where something covers it."""
        x, middle = self.x, height / 2
        for colour, width in ((QColor(0, 0, 0, 150), 3.5), (QColor(255, 255, 255), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(x, 0), QPointF(x, height))
        painter.setPen(QPen(QColor(0, 0, 0, 150), 1))
        painter.setBrush(QColor(255, 255, 255))
        painter.drawEllipse(QPointF(x, middle), _GRIP, _GRIP)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(30, 34, 38))
        for side in (-1, 1):
            tip, base = x + side * 9.5, x + side * 4
            corners = QPointF(tip, middle), QPointF(base, middle - 4.5), QPointF(base, middle + 4.5)
            painter.drawPolygon(QPolygonF(corners))
        before = translate("Canvas", "Before")
        after = translate("Canvas", "After")
        metrics = painter.fontMetrics()
        for text, left in (
            (before, x - 2 * _LABEL - metrics.horizontalAdvance(before) - 8),
            (after, x + _LABEL),
        ):
            size = metrics.horizontalAdvance(text) + 2 * _LABEL - 2, metrics.height() + 6
            box = QRectF(left, _LABEL, *size)  # notices lie at the other end
            if covered is not None and box.intersects(QRectF(covered)):
                box.moveTop(covered.bottom() + _LABEL)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 150))
            painter.drawRoundedRect(box, 5, 5)
            painter.setPen(QColor(255, 255, 255))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
