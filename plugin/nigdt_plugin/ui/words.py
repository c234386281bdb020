"""Words that drew it: each word tinted by what it changed; over a word, the fill without it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QObject, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QImage, QPixmap
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from nigdt.context import Context
from nigdt_plugin.core import heat
from nigdt_plugin.core.fills import Candidate
from nigdt_plugin.ui.theme import DARK, Theme
from nigdt_plugin.ui.widgets import FlowLayout, label

_SIDE = 112
_SEEN = 1.0
"""Grey levels of 255 from which on a change counts as one."""


class WordsView(QWidget):
    """One chip per word, and where the word pointed at changed the fill.

    Signals:
        pointed: A word is pointed at or has the focus; its index, -1 for none.
    """

    pointed = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme: Theme = DARK
        self._fill: Candidate | None = None
        self._context: Context | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(6)
        self._holder = QWidget()
        self._flow = FlowLayout()
        self._holder.setLayout(self._flow)
        column.addWidget(self._holder)
        row = QHBoxLayout()
        row.setSpacing(10)
        self.where = QLabel()
        self.where.setFixedSize(_SIDE, _SIDE)
        self.where.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row.addWidget(self.where)
        self.hint = label("", "hint", wrap=True)
        row.addWidget(self.hint, 1)
        column.addLayout(row)
        self.chips: list[QToolButton] = []

    def show_words(self, fill: Candidate | None, context: Context | None) -> None:
        """Show what each word did to a fill in its context."""
        self._fill, self._context = fill, context
        self._flow.clear()
        self.chips = []
        words = fill.words if fill is not None else ()
        strongest = max((word.change for word in words), default=0.0)
        for word in words:
            chip = QToolButton()
            chip.setText(word.word)
            chip.setAccessibleName(self._told(word.word, word.change, word.known))
            chip.setStyleSheet(
                self._style(word.change / strongest if strongest >= _SEEN else 0.0, word.known)
            )
            chip.installEventFilter(self)
            chip.setProperty("chip", True)
            self.chips.append(chip)
            self._flow.addWidget(chip)
        if words:
            self._holder.setFixedHeight(self._flow.heightForWidth(max(200, self.width())))
        self._holder.setVisible(bool(words))
        self._rest()

    def _told(self, word: str, change: float, known: bool) -> str:
        if not known:
            return self.tr("{word}: the model does not know it").format(word=word)
        if change < _SEEN:
            return self.tr("{word}: without it the fill is the same").format(word=word)
        return self.tr("{word}: without it the fill differs by {change} of 255 levels").format(
            word=word, change=round(change)
        )

    def _rest(self) -> None:
        """Say what there is to see while no word is pointed at."""
        words = self._fill.words if self._fill is not None else ()
        self.where.setVisible(bool(words))
        if self._fill is None:
            self.hint.setText(self.tr("Choose a fill to see which words drew it."))
        elif not words:
            self.hint.setText(self.tr("Looking …"))
        elif max(word.change for word in words) < _SEEN:
            self.hint.setText(self.tr("No single word changed this fill."))
        else:
            self.hint.setText(self.tr("Point at a word: the photo shows the fill without it."))
        if words and self._fill is not None and self._context is not None:
            self._show_where(heat.of_fill(self._context, self._fill))

    def _point(self, index: int) -> None:
        assert self._fill is not None
        assert self._context is not None
        word = self._fill.words[index]
        self._show_where(heat.of_word(self._context, self._fill, word))
        self.hint.setText(self._told(word.word, word.change, word.known))
        self.pointed.emit(index)

    def _show_where(self, pixels: NDArray[np.uint8]) -> None:
        height, width = pixels.shape[:2]
        image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        ratio = self.devicePixelRatioF()
        picture = QPixmap.fromImage(image).scaled(
            QSize(round(_SIDE * ratio), round(_SIDE * ratio)),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        picture.setDevicePixelRatio(ratio)
        self.where.setPixmap(picture)

    def _style(self, weight: float, known: bool) -> str:
        back, tint = QColor(self.theme.raised), QColor(self.theme.selection)
        mixed = [
            round(a + (b - a) * 0.85 * weight)
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
                self._point(self.chips.index(a0))
            elif a1.type() in (QEvent.Type.Leave, QEvent.Type.FocusOut):
                self._rest()
                self.pointed.emit(-1)
        return super().eventFilter(a0, a1)
