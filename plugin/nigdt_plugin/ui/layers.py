"""The layers of the photo: look, name, order, opacity, and what else can be done with one."""

from __future__ import annotations

import cv2
import numpy as np
from PyQt6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QIcon, QImage, QKeyEvent, QPixmap
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidgetItem,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nigdt_plugin.core.document import Document
from nigdt_plugin.core.layers import Layer
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.widgets import RowList, label, plain_tip, show_value, slider, tool_button

_DATA = Qt.ItemDataRole.UserRole
_ICONS = 100
_SIDE = 40
_SLIDE_MS = 60
_RENAME = Qt.Key.Key_F2


class _Rows(RowList):
    """Takes F2 to rename a layer, as lists do, though elsewhere it chooses a mode."""

    def event(self, e: QEvent | None) -> bool:
        if isinstance(e, QKeyEvent) and e.type() == QEvent.Type.ShortcutOverride and e.key() == _RENAME:
            e.accept()
            return True
        return super().event(e)


class LayerList(QWidget):
    """The applied fills, the topmost first; a check mark shows or hides one.

    Attributes:
        bar: What can be done with the current layer, as buttons.

    Signals:
        mask_toggled: Brushes paint the mask of the current layer from now on, or the selection again.
    """

    mask_toggled = pyqtSignal(bool)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._icons: dict[str, QIcon] = {}  # thumbnails by the layer's id
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        self.list = _Rows()
        self.list.setAccessibleName(self.tr("Layers"))
        self.list.setIconSize(QSize(_SIDE, _SIDE))
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._open_menu)
        self.list.itemChanged.connect(self._edited)
        self.list.currentItemChanged.connect(lambda _now, _before: self._show_current())
        model = self.list.model()
        assert model is not None
        model.rowsMoved.connect(self._reordered)
        column.addWidget(self.list, 1)
        self.hint = label(self.tr("Applied fills appear here."), "hint")
        column.addWidget(self.hint, 0, Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout()
        self.opacity = slider(self.tr("Opacity"), 0, 100, 100, self._slid)
        self._opacity_name = label(self.tr("Opacity"), "muted")
        self._opacity_name.setBuddy(self.opacity)
        self._percent = label("")
        self._percent.setFixedWidth(self.fontMetrics().horizontalAdvance("100 %") + 4)
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for part in (self._opacity_name, self.opacity, self._percent):
            row.addWidget(part)
        column.addLayout(row)
        self._slide_timer = QTimer(self)
        self._slide_timer.setSingleShot(True)
        self._slide_timer.setInterval(_SLIDE_MS)
        self._slide_timer.timeout.connect(self._set_opacity)
        self.buttons: dict[str, QToolButton] = {}
        self.bar = QWidget()  # stands beside the list's title, to leave the height to the layers
        row = QHBoxLayout(self.bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.mask_button = tool_button(
            icon("mask", "#888888"), self.tr("Edit the layer's mask with the brush"), checkable=True
        )
        self.mask_button.toggled.connect(self._edit_mask)
        row.addWidget(self.mask_button)
        for name, text in (
            ("up", self.tr("Move the layer up")),
            ("down", self.tr("Move the layer down")),
            ("copy", self.tr("Duplicate the layer")),
            ("merge", self.tr("Merge the visible layers")),
            ("discard", self.tr("Remove the layer")),
        ):
            self.buttons[name] = tool_button(icon(name, "#888888"), text)
            self.buttons[name].clicked.connect(lambda _checked=False, name=name: self._do(name))
            row.addWidget(self.buttons[name])
        session.steps.connect(self.refresh)
        session.opened.connect(lambda: self.edit_mask(False))
        self._shown: tuple[Layer, ...] | None = None
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for name, button in self.buttons.items():
            button.setIcon(icon(name, theme.text, None, theme.muted))
        self.mask_button.setIcon(icon("mask", theme.text, theme.on_accent, theme.muted))

    # Showing --------------------------------------------------------------------------------------------

    @property
    def current(self) -> Layer | None:
        """The layer that is to be worked on."""
        item = self.list.currentItem()
        return item.data(_DATA) if item is not None else None

    def title(self, layer: Layer) -> str:
        """Return what a layer is called."""
        unnamed = self.tr("Removed") if layer.recipe.effective_mode == "remove" else self.tr("Fill")
        return layer.name or layer.caption or unnamed

    def refresh(self) -> None:
        """Show the present layers."""
        document = self.session.document
        layers = document.layers if document is not None else ()
        if layers == self._shown or document is None:
            if document is None:
                self._enable(())
            return
        current, row = self.current, self.list.currentRow()
        shown = {it.id for it in self._shown or ()}
        fresh = [it for it in layers if it.id not in shown]
        if fresh and len(layers) > len(shown):  # one more, on top or, as a copy, in between
            current = fresh[-1]
        self._shown = layers
        self.list.blockSignals(True)
        self.list.clear()
        # Those that undo took away are kept for redo.
        drawn = {
            it.id: self._icons.pop(it.id) if it.id in self._icons else _thumbnail(document, it)
            for it in layers
        }
        self._icons = dict([*self._icons.items(), *drawn.items()][-max(_ICONS, len(drawn)) :])
        for layer in reversed(layers):
            item = QListWidgetItem(self._icons[layer.id], self.title(layer))
            item.setData(_DATA, layer)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable)
            item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsDropEnabled)
            item.setCheckState(Qt.CheckState.Checked if layer.visible else Qt.CheckState.Unchecked)
            tip = self.tr("{caption}, model {model}").format(caption=self.title(layer), model=layer.model)
            item.setToolTip(plain_tip(tip))
            self.list.addItem(item)
        same = [place for place, it in enumerate(reversed(layers)) if current and it.id == current.id]
        self.list.setCurrentRow(same[0] if same else min(max(row, 0), len(layers) - 1))
        self.list.blockSignals(False)
        self.list.updateGeometry()
        self._show_current()

    def _show_current(self) -> None:
        layer = self.current
        if layer is not None and not self._slide_timer.isActive():
            show_value(self.opacity, 100 * layer.opacity)
            self._percent.setText(f"{self.opacity.value()} %")
        self._enable(self._shown or ())

    def _enable(self, layers: tuple[Layer, ...]) -> None:
        layer = self.current
        self.hint.setVisible(not layers)
        row = self._opacity_name, self.opacity, self._percent, self.mask_button, *self.buttons.values()
        for part in (self.list, *row):
            part.setVisible(bool(layers))
        if not layers:
            self.edit_mask(False)
        place = layers.index(layer) if layer in layers else -1
        self.buttons["up"].setEnabled(0 <= place < len(layers) - 1)
        self.buttons["down"].setEnabled(place > 0)
        self.buttons["merge"].setEnabled(sum(it.visible for it in layers) > 1)
        for name in ("copy", "discard"):
            self.buttons[name].setEnabled(layer is not None)

    # Doing ----------------------------------------------------------------------------------------------

    def _edited(self, item: QListWidgetItem) -> None:
        layer: Layer = item.data(_DATA)
        visible = item.checkState() == Qt.CheckState.Checked
        text = item.text().strip()
        if visible != layer.visible:
            self.session.layering.show(layer, visible)
        elif text and text != self.title(layer):
            self.session.layering.rename(layer, text)
        elif not text:
            item.setText(self.title(layer))

    def _reordered(self) -> None:
        items = [self.list.item(row) for row in range(self.list.count())]
        order = tuple(item.data(_DATA) for item in reversed(items) if item is not None)
        # Not at once: the list is still in the middle of its move.
        QTimer.singleShot(0, lambda: self.session.layering.order(order))

    def _slid(self, value: int) -> None:
        self._percent.setText(f"{value} %")
        self._slide_timer.start()

    def _set_opacity(self) -> None:
        if self.current is not None:
            self.session.layering.set_opacity(self.current, self.opacity.value() / 100)

    def edit_mask(self, edited: bool) -> None:
        """Let brushes paint the mask of the current layer, or the selection again."""
        self.mask_button.setChecked(edited)

    def _edit_mask(self, edited: bool) -> None:
        self.session.masking.target = (lambda: self.current) if edited else None
        self.mask_toggled.emit(edited)

    def _do(self, what: str) -> None:
        layering, layer = self.session.layering, self.current
        if what == "merge":
            layering.merge_visible()
        elif layer is None:
            return
        elif what == "up":
            layering.move(layer, 1)
        elif what == "down":
            layering.move(layer, -1)
        elif what == "copy":
            layering.duplicate(layer)
        elif what == "discard":
            layering.remove(layer)

    def menu(self, item: QListWidgetItem) -> QMenu:
        """Make the menu of a layer."""
        layer: Layer = item.data(_DATA)
        layering = self.session.layering
        menu = QMenu(self)
        menu.addAction(self.tr("Select its region"), lambda: layering.select(layer))
        menu.addAction(self.tr("Fill again"), lambda: layering.fill_again(layer))
        menu.addSeparator()
        menu.addAction(self.tr("Edit its mask"), lambda: self.edit_mask(True))
        hide = menu.addAction(self.tr("Hide what is selected"), lambda: layering.hide_selected(layer))
        whole = menu.addAction(self.tr("Show all of it"), lambda: layering.show_whole(layer))
        assert hide is not None
        assert whole is not None
        document = self.session.document
        hide.setEnabled(document is not None and not document.selection.empty)
        whole.setEnabled(layer.mask is not None)
        menu.addSeparator()
        menu.addAction(self.tr("Rename"), lambda: self.list.editItem(item))
        menu.addAction(self.tr("Duplicate"), lambda: layering.duplicate(layer))
        below = menu.addAction(self.tr("Merge with the one below"), lambda: layering.merge_down(layer))
        assert below is not None
        below.setEnabled(self._shown is not None and self._shown.index(layer) > 0)
        menu.addSeparator()
        menu.addAction(self.tr("Remove"), lambda: layering.remove(layer))
        return menu

    def _open_menu(self, at: QPoint) -> None:
        item = self.list.itemAt(at) or self.list.currentItem()
        viewport = self.list.viewport()
        if item is not None and viewport is not None:
            menu = self.menu(item)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(viewport.mapToGlobal(at))

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:
        assert a0 is not None
        if a0.key() == Qt.Key.Key_Delete:
            self._do("discard")
        else:
            super().keyPressEvent(a0)


