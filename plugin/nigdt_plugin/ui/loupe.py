"""The loupe: a place of the photo at 100 %, whatever the zoom is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen

from nigdt_plugin.ui.rendering import rendered

if TYPE_CHECKING:
    from nigdt_plugin.ui.photo_view import PhotoView

_SIDE = 280
_MARGIN = 14
_ARM = 7.0


class Loupe:
    """Lies in a corner of the view and shows what is at the pointer.

    When the pointer leaves the photo, it stays where it was, so that a fill can be watched while a slider is
    moved. In the view it changes its corner before the pointer gets below it.

    Attributes:
        place: Photo coordinates of its middle.
    """

    def __init__(self, place: tuple[float, float]) -> None:
        self.place = place
        self._left = False

    def rect(self, view: QSize) -> QRect:
        """Return where it is in a view of this size."""
        side = min(_SIDE, view.width() // 3, view.height() // 2)
        left = _MARGIN if self._left else view.width() - side - _MARGIN
        return QRect(left, _MARGIN, side, side)

    def move(self, at: QPointF, place: tuple[float, float], view: QSize) -> None:
        """Show another place of the photo.

        Args:
            at: The pointer on the view.
            place: The same point in photo coordinates.
            view: Size of the view.
        """
        self.place = place
        if self.rect(view).adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN).contains(at.toPoint()):
            self._left = not self._left

    def paint(self, painter: QPainter, view: PhotoView) -> None:
        """Draw it over a view that shows a photo."""
        pyramid = view.pyramid
        assert pyramid is not None
        wipe, rect, ratio = view.wipe, self.rect(view.size()), view.devicePixelRatioF()
        if wipe is not None and view.to_widget(*self.place).x() < wipe.x:
            pyramid = wipe.before
        half = rect.width() * ratio / 2  # photo pixels: one is one of the screen
        corner = self.place[0] - half, self.place[1] - half
        size, ground = (rect.width(), rect.height()), QColor(view.theme.canvas)
        picture = view.turn.picture(rendered(pyramid, 1 / ratio, corner, size, ratio, ground))
        frame = QPainterPath()
        frame.addRoundedRect(QRectF(rect), 7, 7)
        painter.save()
        painter.setClipPath(frame)
        painter.drawImage(QPointF(rect.topLeft()), picture)
        middle = QRectF(rect).center()
        for colour, width in ((QColor(0, 0, 0, 120), 3.0), (QColor(255, 255, 255, 190), 1.0)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(middle - QPointF(_ARM, 0), middle + QPointF(_ARM, 0))
            painter.drawLine(middle - QPointF(0, _ARM), middle + QPointF(0, _ARM))
        text = "100 %"
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 14, metrics.height() + 6
        box = QRectF(rect.left() + 6, rect.bottom() - height - 5, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor(255, 255, 255))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(0, 0, 0, 170), 3.5), (QColor(255, 255, 255), 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawPath(frame)
