"""Several captions side by side on the same hole."""

from __future__ import annotations

from functools import partial

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QIcon
from PyQt6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nigdt.limits import CAPTION_CHARS
from nigdt.recipe import Variant
from nigdt_plugin.core import captions, models
from nigdt_plugin.core.fills import Candidate
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.strip import thumbnail
from nigdt_plugin.ui.widgets import button, label, plain_tip

_SIDE = 208
_COLUMNS = 3
_MOST = 9
_OFFERED = 6
_USED = 3


class CompareDialog(QDialog):
    """Begins at once with the present caption, those used last, and other colours; a click takes one."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle(self.tr("Several captions side by side"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 18, 18, 18)
        row.setSpacing(18)
        left = QVBoxLayout()
        heading = label(self.tr("One caption per line"), "heading")
        self.captions = QPlainTextEdit()
        self.captions.setAccessibleName(self.tr("Captions"))
        self.captions.setTabChangesFocus(True)
        self.captions.setMinimumWidth(230)
        heading.setBuddy(self.captions)
        left.addWidget(heading)
        left.addWidget(self.captions, 1)
        left.addWidget(
            label(
                self.tr("All are drawn from the same seed, so that only the words differ."), "hint", wrap=True
            )
        )
        self.fill_button = button(self.tr("Fill all"), self.fill, primary=True)
        left.addWidget(self.fill_button)
        row.addLayout(left)
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        row.addLayout(self._grid, 1)
        self.tiles: list[QToolButton] = []
        self._asked: list[str] = []
        self.captions.setPlainText("\n".join(self._offer()))
        session.fills.connect(self._show)
        self.finished.connect(lambda _result: session.fills.disconnect(self._show))
        self.resize(980, 560)
        self.fill()

    def _offer(self) -> list[str]:
        settings, present = self.session.settings, self.session.caption
        vocabulary = models.vocabulary(models.find(settings.model))
        kept = [preset.caption for preset in settings.presets]
        used = [present, *kept, *settings.captions[:_USED]]
        offered = (*used, *captions.variations(present, vocabulary, _OFFERED), *settings.captions[_USED:])
        return list(dict.fromkeys(caption for caption in offered if caption))[:_OFFERED]

    def fill(self) -> None:
        """Ask for one fill of each caption."""
        lines = [" ".join(line.split())[:CAPTION_CHARS] for line in self.captions.toPlainText().splitlines()]
        self._asked = list(dict.fromkeys(line for line in lines if line))[:_MOST]
        for tile in self.tiles:
            tile.hide()
            tile.deleteLater()
        self.tiles = []
        for position, caption in enumerate(self._asked):
            tile = QToolButton()
            tile.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            tile.setIconSize(QSize(_SIDE, _SIDE))
            tile.setFixedSize(_SIDE + 16, _SIDE + 44)
            tile.setText(tile.fontMetrics().elidedText(caption, Qt.TextElideMode.ElideRight, _SIDE))
            tile.setToolTip(plain_tip(caption))
            tile.setAccessibleName(caption)
            tile.setProperty("role", "well")
            tile.setEnabled(False)
            self._grid.addWidget(tile, position // _COLUMNS, position % _COLUMNS)
            self.tiles.append(tile)
        if self._asked and self.session.filling is not None:
            self.session.filling.compare(self._asked)

    def _show(self) -> None:
        filling = self.session.filling
        if filling is None or filling.round is None:
            return
        for caption, tile in zip(self._asked, self.tiles, strict=True):
            alike = (it for it in filling.round.fills if it.caption == caption and it.variant == Variant())
            fill = next(alike, None)
            if fill is not None and tile.property("fill") != fill.id:
                tile.setProperty("fill", fill.id)
                tile.setIcon(QIcon(thumbnail(filling.round.context, fill, 2 * _SIDE)))
                tile.setEnabled(True)
                tile.clicked.connect(partial(self._take, fill))

    def _take(self, fill: Candidate, _checked: bool = False) -> None:
        if self.session.filling is not None:
            self.session.caption = fill.caption
            self.session.filling.choose(fill)
        self.accept()
