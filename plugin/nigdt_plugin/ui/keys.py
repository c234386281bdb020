"""The list of keys."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QTextBrowser, QVBoxLayout, QWidget

from nigdt_plugin.ui.widgets import button


class KeysDialog(QDialog):
    """Every action with its key, and what the mouse does on the photo."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys and mouse"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(460, 560)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        text = QTextBrowser()
        text.setAccessibleName(self.windowTitle())
        text.setHtml(self._table(actions))
        column.addWidget(text)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(self.tr("Close"), self.accept, primary=True))
        column.addLayout(row)

    def _table(self, actions: Mapping[str, QAction]) -> str:
        native = QKeySequence.SequenceFormat.NativeText
        rows = [
            (action.text().replace("&", "").partition(":")[0], action.shortcut().toString(native))
            for action in actions.values()
            if not action.shortcut().isEmpty()
        ]
        rows += [
            (self.tr("Zoom at the pointer"), self.tr("Wheel")),
            (self.tr("Move the view"), self.tr("Space or middle button and drag")),
            (self.tr("Add to the selection"), self.tr("Shift and drag")),
            (self.tr("Take away from the selection"), self.tr("Alt and drag")),
            (self.tr("Keep what both select"), self.tr("Shift, Alt and drag")),
            (self.tr("Draw without a mouse"), self.tr("Arrows, then Return to press and let go")),
            (self.tr("Compare with before"), self.tr("Hold the key left of 1")),
        ]
        cells = "".join(f"<tr><td>{name}</td><td>&nbsp;&nbsp;<b>{key}</b></td></tr>" for name, key in rows)
        return f'<table cellpadding="4">{cells}</table>'
