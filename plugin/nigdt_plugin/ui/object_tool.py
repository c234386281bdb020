"""The tool that finds objects: one click on it, or a box around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QT_TRANSLATE_NOOP, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from nigdt_plugin.core.find_object import Pixels, object_at, object_in
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import Combine, Patch
from nigdt_plugin.ui.shapes import Shape
from nigdt_plugin.ui.tool import Choices, Modifiers, Point
from nigdt_plugin.ui.widgets import translate

if TYPE_CHECKING:
    from nigdt_plugin.core.session import Session
    from nigdt_plugin.ui.canvas import Canvas

_CLICK = 5  # window pixels that a click may slip
_LABEL = QT_TRANSLATE_NOOP("Canvas", "Finding the object …")


class _Search:
    """One search in a thread; its end, and that it is given up, are told across threads by plain flags."""

    def __init__(self, at: Point) -> None:
        self.at = at
        self.ended = self.dropped = False

    def run(self, search: Callable[[], Patch]) -> Patch:
        try:
            return search()
        finally:
            self.ended = True


class _Sight:
    """Where the model sees the object at a first click or in a box; further clicks do not ask again."""

    def __init__(self, session: Session, place: Region) -> None:
        self._session = session
        self._place = place
        self._seen: Pixels | None = None
        self.given_up = False

    def seen(self, rgb: Pixels) -> Pixels | None:
        if self._seen is None:
            self._seen = self._session.object_seen(rgb, self._place, lambda: not self.given_up)
        return self._seen


class Object(Shape):
    """Selects the object that is clicked, or the one in a box.

    Right after a click, Shift and a click add to the same object, Ctrl or Alt and a click take away from it.
    """

    key = "O"
    title = QT_TRANSLATE_NOOP("ToolColumn", "Object")
    hint = QT_TRANSLATE_NOOP("OptionBar", "Click the object or drag a box; Shift adds, Ctrl takes away")
    label = QT_TRANSLATE_NOOP("Steps", "Object")

    def __init__(self, canvas: Canvas, session: Session, choices: Choices) -> None:
        super().__init__(canvas, session, choices)
        self._inside: list[Point] = []
        self._outside: list[Point] = []
        self._sight = _Sight(session, Region(0, 0, 1, 1))
        self._found = -1  # the selection's revision after the last click
        self._search: _Search | None = None

    def release(self, at: QPointF, modifiers: Modifiers) -> None:
        if self._start is None:
            return
        begun = self.canvas.to_widget(*self._start)
        if (at - begun).manhattanLength() > _CLICK:
            super().release(at, modifiers)
            return
        point, self._start = self._start, None
        width, height = self.canvas.photo_size
        if 0 <= point[0] < width and 0 <= point[1] < height:
            self._clicked(point, self._how)

    def _clicked(self, point: Point, how: Combine) -> None:
        document = self.session.document
        if document is None:
            return
        goes_on = bool(self._inside) and document.selection.revision == self._found
        if goes_on and how is Combine.ADD:
            self._inside.append(point)
            how = Combine.REPLACE
        elif goes_on and how is Combine.SUBTRACT:
            self._outside.append(point)
            how = Combine.REPLACE
        else:
            self._inside, self._outside = [point], []
            x, y = int(point[0]), int(point[1])
            self._sight = _Sight(self.session, Region(x, y, x + 1, y + 1))
        inside, outside, sight = tuple(self._inside), tuple(self._outside), self._sight
        self._find(point, lambda rgb: object_at(rgb, inside, outside, sight.seen(rgb)), how)

    def taken(self, start: Point, end: Point, how: Combine) -> None:
        left, right = sorted((round(start[0]), round(end[0])))
        top, bottom = sorted((round(start[1]), round(end[1])))
        box = Region(left, top, right, bottom).clipped(*self.canvas.photo_size)
        if box.empty:
            return
        self._inside = []
        sight = self._sight = _Sight(self.session, box)
        middle = ((left + right) / 2, (top + bottom) / 2)
        self._find(middle, lambda rgb: object_in(rgb, box, sight.seen(rgb)), how)

    def _find(self, at: Point, search: Callable[[np.ndarray], Patch], how: Combine) -> None:
        self._drop()
        mine = self._search = _Search(at)

        def wanted() -> bool:
            self.canvas.update()
            return not mine.dropped

        def selected() -> None:
            document = self.session.document
            if document is not None and self._inside:
                self._found = document.selection.revision

        found = self.session.find
        found(lambda rgb: mine.run(lambda: search(rgb)), how, self.label, wanted, selected)
        self.canvas.update()

    def _drop(self) -> bool:
        """Give up the search that is on its way; False if there is none."""
        search, self._search = self._search, None
        if search is None or search.ended:
            return False
        search.dropped = self._sight.given_up = True
        self._inside, self._outside = [], []
        return True

    def cancel(self) -> bool:
        dropped = self._drop()
        return super().cancel() or dropped

    def paint(self, painter: QPainter) -> None:
        super().paint(painter)
        if self._search is None or self._search.ended:
            return
        at = self.canvas.to_widget(*self._search.at)
        for colour, line in ((QColor(0, 0, 0, 170), 3.6), (QColor(255, 255, 255), 1.8)):
            painter.setPen(QPen(colour, line, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(at, 11, 11)
        text = translate("Canvas", _LABEL)
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 20, metrics.height() + 10
        left = at.x() + 18 if at.x() + 18 + width <= self.canvas.width() else at.x() - 18 - width
        box = QRectF(left, at.y() - 14, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 190))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(QColor(255, 255, 255))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
