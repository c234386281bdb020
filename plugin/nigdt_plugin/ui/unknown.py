"""Words of the caption that the model does not know, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtWidgets import QToolButton, QWidget

from nigdt_plugin.core import german
from nigdt_plugin.ui.widgets import FlowLayout, isolated, label

_MOST = 3


class UnknownWords(QWidget):
    """Offers known words for unknown ones, to be clicked.

    Args:
        replace: Writes the second word in place of the first.

    Attributes:
        chips: The buttons with known words, in order.
    """

    def __init__(self, replace: Callable[[str, str], None]) -> None:
        super().__init__()
        self._replace = replace
        self.chips: list[QToolButton] = []
        self._flow = FlowLayout()
        self.setLayout(self._flow)
        self.hide()

    def show_words(self, unknown: Sequence[tuple[str, Sequence[str]]], width: int) -> None:
        """Show unknown words, each with the nearest known ones, in a box so many pixels wide."""
        self._flow.clear()
        self.chips.clear()
        for word, nearest in unknown[:_MOST]:
            translated = german.english(word)
            text = (
                self.tr("“{word}”: captions are written in English.")
                if translated
                else self.tr("“{word}” is not known.")
            )
            self._flow.addWidget(label(text.format(word=isolated(word)), "muted"))
            for known in [translated] if translated else nearest:
                chip = QToolButton()
                chip.setText(known)
                chip.setProperty("chip", True)
                chip.setAccessibleName(
                    self.tr("Write {known} instead of {word}").format(known=known, word=word)
                )
                chip.clicked.connect(
                    lambda _checked=False, word=word, known=known: self._replace(word, known)
                )
                self.chips.append(chip)
                self._flow.addWidget(chip)
        self.setVisible(bool(unknown))
        self.fit(width)

    def fit(self, width: int) -> None:
        """Be as high as the words need in a box so many pixels wide."""
        if not self.isHidden():
            self.setFixedHeight(self._flow.heightForWidth(max(200, width)))
