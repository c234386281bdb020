"""What is wanted: mode and caption, what they may be taken from, and asking for fills, live or on Return."""

from __future__ import annotations

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QIntValidator, QResizeEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from nigdt import limits
from nigdt.colours import BASIC, COMMON, MODIFIERS, find_colours
from nigdt.limits import Mode
from nigdt.notices import WITHOUT_WORDS
from nigdt.text import Vocabulary
from nigdt_plugin.core import models
from nigdt_plugin.core.presets import Preset
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.caption import CaptionEdit
from nigdt_plugin.ui.caption_menus import CaptionMenus
from nigdt_plugin.ui.grow import GrowRow
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.modes import ModeRow, purposes
from nigdt_plugin.ui.notices import worded_notice
from nigdt_plugin.ui.rest import RestHint
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.unknown import UnknownWords
from nigdt_plugin.ui.widgets import button, label, leave_wheel, tab_after, tool_button

_LIVE_MS = 140  # after a change that may go on, such as a brush that still moves
_REST_MS = 900
_LARGEST_SEED = 999_999_999


class DescribeBox(QWidget):
    """Says what is to be done with the selection.

    Signals:
        compare_asked: Several captions are to be tried side by side.
        colour_asked: A colour is wanted on a photo that holds none, or, if False, no more.
    """

    compare_asked = pyqtSignal()
    colour_asked = pyqtSignal(bool)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._live_timer = self._timer(_LIVE_MS, self._type_live)
        self._rest_timer = self._timer(_REST_MS, self._rest_live)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(9)
        self.modes = ModeRow()
        self.modes.picked.connect(self.pick_mode)
        column.addWidget(self.modes)
        column.addLayout(self._head())
        self.caption = CaptionEdit()
        self.caption.setAccessibleName(self.tr("Caption"))
        self.caption.edited.connect(self._edited)
        self.caption.accepted.connect(self.fill)
        column.addWidget(self.caption)
        self.unknown = UnknownWords(self.caption.replace_word)
        self.caption.typing_moved.connect(self._show_unknown)
        column.addWidget(self.unknown)
        self.grow = GrowRow(session)
        self.grow.changed.connect(self.ask_live)
        column.addWidget(self.grow)
        self.rest_hint = RestHint(session)
        column.addWidget(self.rest_hint)
        column.addLayout(self._ask_row())
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setAccessibleName(self.tr("Filling"))
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        column.addWidget(self.progress)
        session.selected.connect(lambda _region: self._selected())
        session.recalled.connect(self.rest)
        self._shown_mode = ""
        self.model_changed()
        self.refresh()

    def _timer(self, interval: int, done: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(done)  # type: ignore[arg-type]
        return timer

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.purpose = label("", "muted", wrap=True)
        row.addWidget(self.purpose, 1)
        self.used = CaptionMenus(self.session, self._use, self._take)
        row.addWidget(self.used, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _ask_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.live = QCheckBox(self.tr("Live"))
        self.live.setChecked(self.session.settings.live)
        self.live.setToolTip(self.tr("Fills follow the typing"))
        self.live.toggled.connect(self._set_live)
        row.addWidget(self.live)
        row.addStretch(1)
        self.compare_button = tool_button(
            icon("columns", "#888888"), self.tr("Several captions side by side")
        )
        self.compare_button.clicked.connect(lambda: self.compare_asked.emit())
        row.addWidget(self.compare_button)
        self.variants = QSpinBox()
        leave_wheel(self.variants)
        self.variants.setRange(1, limits.VARIANTS)
        self.variants.setValue(self.session.settings.variants)
        self.variants.setAccessibleName(self.tr("Number of fills"))
        self.variants.setMaximumWidth(58)
        self.variants.setToolTip(self.tr("Number of fills"))
        self.variants.valueChanged.connect(lambda value: setattr(self.session.settings, "variants", value))
        row.addWidget(self.variants)
        self.seed = QLineEdit()
        self.seed.setValidator(QIntValidator(0, _LARGEST_SEED))
        self.seed.setPlaceholderText(self.tr("Seed"))
        self.seed.setAccessibleName(self.tr("Seed"))
        self.seed.setToolTip(self.tr("The same number gives the same fills again; empty for any"))
        self.seed.setFixedWidth(66)
        self.seed.returnPressed.connect(self.fill)
        row.addWidget(self.seed)
        self.fill_button = button(self.tr("Fill"), self.fill_or_stop, primary=True, tip=self.tr("Return"))
        self.fill_button.setMinimumWidth(92)
        row.addWidget(self.fill_button)
        return row

    # Asking ---------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether there is a region to fill."""
        document = self.session.document
        return document is not None and not document.selection.empty

    @property
    def mode(self) -> Mode:
        """What the user wants: describe, recolour or remove."""
        return self.session.settings.mode

    @property
    def effective_mode(self) -> Mode:
        """The mode that would be drawn in: to describe without a word is to remove."""
        return "remove" if self.mode == "describe" and not self.session.caption else self.mode

    @property
    def _grey(self) -> bool:
        document = self.session.document
        return document is not None and document.photo.grey

    @property
    def _recolours(self) -> bool:
        return self._model is not None and self._model.recolours

    def pick_mode(self, mode: Mode) -> None:
        """Want something else with the selection."""
        self.rest()
        filling = self.session.filling
        if filling is not None and mode != self.mode and not filling.stoppable:
            filling.cancel()  # what follows the typing would come in the new mode and be taken for its answer
        self.session.set_mode(mode)
        self._show_vocabulary()
        self.ask_about_colour()
        self._selected()

    def ask_about_colour(self) -> None:
        """Offer to make a grey photo one that holds colour, if a colour is wanted on it, else no more."""
        self.colour_asked.emit(self.mode == "recolour" and self._grey)

    def _selected(self) -> None:
        self.rest_hint.look()
        self.ask_live()

    def _edited(self, caption: str) -> None:
        typed = caption != self.session.caption  # not shown, as when a project is opened
        self.session.caption = caption
        self._show_unknown()
        self.rest()
        if typed and self.session.settings.live:
            self._type_live()  # at once: a timer would let everything be painted first
        else:
            self.ask_live()
        self.session.fills()

    def ask_live(self) -> None:
        """Ask in live mode for a fill of what is selected and written now, soon."""
        if self.session.settings.live and self._may_follow():
            self._live_timer.start()

    def _may_follow(self) -> bool:
        """Return whether fills may follow the typing: what is removed is waited for, so it is asked for."""
        possible = self.mode == "describe" or (self.mode == "recolour" and self._recolours and not self._grey)
        words = 0 < len(self.session.caption) <= limits.CAPTION_CHARS
        return possible and self.ready and words and not self.session.healing.busy

    def _set_live(self, live: bool) -> None:
        self.session.settings.live = live
        self.ask_live()

    def _type_live(self) -> None:
        filling = self.session.filling
        if filling is None or not self._may_follow():
            return
        if filling.fill_live(self.session.caption) and self.session.settings.variants > 1:
            self._rest_timer.start()

    def _rest_live(self) -> None:
        """Ask for the other variants too, now that the typing rests."""
        filling = self.session.filling
        if filling is not None and self._may_follow():
            filling.fill_live(self.session.caption, self.session.settings.variants)

    def rest(self) -> None:
        """Ask for nothing by itself any more until something changes."""
        self._live_timer.stop()
        self._rest_timer.stop()

    def fill(self) -> None:
        """Do with the selection what the mode and the caption say."""
        filling = self.session.filling
        self.rest()
        if filling is None:
            return
        if not self.ready:
            self.session.notice(
                self.tr("Nothing is selected."), self.tr("Drag over the region to fill first.")
            )
            return
        if self.mode == "recolour" and self._grey:
            self.colour_asked.emit(True)
            return
        hindrance = self._hindrance()
        if hindrance:
            self.session.notice(*hindrance)
            return
        caption = "" if self.mode == "remove" else self.session.caption
        self.session.settings.remember_caption(caption)
        seed = int(self.seed.text()) if self.seed.text() and self.effective_mode == "describe" else None
        filling.fill(caption, self.session.settings.variants, seed)

    def _hindrance(self) -> tuple[str, str] | None:
        """Return why nothing can be filled as it is, and what to do; None if it can."""
        if self.mode != "remove" and len(self.session.caption) > limits.CAPTION_CHARS:
            hint = self.tr("Shorten it to {most} characters.")
            return self.tr("The caption is too long."), hint.format(most=limits.CAPTION_CHARS)
        if self.mode != "recolour":
            return None
        if not self._recolours:
            return self.tr("This model cannot recolour."), self.tr("Choose another model.")
        if not find_colours(self.session.caption):
            return (
                self.tr("The words name no colour."),
                self.tr('Name one: "a red bird", "dark green wings", or just "turquoise".'),
            )
        return None

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
        """Take note that other words are known now."""
        self._model = models.find(self.session.settings.model)
        self._show_vocabulary()

    def _show_vocabulary(self) -> None:
        words = models.vocabulary(self._model)
        if self.mode == "recolour":  # more colours have a name than the model knows
            words = Vocabulary(list(dict.fromkeys((*BASIC, *COMMON, *MODIFIERS, *words.words))))
        self.caption.set_vocabulary(words)
        self._show_unknown()

    def _show_unknown(self) -> None:
        self.unknown.show_words(self.caption.unknown() if self.mode != "remove" else [], self.width())
        tab_after(self.caption, *self.unknown.chips)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        self.unknown.fit(self.width())

    def _use(self, caption: str) -> None:
        self.caption.caption = caption
        self.caption.setFocus()

    def _take(self, preset: Preset) -> None:
        """Set what a preset holds."""
        preset.put(self.session.settings)
        self.session.caption = preset.caption or self.session.caption
        self.pick_mode(preset.mode)
        if preset.mode != "remove":
            self._use(self.session.caption)

    # Showing --------------------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.modes.set_theme(theme)
        self.used.set_theme(theme)
        self.compare_button.setIcon(icon("columns", theme.text, None, theme.muted))

    def refresh(self) -> None:
        """Show the present caption, and whether something is on its way."""
        filling = self.session.filling
        self._show_mode()
        self.grow.refresh()
        if self.mode != "remove":
            self.caption.caption = self.session.caption
        stoppable = filling is not None and filling.stoppable
        verbs = {"describe": self.tr("Fill"), "recolour": self.tr("Recolour"), "remove": self.tr("Remove")}
        self.fill_button.setText(self.tr("Stop") if stoppable else verbs[self.effective_mode])
        self.fill_button.setEnabled(stoppable or self.ready)
        self.compare_button.setEnabled(self.ready and self._may_follow())
        fraction = filling.fraction if filling is not None else None
        self.progress.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self.progress.setValue(round(1000 * fraction))
        self.progress.setVisible(filling is not None and filling.busy)

    def _show_mode(self) -> None:
        self.purpose.setText(self._purpose())
        mode = self.mode
        if mode == self._shown_mode:
            return
        self._shown_mode = mode
        self.modes.show_mode(mode)
        removes = mode == "remove"
        if removes and self.caption.hasFocus():
            self.caption.left.emit()  # or the next field would get the focus, and every tool's key
        self.caption.show_for(
            {
                "describe": self.tr("What should be there? For example: a bird with a red belly"),
                "recolour": self.tr("Which colour? For example: a blue bird, dark green"),
                "remove": self.tr("Nothing to type"),
            }[mode],
            "" if removes else self.session.caption,
            enabled=not removes,
        )
        for part in (self.used.history_button, self.live, self.compare_button):
            part.setVisible(not removes)
        self.grow.setVisible(removes)
        self.variants.setVisible(mode != "recolour")  # there is one answer
        self.seed.setVisible(mode == "describe")
        self._show_unknown()

    def _purpose(self) -> str:
        """Return what the mode will do, or what it still needs, in a sentence."""
        hindrance = self._hindrance() if self.session.caption or not self._recolours else None
        if hindrance:
            return " ".join(hindrance)
        if self.effective_mode != self.mode and self.ready:
            return worded_notice(WITHOUT_WORDS)
        if self._grey and self.mode == "describe":
            return self.tr("The photo is grey, and so are its fills.")
        return purposes()[self.mode]
