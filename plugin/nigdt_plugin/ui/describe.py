"""Describe: the caption, what it may be taken from, and asking for fills, live or on Return."""

from __future__ import annotations

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nigdt import limits
from nigdt_plugin.core import models
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.caption import CaptionEdit
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import FlowLayout, button, label, tool_button

_LIVE_MS = 140
_REST_MS = 900
_UNKNOWN = 3
_HISTORY = 15


class DescribeBox(QWidget):
    """Says what should be there.

    Signals:
        compare_asked: Several captions are to be tried side by side.
    """

    compare_asked = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._live_timer = self._timer(_LIVE_MS, self._type_live)
        self._rest_timer = self._timer(_REST_MS, self._rest_live)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(9)
        column.addLayout(self._head())
        self.caption = CaptionEdit()
        self.caption.setPlaceholderText(self.tr("What should be there? For example: a bird with a red belly"))
        self.caption.setAccessibleName(self.tr("Caption"))
        self.caption.edited.connect(self._edited)
        self.caption.accepted.connect(self.fill)
        self._title.setBuddy(self.caption)
        column.addWidget(self.caption)
        self.unknown = QWidget()
        self._unknown_flow = FlowLayout()
        self.unknown.setLayout(self._unknown_flow)
        self.unknown.hide()
        column.addWidget(self.unknown)
        column.addLayout(self._ask_row())
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setAccessibleName(self.tr("Filling"))
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        column.addWidget(self.progress)
        session.selected.connect(lambda _region: self.ask_live())
        self.model_changed()

    def _timer(self, interval: int, done: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(done)  # type: ignore[arg-type]
        return timer

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._title = label(self.tr("Describe"), "heading")
        row.addWidget(self._title)
        row.addStretch(1)
        self.history_button = tool_button(icon("clock", "#888888"), self.tr("Captions used before"))
        self._history_menu = self._menu(self.history_button)
        self._history_menu.aboutToShow.connect(self._fill_history_menu)
        self.preset_button = tool_button(icon("bookmark", "#888888"), self.tr("Presets"))
        self._preset_menu = self._menu(self.preset_button)
        self._preset_menu.aboutToShow.connect(self._fill_preset_menu)
        row.addWidget(self.history_button)
        row.addWidget(self.preset_button)
        return row

    def _menu(self, of: QToolButton) -> QMenu:
        menu = QMenu(self)
        of.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        of.setMenu(menu)
        return menu

    def _ask_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.live = QCheckBox(self.tr("Live"))
        self.live.setChecked(self.session.settings.live)
        self.live.setToolTip(self.tr("Fills follow the typing"))
        self.live.toggled.connect(self._set_live)
        row.addWidget(self.live)
        row.addStretch(1)
        self.compare_button = tool_button(
            icon("columns", "#888888"), self.tr("Several captions side by side"), shortcut="Ctrl+Shift+C"
        )
        self.compare_button.clicked.connect(lambda: self.compare_asked.emit())
        row.addWidget(self.compare_button)
        self.variants = QSpinBox()
        self.variants.setRange(1, limits.VARIANTS)
        self.variants.setValue(self.session.settings.variants)
        self.variants.setAccessibleName(self.tr("Number of fills"))
        self.variants.setToolTip(self.tr("Number of fills"))
        self.variants.valueChanged.connect(lambda value: setattr(self.session.settings, "variants", value))
        row.addWidget(self.variants)
        self.fill_button = button(self.tr("Fill"), self.fill_or_stop, primary=True, tip=self.tr("Return"))
        self.fill_button.setMinimumWidth(104)
        row.addWidget(self.fill_button)
        return row

    # Asking ---------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether there is a region to fill."""
        document = self.session.document
        return document is not None and not document.selection.empty

    def _edited(self, caption: str) -> None:
        self.session.caption = caption
        self._show_unknown()
        self._rest_timer.stop()
        self.ask_live()
        self.session.fills()

    def ask_live(self) -> None:
        """In live mode a fill of what is selected and written now, soon."""
        if self.session.settings.live and self.session.caption and self.ready:
            self._live_timer.start()

    def _set_live(self, live: bool) -> None:
        self.session.settings.live = live
        self.ask_live()

    def _type_live(self) -> None:
        filling = self.session.filling
        if filling is None or not self.ready or not self.session.caption:
            return
        if filling.fill_live(self.session.caption) and self.session.settings.variants > 1:
            self._rest_timer.start()

    def _rest_live(self) -> None:
        """Ask for the other variants too, now that the typing rests."""
        filling = self.session.filling
        if filling is not None and self.ready and self.session.caption:
            filling.fill_live(self.session.caption, self.session.settings.variants)

    def rest(self) -> None:
        """Ask for nothing by itself any more until something changes."""
        self._live_timer.stop()
        self._rest_timer.stop()

    def fill(self) -> None:
        """Fill the selection with what the caption says."""
        filling = self.session.filling
        self.rest()
        if filling is None:
            return
        if not self.ready:
            self.session.notice(
                self.tr("Nothing is selected."), self.tr("Drag over the region to fill first.")
            )
            return
        self.session.settings.remember_caption(self.session.caption)
        filling.fill(self.session.caption, self.session.settings.variants)

    def fill_or_stop(self) -> None:
        """Do what the large button says."""
        filling = self.session.filling
        if filling is not None and filling.stoppable:
            self.rest()
            filling.cancel()
        else:
            self.fill()

    # Words ----------------------------------------------------------------------------------------------

    def model_changed(self) -> None:
        """Other words are known now."""
        info = models.find(self.session.settings.model)
        self.caption.set_vocabulary(models.vocabulary(info))
        self._show_unknown()

    def _show_unknown(self) -> None:
        self._unknown_flow.clear()
        unknown = self.caption.unknown()
        for word, nearest in unknown[:_UNKNOWN]:
            text = self.tr("“{word}” is not known.").format(word=word)
            self._unknown_flow.addWidget(label(text, "muted"))
            for known in nearest:
                chip = QToolButton()
                chip.setText(known)
                chip.setProperty("chip", True)
                chip.setAccessibleName(
                    self.tr("Write {known} instead of {word}").format(known=known, word=word)
                )
                chip.clicked.connect(
                    lambda _checked=False, word=word, known=known: self.caption.replace_word(word, known)
                )
                self._unknown_flow.addWidget(chip)
        self.unknown.setVisible(bool(unknown))
        self._fit_unknown()

    def _fit_unknown(self) -> None:
        if not self.unknown.isHidden():
            self.unknown.setFixedHeight(self._unknown_flow.heightForWidth(max(200, self.width())))

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        self._fit_unknown()

    def _fill_history_menu(self) -> None:
        self._history_menu.clear()
        for caption in self.session.settings.captions[:_HISTORY]:
            self._history_menu.addAction(caption, lambda caption=caption: self._use(caption))
        if not self.session.settings.captions:
            self._history_menu.addAction(self.tr("No captions yet")).setEnabled(False)  # type: ignore[union-attr]

    def _fill_preset_menu(self) -> None:
        menu, presets = self._preset_menu, self.session.settings.presets
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

    def _use(self, caption: str) -> None:
        self.caption.caption = caption
        self.caption.setFocus()

    # Showing --------------------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for name, widget in (
            ("clock", self.history_button),
            ("bookmark", self.preset_button),
            ("columns", self.compare_button),
        ):
            widget.setIcon(icon(name, theme.text, None, theme.muted))

    def refresh(self) -> None:
        """Show the present caption, and whether something is on its way."""
        filling = self.session.filling
        self.caption.caption = self.session.caption
        stoppable = filling is not None and filling.stoppable
        self.fill_button.setText(self.tr("Stop") if stoppable else self.tr("Fill"))
        self.fill_button.setEnabled(stoppable or (self.ready and bool(self.session.caption)))
        self.compare_button.setEnabled(self.ready)
        self.progress.setVisible(filling is not None and filling.busy)
