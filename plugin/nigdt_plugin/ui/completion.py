"""The words that are offered while one is typed: a plain list that leaves mouse and focus alone."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QListWidget, QListWidgetItem, QWidget

_FRAME = 8
_SCREEN_EDGE = 8


class WordList(QListWidget):
    """A child of the window, beside the text and never over a button.

    A popup window would take the next click wherever it goes. This list takes only those on its own words.
    """

    def __init__(self, text: QWidget) -> None:
        super().__init__(text)
        self._text = text
        self.setObjectName("completion")
        self.setAccessibleName(self.tr("Words to choose from"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hide()

    @property
    def words(self) -> list[str]:
        """What is offered."""
        return [item.text() for item in map(self.item, range(self.count())) if item is not None]

    @property
    def chosen(self) -> str:
        """The word that the arrow keys stand on, empty for none."""
        item: QListWidgetItem | None = self.currentItem()
        return item.text() if item is not None else ""

    def step(self, by: int) -> None:
        """Go to the next word or the one before, round and round."""
        row = self.currentRow()
        start = row if row >= 0 else (-1 if by > 0 else 0)
        self.setCurrentRow((start + by) % self.count())

    def offer(self, words: Sequence[str], line: QPoint) -> None:
        """Show words, none of them chosen.

        Args:
            words: At least one.
            line: Where the line of text begins, in the text field.
        """
        window = self._text.window()
        assert window is not None
        if self.parent() is not window:
            self.setParent(window)
        self.clear()
        self.addItems(words)
        self.setCurrentRow(-1)
        width = self.sizeHintForColumn(0) + 2 * _FRAME
        height = self.sizeHintForRow(0) * self.count() + _FRAME
        self.resize(width, height)
        # To the left of the text: below it are the buttons.
        corner = self._text.mapTo(window, QPoint(0, line.y()))
        lowest = max(_SCREEN_EDGE, window.height() - height - _SCREEN_EDGE)
        self.move(max(_SCREEN_EDGE, corner.x() - width - _SCREEN_EDGE), min(corner.y(), lowest))
        self.show()
        self.raise_()
