"""What the mouse does on the canvas: each tool turns points into a patch of selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen

from nigdt_plugin.core import find, selection
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import Combine, Patch

if TYPE_CHECKING:
    from nigdt_plugin.core.session import Session
    from nigdt_plugin.ui.canvas import Canvas

Modifiers = Qt.KeyboardModifier
Point = tuple[float, float]


class Choices(Protocol):
    """What the option bar says."""

    @property
    def combine(self) -> Combine:
        """How a new shape meets the selection."""

    @property
    def brush_size(self) -> float:
        """Photo pixels."""

    @property
    def brush_hardness(self) -> float:
        """0..1."""

    @property
    def tolerance(self) -> int:
        """Of the wand, 0..255."""

    @property
    def connected(self) -> bool:
        """Whether the wand stays around its point."""


class Tool:
    """Does nothing. `drags` tells whether it is held down between press and release."""

    cursor = Qt.CursorShape.ArrowCursor
    drags = True

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def press(self, at: QPointF, modifiers: Modifiers) -> None:
        """Handle the button going down."""

    def move(self, at: QPointF, modifiers: Modifiers) -> None:
        """Handle the pointer moving."""

    def release(self, at: QPointF, modifiers: Modifiers) -> None:
        """Handle the button going up."""

    def finish(self) -> bool:
        """Double click or Return; True if there was something to finish."""
        return False

    def step_back(self) -> None:
        """Backspace."""

    def cancel(self) -> bool:
        """Escape; True if there was something to drop."""
        return False

    def leave(self) -> None:
        """Handle the pointer leaving the canvas."""

    def paint(self, painter: QPainter) -> None:
        """Paint what is being drawn."""


class Pan(Tool):
    """Moves the photo."""

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


class SelectionTool(Tool):
    """A tool that changes the selection."""

    cursor = Qt.CursorShape.CrossCursor
    label = "Selection"

    def __init__(self, canvas: Canvas, session: Session, choices: Choices) -> None:
        super().__init__(canvas)
        self.session = session
        self.choices = choices

    def combine(self, modifiers: Modifiers) -> Combine:
        """Shift adds, Alt subtracts, both intersect; else what the option bar says."""
        shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        alt = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        if shift and alt:
            return Combine.INTERSECT
        if shift:
            return Combine.ADD
        if alt:
            return Combine.SUBTRACT
        return self.choices.combine

    def outline(self, points: list[Point], how: Combine) -> None:
        """Select the polygon through the points."""
        width, height = (max(values) - min(values) for values in zip(*points, strict=True))
        self.session.draw(lambda: selection.polygon(points), width * height, how, self.label)

    def pen(self, painter: QPainter, path: QPainterPath) -> None:
        """Draw a line that is seen on any photo."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(0, 0, 0, 170), 2.6))
        painter.drawPath(path)
        painter.setPen(QPen(QColor(255, 255, 255), 1.2, Qt.PenStyle.DashLine))
        painter.drawPath(path)


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

    label = "Rectangle"

    def rasterised(self, start: Point, end: Point) -> Patch:
        return selection.rectangle(start, end)


class Ellipse(Shape):
    """Selects an ellipse."""

    label = "Ellipse"

    def rasterised(self, start: Point, end: Point) -> Patch:
        return selection.ellipse(start, end)

    def add_to(self, path: QPainterPath, rect: QRectF) -> None:
        path.addEllipse(rect)


class Object(Shape):
    """Selects the object in a box."""

    label = "Object"

    def taken(self, start: Point, end: Point, how: Combine) -> None:
        left, right = sorted((round(start[0]), round(end[0])))
        top, bottom = sorted((round(start[1]), round(end[1])))
        box = Region(left, top, right, bottom)
        self.session.find(lambda rgb: find.object_in(rgb, box), how, self.label)


class Lasso(SelectionTool):
    """Selects what a free line goes around."""

    label = "Lasso"

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

    label = "Polygon"
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

    label = "Similar colour"
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
