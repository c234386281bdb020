"""The caption: completion from the model's words, unknown words underlined, near known ones offered."""

from __future__ import annotations

import re

from PyQt6.QtCore import QEvent, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
)
from PyQt6.QtWidgets import QPlainTextEdit, QWidget

from nigdt.text import TYPING_SECONDS, Vocabulary, tokenise
from nigdt_plugin.ui.completion import WordList

_WORD = re.compile(r"\w+")
_HEIGHT, _HEIGHT_DISABLED = 74, 40


class _Underline(QSyntaxHighlighter):
    """Waves under words that the model does not know.

    Attributes:
        vocabulary: What it knows.
        spared: Where a word ends that is still being typed, -1 while there is none.
    """

    def __init__(self, edit: QPlainTextEdit) -> None:
        super().__init__(edit.document())
        self.vocabulary = Vocabulary([])
        self.spared = -1
        self.format_ = QTextCharFormat()
        self.format_.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        self.format_.setUnderlineColor(QColor("#f0b04a"))

    def highlightBlock(self, text: str | None) -> None:
        if not text or not len(self.vocabulary):
            return
        start = self.currentBlock().position()
        for match in _WORD.finditer(text):
            if start + match.end() == self.spared:
                continue
            if any(word not in self.vocabulary for word in tokenise(match.group())):
                self.setFormat(match.start(), match.end() - match.start(), self.format_)


class CaptionEdit(QPlainTextEdit):
    """A text field for one caption.

    Signals:
        edited: The words changed (not merely spaces between them).
        accepted: Return was pressed.
        left: Escape was pressed, with no words on offer.
        typing_moved: Another word is being typed now, or none any more, so `unknown` may say otherwise.
    """

    edited = pyqtSignal(str)
    accepted = pyqtSignal()
    left = pyqtSignal()
    typing_moved = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setFixedHeight(_HEIGHT)
        self._underline = _Underline(self)
        self.offered = WordList(self)
        self.offered.itemClicked.connect(lambda item: self._complete(item.text()))
        self._text, self._words = "", list[str]()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(round(1000 * TYPING_SECONDS))
        self._pause.timeout.connect(self._look)
        self.textChanged.connect(self._changed)
        self.cursorPositionChanged.connect(self._look)

    @property
    def caption(self) -> str:
        """The text as one line."""
        return " ".join(self.toPlainText().split())

    @caption.setter
    def caption(self, text: str) -> None:
        if text != self.caption:
            self.setPlainText(text)
            self.moveCursor(QTextCursor.MoveOperation.End)

    def show_for(self, placeholder: str, text: str, *, enabled: bool) -> None:
        """Show another text as it is meant for another mode; that is no edit."""
        self.setPlaceholderText(placeholder)
        viewport = self.viewport()
        assert viewport is not None
        viewport.update()  # Qt draws another placeholder only once something else changes
        self.setEnabled(enabled)
        self.blockSignals(True)
        self.caption = text
        self._text, self._words = self.toPlainText(), tokenise(text)
        self.blockSignals(False)
        self._look()
        self.setFixedHeight(_HEIGHT if enabled else _HEIGHT_DISABLED)

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Set the words that are offered and not underlined."""
        self._underline.vocabulary = vocabulary
        self._underline.rehighlight()

    def unknown(self) -> list[tuple[str, list[str]]]:
        """Find the words the model does not know, each with the nearest that it does.

        One that is still being typed is left out.
        """
        vocabulary = self._underline.vocabulary
        if not len(vocabulary):
            return []
        typed = self._typed()
        return [
            (word, vocabulary.nearest(word)) for word in vocabulary.unknown(self.caption) if word != typed
        ]

    def replace_word(self, word: str, by: str) -> None:
        """Put a known word in the place of an unknown one."""
        pattern = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
        cursor = self.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(pattern.sub(lambda _match: by, self.toPlainText()))

    def _typed(self) -> str:
        """Return the word that is still being typed, which it is too early to call unknown."""
        if not self.hasFocus() or not self._pause.isActive():
            return ""
        return self._underline.vocabulary.unfinished(self.toPlainText(), self.textCursor().position())

    def _look(self) -> None:
        """Look whether another word is being typed now, or none any more."""
        spared = self.textCursor().position() if self._typed() else -1
        if spared != self._underline.spared:
            self._underline.spared = spared
            self._underline.rehighlight()
            self.typing_moved.emit()

    def _begun(self) -> str:
        """Return what of a word stands before the caret."""
        if not self.hasFocus():
            return ""
        before = self.toPlainText()[: self.textCursor().position()]
        match = re.search(r"\w+$", before)
        return match.group().lower() if match else ""

    def _changed(self) -> None:
        text = self.toPlainText()
        if text == self._text:  # another underline changes the document, too
            return
        self._text = text
        self._pause.start()
        words = tokenise(text)
        if words != self._words:
            self._words = words
            self.edited.emit(self.caption)
        self._look()

    # Completion -----------------------------------------------------------------------------------------

    def event(self, e: QEvent | None) -> bool:
        tab = isinstance(e, QKeyEvent) and e.type() == QEvent.Type.KeyPress and e.key() == Qt.Key.Key_Tab
        if tab and isinstance(e, QKeyEvent) and self.offered.isVisible():
            self.keyPressEvent(e)  # or Qt would move the focus before anyone sees the key
            e.accept()
            return True
        return super().event(e)

    def focusOutEvent(self, e: QFocusEvent | None) -> None:
        self.offered.hide()
        super().focusOutEvent(e)
        self._look()

    def hideEvent(self, a0: QHideEvent | None) -> None:
        self.offered.hide()

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        assert e is not None
        key = e.key()
        if self.offered.isVisible() and self._choose(Qt.Key(key)):
            return
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.offered.hide()
            if not e.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.accepted.emit()
            return
        if key == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(e)
        if e.text() and (e.text().isalnum() or key == Qt.Key.Key_Backspace):
            self._offer()
        else:
            self.offered.hide()

    def _choose(self, key: Qt.Key) -> bool:
        """Let a key choose among the words on offer; False for a key that does not."""
        keys = Qt.Key
        if key == keys.Key_Escape:
            self.offered.hide()
        elif key in (keys.Key_Up, keys.Key_Down):
            self.offered.step(1 if key == keys.Key_Down else -1)
        elif key == keys.Key_Tab:
            self._complete(self.offered.chosen or self.offered.words[0])
        elif key in (keys.Key_Return, keys.Key_Enter) and self.offered.chosen:
            self._complete(self.offered.chosen)
        else:
            return False
        return True

    def _offer(self) -> None:
        found = self._underline.vocabulary.beginning_with(self._begun())
        if found:
            self.offered.offer(found, self.cursorRect().topLeft())
        else:
            self.offered.hide()

    def _complete(self, word: str) -> None:
        self.offered.hide()
        cursor = self.textCursor()
        cursor.movePosition(
            QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, len(self._begun())
        )
        cursor.insertText(word + " ")
        self.setTextCursor(cursor)
