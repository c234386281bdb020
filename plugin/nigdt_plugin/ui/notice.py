"""A short message over the canvas: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PyQt6.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QHideEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import button, label, tab_after, tool_button

_DONE_MS = 3_500
_RIM = 18

Choices = Sequence[tuple[str, Callable[[], object]]]


class Notice(QFrame):
    """Sits at the bottom of its parent until it is closed, or for a moment if all went well.

    Signals:
        covered: It takes so many pixels at the lower edge of its parent, 0 when it goes.
    """

    covered = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 9, 8, 9)
        column = QVBoxLayout()
        column.setSpacing(1)
        self.message = label("", wrap=True)
        self.hint = label("", "muted", wrap=True)
        column.addWidget(self.message)
        column.addWidget(self.hint)
        self._choices = QHBoxLayout()
        self._choices.setContentsMargins(0, 8, 0, 2)
        self._below = QWidget()  # beside the text they would leave it too little room
        self._below.setLayout(self._choices)
        column.addWidget(self._below)
        row.addLayout(column, 1)
        self.close_button = tool_button(icon("close", "#888888"), self.tr("Close this message"))
        self.close_button.clicked.connect(lambda: self._closed())
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.clear)
        self._theme: Theme | None = None
        self._questions: list[tuple[str, str, Choices]] = []  # the newest last
        self._asking = self._failed = False

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.close_button.setIcon(icon("close", theme.text))

    def show_error(self, message: str, hint: str) -> None:
        """Say what went wrong, until it is closed."""
        self._timer.stop()
        self._say(message, hint, "bad")
        self._failed = True

    def works(self) -> None:
        """Take an error away, now that something has worked."""
        if self._failed:
            self.clear()

    def show_done(self, message: str) -> None:
        """Say that something is done, for a moment."""
        self._say(message, "", "good")
        self._timer.start(_DONE_MS)

    def tell(self, message: str, hint: str) -> None:
        """Say what is good to know, until it is closed."""
        self._timer.stop()
        self._say(message, hint, "warn")

    def ask(self, message: str, hint: str, choices: Choices) -> None:
        """Offer something, until a choice or the cross is clicked; other messages may come between."""
        self._forget(message)
        self._questions.append((message, hint, choices))
        self._show_question()

    def _forget(self, message: str) -> None:
        self._questions = [question for question in self._questions if question[0] != message]

    def withdraw(self, message: str) -> None:
        """Offer something no more: what it was for is over."""
        shown = self._asking and self._questions[-1][0] == message
        self._forget(message)
        if shown:
            self.clear()

    def _show_question(self) -> None:
        message, hint, choices = self._questions[-1]
        self._timer.stop()
        self._say(message, hint, "good")
        self._asking = True

        def chosen(done: Callable[[], object]) -> None:
            self._forget(message)
            self._asking = False
            self.hide()
            done()
            if self._questions and not self.isVisible():
                self._show_question()

        buttons = [
            button(text, partial(chosen, done), primary=not place)
            for place, (text, done) in enumerate(choices)
        ]
        for each in buttons:
            self._choices.addWidget(each)
        tab_after(self.close_button, *buttons)
        self._choices.addStretch(1)
        self._below.setVisible(bool(choices))
        self._place()

    def _closed(self) -> None:
        if self._asking:
            self._questions.pop()
        self.clear()

    def clear(self) -> None:
        """Say nothing any more, but what is still to be answered."""
        if self._questions:
            self._show_question()
        else:
            self.hide()

    def _say(self, message: str, hint: str, colour: str) -> None:
        while self._choices.count():
            item = self._choices.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._below.hide()
        self._asking = self._failed = False
        self.message.setText(message)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.setAccessibleName(f"{message} {hint}".strip())
        if self._theme is not None:
            self.setStyleSheet(f"QFrame#notice {{ border: 1px solid {getattr(self._theme, colour)}; }}")
        self.show()
        self.raise_()
        self._place()

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is not None:
            width = min(520, parent.width() - 32)
            self.ensurePolished()
            self.setFixedSize(width, self.heightForWidth(width))
            self.move((parent.width() - width) // 2, parent.height() - self.height() - _RIM)
            self.covered.emit(self.height() + 2 * _RIM)

    def hideEvent(self, a0: QHideEvent | None) -> None:
        super().hideEvent(a0)
        self.covered.emit(0)

    def setParent(self, parent: QWidget | None) -> None:  # type: ignore[override]
        """Sit in another widget."""
        super().setParent(parent)
        if parent is not None:
            parent.installEventFilter(self)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        if a1 is not None and a1.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(a0, a1)
