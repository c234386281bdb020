"""Train on my photos: runs ``nigdt train photos`` and shows how it goes."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QProcess, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QPixmap
from PyQt6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from nigdt.bundle import valid_name
from nigdt_plugin.core import models, training
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.widgets import button, label

_STOP_MS = 20_000


class TrainDialog(QDialog):
    """Folder, name, progress, samples; stop and go on; ends with the new model chosen.

    Signals:
        trained: The new model's name.
    """

    trained = pyqtSignal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle(self.tr("Train on my photos"))
        self.resize(560, 600)
        self.process: QProcess | None = None
        self._buffer = b""
        self._errors = b""
        self._stopping = False
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        text = self.tr(
            "Give a folder of photos with captions: beside each photo a text file of the same name,"
            " one caption per line."
        )
        column.addWidget(label(text, "muted", wrap=True))
        self.folder = self._field(column, self.tr("Folder"))
        browse = button(self.tr("Choose …"), self._browse)
        self._rows[-1].addWidget(browse)
        self.name = self._field(column, self.tr("Name of the model"))
        self.folder.textChanged.connect(self._suggest)
        self.state = label("", wrap=True)
        column.addWidget(self.state)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(self.tr("Training progress"))
        self.bar.setRange(0, 1)
        column.addWidget(self.bar)
        self.sheet = QLabel()
        self.sheet.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sheet.setMinimumHeight(220)
        self.sheet.setProperty("role", "well")
        self.sheet.setText(self.tr("Samples appear here while it learns."))
        self.sheet.setAccessibleName(self.tr("Samples"))
        column.addWidget(self.sheet, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        self.close_button = button(self.tr("Close"), self.close)
        self.start_button = button(self.tr("Start"), self.start_or_stop, primary=True)
        row.addWidget(self.close_button)
        row.addWidget(self.start_button)
        column.addLayout(row)
        self._refresh()
        self.name.textChanged.connect(lambda _text: self._refresh())

    _rows: list[QHBoxLayout]

    def _field(self, column: QVBoxLayout, text: str) -> QLineEdit:
        row = QHBoxLayout()
        name, edit = label(text), QLineEdit()
        name.setFixedWidth(140)
        name.setBuddy(edit)
        edit.setAccessibleName(text)
        row.addWidget(name)
        row.addWidget(edit, 1)
        column.addLayout(row)
        self._rows = [*getattr(self, "_rows", []), row]
        return edit

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of photos"), self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _suggest(self, folder: str) -> None:
        taken = [info.name for info in models.available()]
        self.name.setText(training.suggested_name(Path(folder), taken) if folder else "")
        self._refresh()

    @property
    def running(self) -> bool:
        """Whether the training goes on."""
        return self.process is not None

    def _refresh(self) -> None:
        ready = Path(self.folder.text()).is_dir() and valid_name(self.name.text())
        self.start_button.setEnabled(self.running or (bool(self.folder.text()) and ready))
        self.start_button.setText(self.tr("Stop") if self.running else self.tr("Start"))
        self.folder.setEnabled(not self.running)
        self.name.setEnabled(not self.running)

    def start_or_stop(self) -> None:
        """What the large button does; a stopped training goes on where it was."""
        if self.process is not None:
            self._stopping = True
            self.state.setText(self.tr("Stopping …"))
            self.process.terminate()
            return
        program, *arguments = training.command(
            Path(self.folder.text()), self.name.text(), self.session.settings.model
        )
        self.process = QProcess(self)
        self._buffer = self._errors = b""
        self._stopping = False
        self.process.readyReadStandardOutput.connect(self._read)
        self.process.readyReadStandardError.connect(self._read_errors)
        self.process.finished.connect(self._finished)
        self.process.errorOccurred.connect(self._broken)
        self.bar.setRange(0, 0)
        self.state.setText(self.tr("Starting …"))
        self.process.start(program, arguments)
        self._refresh()

    def _read(self) -> None:
        assert self.process is not None
        self._buffer += self.process.readAllStandardOutput().data()
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            progress = training.parse(line.decode("utf-8", "replace"))
            if progress is not None:
                self._show(progress)

    def _read_errors(self) -> None:
        assert self.process is not None
        self._errors = (self._errors + self.process.readAllStandardError().data())[-4000:]

    def _show(self, progress: training.Progress) -> None:
        if progress.step is not None and progress.steps:
            self.bar.setRange(0, progress.steps)
            self.bar.setValue(progress.step)
            parts = [self.tr("Step {step} of {steps}").format(step=progress.step, steps=progress.steps)]
            if progress.loss is not None:
                parts.append(self.tr("loss {loss}").format(loss=f"{progress.loss:.3f}"))
            if progress.eta is not None:
                hours, minutes = training.duration(progress.eta)
                left = self.tr("{hours} h {minutes} min to go").format(hours=hours, minutes=minutes)
                parts.append(left if hours else self.tr("{minutes} min to go").format(minutes=minutes))
            self.state.setText("  ·  ".join(parts))
        elif progress.message:
            self.state.setText(progress.message)
        if progress.sheet is not None:
            pixmap = QPixmap(str(progress.sheet))
            if not pixmap.isNull():
                mode = Qt.TransformationMode.SmoothTransformation
                shape = Qt.AspectRatioMode.KeepAspectRatio
                self.sheet.setPixmap(pixmap.scaled(self.sheet.size(), shape, mode))

    def _finished(self, code: int) -> None:
        self._end()
        if code == 0 and not self._stopping:
            self.bar.setRange(0, 1)
            self.bar.setValue(1)
            self.state.setText(self.tr("Done. The new model is chosen."))
            self.session.choose_model(self.name.text())
            self.trained.emit(self.name.text())
        elif self._stopping:
            self.state.setText(self.tr("Stopped. Start goes on from here."))
        else:
            lines = [line for line in self._errors.decode("utf-8", "replace").splitlines() if line.strip()]
            self.state.setText(
                lines[-1] if lines else self.tr("The training ended with error {code}.").format(code=code)
            )

    def _broken(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end()
            self.state.setText(self.tr("The training cannot be started. Is the training extra installed?"))

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.deleteLater()
        self.bar.setRange(0, 1)
        self._refresh()

    def closeEvent(self, a0: QCloseEvent | None) -> None:
        """A training does not outlive its window; it can go on another time."""
        if self.process is not None:
            self._stopping = True
            process = self.process
            process.terminate()
            if not process.waitForFinished(_STOP_MS):
                process.kill()
                process.waitForFinished(2_000)
        super().closeEvent(a0)
