"""Tools that drag a shape from corner to corner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QT_TRANSLATE_NOOP, QPointF, QRectF, Qt
from PyQt6.QtGui import QPainter, QPainterPath

from nigdt_plugin.core import selection
from nigdt_plugin.core.selection import Combine, Patch
from nigdt_plugin.ui.tool import Choices, Modifiers, Point, SelectionTool

if TYPE_CHECKING:
    from nigdt_plugin.core.session import Session
    from nigdt_plugin.ui.canvas import Canvas


class Shape(SelectionTool):
    """A shape dragged from corner to corner; Shift while dragging makes it as wide as high."""

    def __init__(self, canvas: Canvas, session: Session, choices: Choices) -> None:
        super().__init__(canvas, session, choices)
        self._start: Point | None = None
        self._end: Point = (0.0, 0.0)
        self._how = Combine.REPLACE

    def press(self, at: QPointF, modifiers: Modifiers) -> None:
        self._start = self._end = self.canvas.to_photo(at)
        self._how = self.combine(modifiers)

    def move(self, at: QPointF, modifiers: Modifiers) -> None:
        if self._start is None:
            return
        x, y = self.canvas.to_photo(at)
        if modifiers & Qt.KeyboardModifier.ShiftModifier and self._how is Combine.REPLACE:
            side = max(abs(x - self._start[0]), abs(y - self._start[1]))
            x = self._start[0] + np.copysign(side, x - self._start[0])
            y = self._start[1] + np.copysign(side, y - self._start[1])
        self._end = x, y
        self.canvas.update()

    def release(self, at: QPointF, modifiers: Modifiers) -> None:
        if self._start is None:
            return
        self.move(at, modifiers)
        start, end, self._start = self._start, self._end, None
        if abs(end[0] - start[0]) >= 1 and abs(end[1] - start[1]) >= 1:
            self.taken(start, end, self._how)
        elif self._how is Combine.REPLACE:
            self.session.change_selection(selection.nothing, "Deselect")

    def taken(self, start: Point, end: Point, how: Combine) -> None:
        """Select the shape, which is complete."""
        area = abs((end[0] - start[0]) * (end[1] - start[1]))
        self.session.draw(lambda: self.rasterised(start, end), area, how, self.label)

    def rasterised(self, start: Point, end: Point) -> Patch:
        """Rasterise the shape."""
        raise NotImplementedError

    def cancel(self) -> bool:
        active, self._start = self._start is not None, None
        return active

    def paint(self, painter: QPainter) -> None:
        if self._start is None:
            return
        path = QPainterPath()
        rect = QRectF(self.canvas.to_widget(*self._start), self.canvas.to_widget(*self._end)).normalized()
        self.add_to(path, rect)
        self.pen(painter, path)

    def add_to(self, path: QPainterPath, rect: QRectF) -> None:
        """Add the shape's line to a path."""
        path.addRect(rect)


class Rectangle(Shape):
    """Selects a rectangle."""

    key = "R"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Rectangle")
    label = QT_TRANSLATE_NOOP("Steps", "Rectangle")

    def rasterised(self, start: Point, end: Point) -> Patch:
        return selection.rectangle(start, end)


class Ellipse(Shape):
    """Selects an ellipse."""

    key = "E"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Ellipse")
    label = QT_TRANSLATE_NOOP("Steps", "Ellipse")

    def rasterised(self, start: Point, end: Point) -> Patch:
        return selection.ellipse(start, end)

    def add_to(self, path: QPainterPath, rect: QRectF) -> None:
        path.addEllipse(rect)
