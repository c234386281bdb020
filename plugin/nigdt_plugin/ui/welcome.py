"""What is there before a photo is: open, drop, try the sample, recent photos."""

from __future__ import annotations

from functools import partial
from importlib import resources
from pathlib import Path

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QDragEnterEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nigdt.files import is_file
from nigdt_plugin.core.files import told_apart
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.icons import icon, logo
from nigdt_plugin.ui.theme import DARK, Theme
from nigdt_plugin.ui.widgets import button, label, menu_text, take_drag

_RECENT = 5


def sample_photo() -> Path:
    """Return the photo that comes with the program (nigdt/data/LICENCE.md names its author and licence)."""
    return Path(str(resources.files("nigdt") / "data" / "kingfisher.jpg"))


class Welcome(QWidget):
    """Signals: `open_asked`, `path_asked` (a file, as text), `dropped` (its QMimeData)."""

    open_asked = pyqtSignal()
    dropped = pyqtSignal(object)
    path_asked = pyqtSignal(str)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("welcome")
        self.setAcceptDrops(True)
        self.theme: Theme = DARK
        outer = QVBoxLayout(self)
        card = QFrame()
        card.setProperty("card", True)
        card.setFixedWidth(460)
        column = QVBoxLayout(card)
        column.setContentsMargins(36, 32, 36, 30)
        column.setSpacing(10)
        mark = QLabel()
        mark.setPixmap(logo().pixmap(QSize(52, 52), self.devicePixelRatioF()))
        mark.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(mark)
        title = label(self.tr("Describe a region, get it filled"), "title")
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(title)
        hint = label(self.tr("Drop a photo here, paste one, or:"), "muted")
        hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(hint)
        row = QHBoxLayout()
        self.open_button = button(" " + self.tr("Open a photo …"), self.open_asked.emit, primary=True)
        self.sample_button = button(
            " " + self.tr("Try the sample"), lambda: self.path_asked.emit(str(sample_photo()))
        )
        row.addWidget(self.open_button)
        row.addWidget(self.sample_button)
        column.addSpacing(4)
        column.addLayout(row)
        self._names: list[QPushButton] = []
        there = [path for path in settings.recent if is_file(path) and Path(path) != sample_photo()]
        if there:
            column.addSpacing(8)
            column.addWidget(label(self.tr("Recent"), "heading"))
            shown = there[:_RECENT]
            for path, text in zip(shown, told_apart(shown), strict=True):
                name = button(" " + menu_text(text), partial(self.path_asked.emit, path), tip=path)
                name.setStyleSheet("text-align: left;")
                self._names.append(name)
                column.addWidget(name)
        outer.addStretch(1)
        outer.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(1)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.open_button.setIcon(icon("open", theme.on_accent))
        self.sample_button.setIcon(icon("photo", theme.text))
        for name in self._names:
            name.setIcon(icon("photo", theme.muted))
        self.update()

    def paintEvent(self, a0: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.canvas))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self.theme.border), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(18, 18, -18, -18), 14, 14)

    def dragEnterEvent(self, a0: QDragEnterEvent | None) -> None:
        take_drag(a0)

    def dropEvent(self, a0: QDropEvent | None) -> None:
        assert a0 is not None
        a0.acceptProposedAction()
        self.dropped.emit(a0.mimeData())
