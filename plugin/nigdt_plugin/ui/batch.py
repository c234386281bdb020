"""Many photos: the same mode and words for a folder, each photo with a selection of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from nigdt.errors import NigdtError
from nigdt.files import is_file, is_folder
from nigdt.limits import CAPTION_CHARS
from nigdt.photo.camera import RAW
from nigdt.photo.formats import PhotoFormat
from nigdt_plugin.core import batch
from nigdt_plugin.core.failures import failure_of
from nigdt_plugin.core.files import typed_path
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.modes import names
from nigdt_plugin.ui.notices import worded_notice
from nigdt_plugin.ui.widgets import button, form_row, label

_NAMED = 4
"""Photos that are named beside what is said of them; of the others, how many they are."""


class BatchDialog(QDialog):
    """Photos, selections, words and a folder for the answers; stopped, it goes on with the rest."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._works: list[batch.Work] = []
        self._all = self._made = self._there = 0
        self._folder, self._recipe = Path(), session.settings.recipe()
        self._told: dict[str, list[str]] = {}
        self._formats: dict[str, list[str]] = {}  # what is said before the work, and of which photos
        self.running = self._at_work = False  # stopped, it is still at work on the photo at hand
        self.setWindowTitle(self.tr("Many photos"))
        self.setMinimumWidth(520)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        self.purpose = label("", "muted", wrap=True)
        column.addWidget(self.purpose)
        form = QFormLayout()
        self.photos = self._path(form, self.tr("Photos"), self.tr("A folder"))
        self.photos.textChanged.connect(lambda _text: self._tell_formats())
        self.selections = self._path(form, self.tr("Selections"), self.tr("Masks or boxes"), file=True)
        tip = self.tr(
            "A folder of masks named like the photos, or a CSV file: name, left, top, width, height"
        )
        self.selections.setToolTip(tip)
        form.addRow("", label(tip, "hint", wrap=True))
        self.target = self._path(form, self.tr("Filled photos go to"), self.tr("A folder"))
        self.caption = QLineEdit()
        self.caption.setMaxLength(CAPTION_CHARS)
        self.caption.setText(session.caption)
        self.caption.setAccessibleName(self.tr("Caption"))
        form_row(form, self.tr("Caption"), self.caption)
        column.addLayout(form)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(self.tr("Progress"))
        self.bar.setRange(0, 1)
        column.addWidget(self.bar)
        self.state = label("", wrap=True)
        column.addWidget(self.state)
        self.detail = label("", "hint", wrap=True)
        self.detail.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.report = QScrollArea()
        self.report.setWidgetResizable(True)
        self.report.setFrameShape(QScrollArea.Shape.NoFrame)
        self.report.setAccessibleName(self.tr("Report"))
        self.report.setWidget(self.detail)
        self.report.setMinimumHeight(90)
        column.addWidget(self.report, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(self.tr("Close"), self.reject))
        self.start_button: QPushButton = button(self.tr("Start"), self.start_or_stop, primary=True)
        row.addWidget(self.start_button)
        column.addLayout(row)
        session.fills.connect(self._show_mode)
        self._refresh()

    @property
    def left(self) -> int:
        """How many photos are still to be filled, the one at hand among them; 0 while none is."""
        return len(self._works) + 1 if self.running else 0

    def _path(self, form: QFormLayout, name: str, kind: str, *, file: bool = False) -> QLineEdit:
        field, row = QLineEdit(), QHBoxLayout()
        field.setAccessibleName(name)
        field.setPlaceholderText(kind)
        field.setToolTip(kind)
        field.textChanged.connect(lambda _text: self._refresh())
        row.addWidget(field, 1)
        row.addWidget(button(self.tr("Choose …"), partial(self._choose, field, name)))
        if file:
            row.addWidget(button(self.tr("CSV …"), partial(self._choose_file, field, name)))
        form_row(form, name, row)
        return field

    def _choose(self, field: QLineEdit, title: str) -> None:
        folder = QFileDialog.getExistingDirectory(self, title, field.text() or self.photos.text())
        if folder:
            field.setText(folder)

    def _choose_file(self, field: QLineEdit, title: str) -> None:
        name, _ = QFileDialog.getOpenFileName(self, title, self.photos.text(), "CSV (*.csv)")
        if name:
            field.setText(name)

    def _show_mode(self) -> None:
        mode = names()[self._recipe.mode if self.running else self.session.settings.mode].replace("&", "")
        self.purpose.setText(
            self.tr("Mode: {mode}. Sliders and model are those of the window behind.").format(mode=mode)
        )

    def _refresh(self) -> None:
        self._show_mode()
        photos, selections, target = (
            typed_path(field.text()) if field.text() else None
            for field in (self.photos, self.selections, self.target)
        )
        wrong = None
        if photos is not None and not is_folder(str(photos)):
            wrong = photos
        elif selections is not None and not (is_folder(str(selections)) or is_file(str(selections))):
            wrong = selections
        elif target is not None and not _can_be_folder(target):
            wrong = target
        if not self.running:
            self.state.setText(self.tr("There is no folder {name}.").format(name=wrong) if wrong else "")
        ready = None not in (photos, selections, target) and wrong is None
        self.start_button.setEnabled(self.running or ready)
        self.start_button.setText(self.tr("Stop") if self.running else self.tr("Start"))

    def _tell_formats(self) -> None:
        """Say before any work which photos come out in another format than they have."""
        photos = typed_path(self.photos.text())
        self._formats = {}
        self._report()
        if not is_folder(str(photos)):
            return

        def tell(found: dict[PhotoFormat, list[str]]) -> None:
            if typed_path(self.photos.text()) == photos:
                self._formats = {self._other_format(entry): them for entry, them in found.items()}
                self._report()

        self.session.tasks.run(lambda: batch.not_written(photos), tell, lambda _error: None)

    def _other_format(self, entry: PhotoFormat) -> str:
        if entry.name == RAW:
            return self.tr("Camera raw is not written; what is filled becomes a TIFF with 16 bits.")
        text = self.tr("{format} is not written; what is filled becomes a JPEG, with transparency a PNG.")
        return text.format(format=entry.title)

    def start_or_stop(self) -> None:
        """Begin, or end after the photo at hand."""
        if self.running:
            self.running = False
            self._refresh()
            self.state.setText(self.tr("Stopped. Start goes on with the photos that are left."))
            return
        try:
            photos, selections, self._folder = (
                typed_path(field.text()) for field in (self.photos, self.selections, self.target)
            )
            self._works, without, nowhere = batch.plan(photos, selections)
            self._folder.mkdir(exist_ok=True)
        except (NigdtError, OSError) as error:
            message, hint = self.session.wording(failure_of(error))
            self.state.setText(message)
            self.detail.setText(str(error) if isinstance(error, NigdtError) else hint)
            return
        self._all, self._made, self._there, self._told = len(self._works), 0, 0, {}
        for text, names_ in (
            (self.tr("nothing is selected there."), without),
            (self.tr("there is no such photo."), nowhere),
        ):
            if names_:
                self._told[text] = names_
        settings = self.session.settings
        words = "" if settings.mode == "remove" else " ".join(self.caption.text().split())
        # For all of them, whatever is set or typed meanwhile.
        self._recipe = replace(settings.recipe(), caption=words, bundle=settings.model)
        self._report()
        self.running = True
        if not self._at_work:
            self._next()

    def _next(self) -> None:
        self._at_work = False
        done = self._all - len(self._works)
        self.bar.setRange(0, max(1, self._all))
        self.bar.setValue(done)
        if not self.running:
            return
        if not self._works:
            self.running = False
            self._refresh()
            text = self.tr("{made} of {all} photos were filled.").format(made=self._made, all=self._all)
            if self._there:
                there = self.tr("Already in the folder and left as it was: {count}.").format(
                    count=self._there
                )
                text = f"{text} {there}"
            self.state.setText(text)
            return
        work = self._works.pop(0)
        self._at_work = True
        self.state.setText(f"{done + 1} / {self._all}: {work.photo.name}")
        folder, recipe, connect = self._folder, self._recipe, self.session.connect
        stamp = self.session.settings.provenance
        self.session.tasks.run(
            lambda: batch.do(work, folder, recipe, stamp=stamp, connect=connect),
            partial(self._did, work),
            partial(self._could_not, work),
        )
        self._refresh()

    def _did(self, work: batch.Work, told: tuple[str, ...] | None) -> None:
        self._made += told is not None
        self._there += told is None
        if told:
            for line in worded_notice("\n".join(told)).split("\n"):
                self._tell(work, line)
        self._next()

    def _could_not(self, work: batch.Work, error: Exception) -> None:
        self._tell(work, " ".join(self.session.wording(failure_of(error))).strip())
        self._next()

    def _tell(self, work: batch.Work, message: str) -> None:
        self._told.setdefault(message, []).append(work.photo.name)
        self._report()

    def _report(self) -> None:
        """Say each thing once, with the photos that it is true of."""
        lines = []
        for message, photos in [*self._formats.items(), *self._told.items()]:
            named, more = ", ".join(photos[:_NAMED]), len(photos) - _NAMED
            if more > 0:
                named = self.tr("{names} and {count} more").format(names=named, count=more)
            lines.append(f"{named}: {message}")
        self.detail.setText("\n".join(lines))

    def reject(self) -> None:
        """End after the photo at hand."""
        self.running = False
        super().reject()


def _can_be_folder(target: Path) -> bool:
    """Return whether a folder is there, or can be made in one that is."""
    return is_folder(str(target)) or (is_folder(str(target.parent)) and not is_file(str(target)))
