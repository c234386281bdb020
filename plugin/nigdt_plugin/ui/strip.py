"""The fills as thumbnails, in a list that mouse, keyboard and screen readers know how to use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PyQt6.QtCore import QEvent, QModelIndex, QPoint, QRect, QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QResizeEvent,
    QShowEvent,
)
from PyQt6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from nigdt.context import Context
from nigdt_plugin.core import heat
from nigdt_plugin.core.captions import differences
from nigdt_plugin.core.fills import Candidate, Pixels, greyed
from nigdt_plugin.core.tasks import Tasks
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.theme import DARK, Theme
from nigdt_plugin.ui.widgets import plain_tip

_SIDE = 102
_GAP = 8
_LABEL = 18
_ROWS = 3
_PIXELS = 192  # sharp at a pixel ratio of 2
_LATER_MS = 40
"""After a fill has come so long passes until it is made small: its place in the photo comes first."""
_FILL = Qt.ItemDataRole.UserRole
_STATE = Qt.ItemDataRole.UserRole + 1


ALWAYS = ("apply", "favourite", "star", "discard")
"""What can be done with every fill."""


def allows(fill: Candidate, what: str) -> bool:
    """Return whether something besides `ALWAYS` can be done with a fill.

    Only what the model drew was drawn by words and has neighbours; of a recolouring there is one answer.
    """
    return fill.effective_mode == "describe" or (fill.effective_mode == "remove" and what == "dice")


def thumbnail(context: Context, fill: Candidate, side: int = _PIXELS, *, grey: bool = False) -> QPixmap:
    """Return the fill and what is around it, small."""
    return _pixmap(_small(context, fill, side, grey=grey))


def _small(context: Context, fill: Candidate, side: int = _PIXELS, *, grey: bool = False) -> Pixels:
    """Return the pixels of `thumbnail`, (h, w, 3); in any thread."""
    pixels = heat.of_fill(context, fill, side, close=True)
    return np.ascontiguousarray(greyed(pixels) if grey else pixels)


def _pixmap(pixels: Pixels) -> QPixmap:
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)  # type: ignore[call-overload]
    return QPixmap.fromImage(image.copy())


_KEYS = {
    Qt.Key.Key_Return: "apply",
    Qt.Key.Key_Enter: "apply",
    Qt.Key.Key_Delete: "discard",
    Qt.Key.Key_F: "favourite",
    Qt.Key.Key_M: "similar",
    Qt.Key.Key_R: "dice",
}


def _key(event: QKeyEvent) -> str | None:
    """Return what a key asks for."""
    plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return next((what for key, what in _KEYS.items() if plain and key == event.key()), None)


class _Delegate(QStyledItemDelegate):
    """Draws a thumbnail, its seed, and whether it is kept, applied or still to come."""

    theme: Theme = DARK

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(_SIDE + _GAP, _SIDE + _LABEL + _GAP)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        assert painter is not None
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        cell = option.rect.adjusted(0, _GAP // 2, -_GAP, -_GAP // 2)
        picture = QRect(cell.left(), cell.top(), _SIDE, _SIDE)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        favourite, applied, waiting = index.data(_STATE)
        rounded = QPainterPath()
        rounded.addRoundedRect(QRectF(picture), 7, 7)
        if waiting:
            painter.fillPath(rounded, QColor(self.theme.raised))
            painter.setPen(QColor(self.theme.muted))
            painter.drawText(picture, Qt.AlignmentFlag.AlignCenter, "· · ·")
        else:
            pixmap = index.data(Qt.ItemDataRole.DecorationRole) or QPixmap()  # it may still be to come
            size = pixmap.size().scaled(picture.size(), Qt.AspectRatioMode.KeepAspectRatio)
            fitted = QRect(QPoint(0, 0), size)
            fitted.moveCenter(picture.center())
            if size != picture.size() or pixmap.isNull():
                painter.fillPath(rounded, QColor(self.theme.raised))
            painter.setClipPath(rounded)
            if not pixmap.isNull():
                painter.drawPixmap(fitted, pixmap)
            painter.setClipping(False)
        if chosen and not waiting:
            focus = bool(option.state & QStyle.StateFlag.State_HasFocus)
            painter.setPen(QPen(QColor(self.theme.accent_text), 3.5 if focus else 2.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(picture).adjusted(1, 1, -1, -1), 7, 7)
        if favourite:
            place = picture.topRight() + QPoint(-23, 4)
            self._badge(painter, place, "star-full", DARK.selection, DARK.canvas)
        if applied:
            self._badge(painter, picture.topLeft() + QPoint(4, 4), "check", DARK.canvas, DARK.good)
        painter.setPen(QColor(self.theme.text if chosen else self.theme.muted))
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        text = painter.fontMetrics().elidedText(
            index.data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideRight, _SIDE
        )
        where = QRect(cell.left(), picture.bottom() + 3, _SIDE, _LABEL)
        painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()

    def _badge(self, painter: QPainter, at: QPoint, name: str, colour: str, ground: str) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        painter.drawEllipse(QRect(at, QSize(20, 20)))
        icon(name, colour).paint(painter, QRect(at + QPoint(2, 2), QSize(16, 16)))


class FillStrip(QListWidget):
    """The fills of the present round.

    Args:
        tasks: Threads in which fills are made small.

    Signals:
        picked: A fill was chosen, or clicked once more.
        asked: What is to be done ("apply", "favourite", "similar", "dice", "words", "discard"), and the fill.
    """

    picked = pyqtSignal(object)
    asked = pyqtSignal(str, object)

    def __init__(self, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fills")
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QListWidget.SelectionMode.SingleSelection)
        self.setSpacing(0)
        self._delegate = _Delegate(self)
        self.setItemDelegate(self._delegate)
        self._tasks = tasks
        self._context: Context | None = None
        self._grey = False
        self._pictures: dict[tuple[str, bool], QPixmap] = {}
        self._drawing = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_LATER_MS)
        self._later.timeout.connect(self._draw_missing)
        self._quiet = False
        self.currentItemChanged.connect(self._picked)
        self.itemClicked.connect(self._picked)
        self.itemDoubleClicked.connect(lambda item: self._ask("apply", item))

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._delegate.theme = theme
        self.update()

    def show_fills(
        self,
        context: Context | None,
        fills: list[Candidate],
        chosen: Candidate | None,
        applied: Callable[[Candidate], bool],
        awaited: int,
        *,
        grey: bool = False,
    ) -> None:
        """Show these fills and as many empty places."""
        self._quiet = True
        several = len({fill.caption for fill in fills}) > 1
        shortened = differences([fill.caption for fill in fills])
        wanted = len(fills) + awaited
        while self.count() > wanted:
            self.takeItem(self.count() - 1)
        while self.count() < wanted:
            self.addItem(QListWidgetItem())
        kept = {}
        anew = context is not self._context
        self._context, self._grey = context, grey
        for position in range(wanted):
            item = self.item(position)
            assert item is not None
            if position >= len(fills) or context is None:
                item.setText("")
                item.setData(_FILL, None)
                item.setData(_STATE, (False, False, True))
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, self.tr("Fill to come"))
                continue
            fill = fills[position]
            key = fill.id, grey
            picture = self._pictures.get(key)
            if picture is not None:
                kept[key] = picture
            seed = self._seed(fill)
            alone = fill.caption if fill.effective_mode == "recolour" else seed
            text = shortened[position] if several else alone
            item.setText(text)
            if picture is not None or anew:  # until then, the fill shows that it follows
                item.setData(Qt.ItemDataRole.DecorationRole, picture)
            item.setData(_FILL, fill)
            item.setData(_STATE, (fill.favourite, applied(fill), False))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            item.setToolTip(plain_tip(self._tip(fill, seed)))
            name = self.tr("Fill {number}: {what}").format(number=position + 1, what=self._tip(fill, seed))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, name)
            if fill is chosen:
                self.setCurrentItem(item)
        if chosen is None:
            self.setCurrentItem(None)
            self.clearSelection()
        self._pictures = kept
        self._quiet = False
        self._fit()
        self._draw_later()

    def showEvent(self, a0: QShowEvent | None) -> None:
        super().showEvent(a0)
        self._draw_later()

    def _draw_later(self) -> None:
        if self.isVisible() and self._missing and not self._drawing:
            self._later.start()

    @property
    def _missing(self) -> list[QListWidgetItem]:
        """The fills in view that are not made small yet."""
        items = (self.item(position) for position in range(self.count()))
        shown = [item for item in items if item is not None and item.data(_FILL) is not None]
        return [item for item in shown if (item.data(_FILL).id, self._grey) not in self._pictures]

    def _draw_missing(self) -> None:
        """Make fills small in a thread, and show them."""
        context, grey = self._context, self._grey
        fills: list[Candidate] = [item.data(_FILL) for item in self._missing]
        if context is None or not fills:
            return
        self._drawing = True

        def show(pictures: list[Pixels]) -> None:
            self._drawing = False
            if context is self._context and grey == self._grey:
                drawn = dict(zip((fill.id for fill in fills), pictures, strict=True))
                for item in self._missing:
                    fill = item.data(_FILL)
                    if fill.id in drawn:
                        pixmap = self._pictures[fill.id, grey] = _pixmap(drawn[fill.id])
                        item.setData(Qt.ItemDataRole.DecorationRole, pixmap)
            self._draw_missing()

        def failed(_error: Exception) -> None:
            self._drawing = False

        self._tasks.run(lambda: [_small(context, fill, grey=grey) for fill in fills], show, failed)

    def _seed(self, fill: Candidate) -> str:
        if fill.effective_mode == "remove":
            return str((fill.variant.seed or 0) + 1)
        variant = fill.variant
        if variant.seed is None:
            return self.tr("average")
        if variant.spread == 1:
            return str(variant.seed)
        return self.tr("near {seed}").format(
            seed=self.tr("average") if variant.base is None else variant.base
        )

    def _tip(self, fill: Candidate, seed: str) -> str:
        if fill.effective_mode == "recolour":
            return self.tr("“{caption}”").format(caption=fill.caption)
        if fill.effective_mode == "remove":
            return self.tr("Removed, answer {number}").format(number=seed)
        if fill.variant.spread < 1:
            seed = f"{seed}, {fill.variant.seed}"
        return self.tr("“{caption}”, seed {seed}").format(caption=fill.caption, seed=seed)

    def _fit(self) -> None:
        """Make the list as high as its rows, up to a few."""
        viewport = self.viewport()
        assert viewport is not None
        columns = max(1, (viewport.width() - 1) // (_SIDE + _GAP))
        rows = max(1, -(-self.count() // columns))
        bars = Qt.ScrollBarPolicy.ScrollBarAsNeeded if rows > _ROWS else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(bars)
        self.setFixedHeight(min(rows, _ROWS) * (_SIDE + _LABEL + _GAP) + 4)

    def resizeEvent(self, e: QResizeEvent | None) -> None:
        super().resizeEvent(e)
        self._fit()

    def _picked(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self._quiet and item.data(_FILL) is not None:
            self.picked.emit(item.data(_FILL))

    def _ask(self, what: str, item: QListWidgetItem | None) -> None:
        if item is not None and item.data(_FILL) is not None:
            self.asked.emit(what, item.data(_FILL))

    def event(self, e: QEvent | None) -> bool:
        if isinstance(e, QKeyEvent) and e.type() == QEvent.Type.ShortcutOverride and _key(e) is not None:
            e.accept()  # here these keys are not those of the tools
            return True
        return super().event(e)

    def keyPressEvent(self, e: QKeyEvent | None) -> None:
        assert e is not None
        what = _key(e)
        if what is not None:
            self._ask(what, self.currentItem())
        else:
            super().keyPressEvent(e)

    def contextMenuEvent(self, a0: QContextMenuEvent | None) -> None:
        assert a0 is not None
        item = self.itemAt(a0.pos()) or self.currentItem()
        if item is None or item.data(_FILL) is None:
            return
        fill: Candidate = item.data(_FILL)
        menu = QMenu(self)
        for what, text in (
            ("apply", self.tr("Apply")),
            ("favourite", self.tr("No longer a favourite") if fill.favourite else self.tr("Favourite")),
            ("similar", self.tr("More like this")),
            ("dice", self.tr("Try another in its place")),
            ("words", self.tr("Words that drew it")),
            ("discard", self.tr("Discard")),
        ):
            action = menu.addAction(text, lambda what=what: self._ask(what, item))
            if action is not None:
                action.setEnabled(what in ALWAYS or allows(fill, what))
        menu.exec(a0.globalPos())
        menu.deleteLater()
