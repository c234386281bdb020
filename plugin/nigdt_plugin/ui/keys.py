"""The list of keys."""

from __future__ import annotations

from collections.abc import Iterator

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QMenuBar, QTextBrowser, QVBoxLayout, QWidget

from nigdt_plugin.ui.widgets import button


class KeysDialog(QDialog):
    """Every action with its key, menu by menu, and what the mouse does on the photo.

    Signals:
        change_asked: Keys are to be changed.
    """

    change_asked = pyqtSignal()

    def __init__(self, menus: QMenuBar, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys and mouse"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(460, 560)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        text = QTextBrowser()
        text.setAccessibleName(self.windowTitle())
        text.setHtml(self._table(menus))
        column.addWidget(text)
        row = QHBoxLayout()
        row.addWidget(button(self.tr("Change …"), self._change))
        row.addStretch(1)
        row.addWidget(button(self.tr("Close"), self.accept, primary=True))
        column.addLayout(row)

    def _change(self) -> None:
        self.accept()
        self.change_asked.emit()

    def _table(self, menus: QMenuBar) -> str:
        native = QKeySequence.SequenceFormat.NativeText
        parts = [(self.tr("On the photo"), self._mouse())]
        for title in menus.actions():
            keys = [
                (_plain(action).partition(":")[0], action.shortcut().toString(native))
                for action in _actions(title)
                if not action.shortcut().isEmpty()
            ]
            parts.append((_plain(title), keys))
        parts.append((self.tr("In the list of fills"), self._fills()))
        rows = "".join(
            f'<tr><td colspan="3">{"<br>" if place else ""}<b>{title}</b></td></tr>'
            + "".join(f"<tr><td>{name}</td><td>&nbsp;</td><td>{key}</td></tr>" for name, key in keys)
            for place, (title, keys) in enumerate(parts)
            if keys
        )
        return f'<table cellpadding="3">{rows}</table>'

    def _mouse(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Zoom at the pointer"), self.tr("Wheel")),
            (self.tr("Move the view"), self.tr("Space or middle button and drag")),
            (self.tr("Add to the selection"), self.tr("Shift and drag")),
            (self.tr("Take away from the selection"), self.tr("Ctrl or Alt and drag")),
            (self.tr("Keep what both select"), self.tr("Shift, Ctrl and drag")),
            (self.tr("A straight line of the brush"), self.tr("Shift and click")),
            (self.tr("Draw without a mouse"), self.tr("Arrows, then Return to press and let go")),
            (self.tr("Compare with before"), self.tr("Hold the key left of 1")),
            (
                self.tr("Move the line between before and after"),
                self.tr("Drag it, or Ctrl and left or right"),
            ),
        ]

    def _fills(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Apply"), self.tr("Return or double click")),
            (self.tr("Favourite"), "F"),
            (self.tr("More like this"), "M"),
            (self.tr("Try another in its place"), "R"),
            (self.tr("Discard"), self.tr("Delete")),
        ]


def _plain(action: QAction) -> str:
    return action.text().replace("&", "").removesuffix(" \N{HORIZONTAL ELLIPSIS}")


def _actions(action: QAction) -> Iterator[QAction]:
    """Yield an action, or all that are in its menu."""
    menu = action.menu()
    if menu is None:
        yield action
        return
    for part in menu.actions():
        yield from _actions(part)
