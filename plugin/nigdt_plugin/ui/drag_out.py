"""Dragging the picture into another program."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QMimeData, Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QDrag, QMouseEvent, QPixmap
from PyQt6.QtWidgets import QLabel, QToolTip

_PICTURE = 96


class DragLabel(QLabel):
    """A text by which the picture is taken. It is written while the button is held, then dragged as a file.

    Signals:
        taken: The button went down; `drag` is to be called with the file.
    """

    taken = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", "muted")
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(self.tr("Drag the picture from here into another program"))
        self._held = False

    def mousePressEvent(self, ev: QMouseEvent | None) -> None:
        if ev is not None and ev.button() == Qt.MouseButton.LeftButton and self.text():
            self._held = True
            QToolTip.showText(
                ev.globalPosition().toPoint(), self.tr("The picture is being written; hold on.")
            )
            self.taken.emit()

    def mouseReleaseEvent(self, ev: QMouseEvent | None) -> None:
        self._held = False
        QToolTip.hideText()

    def data_of(self, file: Path) -> QMimeData:
        """Return what other programs are offered."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(file))])
        return data

    def drag(self, file: Path, picture: QPixmap) -> None:
        """Drag a file, unless the button was let go meanwhile."""
        if self._held:
            QToolTip.hideText()
            drag = QDrag(self)
            drag.setMimeData(self.data_of(file))
            drag.setPixmap(picture.scaled(_PICTURE, _PICTURE, Qt.AspectRatioMode.KeepAspectRatio))
            drag.exec(Qt.DropAction.CopyAction)
            self._held = False
