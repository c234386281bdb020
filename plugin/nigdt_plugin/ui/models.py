"""Choosing a model, from cards that say what each one is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PyQt6 import sip
from PyQt6.QtCore import QSize, Qt, QUrl, pyqtSignal
from PyQt6.QtGui import QBrush, QImage, QMouseEvent, QPainter, QPixmap, QTextTable
from PyQt6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QRadioButton,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from nigdt.bundle.bundle import BundleInfo
from nigdt.errors import NigdtError
from nigdt.photo.photo import Photo
from nigdt_plugin.core import models
from nigdt_plugin.core.link import LinkState
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.failures import worded
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.language import number
from nigdt_plugin.ui.notices import worded_notice
from nigdt_plugin.ui.status import device_name
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import button, label, restyle

_PICTURE = 112


class ModelCard(QFrame):
    """One model: picture, name, what it knows.

    Signals:
        chosen: It is to be used; its name.
        remove_asked: It is to be deleted; only of the user's own.
    """

    chosen = pyqtSignal(str)
    remove_asked = pyqtSignal()

    def __init__(self, info: BundleInfo, theme: Theme, present: bool) -> None:
        super().__init__()
        self.info = info
        self.setProperty("card", True)
        self.setProperty("chosen", present)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 14, 14, 14)
        row.setSpacing(14)
        picture = QLabel()
        picture.setFixedSize(_PICTURE, _PICTURE)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        picture.setPixmap(_picture(info.picture, theme, self.devicePixelRatioF()))
        picture.setAccessibleName(self.tr("A fill by {title}").format(title=info.title))
        if info.picture is not None:
            picture.setToolTip(self.tr("The sample photo, filled by this model"))
        row.addWidget(picture)
        column = QVBoxLayout()
        column.setSpacing(4)
        self.radio = QRadioButton()
        self.radio.setAccessibleName(info.title)
        self.radio.setChecked(present)
        self.radio.clicked.connect(lambda: self.chosen.emit(info.name))
        top = QHBoxLayout()
        top.addWidget(self.radio, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(label(info.title, "heading", wrap=True), 1)  # a button's own text does not wrap
        column.addLayout(top)
        words = len(models.vocabulary(info))
        facts = self.tr("{name}  ·  {size} px  ·  {words} words  ·  {megabytes} MB").format(
            name=info.name, size=info.size_px, words=words, megabytes=number(info.bytes / 1e6)
        )
        column.addWidget(label(facts, "muted", wrap=True))
        origin = self.tr("Came with the program") if info.embedded else self.tr("Yours")
        column.addWidget(label(origin, "muted"))
        column.addStretch(1)
        card = button(self.tr("Model card"), lambda: ModelText(info, self.window()).open())
        card.setAccessibleName(self.tr("Model card of {title}").format(title=info.title))
        below = QHBoxLayout()
        below.addWidget(card)
        self.remove_button = button(self.tr("Delete …"), self.remove_asked.emit)
        self.remove_button.setAccessibleName(self.tr("Delete {title}").format(title=info.title))
        self.remove_button.setHidden(info.embedded)
        below.addWidget(self.remove_button)
        below.addStretch(1)
        column.addLayout(below)
        row.addLayout(column, 1)

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:
        self.radio.click()

    def show_chosen(self, chosen: bool) -> None:
        """Mark the card."""
        self.radio.setChecked(chosen)
        restyle(self, "chosen", chosen)


class _TextAlone(QTextBrowser):
    """Shows a text that somebody else wrote, and opens no file that it names."""

    def loadResource(self, type: int, name: QUrl) -> QImage:  # noqa: A002
        nothing = QImage(1, 1, QImage.Format.Format_ARGB32)  # without a picture Qt opens the file by itself
        nothing.fill(Qt.GlobalColor.transparent)
        return nothing


class ModelText(QDialog):
    """A model's card as its maker wrote it; not every machine has a program that opens such files."""

    def __init__(self, info: BundleInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(info.title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 600)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        self.text = _TextAlone()
        self.text.setAccessibleName(info.title)
        self.text.setOpenExternalLinks(True)
        try:
            self.text.setMarkdown((info.folder / "README.md").read_text(encoding="utf-8"))
            _drop_empty_headers(self.text)
        except (OSError, ValueError):
            self.text.setPlainText(self.tr("This model has no card."))
        column.addWidget(self.text)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button(self.tr("Close"), self.accept, primary=True))
        column.addLayout(row)


def _drop_empty_headers(text: QTextBrowser) -> None:
    """Take out the first rows of tables that have none but an empty one, which Markdown asks for."""
    document = text.document()
    root = document.rootFrame() if document is not None else None
    for table in root.childFrames() if root is not None else ():
        if isinstance(table, QTextTable):
            cells = [table.cellAt(0, column) for column in range(table.columns())]
            if all(cell.firstCursorPosition() == cell.lastCursorPosition() for cell in cells):
                table.removeRows(0, 1)


def _picture(path: Path | None, theme: Theme, ratio: float) -> QPixmap:
    try:
        pixels = None if path is None else Photo.read(path).rgb8
    except NigdtError:
        pixels = None
    if pixels is None:
        return icon("model", theme.accent_text).pixmap(QSize(64, 64), ratio)
    height, width = pixels.shape[:2]
    pixmap = QPixmap.fromImage(
        QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    )
    side = round(_PICTURE * ratio)
    mode = Qt.AspectRatioMode.KeepAspectRatioByExpanding
    pixmap = pixmap.scaled(side, side, mode, Qt.TransformationMode.SmoothTransformation)
    rounded = QPixmap(side, side)
    rounded.fill(Qt.GlobalColor.transparent)
    painter = QPainter(rounded)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(pixmap))
    painter.drawRoundedRect(rounded.rect(), 7 * ratio, 7 * ratio)
    painter.end()
    rounded.setDevicePixelRatio(ratio)
    return rounded


