"""What a tool is: it turns what the mouse does on the canvas into a change of the selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen

from nigdt_plugin.core import selection
from nigdt_plugin.core.selection import Combine

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
    """What the mouse does on the canvas. This one does nothing.

    Attributes:
        cursor: Shape of the pointer.
        drags: Whether it is held down between press and release.
        key: Its shortcut.
        title: What it is called, in English (translated in the context `ToolColumn`).
        hint: How it is used, in English (context `OptionBar`), or empty.
        options: Parts of the option bar that it reads: "combine", "brush", "wand".
    """

    cursor = Qt.CursorShape.ArrowCursor
    drags = True
    key = ""
    title = ""
    hint = ""
    options: tuple[str, ...] = ()

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


class SelectionTool(Tool):
    """A tool that changes the selection.

    Attributes:
        label: Name of the step that undoes it, in English (context `Steps`).
    """

    cursor = Qt.CursorShape.CrossCursor
    label = ""
    options: tuple[str, ...] = ("combine",)

    def __init__(self, canvas: Canvas, session: Session, choices: Choices) -> None:
        super().__init__(canvas)
        self.session = session
        self.choices = choices

    def combine(self, modifiers: Modifiers) -> Combine:
        """Shift adds, Alt or Ctrl subtracts, both intersect; else what the option bar says.

        Many window managers take what is dragged with Alt for themselves.
        """
        shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        away = bool(modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier))
        if shift and away:
            return Combine.INTERSECT
        if shift:
            return Combine.ADD
        if away:
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
