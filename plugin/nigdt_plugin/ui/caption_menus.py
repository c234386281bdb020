"""Captions that were used before, and those that the user keeps, as two menus."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import tool_button

_MOST = 15


class CaptionMenus(QWidget):
    """Two buttons, each with a menu of captions.

    Args:
        session: Has the present caption and the user's choices.
        use: Called with the caption that is picked.
    """

    def __init__(self, session: Session, use: Callable[[str], None]) -> None:
        super().__init__()
        self.session = session
        self._use = use
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
        return menu

    def _fill_history(self) -> None:
        captions = self.session.settings.captions[:_MOST]
        self._history.clear()
        for caption in captions:
            self._history.addAction(caption, lambda caption=caption: self._use(caption))
        if not captions:
            self._history.addAction(self.tr("No captions yet")).setEnabled(False)  # type: ignore[union-attr]

    def _fill_presets(self) -> None:
        menu, presets = self._presets, self.session.settings.presets
        menu.clear()
        for caption in presets:
            menu.addAction(caption, lambda caption=caption: self._use(caption))
        if presets:
            menu.addSeparator()
        present = self.session.caption
        keep = menu.addAction(self.tr("Keep this caption"), lambda: presets.append(present))
        drop = menu.addAction(self.tr("Drop this caption"), lambda: presets.remove(present))
        if keep is not None and drop is not None:
            keep.setEnabled(bool(present) and present not in presets)
            drop.setEnabled(present in presets)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for name, button in (("clock", self.history_button), ("bookmark", self.preset_button)):
            button.setIcon(icon(name, theme.text, None, theme.muted))
