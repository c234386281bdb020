"""Words that drew it: each word tinted by how much it was used; over a word, where."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, pyqtSignal
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from nigdt_plugin.core.fills import Fill
from nigdt_plugin.ui.theme import DARK, Theme
from nigdt_plugin.ui.widgets import FlowLayout, label


class WordsView(QWidget):
    """One chip per word.

    Signals:
        pointed: A word is pointed at or has the focus; its index, -1 for none.
    """

    pointed = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(6)
        self.hint = label("", "hint", wrap=True)
        self._holder = QWidget()
        self._flow = FlowLayout()
        self._holder.setLayout(self._flow)
        column.addWidget(self._holder)
        column.addWidget(self.hint)
        self.chips: list[QToolButton] = []

    def show_words(self, fill: Fill | None) -> None:
        """Show the words of a fill."""
        self._flow.clear()
        self.chips = []
        words = fill.words if fill is not None else ()
        strongest = max((word.weight for word in words), default=0.0)
        for word in words:
            share = word.weight / strongest if strongest > 0 else 0.0
            chip = QToolButton()
            chip.setText(word.word)
            used = self.tr("{word}: {share} % of the attention").format(
                word=word.word, share=round(word.weight * 100)
            )
            text = (
                used if word.known else self.tr("{word}: the model does not know it").format(word=word.word)
            )
            chip.setAccessibleName(text)
            chip.setToolTip(text)
            chip.setStyleSheet(self._style(share, word.known))
            chip.installEventFilter(self)
            chip.setProperty("chip", True)
            self.chips.append(chip)
            self._flow.addWidget(chip)
        if words:
            self._holder.setFixedHeight(self._flow.heightForWidth(max(200, self.width())))
        self._holder.setVisible(bool(words))
        if fill is None:
            self.hint.setText(self.tr("Choose a fill to see which words drew it."))
        elif not words:
            self.hint.setText(self.tr("Looking …"))
        else:
            self.hint.setText(self.tr("Point at a word to see where it was used."))

    def _style(self, share: float, known: bool) -> str:
        back, tint = QColor(self.theme.raised), QColor(self.theme.selection)
        mixed = [
            round(a + (b - a) * 0.85 * share)
            for a, b in zip(back.getRgb()[:3], tint.getRgb()[:3], strict=True)
        ]
        luminance = (0.299 * mixed[0] + 0.587 * mixed[1] + 0.114 * mixed[2]) / 255
        text = "#14171a" if luminance > 0.5 else "#ffffff"
        line = "line-through" if not known else "none"
        return (
            f"QToolButton {{ background: rgb({mixed[0]}, {mixed[1]}, {mixed[2]}); color: {text};"
            f" text-decoration: {line}; border: 1px solid {self.theme.border}; border-radius: 10px;"
            f" padding: 2px 9px; }} QToolButton:hover, QToolButton:focus {{"
            f" border: 1px solid {self.theme.accent_text}; }}"
        )

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        if a1 is not None and a0 in self.chips:
            if a1.type() in (QEvent.Type.Enter, QEvent.Type.FocusIn):
                self.pointed.emit(self.chips.index(a0))
            elif a1.type() in (QEvent.Type.Leave, QEvent.Type.FocusOut):
                self.pointed.emit(-1)
        return super().eventFilter(a0, a1)
