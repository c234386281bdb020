"""The side panel: describe, fills, blend."""

from __future__ import annotations

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QScrollArea,
    QSpinBox,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nigdt_plugin.core import models
from nigdt_plugin.core.fills import Fill
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.blend import BlendBox
from nigdt_plugin.ui.caption import CaptionEdit
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.lists import HistoryList, LayerList
from nigdt_plugin.ui.strip import FillStrip
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import FlowLayout, button, label, line, tool_button
from nigdt_plugin.ui.words import WordsView

WIDTH = 376
_LIVE_MS = 140
_REST_MS = 900


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
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        body.setObjectName("sideBody")
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(16, 14, 16, 14)
        self.column.setSpacing(9)
        scroll.setWidget(body)
        outer.addWidget(scroll)
        self._live_timer = self._timer(_LIVE_MS, self._type_live)
        self._rest_timer = self._timer(_REST_MS, self._rest_live)
        self._describe()
        self.column.addWidget(line())
        self._fills()
        self.blend = BlendBox(session)
        self.blend.widened.connect(self._selected)
        self.column.addWidget(self.blend)
        self.tabs = QTabWidget()
        self.layers, self.history = LayerList(session), HistoryList(session)
        self.tabs.addTab(self.layers, self.tr("Layers"))
        self.tabs.addTab(self.history, self.tr("History"))
        self.column.addWidget(self.tabs, 1)
        session.fills.connect(self.refresh)
        session.opened.connect(self._opened)
        session.selected.connect(lambda _region: self._selected())
        session.explained.connect(lambda _fill: self._show_words())
        self._set_model()
        self.refresh()

    def _timer(self, interval: int, done: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(done)  # type: ignore[arg-type]
        return timer

    # Describe -------------------------------------------------------------------------------------------

    def _describe(self) -> None:
        head = QHBoxLayout()
        title = label(self.tr("Describe"), "heading")
        head.addWidget(title)
        head.addStretch(1)
        self.history_button = tool_button(icon("clock", "#888888"), self.tr("Captions used before"))
        self.history_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._history_menu = QMenu(self)
        self._history_menu.aboutToShow.connect(self._fill_history_menu)
        self.history_button.setMenu(self._history_menu)
        self.preset_button = tool_button(icon("bookmark", "#888888"), self.tr("Presets"))
        self.preset_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._preset_menu = QMenu(self)
        self._preset_menu.aboutToShow.connect(self._fill_preset_menu)
        self.preset_button.setMenu(self._preset_menu)
        head.addWidget(self.history_button)
        head.addWidget(self.preset_button)
        self.column.addLayout(head)
        self.caption = CaptionEdit()
        self.caption.setPlaceholderText(self.tr("What should be there? For example: a bird with a red belly"))
        self.caption.setAccessibleName(self.tr("Caption"))
        self.caption.edited.connect(self._edited)
        self.caption.accepted.connect(self.fill)
        title.setBuddy(self.caption)
        self.column.addWidget(self.caption)
        self.unknown = QWidget()
        self._unknown_flow = FlowLayout()
        self.unknown.setLayout(self._unknown_flow)
        self.unknown.hide()
        self.column.addWidget(self.unknown)
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
        self.variants.setRange(1, 9)
        self.variants.setValue(self.session.settings.variants)
        self.variants.setAccessibleName(self.tr("Number of fills"))
        self.variants.setToolTip(self.tr("Number of fills"))
        self.variants.valueChanged.connect(lambda value: setattr(self.session.settings, "variants", value))
        row.addWidget(self.variants)
        self.fill_button = button(self.tr("Fill"), self.fill_or_stop, primary=True, tip=self.tr("Return"))
        self.fill_button.setMinimumWidth(104)
        row.addWidget(self.fill_button)
        self.column.addLayout(row)
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.setAccessibleName(self.tr("Filling"))
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        self.column.addWidget(self.progress)

    def _edited(self, caption: str) -> None:
        self.session.caption = caption
        self._show_unknown()
        self._rest_timer.stop()
        if self.session.settings.live and caption and self.ready:
            self._live_timer.start()
        self.refresh()

    @property
    def ready(self) -> bool:
        """Whether there is a region to fill."""
        document = self.session.document
        return document is not None and not document.selection.empty

    def _set_live(self, live: bool) -> None:
        self.session.settings.live = live
        if live and self.session.caption:
            self._live_timer.start()

    def _type_live(self) -> None:
        filling = self.session.filling
        if filling is None or not self.ready or not self.session.caption:
            return
        if filling.fill_live(self.session.caption) and self.session.settings.variants > 1:
            self._rest_timer.start()

    def _rest_live(self) -> None:
        """The typing rests: the other variants too."""
        filling = self.session.filling
        if filling is not None and self.ready and self.session.caption:
            filling.fill_live(self.session.caption, self.session.settings.variants)

    def fill(self) -> None:
        """Fill the selection with what the caption says."""
        filling = self.session.filling
        self._live_timer.stop()
        self._rest_timer.stop()
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
        """What the large button does."""
        filling = self.session.filling
        if filling is not None and filling.stoppable:
            self._live_timer.stop()
            self._rest_timer.stop()
            filling.cancel()
        else:
            self.fill()

    def _show_unknown(self) -> None:
        self._unknown_flow.clear()
        unknown = self.caption.unknown()
        for word, nearest in unknown[:3]:
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
        if unknown:
            self.unknown.setFixedHeight(self._unknown_flow.heightForWidth(WIDTH - 40))

    def _fill_history_menu(self) -> None:
        self._history_menu.clear()
        for caption in self.session.settings.captions[:15]:
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

    # Fills ----------------------------------------------------------------------------------------------

    def _fills(self) -> None:
        head = QHBoxLayout()
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
        self.column.addLayout(head)
        self.strip = FillStrip()
        self.strip.setAccessibleName(self.tr("Fills"))
        self.strip.picked.connect(self._pick)
        self.strip.asked.connect(self.act)
        self.column.addWidget(self.strip)
        self.words = WordsView()
        self.words.pointed.connect(self.word_pointed)
        self.words.hide()
        self._words_shown: tuple[object, ...] = ()
        self.column.addWidget(self.words)
        self._none = label("", "hint", wrap=True)
        self.column.addWidget(self._none)
        self.apply_button = button(self.tr("Apply"), self.apply, primary=True)
        self.column.addWidget(self.apply_button)

    def _pick(self, fill: Fill) -> None:
        if self.session.filling is not None:
            self.session.filling.choose(fill)

    def _act_on_chosen(self, what: str) -> None:
        filling = self.session.filling
        if what == "words":
            self.show_words(self.fill_actions["words"].isChecked())
        elif filling is not None and filling.chosen is not None:
            self.act("favourite" if what == "star" else what, filling.chosen)

    def act(self, what: str, fill: Fill) -> None:
        """Do something with a fill: "apply", "favourite", "similar", "dice", "words", "discard"."""
        filling = self.session.filling
        if filling is None:
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

    def show_words(self, shown: bool) -> None:
        """Show or hide which words drew the chosen fill."""
        self.fill_actions["words"].setChecked(shown)
        self.words.setVisible(shown)
        if not shown:
            self.word_pointed.emit(-1)
        self._show_words()

    def _show_words(self) -> None:
        filling = self.session.filling
        chosen = filling.chosen if filling is not None else None
        if filling is None or self.words.isHidden():
            return
        if chosen is not None and not (chosen.words and chosen.words_inside):
            filling.explain(chosen)
        state = (chosen, len(chosen.words) if chosen else 0, self.words.theme)
        if state != self._words_shown:
            self._words_shown = state
            self.words.show_words(chosen)

    def apply(self) -> None:
        """Make the chosen fill part of the picture."""
        if self.session.filling is not None:
            self.session.filling.apply()
            self.applied.emit()

    # Showing --------------------------------------------------------------------------------------------

    def _selected(self) -> None:
        if self.session.settings.live and self.session.caption and self.ready:
            self._live_timer.start()
        self.refresh()

    def _opened(self) -> None:
        self.caption.caption = self.session.caption
        self.refresh()

    def _set_model(self) -> None:
        info = models.find(self.session.settings.model)
        self.model_name = info.name if info is not None else self.tr("no model")
        self.caption.set_vocabulary(models.vocabulary(info))
        self._show_unknown()

    def model_changed(self) -> None:
        """Other words are known now."""
        self._set_model()
        self.session.fills()
        if self.session.settings.live and self.session.caption and self.ready:
            self._live_timer.start()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for name, action in self.fill_actions.items():
            action.setIcon(icon(name, theme.text, theme.on_accent, theme.muted))
        for name, widget in (
            ("clock", self.history_button),
            ("bookmark", self.preset_button),
            ("columns", self.compare_button),
            ("eye", self.before_button),
        ):
            widget.setIcon(icon(name, theme.text, None, theme.muted))
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
        self.caption.caption = self.session.caption
        self.strip.setVisible(bool(fills or awaited))
        if filling is not None:
            self.strip.show_fills(
                round_.shot if round_ else None,
                fills,
                chosen,
                filling.applied,
                0 if fills and busy else awaited,
            )
        stoppable = filling is not None and filling.stoppable
        self.fill_button.setText(self.tr("Stop") if stoppable else self.tr("Fill"))
        self.fill_button.setEnabled(stoppable or (self.ready and bool(self.session.caption)))
        self.compare_button.setEnabled(self.ready)
        self.progress.setVisible(busy)
        document = self.session.document
        self.before_button.setEnabled(chosen is not None or bool(document is not None and document.layers))
        for name, action in self.fill_actions.items():
            action.setEnabled(chosen is not None)
            if name == "star":
                action.setToolTip(self.tr("Favourite") + " (F)")
        self._show_words()
        self.apply_button.setVisible(bool(fills))
        unapplied = chosen is not None and filling is not None and filling.preview is not None
        self.apply_button.setEnabled(unapplied)
        applied = chosen is not None and filling is not None and filling.applied(chosen)
        self.apply_button.setText(self.tr("Applied") if applied and not unapplied else self.tr("Apply"))
        self.blend.setVisible(bool(fills))
        self._none.setVisible(not fills and not awaited)
        if not self.ready:
            self._none.setText(self.tr("Select the region to fill, then say what should be there."))
        elif not self.session.caption:
            self._none.setText(self.tr("Now say what should be there."))
        else:
            self._none.setText(self.tr("Press Return to fill the selection."))
