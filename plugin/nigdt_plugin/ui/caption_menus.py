"""Captions that were used before, and presets, as two menus."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QCursor
from PyQt6.QtWidgets import QHBoxLayout, QInputDialog, QMenu, QToolButton, QWidget

from nigdt_plugin.core.presets import Preset
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import menu_text, tool_button

_MOST = 15


class CaptionMenus(QWidget):
    """Two buttons, each with a menu.

    Args:
        session: Has the present caption and the user's choices.
        use: Called with the caption that is picked.
        take: Called with the preset that is picked.
    """

    def __init__(self, session: Session, use: Callable[[str], None], take: Callable[[Preset], None]) -> None:
        super().__init__()
        self.session = session
        self._use, self._take = use, take
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.history_button = tool_button(icon("clock", "#888888"), self.tr("Captions used before"))
        self._history = self._menu(self.history_button, self._fill_history)
        self.preset_button = tool_button(icon("bookmark", "#888888"), self.tr("Presets"))
        self._presets = self._menu(self.preset_button, self._fill_presets)
        row.addWidget(self.history_button)
        row.addWidget(self.preset_button)

    def _menu(self, of: QToolButton, fill: Callable[[], None]) -> QMenu:
        menu = QMenu(self)
        menu.aboutToShow.connect(fill)
        of.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        of.setMenu(menu)
        # Not at once: the button is still pressed then.
        menu.aboutToHide.connect(lambda: QTimer.singleShot(0, lambda: _let_go(of)))
        return menu

    def _fill_history(self) -> None:
        captions = self.session.settings.captions[:_MOST]
        self._history.clear()
        for caption in captions:
            self._history.addAction(menu_text(caption), lambda caption=caption: self._use(caption))
        if not captions:
            self._history.addAction(self.tr("No captions yet")).setEnabled(False)  # type: ignore[union-attr]

    def _along(self) -> list[Preset]:
        """Return the presets that come along."""
        described = (
            (self.tr("Clear blue sky"), "clear blue sky"),
            (self.tr("Cloudy sky"), "cloudy sky"),
            (self.tr("Calm water"), "calm water"),
            (self.tr("Green grass"), "green grass"),
            (self.tr("Stone wall"), "a stone wall"),
        )
        return [
            *(Preset(name, caption=caption) for name, caption in described),
            Preset(self.tr("Recolour, half as strong"), mode="recolour", strength=0.5),
            Preset(self.tr("Remove with a wide rim"), mode="remove", grow=10),
        ]

    def _fill_presets(self) -> None:
        menu, own = self._presets, self.session.settings.presets
        menu.clear()
        for preset in own:
            menu.addAction(menu_text(preset.name), lambda preset=preset: self._take(preset))
        if own:
            menu.addSeparator()
        for preset in self._along():
            menu.addAction(menu_text(preset.name), lambda preset=preset: self._take(preset))
        menu.addSeparator()
        menu.addAction(self.tr("Keep mode, words and settings …"), self._keep)
        drop = menu.addMenu(self.tr("Drop"))
        assert drop is not None
        drop.setEnabled(bool(own))
        for preset in own:
            drop.addAction(menu_text(preset.name), lambda preset=preset: own.remove(preset))

    def _keep(self) -> None:
        settings, caption = self.session.settings, self.session.caption
        title, question = self.tr("Keep mode, words and settings"), self.tr("Name:")
        name, accepted = QInputDialog.getText(self, title, question, text=caption)
        if accepted and name.strip():
            settings.keep_preset(Preset.of(name.strip(), settings, caption))

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for name, button in (("clock", self.history_button), ("bookmark", self.preset_button)):
            button.setIcon(icon(name, theme.text, None, theme.muted))


def _let_go(button: QToolButton) -> None:
    """Light a button no longer, unless the pointer is on it: under X11 Qt isn't told that it left."""
    inside = button.rect().contains(button.mapFromGlobal(QCursor.pos()))
    button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, inside)
    button.update()
