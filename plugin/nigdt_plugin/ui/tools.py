"""The tools, and the one table of them: a new one needs a class, a row, and a drawing in `assets/icons`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen

from nigdt_plugin.core import find
from nigdt_plugin.core.selection import Combine
from nigdt_plugin.ui.brushes import Brush, Eraser, Heal
from nigdt_plugin.ui.object_tool import Object
from nigdt_plugin.ui.shapes import Ellipse, Rectangle
from nigdt_plugin.ui.tool import Choices, Modifiers, Point, SelectionTool, Tool

if TYPE_CHECKING:
    from nigdt_plugin.core.session import Session
    from nigdt_plugin.ui.canvas import Canvas


class Pan(Tool):
    """Moves the photo."""

    key = "H"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Move the view")
    hint = QT_TRANSLATE_NOOP("OptionBar", "Drag to move, wheel to zoom")
    cursor = Qt.CursorShape.OpenHandCursor

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._last: QPointF | None = None

    def press(self, at: QPointF, modifiers: Modifiers) -> None:
        self._last = at

    def move(self, at: QPointF, modifiers: Modifiers) -> None:
        if self._last is not None:
            step = at - self._last
            self._last = at
            self.canvas.pan_by(step.x(), step.y())

    def release(self, at: QPointF, modifiers: Modifiers) -> None:
        self._last = None


class Lasso(SelectionTool):
    """Selects what a free line goes around."""

    key = "L"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Lasso")
    hint = QT_TRANSLATE_NOOP("OptionBar", "Draw around the region")
    label = QT_TRANSLATE_NOOP("Steps", "Lasso")

    def __init__(self, canvas: Canvas, session: Session, choices: Choices) -> None:
        super().__init__(canvas, session, choices)
        self._points: list[Point] = []
        self._how = Combine.REPLACE

    def press(self, at: QPointF, modifiers: Modifiers) -> None:
        self._points = [self.canvas.to_photo(at)]
        self._how = self.combine(modifiers)

    def move(self, at: QPointF, modifiers: Modifiers) -> None:
        if self._points:
            self._points.append(self.canvas.to_photo(at))
            self.canvas.update()

    def release(self, at: QPointF, modifiers: Modifiers) -> None:
        points, self._points = self._points, []
        if len(points) >= 3:
            self.outline(points, self._how)

    def cancel(self) -> bool:
        active, self._points = bool(self._points), []
        return active

    def paint(self, painter: QPainter) -> None:
        if self._points:
            path = QPainterPath(self.canvas.to_widget(*self._points[0]))
            for point in self._points[1:]:
                path.lineTo(self.canvas.to_widget(*point))
            self.pen(painter, path)


class Polygon(SelectionTool):
    """Selects a polygon clicked corner by corner; Return, a double click or its first corner closes it."""

    key = "P"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Polygon")
    hint = QT_TRANSLATE_NOOP("OptionBar", "Click corners, double-click to close")
    label = QT_TRANSLATE_NOOP("Steps", "Polygon")
    drags = False

    def __init__(self, canvas: Canvas, session: Session, choices: Choices) -> None:
        super().__init__(canvas, session, choices)
        self._points: list[Point] = []
        self._pointer: QPointF | None = None
        self._how = Combine.REPLACE

    def press(self, at: QPointF, modifiers: Modifiers) -> None:
        if not self._points:
            self._how = self.combine(modifiers)
        elif len(self._points) >= 3:
            gap = at - self.canvas.to_widget(*self._points[0])
            if gap.manhattanLength() < 10:
                self.finish()
                return
        self._points.append(self.canvas.to_photo(at))

    def move(self, at: QPointF, modifiers: Modifiers) -> None:
        self._pointer = at
        if self._points:
            self.canvas.update()

    def finish(self) -> bool:
        points, self._points = self._points, []
        if len(points) >= 3:
            self.outline(points, self._how)
        self.canvas.update()
        return bool(points)

    def step_back(self) -> None:
        if self._points:
            self._points.pop()

    def cancel(self) -> bool:
        active, self._points = bool(self._points), []
        self.canvas.update()
        return active

    def paint(self, painter: QPainter) -> None:
        if not self._points:
            return
        corners = [self.canvas.to_widget(*point) for point in self._points]
        path = QPainterPath(corners[0])
        for corner in corners[1:]:
            path.lineTo(corner)
        if self._pointer is not None:
            path.lineTo(self._pointer)
        self.pen(painter, path)
        painter.setBrush(QColor(255, 255, 255))
        painter.setPen(QPen(QColor(0, 0, 0, 180), 1))
        for corner in corners:
            painter.drawEllipse(corner, 3.5, 3.5)


class Wand(SelectionTool):
    """Selects pixels of a similar colour."""

    key = "W"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Similar colour")
    label = QT_TRANSLATE_NOOP("Steps", "Similar colour")
    options = ("combine", "wand")
    drags = False

    def press(self, at: QPointF, modifiers: Modifiers) -> None:
        x, y = (int(value) for value in self.canvas.to_photo(at))
        width, height = self.canvas.photo_size
        if 0 <= x < width and 0 <= y < height:
            tolerance, connected = self.choices.tolerance, self.choices.connected
            self.session.find(
                lambda rgb: find.similar_colour(rgb, x, y, tolerance, connected),
                self.combine(modifiers),
                self.label,
            )


TOOLS: dict[str, type[Tool]] = {
    "pan": Pan,
    "rectangle": Rectangle,
    "ellipse": Ellipse,
    "lasso": Lasso,
    "polygon": Polygon,
    "brush": Brush,
    "eraser": Eraser,
    "heal": Heal,
    "wand": Wand,
    "object": Object,
}
"""Every tool by the name of its icon, in the order of the column."""
