"""Extending the canvas: how far, on which sides."""

from __future__ import annotations

from PyQt6.QtWidgets import QDialog, QFormLayout, QSpinBox, QVBoxLayout, QWidget

from nigdt_plugin.core.geometry import Region
from nigdt_plugin.ui.widgets import button, decision, form_row, label

_FRACTION = 8  # of the photo's side that is suggested


class ExtendDialog(QDialog):
    """Asks for the pixels to add on each side."""

    def __init__(self, width: int, height: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = width, height
        self.setWindowTitle(self.tr("Extend the canvas"))
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        form = QFormLayout()
        self.sides: list[QSpinBox] = []
        for name, side in (
            (self.tr("Left"), width),
            (self.tr("Top"), 0),
            (self.tr("Right"), width),
            (self.tr("Bottom"), 0),
        ):
            field = QSpinBox()
            field.setRange(0, 4 * max(width, height))
            field.setSuffix(" px")
            field.setValue(side // _FRACTION)
            field.setAccessibleName(name)
            form_row(form, name, field)
            self.sides.append(field)
        column.addLayout(form)
        text = self.tr("The new border is filled with what continues the photo, as Remove does.")
        column.addWidget(label(text, "hint", wrap=True))
        extend = button(self.tr("Extend"), self.accept, primary=True)
        column.addLayout(decision(button(self.tr("Cancel"), self.reject), extend))

    @property
    def region(self) -> Region:
        """The new canvas in pixels of the photo as it is."""
        left, top, right, bottom = (field.value() for field in self.sides)
        width, height = self._size
        return Region(-left, -top, width + right, height + bottom)