class ModelDialog(QDialog):
    """All models on this machine.

    Signals:
        train_asked: A new one is to be trained.
    """

    train_asked = pyqtSignal()

    def __init__(self, session: Session, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session, self._theme = session, theme
        self.setWindowTitle(self.tr("Models"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 520)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(18, 18, 18, 18)
        outer.setSpacing(12)
        outer.addWidget(label(self.tr("What a model has seen decides what it can draw."), "muted", wrap=True))
        self._scroll = scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._show_cards()
        outer.addWidget(scroll, 1)
        self.state = label("", "hint", wrap=True)
        self._show_state(session.link_state)
        session.linked.connect(self._show_state)
        self.finished.connect(lambda _result: session.linked.disconnect(self._show_state))
        self.told = label("", wrap=True)  # of what was added: the state below is told anew all the time
        self.told.hide()
        outer.addWidget(self.told)
        outer.addWidget(self.state)
        row = QHBoxLayout()
        self.train_button = button(self.tr("Train on my photos …"), self._train)
        row.addWidget(self.train_button)
        self.add_button = button(self.tr("Add a model …"), self._add)
        row.addWidget(self.add_button)
        row.addStretch(1)
        row.addWidget(button(self.tr("Done"), self.accept, primary=True))
        outer.addLayout(row)

    def _show_cards(self) -> None:
        """Show every model there is, and what is wrong with those left out."""
        body = QWidget()
        body.setObjectName("cards")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 6, 0)
        column.setSpacing(10)
        present = models.find(self.session.settings.model)
        self.cards = [
            ModelCard(info, self._theme, present is not None and info.name == present.name)
            for info in models.available()
        ]
        for card in self.cards:
            card.chosen.connect(self._choose)
            card.remove_asked.connect(partial(self._remove, card.info))
            column.addWidget(card)
        if not self.cards:
            hint = self.tr("No model is installed. Add one, or train one.")
            column.addWidget(label(hint, wrap=True))
        self.broken = [self.tr("Left out: {reason}").format(reason=reason) for reason in models.broken()]
        for problem in self.broken:
            column.addWidget(label(problem, "muted", wrap=True))
        column.addStretch(1)
        self._scroll.setWidget(body)

    def _add(self) -> None:
        """Ask for a model, and check and copy it in the background."""
        pattern = self.tr("Models") + " (*.zip model.yaml)"
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Add a model"), "", pattern)
        if not name:
            return
        self.add_button.setEnabled(False)
        self._tell(self.tr("Checking the model …"))
        self.session.tasks.run(lambda: models.add(Path(name)), lambda _none: self._added(), self._not_added)

    def _added(self) -> None:
        if not sip.isdeleted(self):
            self.add_button.setEnabled(True)
            self._show_cards()
            self._tell(self.tr("The model was added. Choose it above."))

    def _not_added(self, error: Exception) -> None:
        if not sip.isdeleted(self):
            self.add_button.setEnabled(True)
            reason = error.message if isinstance(error, NigdtError) else str(error)
            self._tell(self.tr("The model was not added: {reason}").format(reason=reason))

    def _remove(self, info: BundleInfo) -> None:
        """Delete one of the user's models, after asking."""
        if not self.ask_about_removing(info):
            return
        used = models.find(self.session.settings.model)

        def removed(_none: None) -> None:
            if used is not None and used.name == info.name:
                self.session.choose_model("default")
            if not sip.isdeleted(self):
                self._show_cards()
                self._tell(self.tr("{name} was deleted.").format(name=info.name))

        def failed(error: Exception) -> None:
            if not sip.isdeleted(self):
                self._tell(str(error))

        self.session.tasks.run(lambda: models.remove(info.name), removed, failed)

    def ask_about_removing(self, info: BundleInfo) -> bool:
        """Ask whether a model may be deleted."""
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setText(self.tr("Delete the model {name}?").format(name=info.name))
        box.setInformativeText(self.tr("Its files are deleted from the disk; fills that it made stay."))
        delete = box.addButton(self.tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(keep)
        box.exec()
        return box.clickedButton() is delete

    def _tell(self, text: str) -> None:
        self.told.setText(text)
        self.told.show()

    def _show_state(self, state: LinkState) -> None:
        """Show what the process that runs the model is doing."""
        status = state.status
        if state.failure is not None:
            self.state.setText(" ".join(worded(state.failure)))
        elif status:
            text = self.tr("Process {pid} on {device}. Fills made: {fills}. Memory: {memory} MB.")
            jobs = status.get("jobs", {})
            memory = round(float(status.get("memory_mib", 0)))
            device = device_name(status)
            process = text.format(
                pid=status.get("pid"), device=device, fills=jobs.get("fills", 0), memory=memory
            )
            self.state.setText("\n".join((*map(worded_notice, state.notices), process)))

    def _choose(self, name: str) -> None:
        for card in self.cards:
            card.show_chosen(card.info.name == name)
        if name != self.session.settings.model:
            self.session.choose_model(name)

    def _train(self) -> None:
        self.accept()
        self.train_asked.emit()
