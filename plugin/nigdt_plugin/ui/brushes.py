"""Tools that are drawn with: the brush of the selection, its eraser, and the one that removes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from nigdt_plugin.core import selection
from nigdt_plugin.core.geometry import EMPTY, Region
from nigdt_plugin.core.selection import Combine, Mask, Selection
from nigdt_plugin.ui.tool import Choices, Modifiers, Point, SelectionTool

if TYPE_CHECKING:
    from nigdt_plugin.core.session import Session
    from nigdt_plugin.ui.canvas import Canvas


class Brush(SelectionTool):
    """Paints the selection, or the mask of a layer that is being edited; `erases` takes away instead."""

    key = "B"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Brush")
    hint = QT_TRANSLATE_NOOP("OptionBar", "Shift and a click: a straight line. Ctrl erases")
    label = QT_TRANSLATE_NOOP("Steps", "Brush")
    options = ("brush",)
    erases = False
    masks = True  # while the mask of a layer is edited
    cursor = Qt.CursorShape.BlankCursor

    def __init__(self, canvas: Canvas, session: Session, choices: Choices) -> None:
        super().__init__(canvas, session, choices)
        self._last: Point | None = None
        self._end: Point | None = (
            None  # of the last stroke, from which Shift and a click draw a straight line
        )
        self._pointer: QPointF | None = None
        self._written: list[tuple[Region, Mask]] = []  # what each dab replaced
        self._how = Combine.ADD
        self._shows = True

    def press(self, at: QPointF, modifiers: Modifiers) -> None:
        document = self.session.document
        if document is None:
            return
        shift = Qt.KeyboardModifier.ShiftModifier
        how = self.combine(modifiers & ~shift)
        erases = self.erases != (how is Combine.SUBTRACT)
        self._shows = not erases
        masks = self.masks and self.session.masking.begin()
        self._how = Combine.SUBTRACT if erases and not masks else Combine.ADD
        self._written = []
        self._last = self.canvas.to_photo(at)
        begin = self._end if modifiers & shift else None
        self._draw([begin or self._last, self._last])

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
        self._end, self._last = self._last, None
        if self.session.masking.painted is not None:
            self._written = []
            self.session.masking.paint(shown=self._shows)
            return
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
        size = max(1.0, self.choices.brush_size * self.canvas.pressure)
        patch = selection.stroke(points, size, self.choices.brush_hardness)
        region, values = self._painted.combined(patch, self._how)
        if not region.empty:
            self._written.append((region, self._painted.write(region, values)))
            document.selection_changed(region)

    @property
    def _painted(self) -> Selection:
        """What the brush paints on."""
        assert self.session.document is not None
        return self.session.masking.painted or self.session.document.selection

    def cancel(self) -> bool:
        document = self.session.document
        if self._last is None or document is None:
            return False
        if self.session.masking.painted is not None:
            self.session.masking.give_up()
            self._written = []
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


class Heal(Brush):
    """Removes what a stroke covers, as soon as it is let go."""

    key = "J"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Heal")
    hint = QT_TRANSLATE_NOOP("OptionBar", "Paint over what is to go. Shift and a click: a straight line")
    label = QT_TRANSLATE_NOOP("Steps", "Heal")
    masks = False

    def press(self, at: QPointF, modifiers: Modifiers) -> None:
        healing = self.session.healing
        if self.session.document is None or healing.painted is not None:
            return
        healing.begin()
        super().press(at, modifiers & Qt.KeyboardModifier.ShiftModifier)

    @property
    def _painted(self) -> Selection:
        painted = self.session.healing.painted
        return painted if painted is not None else super()._painted

    def release(self, at: QPointF, modifiers: Modifiers) -> None:
        if self._last is None or self.session.document is None:
            return
        self._end, self._last, self._written = self._last, None, []
        self.session.healing.heal()

    def cancel(self) -> bool:
        if self._last is None:
            return False
        self._last, self._written = None, []
        self.session.healing.give_up()
        return True
