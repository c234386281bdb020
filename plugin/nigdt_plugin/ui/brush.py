"""Painting the selection, and the table of all tools."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from nigdt_plugin.core import selection
from nigdt_plugin.core.geometry import EMPTY, Region
from nigdt_plugin.core.selection import Combine, Mask
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.canvas import Canvas
from nigdt_plugin.ui.tools import (
    Choices,
    Ellipse,
    Lasso,
    Modifiers,
    Object,
    Point,
    Polygon,
    Rectangle,
    SelectionTool,
    Wand,
)


class Brush(SelectionTool):
    """Paints the selection; `erases` takes away instead."""

    label = "Brush"
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

    label = "Eraser"
    erases = True


ToolMaker = Callable[[Canvas, Session, Choices], SelectionTool]

SELECTION_TOOLS: dict[str, ToolMaker] = {
    "rectangle": Rectangle,
    "ellipse": Ellipse,
    "lasso": Lasso,
    "polygon": Polygon,
    "brush": Brush,
    "eraser": Eraser,
    "wand": Wand,
    "object": Object,
}
