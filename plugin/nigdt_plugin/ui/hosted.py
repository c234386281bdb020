"""The window opened by another program: handing the result over, and going on when that program has gone."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QMessageBox, QPushButton

from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.files import PhotoFiles

log = logging.getLogger(__name__)

_BUSY_MS = 30


class Hosted(PhotoFiles):
    """A window that may have a host (`session.host`), which waits for a result."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._handed_over = self._may_close = False
        self._orphan: Path | None = None

    @property
    def has_work(self) -> bool:
        """Whether there is a fill that would be lost with the window."""
        document, filling = self.session.document, self.session.filling
        if document is None or filling is None:
            return False
        return document.modified or filling.preview.layer is not None

    def is_passing(self, path: Path) -> bool:
        """Return whether a photo's folder is no place to save beside it: a host's goes with the host."""
        folder = self.session.host.folder if self.session.host is not None else self._orphan
        return super().is_passing(path) or folder in path.parents

    def hand_over(self) -> None:
        """Give the result to the host, and end."""
        document, filling, host = self.session.document, self.session.filling, self.session.host
        if document is None or filling is None or host is None:
            return
        if filling.preview.busy or self.session.tasks.busy:
            QTimer.singleShot(_BUSY_MS, self.hand_over)
            return
        if filling.preview.layer is not None:
            filling.apply()
        if not any(layer.visible for layer in document.layers):
            self.session.notice(
                self.tr("There is nothing to hand over yet."), self.tr("Fill the selection first.")
            )
            return

        def done(_nothing: None) -> None:
            self._handed_over = True
            self.close()

        self.session.tasks.run(lambda: host.applied(document), done, self.session.failed)

    def may_leave(self) -> bool:
        """Return whether the window may close now; where work would be lost, ask first and close later."""
        if self._may_close or self._handed_over:
            return True
        if self.session.host is None:
            document, filling = self.session.document, self.session.filling
            unapplied = filling is not None and filling.unapplied
            if document is None or not (document.modified or unapplied):
                return True
            self.if_saved(self._leave_soon)
        else:
            if not self.has_work:
                return True
            answer = self.ask_about_handing_over()
            if answer == QMessageBox.StandardButton.Yes:
                self.hand_over()
            elif answer == QMessageBox.StandardButton.Discard:
                self._leave_soon()
        return False

    def ask_about_handing_over(self) -> QMessageBox.StandardButton:
        """Hand over (`Yes`), discard or cancel?"""
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(self.tr("Hand over the fills first?"))
        box.setInformativeText(self.tr("The program that opened this window has not got them yet."))
        buttons = QMessageBox.StandardButton
        box.setStandardButtons(buttons.Yes | buttons.Discard | buttons.Cancel)
        yes = box.button(buttons.Yes)
        assert isinstance(yes, QPushButton)
        yes.setText(self.tr("Hand over"))
        box.setDefaultButton(buttons.Yes)
        return QMessageBox.StandardButton(box.exec())

    def _leave_soon(self) -> None:
        """Close without asking again; not at once, for Qt ignores `close` within a close event."""
        self._may_close = True
        QTimer.singleShot(0, self.close)

    def host_gone(self) -> None:
        """Keep the work as one's own: nobody waits for it any more."""
        host = self.session.host
        if host is None or self._handed_over:
            return
        self.session.host, self._orphan = None, host.folder
        self.session.steps()
        message = self.tr("The program that opened this window no longer waits for the result.")
        if not self.has_work:
            self.notice.tell(message, self.tr("You can go on here, and save what you make."))
            return
        self.notice.ask(
            message,
            self.tr("Save your fills, or they are lost when you close the window."),
            ((self.tr("Save"), self._save_all), (self.tr("Later"), lambda: None)),
        )

    def _save_all(self) -> None:
        """Save, with the fill that is only previewed yet."""
        filling = self.session.filling
        if filling is not None and filling.preview.layer is not None:
            filling.apply()
        self.save()

    def tell_host(self) -> None:
        """Say at the end that there is no result; without a host any more, clear its folder away."""
        if self._orphan is not None:
            shutil.rmtree(self._orphan, ignore_errors=True)
        elif self.session.host is not None and not self._handed_over:
            try:
                self.session.host.cancelled()
            except OSError as error:
                log.warning("the host cannot be told: %s", error)


def when_host_goes(tell: Callable[[], None], descriptor: int = 0) -> None:
    """Call `tell`, from a thread, once the other end of the pipe at `descriptor` is closed.

    A host that gives the panel a pipe as its standard input never writes to it; the system closes the pipe
    when the host ends, however that happens. Anything else than a pipe says nothing.
    """
    try:
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return
    except OSError:
        return

    def wait() -> None:
        try:
            while os.read(descriptor, 1024):
                pass
        except OSError as error:
            log.warning("the host's pipe cannot be read: %s", error)
        tell()

    threading.Thread(target=wait, name="host", daemon=True).start()
