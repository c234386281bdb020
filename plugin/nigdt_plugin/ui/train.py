"""Train on my photos: runs `nigdt train photos` and shows how it goes."""

from __future__ import annotations

import sys
from pathlib import Path

from PyQt6.QtCore import QProcess, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QPixmap, QResizeEvent
from PyQt6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from nigdt.bundle.bundle import user_bundles_folder, valid_name
from nigdt.files import is_folder
from nigdt_plugin.core import models, training
from nigdt_plugin.core.files import typed_path
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.verdict import VerdictBox
from nigdt_plugin.ui.widgets import button, fit_screen, label

_STOP_MS = 20_000
"""How long a training may take to write its checkpoint before it is ended; then the last one counts."""
_WORDS = 8
"""New words that are named; of others only the number is told."""


class TrainDialog(QDialog):
    """Folder, name, progress, samples; stop and go on; at the end the verdict, and whether the model is kept.

    Signals:
        trained: The new model is kept; its name.
    """

    trained = pyqtSignal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setWindowTitle(self.tr("Train on my photos"))
        fit_screen(self, 620, 720)
        self.process: QProcess | None = None
        self._buffer = b""
        self._errors = b""
        self._stopping = False
        self._leaving = False
        self._verdict: training.Verdict | None = None
        self._named = False  # by the user, so that another folder does not change it
        self._told: dict[str, str] = {}
        self._picture = QPixmap()
        self._compose()
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_STOP_MS)
        self._patience.timeout.connect(self._end_at_once)
        self._refresh()

    def _compose(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        text = self.tr(
            "Give a folder of photos with captions: beside each photo a text file of the same name,"
            " one caption per line."
        )
        column.addWidget(label(text, "muted", wrap=True))
        self.folder, self.name, self.steps = QLineEdit(), QLineEdit(), QSpinBox()
        browse = button(self.tr("Choose …"), self._browse)
        self._row(column, self.tr("Folder"), self.folder, browse)
        self._row(column, self.tr("Name of the model"), self.name)
        self.steps.setRange(1, 1_000_000)
        self.steps.setSingleStep(500)
        self.steps.setValue(training.STEPS)
        self.steps.setToolTip(self.tr("It ends earlier when it no longer gets better."))
        self._row(column, self.tr("Steps at most"), self.steps)
        self.folder.textChanged.connect(self._suggest)
        self.name.textChanged.connect(lambda _text: self._refresh())
        self.name.textEdited.connect(self._name_edited)
        self.state = label("", wrap=True)
        column.addWidget(self.state)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(self.tr("Training progress"))
        self.bar.setRange(0, 1)
        column.addWidget(self.bar)
        self.detail = label("", "hint", wrap=True)
        column.addWidget(self.detail)
        self.sheet = QLabel()
        self.sheet.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sheet.setProperty("role", "well")
        self.sheet.setText(self.tr("Samples appear here while it learns."))
        self.sheet.setAccessibleName(self.tr("Samples"))
        self.sheet.setToolTip(self.tr("From the top: what it saw, the fill before, the fill now, the photo."))
        self.sheets = QScrollArea()
        self.sheets.setWidget(self.sheet)
        self.sheets.setWidgetResizable(True)
        self.sheets.setMinimumHeight(220)
        self.sheets.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(self.sheets, 1)
        self.verdict = VerdictBox(self.session)
        self.verdict.kept.connect(self._kept)
        self.verdict.dropped.connect(self._dropped)
        self.verdict.freed.connect(self._refresh)
        column.addWidget(self.verdict)
        row = QHBoxLayout()
        row.addStretch(1)
        self.close_button = button(self.tr("Close"), self.close)
        self.start_button = button(self.tr("Start"), self.start_or_stop, primary=True)
        row.addWidget(self.close_button)
        row.addWidget(self.start_button)
        column.addLayout(row)

    def _row(self, column: QVBoxLayout, text: str, field: QWidget, beside: QWidget | None = None) -> None:
        row = QHBoxLayout()
        name = label(text)
        name.setFixedWidth(140)
        name.setBuddy(field)
        field.setAccessibleName(text)
        row.addWidget(name)
        row.addWidget(field, 1)
        if beside is not None:
            row.addWidget(beside)
        column.addLayout(row)

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of photos"), self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _name_edited(self, text: str) -> None:
        self._named = bool(text)

    def _suggest(self, folder: str) -> None:
        if not self._named:
            taken = [info.name for info in models.available()]
            self.name.setText(training.suggested_name(typed_path(folder), taken) if folder else "")
        self._refresh()

    @property
    def running(self) -> bool:
        """Whether the training goes on."""
        return self.process is not None

    def _refresh(self) -> None:
        folder, name = str(typed_path(self.folder.text())) if self.folder.text() else "", self.name.text()
        taken = any(info.name == name for info in models.available())
        ready = bool(folder) and is_folder(folder) and valid_name(name) and not taken
        going_on = training.interrupted(Path(folder), name) if ready else None
        self.start_button.setEnabled((self.running and not self._stopping) or (ready and not self.running))
        start = self.tr("Start") if going_on is None else self.tr("Go on")
        self.start_button.setText(self.tr("Stop") if self.running else start)
        for field in (self.folder, self.name):
            field.setEnabled(not self.running)
        self.steps.setEnabled(not self.running and going_on is None)
        if going_on is not None:
            self.steps.setValue(going_on)
        if not self.running and self._verdict is None:
            self.detail.setText(self._hindrance(folder, name, taken=taken))

    def _hindrance(self, folder: str, name: str, *, taken: bool) -> str:
        """Return why it cannot be started as it is; empty if it can, or if nothing was typed yet."""
        if folder and not is_folder(folder):
            return self.tr("There is no such folder.")
        if taken:
            return self.tr("There is a model of this name already.")
        if name and not valid_name(name):
            return self.tr("A name is made of letters, digits, dots and dashes.")
        return ""

    def start_or_stop(self) -> None:
        """Start or stop; a stopped training goes on where it was."""
        if self.process is not None:
            self._stop()
            return
        self._verdict = None
        self.verdict.clear()
        program, *arguments = training.command(
            typed_path(self.folder.text()), self.name.text(), self.session.settings.model, self.steps.value()
        )
        self.process = QProcess(self)
        self._buffer = self._errors = b""
        self._stopping = False
        self._told.clear()
        self.process.readyReadStandardOutput.connect(self._read)
        self.process.readyReadStandardError.connect(self._read_errors)
        self.process.finished.connect(self._finished)
        self.process.errorOccurred.connect(self._broken)
        self.bar.setRange(0, 0)
        self.state.setText(self.tr("Starting …"))
        self.detail.clear()
        self.process.start(program, arguments)
        self._refresh()

    def _stop(self) -> None:
        """Let the training write a checkpoint and end."""
        if self.process is not None and not self._stopping:
            self._stopping = True
            self.state.setText(self.tr("Stopping …"))
            if sys.platform == "win32":  # a process without a window cannot be asked there
                self.process.kill()
            else:
                self.process.terminate()
                self._patience.start()
            self._refresh()

    def _end_at_once(self) -> None:
        if self.process is not None:
            self.process.kill()

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
            if not self._stopping:
                self.state.setText("  ·  ".join(self._where(progress)))
        self._tell(progress)
        self._verdict = progress.verdict or self._verdict
        if progress.sheet is not None:
            picture = QPixmap(str(progress.sheet))
            if not picture.isNull():
                self._picture = picture
                self._fit_sheet()

    def _tell(self, progress: training.Progress) -> None:
        """Say what is learnt, and what that has brought so far."""
        if progress.usable is not None:
            text = self.tr("%n photo(s) to learn from.", "", progress.usable)
            if progress.skipped:
                text += " " + self.tr("%n cannot be used.", "", progress.skipped)
            self._told["photos"] = text
            if not self._stopping:
                self.state.setText(self.tr("Filling parts of your photos without training, to compare …"))
        if progress.subject:
            text = self.tr("It learns the shape of what they show: {words}.")
            self._told["subject"] = text.format(words=", ".join(progress.subject))
        if progress.cut_outs:
            text = self.tr("It keeps %n piece(s) of them: whoever gets it sees these.", "", progress.cut_outs)
            self._told["cut_outs"] = text
        if progress.words:
            more = len(progress.words) - _WORDS
            text = self.tr("New words: {words}.")
            if more > 0:
                text = self.tr("New words: {words} and %n more.", "", more)
            self._told["words"] = text.format(words=", ".join(progress.words[:_WORDS]))
        if progress.nearer is not None:
            percent = round(100 * progress.nearer)
            text = self.tr("On photos kept apart, the fills are {percent} % nearer to the photo so far.")
            nothing = self.tr("On photos kept apart, the fills are not nearer to the photo yet.")
            self._told["nearer"] = text.format(percent=percent) if percent > 0 else nothing
        self.detail.setText(" ".join(self._told.values()))

    def _where(self, progress: training.Progress) -> list[str]:
        """Say what it does now, and how long it will go on."""
        parts, part = progress.parts or 1, progress.part or 1
        if part < parts:
            words = self.tr("Trying out on some of your photos what training brings ({part} of {parts})")
            told = [words.format(part=part, parts=parts - 1)]
        else:
            told = [self.tr("Learning from all your photos")]
        if progress.eta is not None:
            hours, minutes = training.duration(progress.eta)
            left = self.tr("{hours} h {minutes} min to go").format(hours=hours, minutes=minutes)
            told.append(left if hours else self.tr("{minutes} min to go").format(minutes=minutes))
        return told

    def _fit_sheet(self) -> None:
        if not self._picture.isNull():
            ratio, bar = self.devicePixelRatioF(), self.sheets.verticalScrollBar()
            assert bar is not None
            width = self.sheets.width() - bar.sizeHint().width() - 4  # as if the bar were always there
            smooth = Qt.TransformationMode.SmoothTransformation
            pixmap = self._picture.scaledToWidth(max(1, round(width * ratio)), smooth)
            pixmap.setDevicePixelRatio(ratio)
            self.sheet.setPixmap(pixmap)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self._fit_sheet()

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        stopped, verdict, name = self._stopping, self._verdict, self.name.text()
        self._end()
        if code == 0 and status == QProcess.ExitStatus.NormalExit:
            self.bar.setRange(0, 1)
            self.bar.setValue(1)
            self.state.setText(self._worded(verdict))
            self.detail.setText(self._how_much(verdict))
            clear = verdict is not None and verdict.clear
            self.verdict.ask(user_bundles_folder() / name, clear=clear)
            if not clear:
                self.close_button.setFocus()
        elif stopped:
            self.state.setText(self.tr("Stopped. It can go on from here."))
            self.detail.clear()
        elif verdict is not None and not verdict.certain:
            self.state.setText(self._worded(verdict))
            hint = self.tr("That may be chance, so nothing was saved. Add photos of the same kind.")
            self.detail.setText(hint)
        else:
            self.state.setText(self.tr("The training could not go on."))
            self.detail.setText(training.reason(self._errors.decode("utf-8", "replace")))
        going_on = code != 0 and training.interrupted(typed_path(self.folder.text()), name) is not None
        self.verdict.show_disk(name, going_on=going_on)
        if self._leaving:
            self.close()

    def _worded(self, verdict: training.Verdict | None) -> str:
        if verdict is None:
            return self.tr("Done.")
        text = self.tr("Better on {better} of {photos} of your photos that it had not learnt from.")
        return text.format(better=verdict.better, photos=verdict.photos)

    def _how_much(self, verdict: training.Verdict | None) -> str:
        if verdict is None:
            return ""
        if not verdict.certain:
            return self.tr("That may be chance. But it can show what your photos show clearly.")
        text = self.tr("On average, its fills come {percent} % nearer to the photos.")
        return text.format(percent=f"{100 * verdict.nearer:.0f}")

    def _kept(self) -> None:
        self.state.setText(self.tr("The new model is chosen."))
        self.session.choose_model(self.name.text())
        self.trained.emit(self.name.text())
        self._refresh()

    def _dropped(self) -> None:
        self.state.setText(self.tr("The new model was deleted."))
        self.detail.clear()
        self._refresh()

    def _broken(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end()
            self.state.setText(self.tr("The training cannot be started. Is the training extra installed?"))

    def _end(self) -> None:
        self._patience.stop()
        process, self.process = self.process, None
        self._stopping = False
        if process is not None:
            process.deleteLater()
        self.bar.setRange(0, 1)
        self._refresh()

    def closeEvent(self, a0: QCloseEvent | None) -> None:
        """End the training with its window; it can go on another time."""
        if self._leave():
            super().closeEvent(a0)
        elif a0 is not None:
            a0.ignore()

    def reject(self) -> None:
        if self._leave():
            super().reject()

    def _leave(self) -> bool:
        """Return whether the window may close; else it hides, and closes once the training has ended."""
        if self.process is None:
            return True
        self._leaving = True
        self._stop()
        self.hide()
        return False

    def open_again(self) -> None:
        """Show the window, also one that hid while its training came to an end."""
        self._leaving = False
        self.show()
        self.raise_()

    def end(self) -> None:
        """Stop the training and wait for it; the program ends."""
        process = self.process
        self._stop()
        if process is not None and not process.waitForFinished(_STOP_MS):
            process.kill()
            process.waitForFinished(2_000)
