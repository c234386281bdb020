"""The side panel: describe, fills, blend."""

from __future__ import annotations

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nigdt.colours import find_colours
from nigdt.limits import Mode
from nigdt_plugin.core import models
from nigdt_plugin.core.fills import Candidate
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.blend import BlendBox
from nigdt_plugin.ui.describe import DescribeBox
from nigdt_plugin.ui.history import HistoryList
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.layers import LayerList
from nigdt_plugin.ui.notices import worded_notice
from nigdt_plugin.ui.split import Split, Tabs
from nigdt_plugin.ui.strip import ALWAYS, FillStrip, allows
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import button, label, line, tab_after, tool_button
from nigdt_plugin.ui.words import WordsView

WIDTH = 376
_BELOW = 120  # pixels of the words' room that is to be in sight before they have come


class Side(QWidget):
    """What to put there, what came, and how it meets the photo.

    Signals:
        compare_asked: Several captions are to be tried side by side.
        word_pointed: A word of the chosen fill is pointed at; -1 for none.
        applied: A fill was applied.
    """

    compare_asked = pyqtSignal()
    word_pointed = pyqtSignal(int)
    applied = pyqtSignal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        body = QWidget()
        body.setObjectName("sideBody")
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(16, 14, 6, 14)
        self.column.setSpacing(9)
        self._scrolled = 0  # before the words were shown
        self.describe = DescribeBox(session)
        self.describe.compare_asked.connect(self.compare_asked)
        self.column.addWidget(self.describe)
        self.column.addWidget(line())
        self._fills()
        self.blend = BlendBox(session)
        self.blend.asked.connect(self.describe.ask_live)
        self.column.addWidget(self.blend)
        self.column.addStretch(1)
        self.tabs = Tabs()
        self.layers, self.history = LayerList(session), HistoryList(session)
        self.tabs.addTab(self.layers, self.tr("Layers"))
        self.tabs.addTab(self.history, self.tr("History"))
        self.tabs.setCornerWidget(self.layers.bar)
        self.tabs.currentChanged.connect(lambda place: self.layers.bar.setVisible(place == 0))
        lower = QWidget()
        room = QVBoxLayout(lower)
        room.setContentsMargins(16, 4, 16, 0)
        room.addWidget(self.tabs)
        self.split = Split(body, lower)
        self.split.setObjectName("sideSplit")
        outer.addWidget(self.split, 1)
        below = QHBoxLayout()  # never scrolled away
        below.setContentsMargins(16, 8, 16, 12)
        self.apply_button = button(self.tr("Apply"), self.apply, primary=True)
        below.addWidget(self.apply_button)
        outer.addLayout(below)
        QWidget.setTabOrder(self.strip, self.apply_button)
        session.fills.connect(self.refresh)
        session.opened.connect(lambda: self.show_words(False))
        session.opened.connect(self.refresh)
        session.selected.connect(lambda _region: self.refresh())
        session.explained.connect(lambda _fill: self._show_words())
        self._set_model()
        self.refresh()

    def pick_mode(self, mode: Mode) -> None:
        """Want something else with the selection, and see what that is."""
        self.describe.pick_mode(mode)
        self.split.area.ensureVisible(0, 0)

    def write_caption(self) -> None:
        """Go on in the caption."""
        self.split.area.ensureVisible(0, 0)
        self.describe.caption.setFocus()

    # Fills ----------------------------------------------------------------------------------------------

    def _fills(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(2)
        self._fills_title = label(self.tr("Fills"), "heading")
        head.addWidget(self._fills_title)
        head.addStretch(1)
        self.fill_actions: dict[str, QToolButton] = {}
        for what, name, key in (
            ("star", self.tr("Favourite"), "F"),
            ("similar", self.tr("More like this"), "M"),
            ("dice", self.tr("Try another in its place"), "R"),
            ("words", self.tr("Words that drew it"), ""),
            ("discard", self.tr("Discard"), self.tr("Delete")),
        ):
            action = tool_button(icon(what, "#888888"), name, checkable=what == "words", shortcut=key)
            action.clicked.connect(lambda _checked=False, what=what: self._act_on_chosen(what))
            self.fill_actions[what] = action
            head.addWidget(action)
        self.before_button = tool_button(icon("eye", "#888888"), self.tr("Hold to see the picture before"))
        self.before_button.pressed.connect(lambda: self.session.compare(True))
        self.before_button.released.connect(lambda: self.session.compare(False))
        head.insertWidget(2, self.before_button)
        self.wipe_button = tool_button(icon("wipe", "#888888"), self.tr("Before and after"), checkable=True)
        head.insertWidget(3, self.wipe_button)
        self.column.addLayout(head)
        self.strip = FillStrip(self.session.tasks)
        self.strip.setAccessibleName(self.tr("Fills"))
        self.strip.picked.connect(self._pick)
        self.strip.asked.connect(self.act)
        self.column.addWidget(self.strip)
        self.words = WordsView()
        self.words.pointed.connect(self.word_pointed)
        self.words.hide()
        self._words_shown: tuple[object, ...] = ()
        self.column.addWidget(self.words)
        self.notes = label("", "muted", wrap=True)
        self.notes.hide()
        self.column.addWidget(self.notes)
        self._none = label("", "hint", wrap=True)
        self.column.addWidget(self._none)

    def _pick(self, fill: Candidate) -> None:
        filling = self.session.filling
        if filling is None:
            return
        seen = filling.preview.stands or filling.preview.busy or filling.applied(fill)
        if filling.chosen is not fill or not seen:  # once applying it is undone, it is chosen but not seen
            filling.choose(fill)

    def _act_on_chosen(self, what: str) -> None:
        filling = self.session.filling
        if what == "words":
            self.show_words(self.fill_actions["words"].isChecked())
        elif filling is not None and filling.chosen is not None:
            self.act("favourite" if what == "star" else what, filling.chosen)

    def act(self, what: str, fill: Candidate) -> None:
        """Do something with a fill: "apply", "favourite", "similar", "dice", "words", "discard"."""
        filling = self.session.filling
        if filling is None or not (what in ALWAYS or allows(fill, what)):
            return
        if what == "apply":
            filling.choose(fill)
            self.apply()
        elif what == "favourite":
            filling.keep(fill, not fill.favourite)
        elif what == "similar":
            filling.more_like(fill, self.session.settings.variants)
        elif what == "dice":
            filling.re_roll(fill)
        elif what == "discard":
            filling.discard(fill)
        elif what == "words":
            filling.choose(fill)
            self.show_words(True)
        self.session.steps()

    def show_words(self, shown: bool) -> None:
        """Show or hide which words drew the chosen fill."""
        self.fill_actions["words"].setChecked(shown)
        self.words.setVisible(shown)
        if not shown:
            self.word_pointed.emit(-1)
        self._show_words()
        bar = self.split.area.verticalScrollBar()
        assert bar is not None
        if not shown:
            bar.setValue(self._scrolled)
        else:  # below many fills they would come out of sight
            self._scrolled = bar.value()
            QTimer.singleShot(0, lambda: self.split.area.ensureWidgetVisible(self.words, 0, _BELOW))

    def _show_words(self) -> None:
        filling = self.session.filling
        chosen = filling.chosen if filling is not None else None
        if filling is None or self.words.isHidden():
            return
        if chosen is not None:
            filling.explain(chosen)
        state = (chosen, len(chosen.words) if chosen else 0, self.words.theme)
        if state != self._words_shown:
            self._words_shown = state
            self.words.show_words(chosen, filling.round.context if filling.round is not None else None)
            tab_after(self.strip, *self.words.chips)

    def apply(self) -> None:
        """Make the chosen fill part of the picture."""
        if self.session.filling is not None:
            self.session.filling.apply()
            self.applied.emit()

    # Showing --------------------------------------------------------------------------------------------

    def _set_model(self) -> None:
        info = models.find(self.session.settings.model)
        self.model_name = info.name if info is not None else self.tr("no model")

    def model_changed(self) -> None:
        """Take note that other words may be known now; another model fills anew in live mode."""
        before = self.model_name
        self._set_model()
        self.describe.model_changed()
        self.session.fills()
        if self.model_name != before:
            self.describe.ask_live()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for name, action in self.fill_actions.items():
            action.setIcon(icon(name, theme.text, theme.on_accent, theme.muted))
        self.before_button.setIcon(icon("eye", theme.text, None, theme.muted))
        self.wipe_button.setIcon(icon("wipe", theme.text, theme.on_accent, theme.muted))
        self.describe.set_theme(theme)
        self.strip.set_theme(theme)
        self.words.theme = theme
        self.layers.set_theme(theme)
        self.history.set_theme(theme)
        self._show_words()

    def refresh(self) -> None:
        """Show the present state of the fills."""
        filling = self.session.filling
        round_ = filling.round if filling is not None else None
        fills = round_.fills if round_ is not None else []
        awaited = filling.awaited if filling is not None else 0
        chosen = filling.chosen if filling is not None else None
        busy = filling is not None and filling.busy
        self.describe.refresh()
        self.strip.setVisible(bool(fills or awaited))
        if filling is not None:
            self.strip.show_fills(
                round_.context if round_ else None,
                fills,
                chosen,
                filling.applied,
                0 if fills and busy else awaited,
                grey=self.session.document is not None and self.session.document.photo.grey,
            )
        document = self.session.document
        differs = chosen is not None or bool(document is not None and document.layers)
        self.before_button.setEnabled(differs)
        self.wipe_button.setEnabled(differs or self.wipe_button.isChecked())
        for name, action in self.fill_actions.items():
            action.setEnabled(chosen is not None and (name in ALWAYS or allows(chosen, name)))
        if chosen is not None and not allows(chosen, "words") and not self.words.isHidden():
            self.show_words(False)
        notices = filling.notices if filling is not None else ()
        told = [worded_notice(it) for it in notices]
        self.notes.setText(" ".join(told))
        self.notes.setVisible(bool(told))
        self._show_words()
        self.apply_button.setVisible(bool(fills or awaited))
        unapplied = chosen is not None and filling is not None and filling.preview.stands
        self.apply_button.setEnabled(unapplied)
        applied = chosen is not None and filling is not None and filling.applied(chosen)
        self.apply_button.setText(self.tr("Applied") if applied and not unapplied else self.tr("Apply"))
        self.blend.setVisible(bool(fills or awaited))
        self.blend.show_mode(chosen.effective_mode if chosen is not None else self.describe.effective_mode)
        self._none.setVisible(not fills and not awaited)
        self._none.setText(self._next_step())

    def _next_step(self) -> str:
        mode, ready = self.session.settings.mode, self.describe.ready
        filling, caption = self.session.filling, self.session.caption
        if filling is not None and filling.stoppable:
            return self.tr("It is being filled …")
        if mode == "remove":
            return self.tr("Press Return to remove it.") if ready else self.tr("Select what is to go.")
        if not ready:
            return {
                "describe": self.tr("Select the region to fill, then say what should be there."),
                "recolour": self.tr("Select the thing to recolour, then name the colour."),
            }[mode]
        if not caption or (mode == "recolour" and not find_colours(caption)):
            return {
                "describe": self.tr("Now say what should be there."),
                "recolour": self.tr("Now name the colour."),
            }[mode]
        if self.session.settings.live:
            return self.tr("A fill follows what you type.")
        return self.tr("Press Return to fill the selection.")
