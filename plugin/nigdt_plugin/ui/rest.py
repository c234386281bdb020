"""A hint beside a selection that cuts its object in two, with the offer to select the rest."""

from __future__ import annotations

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from nigdt_plugin.core.rest import left_out
from nigdt_plugin.core.selection import Combine, Patch
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.widgets import button, label

_REST_MS = 400


class RestHint(QWidget):
    """Hidden until a selection that is to be removed seems to leave a part of its object out."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._found: tuple[int, Patch] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label(self.tr("A part of the object may stay."), "muted", wrap=True), 1)
        self.take: QPushButton = button(self.tr("Select it too"), self._take)
        row.addWidget(self.take)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self._look)
        self.hide()

    def look(self) -> None:
        """Look at the selection, once it rests."""
        self._found = None
        self.hide()
        self._timer.start()

    def _wanted(self) -> bool:
        document = self.session.document
        return (
            self.session.settings.mode == "remove" and document is not None and not document.selection.empty
        )

    def _look(self) -> None:
        document = self.session.document
        if document is None or not self._wanted():
            return
        revision = document.selection.revision
        rgb, mask, bounds = document.rgb, document.selection.mask, document.selection.bounds

        def show(found: Patch | None) -> None:
            same = self.session.document is document and document.selection.revision == revision
            if found is not None and same and self._wanted():
                self._found = revision, found
                self.show()

        self.session.tasks.run(lambda: left_out(rgb, mask, bounds), show, self.session.failed)

    def _take(self) -> None:
        document = self.session.document
        if document is not None and self._found is not None:
            revision, patch = self._found
            if revision == document.selection.revision:
                self.session.select(patch, Combine.ADD, "Grow")
