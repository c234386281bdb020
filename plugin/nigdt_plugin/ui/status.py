"""The bar at the bottom: pointer, zoom, and what the daemon is doing."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor, QIcon, QPainter, QPixmap
from PyQt6.QtWidgets import QComboBox, QStatusBar, QToolButton, QWidget

from nigdt_plugin.core.link import LinkPhase, LinkState
from nigdt_plugin.ui.drag_out import DragLabel
from nigdt_plugin.ui.failures import worded
from nigdt_plugin.ui.language import number
from nigdt_plugin.ui.notices import worded_notice
from nigdt_plugin.ui.theme import DARK, Theme
from nigdt_plugin.ui.turn import Turn
from nigdt_plugin.ui.widgets import label, plain_tip

_PERCENTS = (10, 25, 50, 100, 200, 400, 800)


class StatusBar(QStatusBar):
    """Signals: `zoom_wanted` (percent, 0 = fit), `upright_wanted`, `daemon_asked` (the chip was clicked)."""

    zoom_wanted = pyqtSignal(float)
    upright_wanted = pyqtSignal()
    daemon_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setContentsMargins(10, 3, 8, 3)
        self.theme: Theme = DARK
        self._state = LinkState()
        self._seconds: float | None = None
        self._waiting = False
        self._model = ""
        self.photo_size = DragLabel()
        self.pointer = label("", "muted")
        self.pointer.setMinimumWidth(110)
        self.pointer.setIndent(12)
        self.zoom = QComboBox()
        self.zoom.setEditable(True)
        view = self.zoom.view()
        assert view is not None
        for part in (self.zoom, view):
            part.setAccessibleName(self.tr("Zoom"))
        self.zoom.addItem(self.tr("Fit"), 0.0)
        for percent in _PERCENTS:
            self.zoom.addItem(f"{percent} %", float(percent))
        self.zoom.setFixedWidth(96)
        self.zoom.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.zoom.activated.connect(lambda index: self.zoom_wanted.emit(self.zoom.itemData(index)))
        edit = self.zoom.lineEdit()
        assert edit is not None
        edit.setAccessibleName(self.tr("Zoom"))
        edit.returnPressed.connect(self._typed)
        self.daemon = QToolButton()
        self.daemon.setProperty("chip", True)
        self.daemon.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.daemon.clicked.connect(lambda: self.daemon_asked.emit())
        self.turned = QToolButton()
        self.turned.setProperty("chip", True)
        self.turned.setToolTip(self.tr("Show the photo as it is"))
        self.turned.setAccessibleName(self.turned.toolTip())  # before it has a text, a screen reader lists it
        self.turned.clicked.connect(lambda: self.upright_wanted.emit())
        self.turned.hide()
        self.addWidget(self.photo_size)
        self.addWidget(self.turned)
        self.addWidget(self.pointer)
        self.addPermanentWidget(self.daemon)
        self.addPermanentWidget(self.zoom)
        self.show_link(self._state)

    def _typed(self) -> None:
        text = self.zoom.currentText().strip().rstrip("%").strip()
        try:
            self.zoom_wanted.emit(min(max(float(text.replace(",", ".")), 1.0), 6400.0))
        except ValueError:
            self.zoom_wanted.emit(0.0)

    def show_zoom(self, percent: float) -> None:
        """Show the present zoom."""
        edit = self.zoom.lineEdit()
        if edit is not None and not edit.hasFocus():
            self.zoom.setEditText(f"{percent:.0f} %")

    def show_size(self, width: int, height: int) -> None:
        """Show the photo's size."""
        self.photo_size.setText(f"{width} \u00d7 {height}" if width else "")

    def show_turn(self, turn: Turn) -> None:
        """Show whether the view is turned or mirrored."""
        parts = [self.tr("mirrored")] if turn.mirrored else []
        if turn.quarters:
            parts.append(self.tr("turned by {degrees}°").format(degrees=90 * turn.quarters))
        self.turned.setText(self.tr("View: {how}").format(how=", ".join(parts)))
        self.turned.setAccessibleName(f"{self.turned.text()}. {self.turned.toolTip()}")
        self.turned.setVisible(bool(parts))

    def show_pointer(self, x: int, y: int) -> None:
        """Show which photo pixel is under the pointer."""
        self.pointer.setText(f"{x}, {y}" if x >= 0 else "")

    def show_work(self, seconds: float | None, model: str) -> None:
        """Show how long the last fill took, and which model is chosen."""
        self._seconds, self._model = seconds, model
        self.show_link(self._state)

    def show_waiting(self, waiting: bool) -> None:
        """Show that an answer is awaited and the daemon gives no sign."""
        if waiting != self._waiting:
            self._waiting = waiting
            self.show_link(self._state)

    def show_link(self, state: LinkState) -> None:
        """Show what the daemon is doing."""
        self._state = state
        theme = self.theme
        colour, text = {
            LinkPhase.OFF: (theme.muted, self.tr("Model not started")),
            LinkPhase.CONNECTING: (theme.warn, self.tr("Starting the model …")),
            LinkPhase.READY: (theme.warn if state.notices else theme.good, self.tr("Ready")),
            LinkPhase.FAILED: (theme.bad, self.tr("Not reachable, trying again")),
        }[state.phase]
        if state.starting:
            colour, text = theme.warn, self.tr("Starting the model …")
        elif self._waiting and state.phase is LinkPhase.READY:
            colour, text = theme.warn, self.tr("Waiting for the model …")
        parts = [text]
        if state.phase is LinkPhase.READY:
            device = device_name(state.status)
            parts += [part for part in (device, self._model) if part]
            waiting = queued(state.status)
            if waiting:
                parts.append(self.tr("%n waiting", "", waiting))
            if self._seconds is not None:
                parts.append(self.tr("{seconds} s per fill").format(seconds=_seconds(self._seconds)))
        self.daemon.setText("  ·  ".join(parts))
        self.daemon.setIcon(_dot(colour))
        self.daemon.setAccessibleName(self.tr("Model: {state}").format(state=", ".join(parts)))
        hint = self.tr("Details of the model and its process")
        notices = map(worded_notice, state.notices)
        told = [" ".join(worded(state.failure))] if state.failure else [*notices, hint]
        self.daemon.setToolTip(plain_tip("\n".join(told)))


def device_name(status: dict[str, Any]) -> str:
    """Return the device as people call it."""
    device = status.get("device") or status.get("engine", {}).get("device") or ""
    if isinstance(device, dict):
        device = device.get("name", "")
    name = str(device)
    kind, _, number = name.partition(":")
    known = {"cpu": "CPU", "cuda": "GPU", "mps": "Apple GPU", "none": "", "not chosen yet": ""}.get(
        kind, kind
    )
    return f"{known} {number}" if number not in ("", "0") else known


def queued(status: dict[str, Any]) -> int:
    """Show how many jobs wait."""
    queue = status.get("queue", {})
    value = queue.get("waiting", queue.get("jobs", 0)) if isinstance(queue, dict) else queue
    return value if isinstance(value, int) else 0


def _dot(colour: str) -> QIcon:
    pixmap = QPixmap(24, 24)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(5, 5, 14, 14)
    painter.end()
    return QIcon(pixmap)


def _seconds(seconds: float) -> str:
    """Return a time as a photographer wants it: to a tenth, and never none at all."""
    return number(seconds) if seconds >= 0.05 else f"< {number(0.1)}"
