"""By how much a selection is grown before what it holds is removed."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QWidget

from nigdt.limits import GROW
from nigdt_plugin.core.presets import GROW_MAX
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.widgets import label, show_value, slider


class GrowRow(QWidget):
    """A slider with its value; the lowest place chooses by itself.

    Signals:
        changed: Another number of pixels is wanted.
    """

    changed = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        name = label(self.tr("Grow"), "muted")
        self.slider = slider(self.tr("Grow"), -1, GROW_MAX, session.settings.grow, self._changed)
        self.slider.setToolTip(
            self.tr("Moves the edge outwards, so that no rim of the object stays; used by the next fill")
        )
        name.setBuddy(self.slider)
        self._value = label("")
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        widest = max(self._text(-1), self._text(GROW_MAX), key=len)
        self._value.setFixedWidth(self.fontMetrics().horizontalAdvance(widest) + 6)
        row.addWidget(name)
        row.addWidget(self.slider, 1)
        row.addWidget(self._value)
        self._value.setText(self._text(self.slider.value()))

    def _text(self, pixels: int) -> str:
        if pixels < 0:
            return self.tr("automatic ({pixels} px)").format(pixels=GROW["remove"])
        return f"{pixels} px"

    def refresh(self) -> None:
        """Show what was set elsewhere."""
        show_value(self.slider, self.session.settings.grow)
        self._value.setText(self._text(self.slider.value()))

    def _changed(self, value: int) -> None:
        self.session.settings.grow = value
        self._value.setText(self._text(value))
        if self.session.filling is not None:
            self.session.filling.set_recipe(self.session.settings.recipe())
            self.session.fills()
        self.changed.emit()
