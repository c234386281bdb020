"""The three things a person may want with what is selected: describe, recolour, remove."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from nigdt.limits import MODES, Mode
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import translate

KEYS: dict[Mode, str] = {"describe": "F2", "recolour": "F3", "remove": "F4"}
"""Key of each mode."""


def names() -> dict[Mode, str]:
    """Return what each mode is called."""
    return {
        "describe": translate("Modes", "Describe"),
        "recolour": translate("Modes", "Recolour"),
        "remove": translate("Modes", "Remove"),
    }


def purposes() -> dict[Mode, str]:
    """Return what each mode does."""
    return {
        "describe": translate("Modes", "Puts what you describe into the selection."),
        "recolour": translate("Modes", "Gives the selected thing another colour; light and texture stay."),
        "remove": translate("Modes", "Takes the selected thing away and goes on with what is around it."),
    }


class ModeRow(QWidget):
    """Three buttons side by side, of which one is on.

    Signals:
        picked: The mode that the user wants.
    """

    picked = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("modes")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        self.buttons: dict[Mode, QToolButton] = {}
        self._group = QButtonGroup(self)
        for mode in MODES:
            button = QToolButton()
            button.setText(names()[mode])
            button.setIcon(icon(mode, "#888888"))
            button.setIconSize(QSize(16, 16))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setCheckable(True)
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(f"{purposes()[mode]} ({KEYS[mode]})")
            button.setAccessibleDescription(purposes()[mode])
            button.clicked.connect(lambda _checked=False, mode=mode: self.picked.emit(mode))
            self._group.addButton(button)
            self.buttons[mode] = button
            row.addWidget(button)

    def show_mode(self, mode: Mode) -> None:
        """Show which mode is on."""
        self.buttons[mode].setChecked(True)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for mode, button in self.buttons.items():
            button.setIcon(icon(mode, theme.text, theme.on_accent, theme.muted))
