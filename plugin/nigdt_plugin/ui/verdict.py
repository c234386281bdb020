"""What a training has brought, whether the model is kept, and the disk that the training took."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PyQt6 import sip
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from nigdt_plugin.core import training
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.widgets import button, label, restyle

_MEGABYTE = 1_000_000


class VerdictBox(QWidget):
    """Below the samples of a training that has ended.

    Signals:
        kept: The new model is to be used.
        dropped: The new model was deleted.
        freed: What the training left on the disk was deleted.
    """

    kept = pyqtSignal()
    dropped = pyqtSignal()
    freed = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._bundle: Path | None = None
        self._left: list[Path] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.question, row = QWidget(), QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        self.question.setLayout(row)
        self.words = label("", wrap=True)
        row.addWidget(self.words, 1)
        self.drop_button = button(self.tr("Delete it"), self._drop)
        self.keep_button = button(self.tr("Keep and use it"), self._keep, primary=True)
        row.addWidget(self.drop_button)
        row.addWidget(self.keep_button)
        column.addWidget(self.question)
        self.disk, row = QWidget(), QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        self.disk.setLayout(row)
        self.used = label("", "muted", wrap=True)
        row.addWidget(self.used, 1)
        self.free_button = button(self.tr("Free disk space"), self._free)
        row.addWidget(self.free_button)
        column.addWidget(self.disk)
        self.clear()

    def clear(self) -> None:
        """Show nothing: another training is set up or runs."""
        self.question.hide()
        self.disk.hide()

    def ask(self, bundle: Path, *, clear: bool) -> None:
        """Ask whether a new model is kept.

        Args:
            bundle: Its folder.
            clear: Whether it is clearly better; else neither answer is suggested.
        """
        self._bundle = bundle
        look = self.tr("The gain is small: compare the fills above, before and now.")
        question = self.tr("Keep the new model?")
        self.words.setText(question if clear else f"{look} {question}")
        restyle(self.keep_button, "primary", clear)
        self.keep_button.setDefault(clear)
        for answer in (self.keep_button, self.drop_button):
            answer.setAutoDefault(clear)
        self.question.show()
        if clear:
            self.keep_button.setFocus()

    def show_disk(self, name: str, *, going_on: bool) -> None:
        """Tell what a training left on the disk, worked out in a thread.

        Args:
            name: Of the model.
            going_on: Whether it is needed to go on with the training.
        """
        self._left = left = training.leftovers(name)

        def show(size: int) -> None:
            if sip.isdeleted(self) or self._left is not left or not size:
                return
            text = (
                self.tr("What is needed to go on takes {megabytes} MB of disk space.")
                if going_on
                else self.tr("Checkpoints of the training take {megabytes} MB of disk space.")
            )
            self.used.setText(text.format(megabytes=max(1, round(size / _MEGABYTE))))
            self.free_button.show()
            self.disk.show()

        self.session.tasks.run(lambda: training.size_of(left), show)

    def _keep(self) -> None:
        self.question.hide()
        self.kept.emit()

    def _drop(self) -> None:
        self.question.hide()
        if self._bundle is not None:
            self._remove([self._bundle], self.dropped.emit)

    def _free(self) -> None:
        left, self._left = self._left, []
        self._remove(left, self.freed.emit)

    def _remove(self, folders: list[Path], then: Callable[[], object]) -> None:
        def work() -> int:
            size = training.size_of(folders)
            for folder in folders:
                shutil.rmtree(folder)
            return size

        def done(size: int) -> None:
            if sip.isdeleted(self):
                return
            self.used.setText(
                self.tr("{megabytes} MB were freed.").format(megabytes=max(1, round(size / _MEGABYTE)))
            )
            self.free_button.setVisible(bool(self._left))
            self.disk.show()
            then()

        self.session.tasks.run(work, done, self.session.failed)
