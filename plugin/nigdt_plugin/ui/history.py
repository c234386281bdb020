"""Earlier rounds of fills of this photo, from the history."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QIcon, QKeyEvent, QPixmap
from PyQt6.QtWidgets import QHBoxLayout, QListWidgetItem, QVBoxLayout, QWidget

from nigdt_plugin.core.history import Entry
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.language import moment, number
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import RowList, label, tool_button

_DATA = Qt.ItemDataRole.UserRole


class HistoryList(QWidget):
    """Rounds on disk; those of the open photo can be brought back."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        self.list = RowList()
        self.list.setAccessibleName(self.tr("History"))
        self.list.setIconSize(QSize(44, 44))
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemActivated.connect(self._open)
        self.list.itemClicked.connect(self._open)
        column.addWidget(self.list, 1)
        row = QHBoxLayout()
        self.hint = label("", "hint")
        row.addWidget(self.hint, 1)
        self.remove = tool_button(icon("discard", "#888888"), self.tr("Forget this entry"))
        self.remove.clicked.connect(lambda: self._remove())
        row.addWidget(self.remove)
        column.addLayout(row)
        session.stored.connect(self.refresh)
        session.opened.connect(self.refresh)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.remove.setIcon(icon("discard", theme.text, None, theme.muted))

    def refresh(self) -> None:
        """Read the history of the open photo, in a thread."""
        document = self.session.document
        if document is None:
            return
        photo = str(document.path.absolute()) if document.path else ""

        def work() -> tuple[list[Entry], int]:
            return [
                it for it in self.session.history.entries() if it.photo == photo
            ], self.session.history.size

        self.session.tasks.run(work, lambda found: self._show(*found))

    def _show(self, entries: list[Entry], size: int) -> None:
        self.list.clear()
        for entry in entries:
            when = moment(entry.created)
            count = self.tr("%n fill(s)", "", entry.fills)
            names = "; ".join(caption or self.tr("Removed") for caption in entry.captions)
            item = QListWidgetItem(f"{names}\n{count}, {when}")
            item.setIcon(QIcon(QPixmap(str(entry.thumbnail))))
            item.setData(_DATA, entry.id)
            self.list.addItem(item)
        self.list.updateGeometry()
        self.hint.setText(
            self.tr("{size} MB on disk").format(size=number(size / 1e6))
            if entries
            else self.tr("Fills of this photo appear here.")
        )
        self.remove.setVisible(bool(entries))

    def _open(self, item: QListWidgetItem) -> None:
        self.session.open_round(item.data(_DATA))

    def _remove(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            identifier = item.data(_DATA)
            self.session.tasks.run(
                lambda: self.session.history.remove(identifier), lambda _none: self.session.stored()
            )

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        assert a0 is not None
        if a0.key() == Qt.Key.Key_Delete:
            self._remove()
        else:
            super().keyPressEvent(a0)
