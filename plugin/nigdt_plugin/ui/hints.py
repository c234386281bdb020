"""Three hints for the first time, ticked off as they are followed."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.theme import DARK, Theme
from nigdt_plugin.ui.widgets import label, tool_button


class Hints(QFrame):
    """Sits at the top of the canvas until all three are done, or it is closed.

    While the photo is looked at through the loupe or beside what it was, it stays out of the way.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.theme: Theme = DARK
        self.setObjectName("hints")
        parent.installEventFilter(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 10, 10)
        row.setSpacing(14)
        self._rows: list[tuple[QLabel, QLabel]] = []
        column = QVBoxLayout()
        column.setSpacing(5)
        for text in (
            self.tr("Drag over what you want to change"),
            "",
            self.tr("Choose the fill you like and apply it"),
        ):
            line = QHBoxLayout()
            line.setSpacing(9)
            mark, words = QLabel(), label(text)
            mark.setFixedSize(20, 20)
            mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
            line.addWidget(mark)
            line.addWidget(words, 1)
            column.addLayout(line)
            self._rows.append((mark, words))
        row.addLayout(column)
        self.close_button = tool_button(icon("close", "#888888"), self.tr("Close the hints"))
        self.close_button.clicked.connect(lambda: self.dismiss())
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.done = [False, False, False]
        self._aside = False
        session.opened.connect(self.refresh)
        session.selected.connect(lambda _region: self.refresh())
        session.fills.connect(self.refresh)
        session.steps.connect(self.refresh)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.theme = theme
        self.close_button.setIcon(icon("close", theme.text))
        self._draw()

    def dismiss(self) -> None:
        """Never show them again."""
        self.session.settings.seen_hints = True
        self.hide()

    def step_aside(self, aside: bool) -> None:
        """Hide for a while, or come back."""
        self._aside = aside
        self.refresh()

    def refresh(self) -> None:
        """Tick off what was done."""
        document, filling = self.session.document, self.session.filling
        if self.session.settings.seen_hints or document is None or filling is None:
            self.hide()
            return
        self.done[0] = self.done[0] or not document.selection.empty
        self.done[1] = self.done[1] or bool(filling.round is not None and filling.round.fills)
        self.done[2] = self.done[2] or bool(document.layers)
        if all(self.done):
            self.dismiss()
            return
        self._rows[1][1].setText(
            {
                "describe": self.tr("Say what should be there, on the right"),
                "recolour": self.tr("Name its new colour, on the right"),
                "remove": self.tr("Press Remove, on the right"),
            }[self.session.settings.mode]
        )
        self._draw()
        self.setVisible(not self._aside)
        self.raise_()
        self._place()

    def _draw(self) -> None:
        present = self.done.index(False) if False in self.done else 3
        for position, (mark, words) in enumerate(self._rows):
            if self.done[position]:
                mark.setPixmap(icon("check", self.theme.good).pixmap(16, 16))
                mark.setStyleSheet("")
            else:
                colour = self.theme.accent if position == present else self.theme.hover
                text = self.theme.on_accent if position == present else self.theme.muted
                mark.setText(str(position + 1))
                mark.setStyleSheet(
                    f"background: {colour}; color: {text}; border-radius: 10px; font-weight: 600;"
                )
            colour = self.theme.text if position == present else self.theme.muted
            words.setStyleSheet(f"color: {colour}; font-weight: {600 if position == present else 400};")

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is not None:
            self.adjustSize()
            self.move((parent.width() - self.width()) // 2, 16)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:
        if a1 is not None and a1.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(a0, a1)
