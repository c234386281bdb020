"""Changing the shortcuts of the menus."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction, QKeyEvent, QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QKeySequenceEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.actions import BEFORE, USUAL_KEY
from nigdt_plugin.ui.widgets import button, form_row, label

_NOT_HERE = ("language.", "theme.")

_FIELD = 170  # pixels: the longest keys and the cross that clears them


_MOVES = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Space)
_CLEAR = Qt.Key.Key_Backspace, Qt.Key.Key_Delete
_DIALOG = Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter


class _Field(QKeySequenceEdit):
    """Takes the keys that are pressed, but those that the dialog, or the photo itself, needs.

    Signals:
        refused: A key that the photo needs was pressed.
    """

    refused = pyqtSignal(QKeySequence)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        assert a0 is not None
        plain, key = not a0.modifiers() & ~Qt.KeyboardModifier.KeypadModifier, a0.key()
        if plain and key in _DIALOG:
            a0.ignore()  # closes, as in every other window
        elif plain and key in _CLEAR:
            self.clear()
        elif plain and key in (*_MOVES, *BEFORE):
            self.refused.emit(QKeySequence(key))
        else:
            super().keyPressEvent(a0)


class KeymapDialog(QDialog):
    """Every action with a field for its keys; what is changed counts at once and is remembered.

    Signals:
        changed: Another action has other keys now.
    """

    changed = pyqtSignal()

    def __init__(
        self, actions: Mapping[str, QAction], settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._actions = {name: action for name, action in actions.items() if not name.startswith(_NOT_HERE)}
        self.setWindowTitle(self.tr("Change keys"))
        self.resize(620, 560)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        column.addWidget(label(self.tr("Click a field and press the keys. Backspace empties it."), "muted"))
        body, form = QWidget(), QFormLayout()
        body.setLayout(form)
        self.fields: dict[str, _Field] = {}
        for name, action in self._actions.items():
            field = _Field(action.shortcut())
            field.refused.connect(self._refuse)
            field.setMaximumSequenceLength(1)
            field.setClearButtonEnabled(True)
            field.setMinimumWidth(_FIELD)
            title = action.text().replace("&", "").partition(":")[0].removesuffix(" \N{HORIZONTAL ELLIPSIS}")
            field.setAccessibleName(title)
            field.keySequenceChanged.connect(partial(self._change, name))
            form_row(form, title, field)
            self.fields[name] = field
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        column.addWidget(scroll, 1)
        self.message = label("", "hint", wrap=True)
        column.addWidget(self.message)
        row = QHBoxLayout()
        row.addWidget(button(self.tr("Restore the defaults"), self.reset))
        row.addStretch(1)
        row.addWidget(button(self.tr("Close"), self.accept, primary=True))
        column.addLayout(row)

    def _refuse(self, keys: QKeySequence) -> None:
        native = keys.toString(QKeySequence.SequenceFormat.NativeText)
        self.message.setText(self.tr("{keys} is needed on the photo.").format(keys=native))

    def _change(self, name: str, keys: QKeySequence) -> None:
        action = self._actions[name]
        if keys == action.shortcut():
            return
        owner = next(
            (
                it
                for it in self._actions.values()
                if it is not action and not keys.isEmpty() and it.shortcut() == keys
            ),
            None,
        )
        if owner is not None:
            title = owner.text().replace("&", "").partition(":")[0]
            text = self.tr("{keys} already belongs to \u201c{action}\u201d.")
            self.message.setText(text.format(keys=keys.toString(), action=title))
            self.fields[name].setKeySequence(action.shortcut())
            return
        self.message.clear()
        action.setShortcut(keys)
        if keys.toString() == action.property(USUAL_KEY):
            self._settings.keys.pop(name, None)
        else:
            self._settings.keys[name] = keys.toString()
        self.changed.emit()

    def reset(self) -> None:
        """Give every action the keys it had at first."""
        self._settings.keys.clear()
        for name, action in self._actions.items():
            action.setShortcut(QKeySequence(action.property(USUAL_KEY)))
            self.fields[name].setKeySequence(action.shortcut())
        self.message.clear()
        self.changed.emit()
