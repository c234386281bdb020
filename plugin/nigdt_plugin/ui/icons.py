"""Icons drawn as strokes on a 24 x 24 grid, in the theme's colours and sharp at any scale."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PyQt6.QtCore import QByteArray, QRectF, QSize, Qt
from PyQt6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

_FOLDER = Path(__file__).parent.parent / "assets" / "icons"


@cache
def _source(name: str) -> str:
    return (_FOLDER / f"{name}.svg").read_text(encoding="utf-8")


def svg(name: str, colour: str) -> bytes:
    """Return the drawing of an icon in a colour."""
    return _source(name).replace("currentColor", colour).encode()


class _Engine(QIconEngine):
    """Draws the vector at whatever size and pixel ratio is asked for."""

    def __init__(self, normal: bytes, checked: bytes, disabled: bytes) -> None:
        super().__init__()
        self._sources = normal, checked, disabled

    def paint(self, painter: QPainter | None, rect, mode: QIcon.Mode, state: QIcon.State) -> None:  # type: ignore[no-untyped-def]
        normal, checked, disabled = self._sources
        source = normal
        if mode == QIcon.Mode.Disabled:
            source = disabled
        elif state == QIcon.State.On:
            source = checked
        QSvgRenderer(QByteArray(source)).render(painter, QRectF(rect))

    def clone(self) -> QIconEngine:
        return _Engine(*self._sources)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        if size.isEmpty():  # asked for by a button that its window squeezes to nothing
            return QPixmap()
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap


def icon(name: str, colour: str, checked: str | None = None, disabled: str = "#80808080") -> QIcon:
    """Return an icon by name.

    Args:
        name: One of the drawings above.
        colour: "#rrggbb" of its lines.
        checked: Colour while its button is on; the same if None.
        disabled: Colour while its button is disabled.
    """
    return QIcon(_Engine(svg(name, colour), svg(name, checked or colour), svg(name, disabled[:7])))


def logo() -> QIcon:
    """Return the program's icon."""
    source = _source("nigdt").encode()
    return QIcon(_Engine(source, source, source))
