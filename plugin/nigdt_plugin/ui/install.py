"""Installing a part of the program that is wanted and not there yet."""

from __future__ import annotations

from PyQt6.QtCore import QProcess, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from nigdt_plugin.core import extras
from nigdt_plugin.core.training import reason
from nigdt_plugin.ui.widgets import button, label

_STEP = "==> "
"""How the installer begins the name of a step."""
_LONGEST = 120
"""Characters of a line that are shown, of which two lines have room for so many."""


class InstallDialog(QDialog):
    """Runs the installer, shows what it does, and closes when all is there.

    Signals:
        installed: The part can be used now.
    """

    installed = pyqtSignal()

    def __init__(self, extra: str, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.extra = extra
        self.setWindowTitle(what)
        self.setMinimumWidth(460)
        self._output = b""
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        self.state = self._lines(self.tr("Installing …"))
        column.addWidget(self.state)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName(self.tr("Progress of the installation"))
        column.addWidget(self.bar)
        self.detail = self._lines("", "hint")
        column.addWidget(self.detail)
        row = QHBoxLayout()
        row.addStretch(1)
        self.close_button = button(self.tr("Cancel"), self.close)
        row.addWidget(self.close_button)
        column.addLayout(row)
        self.process = QProcess(self)
        self.process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        self.process.readyReadStandardOutput.connect(self._read)
        self.process.finished.connect(lambda code, _status: self._finished(code))
        self.process.errorOccurred.connect(self._broken)
        program, *arguments = extras.install_command(extra)
        self.process.start(program, arguments)

    @staticmethod
    def _lines(text: str, role: str = "") -> QLabel:
        """Make a label with room for two lines, or a longer text would be cut off."""
        made = label(text, role, wrap=True)
        made.setMinimumHeight(2 * made.fontMetrics().lineSpacing())
        made.setAlignment(Qt.AlignmentFlag.AlignTop)
        return made

    def _read(self) -> None:
        self._output = (self._output + self.process.readAllStandardOutput().data())[-20_000:]
        lines = [line.strip() for line in self._output.decode("utf-8", "replace").splitlines()]
        steps = [line.removeprefix(_STEP) for line in lines if line.startswith(_STEP)]
        if steps:
            self.state.setText(steps[-1])
        said = (line[:_LONGEST] for line in reversed(lines) if line and not line.startswith(_STEP))
        self.detail.setText(next(said, ""))

    def _finished(self, code: int) -> None:
        if code == 0 and extras.installed(self.extra):
            self.accept()
            self.installed.emit()
        else:
            self._failed(reason(self._output.decode("utf-8", "replace")))

    def _broken(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._failed(self.process.errorString())

    def _failed(self, why: str) -> None:
        self.bar.setRange(0, 1)
        self.state.setText(self.tr("It could not be installed."))
        self.detail.setText(why)
        self.close_button.setText(self.tr("Close"))

    def closeEvent(self, a0: QCloseEvent | None) -> None:
        self._stop()
        super().closeEvent(a0)

    def reject(self) -> None:
        self._stop()
        super().reject()

    def _stop(self) -> None:
        """Give up; the installer goes on from there the next time."""
        if self.process.state() != QProcess.ProcessState.NotRunning:
            self.process.blockSignals(True)
            self.process.terminate()
            if not self.process.waitForFinished(2_000):
                self.process.kill()
                self.process.waitForFinished(1_000)
