"""The main window: puts the parts together."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QByteArray, QEvent, Qt, QTimer
from PyQt6.QtGui import QCloseEvent, QKeyEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QHBoxLayout,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from nigdt_plugin.core import selection
from nigdt_plugin.core.fills import Candidate
from nigdt_plugin.core.geometry import EMPTY
from nigdt_plugin.core.link import LinkPhase, LinkState
from nigdt_plugin.core.pyramid import Pyramid
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui import theme as theme_
from nigdt_plugin.ui.actions import BEFORE, build_menus
from nigdt_plugin.ui.canvas import Canvas
from nigdt_plugin.ui.dialogs import Dialogs
from nigdt_plugin.ui.failures import worded
from nigdt_plugin.ui.hints import Hints
from nigdt_plugin.ui.notice import Notice
from nigdt_plugin.ui.notices import worded_notice
from nigdt_plugin.ui.options import OptionBar, ToolColumn
from nigdt_plugin.ui.overlays import Overlays
from nigdt_plugin.ui.side import Side
from nigdt_plugin.ui.status import StatusBar
from nigdt_plugin.ui.tool import SelectionTool
from nigdt_plugin.ui.tools import TOOLS
from nigdt_plugin.ui.train import TrainDialog
from nigdt_plugin.ui.turn import Turn
from nigdt_plugin.ui.welcome import Welcome
from nigdt_plugin.ui.widgets import fit_screen, tab_after

_AUTOSAVE_MS = 5_000
_KEEPING_MS, _BUSY_MS = 4_000, 30
"""So long work may be written when the system ends the panel, which waits 5 s or more before it kills."""
_WATCH_MS = 500
_SILENT_SECONDS = 1.5  # of a daemon that gives a sign every half second
_WIDTH, _HEIGHT = 1280, 820
_MASK_TOOLS = "brush", "eraser"


class Window(Dialogs):
    """One window, one photo."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.setObjectName("main")
        self.setWindowTitle("NIGDT")
        self.theme = theme_.wanted(session.settings.theme)
        self.canvas = Canvas()
        self.canvas.setAccessibleName(self.tr("Photo"))
        self.canvas.leaves_return = lambda: self._return_removes
        self.tool_column = ToolColumn()
        self.options = OptionBar(session.settings)
        self.side = Side(session)
        self.status = StatusBar()
        self.setStatusBar(self.status)
        self.notice = Notice()
        self.welcome = Welcome(session.settings)
        self._told: tuple[str, ...] = ()
        self._unreached = ""  # why the daemon was not reached last
        self._seen_fill: Candidate | None = None
        self._compose()
        self.overlays = Overlays(session, self.canvas)
        self.actions_ = build_menus(self)
        self.show_button_keys()
        self._connect()
        self.set_theme(session.settings.theme)
        self.use_tool("rectangle")
        self._autosave = QTimer(self)
        self._autosave.setInterval(_AUTOSAVE_MS)
        self._autosave.timeout.connect(session.autosave)
        self._autosave.start()
        self._watch = QTimer(self)
        self._watch.setInterval(_WATCH_MS)
        self._watch.timeout.connect(self._look_at_link)
        self._watch.start()
        self.welcome.open_button.setFocus()  # or Tab would begin at the last button
        self._fit_screen()
        if session.settings.window:
            self.restoreGeometry(QByteArray.fromBase64(session.settings.window.encode("ascii", "replace")))
        self._show_steps()

    def _fit_screen(self) -> None:
        """Begin as large as is handy, and no larger than the screen."""
        screen = self.screen()
        if screen is not None:
            room = screen.availableGeometry().size()
            fit_screen(self, max(_WIDTH, room.width() * 7 // 10), max(_HEIGHT, room.height() * 8 // 10))

    def _compose(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.options)
        holder = QWidget()
        self._stack = QStackedLayout(holder)
        self._stack.addWidget(self.welcome)
        self._stack.addWidget(self.canvas)
        column.addWidget(holder, 1)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.tool_column)
        row.addWidget(middle, 1)
        row.addWidget(self.side)
        self.setCentralWidget(whole)
        self.notice.setParent(holder)
        self.notice.covered.connect(self.welcome.leave_room)
        self.notice.hide()
        self.hints = Hints(self.session, holder)
        tab_after(self.canvas, self.hints.close_button, self.notice.close_button)

    def _connect(self) -> None:
        session, canvas = self.session, self.canvas
        session.wording = worded
        session.opened.connect(self._opened)
        session.pixels.connect(canvas.pixels_changed)
        session.selected.connect(canvas.selection_changed)
        session.healing.shown.connect(canvas.show_stroke)
        session.masking.shown.connect(canvas.show_stroke)
        self.side.layers.mask_toggled.connect(self._edit_mask)
        session.steps.connect(self._show_steps)
        session.fills.connect(self._show_fills)
        session.linked.connect(self._show_link)
        session.working.connect(self._show_working)
        session.notice.connect(lambda message, hint: self.notice.show_error(worded_notice(message), hint))
        session.saved.connect(self._saved)
        session.begun.connect(self._begun)
        session.copied.connect(self._copied)
        session.selected.connect(lambda _region: self.notice.works())
        canvas.zoomed.connect(self._view_moved)
        canvas.hovered.connect(self.status.show_pointer)
        canvas.dropped.connect(self.take)
        self.welcome.dropped.connect(self.take)
        self.welcome.open_asked.connect(self.open_dialog)
        self.welcome.path_asked.connect(lambda path: self.open_path(Path(path)))
        self.status.zoom_wanted.connect(
            lambda percent: canvas.zoom_percent(percent) if percent else canvas.fit()
        )
        self.status.upright_wanted.connect(lambda: canvas.turn_to(Turn()))
        canvas.turned.connect(self.status.show_turn)
        canvas.examined.connect(self.hints.step_aside)
        label = self.status.photo_size
        label.taken.connect(
            lambda: self.write_to_drag(lambda path: label.drag(path, canvas.grab(canvas.photo_rect)))
        )
        self.status.daemon_asked.connect(self.choose_model)
        self.tool_column.picked.connect(self.use_tool)
        self.side.compare_asked.connect(self.compare_captions)
        self.side.describe.colour_asked.connect(self.offer_colour)
        # Where undo is that of the picture, not that of the caption.
        self.side.wipe_button.toggled.connect(self.wipe)
        self.side.applied.connect(canvas.setFocus)
        self.side.describe.caption.left.connect(canvas.setFocus)
        self.side.word_pointed.connect(self.overlays.point_at_word)
        session.notice.connect(lambda message, hint: self.shown_errors.append(f"{message} {hint}".strip()))
        self.options.hand_over.clicked.connect(lambda _checked=False: self.hand_over())

    def _view_moved(self, _scale: float) -> None:
        self.status.show_zoom(self.canvas.percent)
        if self.session.filling is not None:
            self.session.filling.preview.look_again()

    # A photo is open ------------------------------------------------------------------------------------

    def _opened(self) -> None:
        document, display = self.session.document, self.session.display
        assert document is not None
        assert display is not None
        self._stack.setCurrentWidget(self.canvas)
        self.canvas.show_photo(display.pyramid, document.selection)
        if self.session.filling is not None:
            self.session.filling.preview.seen = lambda: self.canvas.seen
        self.wipe(False)
        self.status.show_size(document.width, document.height)
        self._show_fills()
        self.notice.clear()
        self._title()
        self.canvas.setFocus()
        self.side.describe.ask_about_colour()
        if document.layers:  # work that goes on: nothing was typed or selected just now
            self.side.describe.rest()

    def _title(self) -> None:
        document = self.session.document
        saved = self.session.save_path
        own = saved.name if saved is not None else document.name if document is not None else ""
        name = (own or self.tr("Pasted picture")) if document is not None else ""
        name = name.replace(
            "[*]", "[*][*]"
        )  # which Qt shows once, and does not take for the mark of a change
        self.setWindowTitle(f"{name}[*] \u2013 NIGDT" if name else "NIGDT")
        self.setWindowModified(document is not None and document.modified)

    def _saved(self, path: Path) -> None:
        self.notice.show_done(self.tr("Saved as {name}").format(name=path.name))
        self._title()

    def _copied(self, width: int, height: int) -> None:
        text = self.tr("{width} x {height} pixels are on the clipboard.")
        self.notice.show_done(text.format(width=width, height=height))

    def _begun(self, what: str, path: Path) -> None:
        texts = {"open": self.tr("Opening {name} …"), "save": self.tr("Saving {name} …")}
        self.notice.tell(texts[what].format(name=path.name), "")

    # Tools ----------------------------------------------------------------------------------------------

    def use_tool(self, name: str) -> None:
        """Take a tool in hand."""
        tool = TOOLS[name]
        if issubclass(tool, SelectionTool):
            self.canvas.set_tool(lambda canvas: tool(canvas, self.session, self.options))
        else:
            self.canvas.set_tool(tool)
        self.tool_name = name
        self.tool_column.show_tool(name)
        self.options.show_tool(name, self.tool_column.names()[name])
        if name not in _MASK_TOOLS:
            self.side.layers.edit_mask(False)
        elif self.session.masking.target is not None:
            self.options.show_hint(self.tr("The brush shows the layer, the eraser hides it"))

    def _edit_mask(self, edited: bool) -> None:
        if edited or self.tool_name in _MASK_TOOLS:
            self.use_tool(self.tool_name if self.tool_name in _MASK_TOOLS else "eraser")

    def wipe(self, shown: bool) -> None:
        """Show the photo as it was beside what it is now, or only what it is now."""
        for part in (self.actions_["photo.wipe"], self.side.wipe_button):
            part.setChecked(shown)
        if shown == (self.canvas.wipe is not None):
            return
        if not shown:
            self.canvas.show_before(None)
            return

        def show(before: Pyramid) -> None:
            if self.actions_["photo.wipe"].isChecked():
                self.canvas.show_before(before)

        self.session.look_before(show)

    def deselect(self) -> None:
        """Select nothing; while a shape is being drawn, drop that first."""
        if not self.canvas.tool.cancel():
            self.session.change_selection(selection.nothing, "Deselect")
        self.canvas.update()

    # Showing --------------------------------------------------------------------------------------------

    def _show_steps(self) -> None:
        document = self.session.document
        opened = document is not None
        self.options.hand_over.setVisible(self.session.host is not None)
        for name, action in self.actions_.items():
            if name.startswith("photo."):
                action.setEnabled(opened)
        self.actions_["photo.colour"].setEnabled(document is not None and document.photo.grey)
        stack = document.undo_stack if document is not None else None
        for name, word, text in (
            ("photo.undo", stack and stack.undo_label, self.tr("Undo")),
            ("photo.redo", stack and stack.redo_label, self.tr("Redo")),
        ):
            self.actions_[name].setEnabled(word is not None)
            step = QApplication.translate("Steps", word) if word else ""
            self.actions_[name].setText(f"{text}: {step}" if step else text)
        self._title()

    def _show_link(self, state: LinkState) -> None:
        self.status.show_link(state)
        if state.phase is LinkPhase.FAILED and state.failure is not None:
            self._unreached, _ = worded(state.failure)
        elif state.status and self.notice.message.text() == self._unreached:
            self.notice.works()
        fresh = [notice for notice in state.notices if notice not in self._told]
        if fresh:
            self.notice.tell(self.tr("The model's process reports:"), " ".join(map(worded_notice, fresh)))
        if state.status:
            self._told = state.notices

    def _look_at_link(self) -> None:
        filling = self.session.filling
        waits = filling is not None and filling.busy and self.session.link.quiet > _SILENT_SECONDS
        self.status.show_waiting(waits)

    def _show_fills(self) -> None:
        filling = self.session.filling
        if filling is not None:
            self.status.show_work(filling.seconds, self.side.model_name)
            if filling.chosen is not None and filling.chosen is not self._seen_fill:
                self.notice.works()
            self._seen_fill = filling.chosen

    def _show_working(self, busy: bool) -> None:
        if busy:
            self.canvas.setCursor(Qt.CursorShape.BusyCursor)
        else:
            self.canvas.setCursor(self.canvas.tool.cursor)

    def set_theme(self, choice: str) -> None:
        """Use light or dark colours, or the system's."""
        self.session.settings.theme = choice
        self.theme = theme_.wanted(choice)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme_.apply(app, self.theme)
        self.canvas.theme = self.status.theme = self.theme
        for part in (self.tool_column, self.options, self.side, self.welcome, self.notice, self.hints):
            part.set_theme(self.theme)
        self.status.show_link(self.session.link_state)
        self.canvas.pixels_changed(EMPTY)

    def set_language(self, choice: str) -> None:
        """Use another language from the next start on."""
        self.session.settings.language = choice
        self.notice.show_done(self.tr("The language changes at the next start."))

    @property
    def _return_removes(self) -> bool:
        """Whether Return, where nothing else takes it, removes what is selected."""
        return self.session.settings.mode == "remove" and self.side.describe.ready

    # Events ---------------------------------------------------------------------------------------------

    def _return(self, focused: QWidget | None) -> None:
        """Do what Return means where no widget took it."""
        if isinstance(focused, QAbstractButton):
            focused.click()  # where Qt presses a button by Space alone
        elif focused in (None, self, self.canvas) and self._return_removes:
            self.side.describe.fill()

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002  # Qt's name
        moved, focused = super().focusNextPrevChild(next), self.focusWidget()
        if focused is not None and self.side.split.area.isAncestorOf(focused):
            self.side.split.area.ensureWidgetVisible(focused)  # which Qt does only for steps inside
        return moved

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        assert a0 is not None
        if a0.key() in BEFORE and not a0.isAutoRepeat():
            self.session.compare(True)
        elif a0.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._return(self.focusWidget())
        else:
            super().keyPressEvent(a0)

    def keyReleaseEvent(self, a0: QKeyEvent | None) -> None:
        assert a0 is not None
        if a0.key() in BEFORE and not a0.isAutoRepeat():
            self.session.compare(False)
        else:
            super().keyReleaseEvent(a0)

    def changeEvent(self, a0: QEvent | None) -> None:
        if a0 is not None and a0.type() == QEvent.Type.WindowDeactivate:
            self.session.compare(False)
        super().changeEvent(a0)

    def closeEvent(self, a0: QCloseEvent | None) -> None:
        assert a0 is not None
        if self.may_stop_batch() and self.may_leave():
            self._leave()
            a0.accept()
        else:
            a0.ignore()

    def end_at_once(self, end: Callable[[], None]) -> None:
        """End without asking, and keep unsaved work as for a crash, so that the next start offers it."""
        self.stop_batch()
        self.session.autosave()

        def when_kept(tries: int) -> None:
            if self.session.tasks.busy and tries:
                QTimer.singleShot(_BUSY_MS, lambda: when_kept(tries - 1))
                return
            self._leave(keep_work=True)
            end()

        when_kept(_KEEPING_MS // _BUSY_MS)

    def _leave(self, *, keep_work: bool = False) -> None:
        self._stop_timers()
        self._passing.cleanup()
        self.hide()  # what is still being written may take a moment
        for dialog in self.findChildren(TrainDialog):
            dialog.end()
        self.tell_host()
        self.session.settings.window = base64.b64encode(self.saveGeometry().data()).decode()
        self.session.close(keep_work=keep_work)
        self._stop_timers()  # what the session told the widgets as it closed may have started some again

    def _stop_timers(self) -> None:
        for timer in self.findChildren(QTimer):
            timer.stop()
