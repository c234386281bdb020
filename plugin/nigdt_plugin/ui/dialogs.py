"""The windows beside the main one, and what is offered before something is done."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import PYQT_VERSION_STR, Qt, qVersion
from PyQt6.QtGui import QAction, QGuiApplication
from PyQt6.QtWidgets import QMessageBox

from nigdt import __version__
from nigdt.photo.camera import camera_format, missing
from nigdt_plugin.core import extras
from nigdt_plugin.core.diagnostics import report
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.batch import BatchDialog
from nigdt_plugin.ui.compare import CompareDialog
from nigdt_plugin.ui.extend import ExtendDialog
from nigdt_plugin.ui.hosted import Hosted
from nigdt_plugin.ui.install import InstallDialog
from nigdt_plugin.ui.keymap import KeymapDialog
from nigdt_plugin.ui.keys import KeysDialog
from nigdt_plugin.ui.language import moment
from nigdt_plugin.ui.models import ModelDialog
from nigdt_plugin.ui.options import ToolColumn
from nigdt_plugin.ui.side import Side
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.tools import TOOLS
from nigdt_plugin.ui.train import TrainDialog
from nigdt_plugin.ui.widgets import isolated, show_key


class Dialogs(Hosted):
    """A window that opens others."""

    side: Side
    theme: Theme
    tool_column: ToolColumn
    actions_: dict[str, QAction]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.shown_errors: deque[str] = deque(maxlen=20)
        self._offered: set[Path] = set()  # lost works that were opened again

    def compare_captions(self) -> None:
        """Try several captions on the same hole."""
        if self.side.describe.ready:
            dialog = CompareDialog(self.session, self)
            dialog.open()

    def choose_model(self) -> None:
        """Show the models as cards."""
        dialog = ModelDialog(self.session, self.theme, self)
        dialog.train_asked.connect(self.train)
        dialog.finished.connect(lambda _result: self.side.model_changed())
        dialog.open()

    def train(self) -> None:
        """Train a model on the user's photos; one at a time."""
        if not extras.installed("training"):
            self.offer_extra(
                "training",
                self.tr("Training is not installed."),
                self.tr("It needs about 200 MB of disk space. The photos stay on this machine."),
                self.train,
            )
            return
        dialog = self.findChild(TrainDialog)
        if dialog is None:
            dialog = TrainDialog(self.session, self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.trained.connect(lambda _name: self.side.model_changed())
        dialog.open_again()

    def open_path(self, path: Path, mask: Path | None = None, caption: str | None = None) -> None:
        """Open a photo, after asking about unsaved work; what reads it is offered if it is not installed."""
        entry = camera_format(path)
        if entry is None or not missing(entry):
            super().open_path(path, mask, caption)
            return
        self._tried = path
        self.offer_extra(
            "photos",
            self.tr("{name} needs an optional part of NIGDT.").format(name=isolated(path.name)),
            self.tr("It reads HEIC, JPEG XL and camera raw, and needs about 50 MB of disk space."),
            lambda: self.open_path(path, mask, caption),
        )

    def offer_extra(self, extra: str, message: str, hint: str, then: Callable[[], object]) -> None:
        """Offer to install a part of the program that is missing, and go on once it is there."""

        def install() -> None:
            dialog = InstallDialog(extra, self.tr("Install"), self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.installed.connect(then)
            dialog.open()

        self.notice.ask(message, hint, ((self.tr("Install it"), install), (self.tr("Not now"), lambda: None)))

    def forget_history(self) -> None:
        """Delete every earlier round from disk, after asking."""
        session = self.session

        def forget() -> None:
            session.tasks.run(session.history.clear, lambda _none: session.stored(), session.failed)

        self.notice.ask(
            self.tr("Forget all fills of all photos?"),
            self.tr("They are deleted from the disk; saved pictures and layers stay."),
            ((self.tr("Keep them"), lambda: None), (self.tr("Forget"), forget)),
        )

    def show_keys(self) -> None:
        """Show what keys and mouse do."""
        menus = self.menuBar()
        assert menus is not None
        dialog = KeysDialog(menus, self)
        dialog.change_asked.connect(self.change_keys)
        dialog.open()

    def change_keys(self) -> None:
        """Let the user give other keys to the menus' actions."""
        dialog = KeymapDialog(self.actions_, self.session.settings, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.changed.connect(self.show_button_keys)
        dialog.open()

    def show_button_keys(self) -> None:
        """Name the keys of the menus' actions on the buttons that do the same."""
        buttons = {f"tool.{name}": self.tool_column.buttons[name] for name in TOOLS}
        buttons["photo.compare"] = self.side.describe.compare_button
        buttons["photo.wipe"] = self.side.wipe_button
        for name, button in buttons.items():
            show_key(button, self.actions_[name].shortcut().toString())

    def about(self) -> None:
        """Say what this is."""
        text = self.tr("Describe a region of a photo, get it filled, on your own machine.")
        QMessageBox.about(self, "NIGDT", f"<b>NIGDT {__version__}</b><p>{text}</p><p>GPL-3.0-or-later</p>")

    def copy_diagnostics(self) -> None:
        """Put what a bug report needs on the clipboard."""
        versions = (f"Qt {qVersion()}, PyQt {PYQT_VERSION_STR}, {QGuiApplication.platformName()}",)
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(report(self.session, versions, tuple(self.shown_errors)))
            self.notice.show_done(self.tr("Diagnostics are on the clipboard."))

    def offer_recovery(self) -> None:
        """Offer work that a crash left behind."""
        lost = [work for work in self.session.keeping.recovery.lost() if work.folder not in self._offered]
        if not lost:
            return
        newest = lost[0]

        def restore() -> None:
            self._offered.add(newest.folder)
            self.session.recover(newest)
            self.offer_recovery()  # one by one: each is restored, forgotten or kept by itself

        def forget() -> None:
            shutil.rmtree(newest.folder, ignore_errors=True)
            self.offer_recovery()

        when = self.tr("From {when}").format(when=moment(newest.saved))
        self.notice.ask(
            self.tr("Unsaved work on {name} was found.").format(name=newest.name),
            f"{when}, {isolated(newest.place)}" if newest.place else when,
            (
                (self.tr("Restore"), lambda: self.if_saved(restore)),
                (self.tr("Forget"), forget),
            ),
        )

    def make_colour(self) -> None:
        """Let a grey photo hold colour."""
        self.session.make_colour("Make it a colour photo")

    def many_photos(self) -> None:
        """Fill many photos in the same way."""
        dialog = self.findChild(BatchDialog)
        if dialog is None:
            dialog = BatchDialog(self.session, self)
            document = self.session.document
            if document is not None and document.near is not None and not self.is_passing(document.near):
                dialog.photos.setText(str(document.near.absolute().parent))
                dialog.photos.selectAll()  # to type over
        dialog.show()
        dialog.raise_()

    def may_stop_batch(self) -> bool:
        """Return whether the window may close, though photos are being filled in the other one; ask then."""
        dialog = self.findChild(BatchDialog)
        if dialog is None or not dialog.left:
            return True
        if not self.ask_about_batch(dialog.left):
            return False
        self.stop_batch()
        return True

    def stop_batch(self) -> None:
        """Fill no further photos than the one at hand."""
        dialog = self.findChild(BatchDialog)
        if dialog is not None:
            dialog.reject()

    def ask_about_batch(self, left: int) -> bool:
        """Ask whether to stop filling many photos, of which so many are left."""
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(self.tr("Many photos are still being filled. To do: {count}").format(count=left))
        box.setInformativeText(self.tr("Those that are filled stay. Starting again goes on with the rest."))
        roles = QMessageBox.ButtonRole
        go_on = box.addButton(self.tr("Go on filling"), roles.RejectRole)
        stop = box.addButton(self.tr("Stop and close"), roles.DestructiveRole)
        box.setDefaultButton(go_on)
        box.setEscapeButton(go_on)
        box.exec()
        return box.clickedButton() is stop

    def crop(self) -> None:
        """Keep only the part of the photo that is selected."""
        document = self.session.document
        if document is None or document.selection.empty:
            self.notice.tell(self.tr("Nothing is selected."), self.tr("Select the part to keep."))
            return
        region = document.selection.bounds
        self._with_fill(lambda: self.session.recut(region, "Crop"), saving=False)

    def extend(self) -> None:
        """Ask how far the canvas is to be extended, and fill the new border."""
        self._with_fill(self._extend, saving=False)

    def _extend(self) -> None:
        document = self.session.document
        if document is None:
            return
        dialog = ExtendDialog(document.width, document.height, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def extend() -> None:
            if dialog.region != document.selection.whole:
                self.session.recut(dialog.region, "Extend the canvas", self._fill_border)

        dialog.accepted.connect(extend)
        dialog.open()

    def _fill_border(self) -> None:
        self.side.describe.pick_mode("remove")
        self.side.describe.fill()

    def offer_colour(self, wanted: bool = True) -> None:
        """Offer to let a grey photo hold colour, before one is painted on it; no more if none is `wanted`."""
        message = self.tr("This photo is grey and holds no colour.")
        if not wanted:
            self.notice.withdraw(message)
            return
        self.notice.ask(
            message,
            self.tr("As a colour photo it looks the same until something on it is recoloured."),
            (
                (self.tr("Make it a colour photo"), self.make_colour),
                (self.tr("Leave it grey"), lambda: None),
            ),
        )
