"""Small parts that several windows use."""

from __future__ import annotations

import html
from collections.abc import Callable

from PyQt6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QRect, QSize, Qt
from PyQt6.QtGui import QDragEnterEvent, QIcon, QResizeEvent
from PyQt6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

_FEWEST, _SEEN = 1, 4
"""Rows of a list in sight where there is little room, and where there is enough."""
_FRAME, _TITLE_BAR = 8, 40  # of the window manager, which tells only once the window is shown


def translate(context: str, text: str) -> str:
    """Translate a text into the user's language."""
    return QCoreApplication.translate(context, text)


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """Make a text in one of the style sheet's roles."""
    widget = QLabel(text)
    widget.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        widget.setProperty("role", role)
    widget.setWordWrap(wrap)
    return widget


def form_row(form: QFormLayout, name: str, field: QWidget | QLayout) -> None:
    """Add a row to a form, its name level with the field's middle."""
    text = label(name)
    text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
    if isinstance(field, QWidget):
        text.setBuddy(field)
    form.addRow(text, field)


class RowList(QListWidget):
    """As high as its rows, up to a few, so that what is below stays in sight; it takes what room there is.

    Call `updateGeometry` when there are other rows.
    """

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._height(_SEEN))

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self._height(_FEWEST))

    def _height(self, most: int) -> int:
        rows = min(most, max(1, self.count()))
        return rows * max(self.iconSize().height(), self.sizeHintForRow(0)) + 2 * self.frameWidth()


class ShortLabel(QLabel):
    """A hint of one line, or two where it is narrow.

    Where there is no room for all of it, it ends with an ellipsis, and the tooltip has the whole.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", "hint")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setWordWrap(True)
        self._whole = ""

    def show_text(self, text: str) -> None:
        """Show another text."""
        self._whole = text
        self.setAccessibleName(text)
        self._fit()

    @property
    def needed(self) -> int:
        """The least width at which two lines have all of it."""
        width = max(1, self.fontMetrics().horizontalAdvance(self._whole) // 2)
        while not self._fits(width):
            width += 4
        return width

    def _fits(self, width: int) -> bool:
        metrics = self.fontMetrics()
        room = QRect(0, 0, width, 10_000)
        taken = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, self._whole)
        return taken.width() <= width and taken.height() <= 2 * metrics.lineSpacing()

    def _fit(self) -> None:
        metrics, shown = self.fontMetrics(), self._whole
        if not self._fits(self.width()):
            shown = metrics.elidedText(self._whole, Qt.TextElideMode.ElideRight, self.width())
        self.setText(shown)
        self.setToolTip(plain_tip(self._whole) if shown != self._whole else "")

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self._fit()


def isolated(text: str) -> str:
    """Return a text that leaves the direction of the sentence around it alone, as Hebrew would not."""
    return f"\u2068{text}\u2069"


def plain_tip(text: str) -> str:
    """Return a tooltip that shows a text as it is: captions and names must not be taken for HTML."""
    return f"<qt>{html.escape(text).replace(chr(10), '<br>')}</qt>" if "<" in text else text


def line() -> QFrame:
    """Make a thin rule."""
    frame = QFrame()
    frame.setProperty("role", "line")
    return frame


def button(text: str, done: Callable[[], object], *, primary: bool = False, tip: str = "") -> QPushButton:
    """Make a push button; `primary` for the one thing to do next, which Return does in a dialog."""
    widget = QPushButton(text)
    widget.setProperty("primary", primary)
    widget.setDefault(primary)  # or Return in a field would press the dialog's first button
    widget.setToolTip(tip)
    widget.clicked.connect(lambda _checked=False: done())
    return widget


def decision(no: QPushButton, yes: QPushButton) -> QHBoxLayout:
    """Lay out the two buttons that end a dialog, on the right."""
    row = QHBoxLayout()
    row.addStretch(1)
    row.addWidget(no)
    row.addWidget(yes)
    return row


def tool_button(
    icon: QIcon, name: str, *, checkable: bool = False, size: int = 18, shortcut: str = ""
) -> QToolButton:
    """Make a button with only an icon; its name is what it tells on hover and to screen readers."""
    widget = QToolButton()
    widget.setIcon(icon)
    widget.setIconSize(QSize(size, size))
    widget.setCheckable(checkable)
    widget.setAccessibleName(name)
    show_key(widget, shortcut)
    widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return widget


def menu_text(text: str) -> str:
    """Return a user's text for a menu, which would take an ampersand for the mark of a key."""
    return text.replace("&", "&&")


