"""How the view of a photo is turned and mirrored; the photo itself stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QSizeF
from PyQt6.QtGui import QImage, QTransform


@dataclass(frozen=True)
class Turn:
    """A view that is mirrored first, and then turned to the right.

    Attributes:
        quarters: Quarter turns, 0 to 3.
        mirrored: Whether left and right are exchanged.
    """

    quarters: int = 0
    mirrored: bool = False

    def turned(self, quarters: int) -> Turn:
        """Return the view turned further, to the right, or to the left if negative."""
        return Turn((self.quarters + quarters) % 4, self.mirrored)

    def flipped(self) -> Turn:
        """Return the view with what is left and right on the screen exchanged."""
        return Turn(-self.quarters % 4, not self.mirrored)

    def upright_size(self, window: QSizeF) -> QSizeF:
        """Return the size of the window as the upright photo sees it."""
        return window.transposed() if self.quarters % 2 else window

    def transform(self, window: QSizeF) -> QTransform:
        """Return what takes a point of the upright window to where it is on the turned one."""
        upright = self.upright_size(window)
        turning = QTransform.fromTranslate(window.width() / 2, window.height() / 2)
        turning.rotate(90 * self.quarters)
        turning.scale(-1 if self.mirrored else 1, 1)
        return turning.translate(-upright.width() / 2, -upright.height() / 2)

    def picture(self, upright: QImage) -> QImage:
        """Return a picture of the upright window as it is on the turned one."""
        if self == Turn():
            return upright
        turned = upright.transformed(self.transform(QSizeF(upright.size())))
        turned.setDevicePixelRatio(upright.devicePixelRatio())
        return turned
