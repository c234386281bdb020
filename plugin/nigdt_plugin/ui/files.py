"""Opening, pasting and saving photos, and asking before work is lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PyQt6.QtCore import QCoreApplication, QMimeData, QStandardPaths, Qt, QTimer
from PyQt6.QtGui import QGuiApplication, QImage
from PyQt6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from nigdt.photo.camera import CAMERA_FORMATS, camera_format
from nigdt.photo.formats import FORMATS, patterns
from nigdt.photo.photo import Photo
from nigdt_plugin.core import saving
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.files import neighbour, suffix_for
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.export import ExportDialog
from nigdt_plugin.ui.notice import Notice
from nigdt_plugin.ui.pick import PictureDialog
from nigdt_plugin.ui.welcome import sample_photo


class PhotoFiles(QMainWindow):
    """A window with one photo file."""

    notice: Notice

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._passing = TemporaryDirectory(prefix="nigdt-")
        self._tried: Path | None = None  # what was to be opened last; it may have failed
        session.begun.connect(self._begins)

    def tr(  # type: ignore[override]  # the stubs call it static, which it is not in PyQt6
        self, sourceText: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        """Translate a text of the window, whichever of its classes says it.

        PyQt looks in the object's own class alone, while the texts are filed under the class that they are
        written in.
        """
        for kind in type(self).__mro__:
            text = QCoreApplication.translate(kind.__name__, sourceText, disambiguation or "", n)
            if text != sourceText:
                return text
        return sourceText

    # Opening --------------------------------------------------------------------------------------------

    def open_dialog(self) -> None:
        """Ask for a photo and open it."""
        recent = self.session.settings.recent
        folder = str(Path(recent[0]).parent) if recent else ""
        every = f"{patterns()} {patterns(*CAMERA_FORMATS)} *.ora"
        pattern = self.tr("Pictures") + f" ({every} {every.upper()})"
        path = PictureDialog.ask(self.session.tasks, self.tr("Open a photo"), folder, pattern, self)
        if path is not None:
            self.open_path(path)

    def open_path(self, path: Path, mask: Path | None = None, caption: str | None = None) -> None:
        """Open a photo, after asking about unsaved work."""
        self.if_saved(lambda: self.session.open(path, mask, caption))

    def paste(self) -> None:
        """Open the picture, or the file, that is on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        data = clipboard.mimeData() if clipboard is not None else None
        if data is not None:
            self.take(data)

    def take(self, data: QMimeData) -> None:
        """Open what was pasted or dropped."""
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        if paths and Path(self._passing.name) in Path(paths[0]).parents:
            return  # the picture that is dragged out, let go over its own window
        if paths:
            self.open_path(Path(paths[0]))
        elif data.hasImage():
            image = QImage(data.imageData())
            self.if_saved(lambda: self.session.open_photo(lambda: Photo.from_image(pillow_of(image))))
        else:
            self.session.notice(self.tr("There is no picture on the clipboard."), "")

    # Saving ---------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Save where it was saved last, or ask; what is shown and not applied is asked about first."""
        self._with_fill(self._save)

    def _save(self) -> None:
        if self.session.save_path is not None:
            self.session.save(self.session.save_path, self._layer_names())
        else:
            self._save_as()

    def save_as(self) -> None:
        """Ask where to save; the original keeps its name unless it is chosen on purpose."""
        self._with_fill(self._save_as)

    def _with_fill(self, then: Callable[[], None], *, saving: bool = True) -> None:
        """Go on, once it is settled whether the fill that is shown belongs to the picture."""
        if not self._unapplied:
            then()
            return
        answer = self.ask_about_fill(leaving=False, saving=saving)
        if answer == "apply":
            self._apply_then(then)
        elif answer == "without":
            then()

    @property
    def _unapplied(self) -> bool:
        filling = self.session.filling
        return filling is not None and filling.unapplied

    def _with_late_fill(self, asked: bool, then: Callable[[], None]) -> None:
        """Go on; a fill that came while a dialog was open is asked about, if none was before."""
        if asked:
            then()
        else:
            self._with_fill(then)

    def _apply_then(self, then: Callable[[], None]) -> None:
        filling = self.session.filling
        if filling is not None:
            filling.cancel()
            filling.apply(then)

    def ask_about_fill(self, *, leaving: bool, saving: bool = True) -> str:
        """Ask what becomes of a fill that is shown and not applied.

        Args:
            leaving: Whether the photo is closed next, so that what is not saved is lost.
            saving: Whether the picture is saved next.

        Returns:
            "apply", "without" (with `leaving`: lose it) or "cancel".
        """
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(self.tr("The fill that is shown is not applied."))
        box.setInformativeText(self.tr("Without being applied it is not part of the picture."))
        roles = QMessageBox.ButtonRole
        apply = box.addButton(self.tr("Apply and save") if saving else self.tr("Apply it"), roles.AcceptRole)
        rest = self.tr("Save without it") if saving else self.tr("Go on without it")
        without = box.addButton(self.tr("Do not save") if leaving else rest, roles.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(apply)
        box.exec()
        if box.clickedButton() is apply:
            return "apply"
        return "without" if box.clickedButton() is without else "cancel"

    def _save_as(self) -> None:
        document, asked = self.session.document, self._unapplied
        if document is None:
            return
        path = document.near or Path(self.tr("picture.png"))
        if camera_format(path) is not None:  # read, not written
            path = path.with_suffix(suffix_for(document.photo))
        path = self._folder_for(path) / path.name
        suggested = self.session.save_path or path.with_name(f"{path.stem}-{self.tr('filled')}{path.suffix}")
        one_each = [f"{entry.title} ({patterns(entry)})" for entry in FORMATS]
        kinds = ";;".join((*one_each, self.tr("Project with layers, OpenRaster") + " (*.ora)"))
        every = self.tr("Pictures") + f" ({patterns()} *.ora)"
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save as"), str(suggested), f"{every};;{kinds}")
        if name:
            target = Path(name)
            if not target.suffix:
                target = target.with_suffix(path.suffix or ".png")
            self._with_late_fill(asked, lambda: self.session.save(target, self._layer_names()))

    def export(self) -> None:
        """Ask for quality, size and name, and write a picture to give away."""
        self._with_fill(self._export)

    def _export(self) -> None:
        document = self.session.document
        if document is None:
            return
        folder = self._folder_for(document.near or Path(self.tr("picture.png")))
        asked = self._unapplied
        dialog = ExportDialog(self.session.settings, document, folder, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def export() -> None:
            target = dialog.target
            if target is not None:
                self._with_late_fill(asked, lambda: self.session.export(target))

        dialog.accepted.connect(export)
        dialog.open()

    def copy(self) -> None:
        """Put what is seen of the selected part, or of the whole photo, on the clipboard."""
        filling = self.session.filling
        if filling is not None and self._unapplied:  # a draft of a large fill may be all that is there yet
            filling.preview.when_shown(self._copy)
        else:
            self._copy()

    def _copy(self) -> None:
        document, clipboard = self.session.document, QGuiApplication.clipboard()
        if document is None or clipboard is None:
            return
        chosen, layers = document.selection, self._layers_seen(document)
        region = chosen.whole if chosen.empty else chosen.bounds
        mask = None if chosen.empty else chosen.mask[region.slices].copy()
        board = clipboard

        def draw() -> QImage:
            seen = document.drawn(region, layers)
            return picture_of(seen.pixels, seen.within(mask))

        def put(image: QImage) -> None:
            board.setImage(image)
            self.session.copied(region.width, region.height)

        self.session.work(draw, put)

    def _layers_seen(self, document: Document) -> tuple[Layer, ...]:
        """Return the layers, with the fill that is shown and not applied."""
        filling = self.session.filling
        shown = filling.preview.layer if filling is not None and self._unapplied else None
        return document.layers if shown is None else document.with_fill(shown)

    def write_to_drag(self, then: Callable[[Path], None]) -> None:
        """Write what is seen as an export into a folder of passing files, and give its path to `then`."""
        document, filling = self.session.document, self.session.filling
        if document is None or filling is None:
            return
        if self._unapplied:  # as for the clipboard, the fill that is shown belongs to it
            filling.preview.when_shown(lambda: self._write_to_drag(document, then))
        else:
            self._write_to_drag(document, then)

    def _write_to_drag(self, document: Document, then: Callable[[Path], None]) -> None:
        settings, layers = self.session.settings, self._layers_seen(document)
        name = Path(document.name or self.tr("picture.png"))
        target = Path(self._passing.name) / f"{name.stem}{'.png' if document.alpha is not None else '.jpg'}"
        stamp, quality, longest = settings.provenance, settings.export_quality, settings.export_longest
        self.session.work(
            lambda: saving.export(document, layers, target, quality=quality, longest=longest, stamp=stamp),
            lambda _told: then(target),
            "save",
        )

    def step_photo(self, step: int) -> None:
        """Open the next photo of the folder (`step` 1), or the one before (-1)."""
        document = self.session.document
        if document is None or document.near is None:
            return
        here = self._tried is not None and self._tried.parent == document.near.parent
        path = neighbour(self._tried if here and self._tried is not None else document.near, step)
        if path == document.near:  # back over one that could not be opened
            path = neighbour(path, step)
        if path is not None:
            self.open_path(path)
        else:
            last, first = self.tr("This is the last photo here."), self.tr("This is the first photo here.")
            self.notice.show_done(last if step > 0 else first)

    def _begins(self, what: str, path: Path) -> None:
        if what == "open":
            self._tried = path

    def _folder_for(self, path: Path) -> Path:
        """Return where to save beside a photo: its folder, or that of the user's pictures."""
        folder = path.absolute().parent
        document = self.session.document
        own = document is not None and document.near is not None and not self.is_passing(document.near)
        if own and os.access(folder, os.W_OK):
            return folder
        pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        return Path(pictures) if Path(pictures).is_dir() else Path.home()

    def is_passing(self, path: Path) -> bool:
        """Return whether a photo's folder is no place to save beside it."""
        return path == sample_photo()

    def _layer_names(self) -> tuple[str, str]:
        return self.tr("Photo"), self.tr("Fill")

    def if_saved(self, then: Callable[[], None]) -> None:
        """Go on, once unsaved work is saved or given up on purpose."""
        document = self.session.document
        if document is not None and self._unapplied:
            self._settle_fill(then)
            return
        if document is None or not document.modified:
            then()
            return
        answer = self.ask_about_changes()
        if answer == QMessageBox.StandardButton.Discard:
            then()
        elif answer == QMessageBox.StandardButton.Save:
            self.save()
            self._after_saving(then)

    def _settle_fill(self, then: Callable[[], None]) -> None:
        def save() -> None:
            self._save()
            self._after_saving(then)

        answer = self.ask_about_fill(leaving=True)
        if answer == "apply":
            self._apply_then(save)
        elif answer == "without":
            then()

    def ask_about_changes(self) -> QMessageBox.StandardButton:
        """Save, discard or cancel?"""
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(self.tr("Save the changes first?"))
        box.setInformativeText(self.tr("The filled picture has not been saved."))
        buttons = QMessageBox.StandardButton
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)
        return QMessageBox.StandardButton(box.exec())

    def _after_saving(self, then: Callable[[], None]) -> None:
        """Save in a thread; go on only if it worked."""
        document = self.session.document

        def look() -> None:
            if self.session.tasks.busy:
                QTimer.singleShot(30, look)
            elif document is None or not document.modified:
                then()

        look()


def pillow_of(image: QImage) -> Image.Image:
    """Return a Qt picture as a Pillow one."""
    formats = QImage.Format
    if sys.byteorder != "little" or image.format() not in (formats.Format_RGB32, formats.Format_ARGB32):
        image = image.convertToFormat(formats.Format_ARGB32)  # keeps every other thread waiting
    bits = image.constBits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    width, height = image.width(), image.height()
    rows = np.frombuffer(bits, np.uint8).reshape(height, image.bytesPerLine())  # type: ignore[call-overload]
    stored = rows[:, : 4 * width].reshape(height, width, 4)
    bgra = stored if sys.byteorder == "little" else stored[..., ::-1]
    opaque = image.format() == formats.Format_RGB32 or bool((bgra[..., 3] == 255).all())
    return Image.fromarray(cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB if opaque else cv2.COLOR_BGRA2RGBA))


def picture_of(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> QImage:
    """Return pixels (h, w, 3), with opacity (h, w) if given, as a Qt picture that owns them."""
    height, width = rgb.shape[:2]
    if alpha is None or (alpha == 255).all():
        data, kind = np.ascontiguousarray(rgb), QImage.Format.Format_RGB888
    else:
        data, kind = np.dstack([rgb, alpha]), QImage.Format.Format_RGBA8888
    return QImage(data.data, width, height, data.strides[0], kind).copy()  # type: ignore[call-overload]