def tab_after(before: QWidget, *widgets: QWidget) -> None:
    """Let Tab lead from a control to others that were made later, which Qt puts behind all of the window."""
    for widget in widgets:
        QWidget.setTabOrder(before, widget)
        before = widget


def show_key(button: QToolButton, key: str) -> None:
    """Name a button's shortcut, if it has one, beside its name."""
    name = button.accessibleName()
    button.setToolTip(f"{name} ({key})" if key else name)


class _Wheel(QObject):
    """Lets the wheel scroll on over a control that has no focus, instead of changing its value."""

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        wheel = a1 is not None and a1.type() == QEvent.Type.Wheel
        if not wheel or not isinstance(a0, QWidget) or a0.hasFocus():
            return False
        assert a1 is not None
        a1.ignore()
        return True


def leave_wheel(widget: QWidget) -> None:
    """Let a control change by the wheel only while it has the focus, or scrolling past it would."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # not by the wheel
    widget.installEventFilter(_Wheel(widget))


def slider(name: str, low: int, high: int, value: int, changed: Callable[[int], object]) -> QSlider:
    """Make a horizontal slider."""
    widget = QSlider(Qt.Orientation.Horizontal)
    widget.setRange(low, high)
    widget.setValue(value)
    widget.setAccessibleName(name)
    widget.valueChanged.connect(changed)
    leave_wheel(widget)
    return widget


def show_value(control: QSlider, value: float) -> None:
    """Move a slider to what was set elsewhere; it tells nobody."""
    control.blockSignals(True)
    control.setValue(round(value))
    control.blockSignals(False)


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Change a property that the style sheet asks for, and draw the widget accordingly."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    style = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)


def take_drag(event: QDragEnterEvent | None) -> None:
    """Let files and pictures be dropped."""
    assert event is not None
    data = event.mimeData()
    if data is not None and (data.hasImage() or any(url.isLocalFile() for url in data.urls())):
        event.acceptProposedAction()


class FlowLayout(QLayout):
    """Puts widgets side by side and goes to the next line where they do not fit."""

    def __init__(self, gap: int = 6) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap = gap

    def addItem(self, a0: QLayoutItem | None) -> None:
        if a0 is not None:
            self._items.append(a0)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, a0: int) -> int:
        return self._arrange(QRect(0, 0, a0, 0), move=False)

    def setGeometry(self, a0: QRect) -> None:
        super().setGeometry(a0)
        self._arrange(a0, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        return size

    def clear(self) -> None:
        """Take every widget out."""
        while self._items:
            widget = self._items.pop().widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _lines(self, width: int) -> list[list[tuple[QLayoutItem, QSize]]]:
        """Return the items line by line, each with the size it gets."""
        lines: list[list[tuple[QLayoutItem, QSize]]] = [[]]
        x = 0
        for item in self._items:
            widget = item.widget()
            # Not the item's own hint, which is empty until its widget was shown.
            hint = widget.sizeHint() if widget is not None else item.sizeHint()
            size = QSize(min(hint.width(), max(1, width)), hint.height())
            if lines[-1] and x + size.width() > width:
                lines.append([])
                x = 0
            lines[-1].append((item, size))
            x += size.width() + self._gap
        return lines

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        y = rect.y()
        for line in self._lines(rect.width()):
            height = max((size.height() for _, size in line), default=0)
            x = rect.x()
            for item, size in line:
                if move:
                    item.setGeometry(QRect(QPoint(x, y + (height - size.height()) // 2), size))
                x += size.width() + self._gap
            y += height + self._gap
        return max(0, y - self._gap - rect.y())


def fit_screen(window: QWidget, width: int, height: int) -> None:
    """Give a window this size in pixels, with frame and title bar no larger than the screen."""
    screen = window.screen()
    if screen is not None:
        room = screen.availableGeometry().size()
        window.resize(min(width, room.width() - _FRAME), min(height, room.height() - _TITLE_BAR))