def _thumbnail(document: Document, layer: Layer) -> QIcon:
    """Draw the layer in its surroundings, which are paler than it is."""
    around = max(4, max(layer.region.width, layer.region.height) // 6)
    region = layer.region.grown(around).clipped(document.width, document.height)
    step = max(1, min(region.width, region.height) // (4 * _SIDE))
    mixed = document.photo.rgb8[region.slices][::step, ::step].astype(np.float32) * 0.5 + 96
    # Every step-th pixel of the region is one of the layer from these on; the rest is never touched.
    left, top = (layer.region.left - region.left), (layer.region.top - region.top)
    rows, columns = slice(-top % step, None, step), slice(-left % step, None, step)
    rgb, alpha = layer.rgb[rows, columns], layer.kept[rows, columns, None]
    y, x = -(-top // step), -(-left // step)
    inner = mixed[y : y + alpha.shape[0], x : x + alpha.shape[1]]
    inner += (rgb - inner) * alpha
    scale = 2 * _SIDE / max(mixed.shape[:2])
    size = max(1, round(mixed.shape[1] * scale)), max(1, round(mixed.shape[0] * scale))
    small = cv2.resize(mixed, size, interpolation=cv2.INTER_AREA)
    picture = np.full((2 * _SIDE, 2 * _SIDE, 4), 0, np.uint8)
    y, x = (2 * _SIDE - size[1]) // 2, (2 * _SIDE - size[0]) // 2
    picture[y : y + size[1], x : x + size[0], :3] = np.rint(small)
    picture[y : y + size[1], x : x + size[0], 3] = 255
    image = QImage(picture.tobytes(), 2 * _SIDE, 2 * _SIDE, 8 * _SIDE, QImage.Format.Format_RGBA8888)
    pixmap = QPixmap.fromImage(image)
    found = QIcon(pixmap)
    found.addPixmap(pixmap, QIcon.Mode.Selected)  # or it would be tinted
    return found
