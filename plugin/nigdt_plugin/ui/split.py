"""Two parts one above the other that share what height there is."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, QSize, Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QSplitter, QTabWidget, QWidget

_SHARE = 0.25
"""Of the height, for the lower part where the upper one needs all of it."""


class Tabs(QTabWidget):
    """Asks for no more height than the page that is seen needs."""

    def __init__(self) -> None:
        super().__init__()
        self.currentChanged.connect(self._shown)

    def _shown(self, place: int) -> None:
        policies = QSizePolicy.Policy
        for index in range(self.count()):
            page = self.widget(index)
            if page is not None:
                page.setSizePolicy(
                    policies.Preferred, policies.Preferred if index == place else policies.Ignored
                )

    def tabInserted(self, index: int) -> None:
        super().tabInserted(index)
        self._shown(self.currentIndex())

    def sizeHint(self) -> QSize:
        page, least = self.currentWidget(), self.minimumSizeHint().height()
        more = page.sizeHint().height() - page.minimumSizeHint().height() if page is not None else 0
        return QSize(super().sizeHint().width(), least + more)


class Split(QSplitter):
    """A part that scrolls, and below it one that is always in sight.

    The lower part gets what the upper one does not need, and at least a share of it all, if it wants so much.
    Once the user has moved the line between them, it stays there.

    Attributes:
        area: Holds the upper part.
    """

    def __init__(self, upper: QWidget, lower: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.area = scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        # Always there, so that nothing moves when it is needed; its handle is not drawn before.
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(upper)
        self._upper, self._lower = upper, lower
        self._moved = False
        self.addWidget(scroll)
        self.addWidget(lower)
        self.setChildrenCollapsible(False)
        self.setStretchFactor(0, 1)
        self.setStretchFactor(1, 0)
        upper.installEventFilter(self)
        lower.installEventFilter(self)
        self.splitterMoved.connect(lambda _place, _index: self._keep())

    def _keep(self) -> None:
        self._moved = True

    def share(self) -> None:
        """Give both parts their height, unless the user has done so."""
        if self._moved:
            return
        room = self.height() - self.handleWidth()
        least, wanted = self._lower.minimumSizeHint().height(), self._lower.sizeHint().height()
        lower = max(least, room - self._needed, min(wanted, round(_SHARE * room)))
        if self.sizes() != [room - lower, lower]:
            self.setSizes([room - lower, lower])

    @property
    def _needed(self) -> int:
        viewport = self.area.viewport()
        upper = self._upper
        if viewport is not None and upper.hasHeightForWidth():
            return upper.heightForWidth(viewport.width())
        return upper.sizeHint().height()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        if a1 is not None and a1.type() == QEvent.Type.LayoutRequest:
            self.share()
        return super().eventFilter(a0, a1)

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self.share()
