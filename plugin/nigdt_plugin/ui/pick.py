"""Choosing a picture's file, with a small picture of the file that is pointed at."""

from __future__ import annotations

from pathlib import Path

from PyQt6 import sip
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QImage, QPixmap
from PyQt6.QtWidgets import QFileDialog, QGridLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from nigdt.files import is_file
from nigdt_plugin.core.glance import Glance, glance
from nigdt_plugin.core.tasks import Tasks
from nigdt_plugin.ui.language import number
from nigdt_plugin.ui.widgets import fit_screen, label

_SIDE = 240


class PictureDialog(QFileDialog):
    """The system's own dialog where it has one, as those show pictures themselves; else Qt's, with a preview.

    Args:
        tasks: Threads that read the files.
        title: Of the dialog.
        folder: Where to begin; empty for the current one.
        patterns: Which files are shown.
        parent: The window.
    """

    def __init__(self, tasks: Tasks, title: str, folder: str, patterns: str, parent: QWidget) -> None:
        super().__init__(parent, title, folder, patterns)
        self._tasks = tasks
        self._wanted: Path | None = None
        self.setFileMode(QFileDialog.FileMode.ExistingFile)
        self.setOption(QFileDialog.Option.HideNameFilterDetails)
        self.picture = QLabel(self.tr("Preview"))
        self.picture.setFixedSize(_SIDE, _SIDE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setProperty("role", "well")
        self.picture.setAccessibleName(self.tr("Preview"))
        self.facts = label("", "muted", wrap=True)
        layout = self.layout()
        if isinstance(layout, QGridLayout):  # Qt's own; the system's has none
            side = QWidget()
            column = QVBoxLayout(side)
            column.setContentsMargins(8, 0, 0, 0)
            column.addWidget(self.picture)
            column.addWidget(self.facts)
            column.addStretch(1)
            layout.addWidget(side, 1, layout.columnCount())
            fit_screen(self, 940, 560)
            self.currentChanged.connect(self._look)
            field = self.findChild(QLineEdit, "fileNameEdit")
            if field is not None:
                field.textChanged.connect(self._typed)

    @classmethod
    def ask(cls, tasks: Tasks, title: str, folder: str, patterns: str, parent: QWidget) -> Path | None:
        """Let the user choose a file; None if they choose none."""
        dialog = cls(tasks, title, folder, patterns, parent)
        chosen = dialog.exec() == QFileDialog.DialogCode.Accepted
        files = dialog.selectedFiles()
        dialog.deleteLater()
        return Path(files[0]) if chosen and files else None

    def _typed(self, name: str) -> None:
        """Show a file whose name is typed instead of pointed at."""
        path = self.directory().absoluteFilePath(name)
        if name and is_file(path) and Path(path) != self._wanted:
            self._look(path)

    def _look(self, name: str) -> None:
        """Show a file as soon as it is read; only the last one pointed at is."""
        path = self._wanted = Path(name)
        self.picture.clear()
        self.facts.clear()
        if not path.is_file():
            return
        self.picture.setText("…")
        pixels = round(_SIDE * self.devicePixelRatioF())

        def work() -> Glance | None:
            return glance(path, pixels) if self._wanted is path else None

        def show(found: Glance | None) -> None:
            if not sip.isdeleted(self) and self._wanted is path:
                self._show(found)

        self._tasks.run(work, show)

    def _show(self, found: Glance | None) -> None:
        if found is None:
            self.picture.setText(self.tr("No preview"))
            return
        height, width = found.rgb.shape[:2]
        image = QImage(found.rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        pixmap = QPixmap.fromImage(image)
        ratio = self.devicePixelRatioF()
        room, keep = QSize(_SIDE, _SIDE) * ratio, Qt.AspectRatioMode.KeepAspectRatio
        if width > room.width() or height > room.height():
            pixmap = pixmap.scaled(room, keep, Qt.TransformationMode.SmoothTransformation)
        pixmap.setDevicePixelRatio(ratio)
        self.picture.setPixmap(pixmap)
        size = self.tr("{size} MB").format(size=number(found.bytes / 1e6))
        if found.size is not None:
            size = f"{found.size[0]} \u00d7 {found.size[1]}  \u00b7  {size}"
        self.facts.setText(size)
