"""The tools, and the one table of them: a new one needs a class, a row, and a drawing in `assets/icons`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen

from nigdt_plugin.core import find, selection
from nigdt_plugin.core.geometry import EMPTY, Region
from nigdt_plugin.core.selection import Combine, Mask
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


class Brush(SelectionTool):
    """Paints the selection; `erases` takes away instead."""

    key = "B"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Brush")
    hint = QT_TRANSLATE_NOOP("OptionBar", "[ and ] change the size, Ctrl erases")
    label = QT_TRANSLATE_NOOP("Steps", "Brush")
    options = ("brush",)
    erases = False
    cursor = Qt.CursorShape.BlankCursor

    def __init__(self, canvas: Canvas, session: Session, choices: Choices) -> None:
        super().__init__(canvas, session, choices)
        self._last: Point | None = None
        self._pointer: QPointF | None = None
        self._written: list[tuple[Region, Mask]] = []  # what each dab replaced
        self._how = Combine.ADD

    def press(self, at: QPointF, modifiers: Modifiers) -> None:
        document = self.session.document
        if document is None:
            return
        how = self.combine(modifiers)
        erases = self.erases != (how is Combine.SUBTRACT)
        self._how = Combine.SUBTRACT if erases else Combine.ADD
        self._written = []
        self._last = self.canvas.to_photo(at)
        self._draw([self._last, self._last])

    def move(self, at: QPointF, modifiers: Modifiers) -> None:
        self._pointer = at
        if self._last is not None:
            point = self.canvas.to_photo(at)
            self._draw([self._last, point])
            self._last = point
        self.canvas.update()

    def release(self, at: QPointF, modifiers: Modifiers) -> None:
        document = self.session.document
        if self._last is None or document is None:
            return
        self._last = None
        changed = EMPTY
        for region, _ in self._written:
            changed = changed.union(region)
        before = document.selection.mask[changed.slices].copy()
        for region, values in reversed(self._written):
            left, top = region.left - changed.left, region.top - changed.top
            before[top : top + region.height, left : left + region.width] = values
        self._written = []
        after = document.selection.mask[changed.slices]
        document.record(document.selection_step(changed, before, after, self.label))
        self.session.steps()

    def _draw(self, points: list[Point]) -> None:
        document = self.session.document
        assert document is not None
        patch = selection.stroke(points, self.choices.brush_size, self.choices.brush_hardness)
        region, values = document.selection.combined(patch, self._how)
        if not region.empty:
            self._written.append((region, document.selection.write(region, values)))
            document.selection_changed(region)

    def cancel(self) -> bool:
        document = self.session.document
        if self._last is None or document is None:
            return False
        for region, values in reversed(self._written):
            document.selection.put(region, values)
            document.selection_changed(region)
        self._last, self._written = None, []
        return True

    def leave(self) -> None:
        self._pointer = None
        self.canvas.update()

    def paint(self, painter: QPainter) -> None:
        if self._pointer is None:
            return
        radius = max(1.5, self.choices.brush_size * self.canvas.scale / 2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(0, 0, 0, 170), 2.6), (QColor(255, 255, 255), 1.2)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(self._pointer, radius, radius)


class Eraser(Brush):
    """Takes away from the selection."""

    key = "X"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Eraser")
    hint = QT_TRANSLATE_NOOP("OptionBar", "[ and ] change the size")
    label = QT_TRANSLATE_NOOP("Steps", "Eraser")
    erases = True


TOOLS: dict[str, type[Tool]] = {
    "pan": Pan,
    "rectangle": Rectangle,
    "ellipse": Ellipse,
    "lasso": Lasso,
    "polygon": Polygon,
    "brush": Brush,
    "eraser": Eraser,
    "wand": Wand,
    "object": Object,
}
"""Every tool by the name of its icon, in the order of the column."""
