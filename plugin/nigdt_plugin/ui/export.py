"""Export: format, quality and size of a picture to give away."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from nigdt.photo.export import EXPORT_SUFFIXES, export_suffix
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui.widgets import button, decision, label, slider

_LARGEST = 65_500


class ExportDialog(QDialog):
    """Asks for quality and size; `target` is the file that was chosen then."""

    def __init__(self, settings: Settings, document: Document, folder: Path, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.settings = settings
        self._folder, self._document = folder, document
        self.target: Path | None = None
        self.setWindowTitle(self.tr("Export"))
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        self._quality_text = label("")
        self.quality: QSlider = slider(self.tr("Quality"), 30, 100, settings.export_quality, self._show)
        self.quality.setMinimumWidth(220)
        self._row(column, self.tr("Quality"), self.quality, self._quality_text)
        self.longest = QSpinBox()
        self.longest.setRange(0, _LARGEST)
        self.longest.setSingleStep(256)
        self.longest.setSuffix(" px")
        self.longest.setSpecialValueText(self.tr("as it is"))
        self.longest.setValue(settings.export_longest)
        self.longest.valueChanged.connect(self._show)
        self._size_text = label("", "muted")
        self._row(column, self.tr("Longer side at most"), self.longest, self._size_text)
        text = self.tr("JPEG, WebP, AVIF and PNG in 8 bits. EXIF and colour profile are kept.")
        column.addWidget(label(text, "hint", wrap=True))
        export = button(self.tr("Export …"), self._choose, primary=True)
        column.addLayout(decision(button(self.tr("Cancel"), self.reject), export))
        self._show()

    def _row(self, column: QVBoxLayout, text: str, field: QWidget, beside: QWidget) -> None:
        row = QHBoxLayout()
        name = label(text)
        name.setMinimumWidth(150)
        name.setBuddy(field)
        field.setAccessibleName(text)
        for part, stretch in ((name, 0), (field, 1), (beside, 0)):
            row.addWidget(part, stretch)
        column.addLayout(row)

    def _show(self, _value: int = 0) -> None:
        self._quality_text.setText(f"{self.quality.value()} %")
        width, height = self._document.width, self._document.height
        scale = min(1.0, (self.longest.value() or _LARGEST) / max(width, height))
        self._size_text.setText(f"{max(1, round(width * scale))} x {max(1, round(height * scale))}")

    def _choose(self) -> None:
        path = self._document.near or Path(self.tr("picture.png"))
        suggested = self._folder / f"{path.stem}-{self.tr('export')}{export_suffix(path)}"
        patterns = " ".join(f"*{suffix}" for suffix in EXPORT_SUFFIXES)
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Export"), str(suggested), f"{self.tr('Pictures')} ({patterns})"
        )
        if name:
            target = Path(name)
            self.target = target if target.suffix else target.with_suffix(".jpg")
            self.settings.export_quality = self.quality.value()
            self.settings.export_longest = self.longest.value()
            self.accept()
