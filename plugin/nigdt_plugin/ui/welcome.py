"""What is there before a photo is: open, drop, try the sample, recent photos."""

from __future__ import annotations

from functools import partial
from importlib import resources
from pathlib import Path

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QDragEnterEvent, QDropEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nigdt.files import is_file
from nigdt_plugin.core.files import told_apart
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.icons import icon, logo
from nigdt_plugin.ui.theme import DARK, Theme
from nigdt_plugin.ui.widgets import button, label, menu_text, take_drag

_RECENT = 5
_BESIDE_NAME = 44  # what a button has around its text, its icon left out
_RIM = 26  # above and below the card, around which a dashed line runs


def sample_photo() -> Path:
    """Return the photo that comes with the program (nigdt/data/LICENCE.md names its author and licence)."""
    return Path(str(resources.files("nigdt") / "data" / "kingfisher.jpg"))


class _Name(QPushButton):
    """Opens a recent photo; a long name loses its middle, not the ending that tells it from others."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__()
        self._name = name
        self.setAccessibleName(name)
        self.setToolTip(path)
        self.setStyleSheet("text-align: left;")
        self.setMinimumWidth(1)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        room = self.width() - self.iconSize().width() - _BESIDE_NAME
        shown = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideMiddle, room)
        self.setText(" " + menu_text(shown))


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
        self._names: list[_Name] = []
        self._below = 0
        self._card = card
        self._recent = label(self.tr("Recent"), "heading")
        there = [path for path in settings.recent if is_file(path) and Path(path) != sample_photo()]
        if there:
            column.addSpacing(8)
            column.addWidget(self._recent)
            shown = there[:_RECENT]
            for path, text in zip(shown, told_apart(shown), strict=True):
                name = _Name(text, path)
                name.clicked.connect(partial(self._asked, path))
                self._names.append(name)
                column.addWidget(name)
        outer.addStretch(1)
        outer.addWidget(card, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(1)

    def _asked(self, path: str, _checked: bool = False) -> None:
        self.path_asked.emit(path)

    def leave_room(self, below: int) -> None:
        """Keep so many pixels free at the lower edge, for a message."""
        self._below = below
        self._fit()

    def _fit(self) -> None:
        """Show as many recent photos as there is room for; the File menu has them all."""
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(_RIM, _RIM, _RIM, max(_RIM, self._below))
        room = self.height() - _RIM - max(_RIM, self._below)
        for count in range(len(self._names), -1, -1):
            self._recent.setVisible(count > 0)
            for place, name in enumerate(self._names):
                name.setVisible(place < count)
            if self._card.sizeHint().height() <= room:
                break

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), 0)  # recent photos go before the window grows

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self._fit()

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
