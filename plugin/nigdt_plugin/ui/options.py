"""The column of tools, and the bar above the photo that says how the tool in hand works."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpacerItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from nigdt_plugin.core.selection import Combine
from nigdt_plugin.core.settings import BRUSH_MAX, Settings
from nigdt_plugin.ui import widgets
from nigdt_plugin.ui.icons import icon
from nigdt_plugin.ui.theme import Theme
from nigdt_plugin.ui.tools import TOOLS
from nigdt_plugin.ui.widgets import ShortLabel, label, slider, tool_button, translate

_TITLE, _SHORTEST = 104, 48


class ToolColumn(QWidget):
    """One button per tool.

    Signals:
        picked: A tool was chosen; its name.
    """

    picked = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tools")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 8)
        column.setSpacing(3)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        names = self.names()
        for name in TOOLS:
            button = tool_button(icon(name, "#888888"), names[name], checkable=True, size=22)
            button.setFixedSize(38, 38)
            button.clicked.connect(lambda _checked=False, name=name: self.picked.emit(name))
            self._group.addButton(button)
            self.buttons[name] = button
            column.addWidget(button)
            if name == "pan":
                column.addSpacing(6)
        column.addStretch(1)

    def names(self) -> dict[str, str]:
        """Return what each tool is called."""
        return {name: translate("ToolColumn", tool.title) for name, tool in TOOLS.items()}

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for name, button in self.buttons.items():
            button.setIcon(icon(name, theme.text, theme.on_accent, theme.muted))

    def show_tool(self, name: str) -> None:
        """Mark the tool in hand."""
        self.buttons[name].setChecked(True)


class OptionBar(QWidget):
    """Options of the tool in hand; also the `Choices` that the tools read."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("options")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(44)
        self._settings = settings
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(12, 0, 12, 0)
        self.row.setSpacing(8)
        self._title = label("", "heading")
        self.row.addWidget(self._title)
        self._beside_title = QSpacerItem(0, 0, QSizePolicy.Policy.Maximum)
        self.row.addSpacerItem(self._beside_title)
        self._sliders: list[tuple[QSlider, int]] = []
        self._combine = self._combine_buttons()
        self._brush = self._brush_options()
        self._wand = self._wand_options()
        self.hint = ShortLabel()
        for part in (self._combine, self._brush, self._wand):
            self.row.addWidget(part)
        self.row.addWidget(self.hint, 1)
        self.hand_over = widgets.button(self.tr("Hand over"), lambda: None, primary=True)
        self.hand_over.setToolTip(self.tr("Give the result back to the program that opened this window"))
        self.hand_over.hide()
        self.row.addWidget(self.hand_over)

    # Choices --------------------------------------------------------------------------------------------

    combine = Combine.REPLACE

    @property
    def brush_size(self) -> float:
        """Diameter of the brush in photo pixels."""
        return self._settings.brush_size

    @property
    def brush_hardness(self) -> float:
        """0 soft, 1 hard."""
        return self._settings.brush_hardness

    @property
    def tolerance(self) -> int:
        """Of the wand, 0..255."""
        return self._settings.tolerance

    @property
    def connected(self) -> bool:
        """Whether the wand stays around its point."""
        return self._connected.isChecked()

    def resize_brush(self, factor: float) -> None:
        """Make the brush larger or smaller."""
        self._size.setValue(
            max(1, round(self._settings.brush_size * factor + (1 if factor > 1 else -1) * 0.5))
        )

    # Parts ----------------------------------------------------------------------------------------------

    def _part(self) -> tuple[QWidget, QHBoxLayout]:
        part = QWidget()
        row = QHBoxLayout(part)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        return part, row

    def _combine_buttons(self) -> QWidget:
        part, row = self._part()
        row.setSpacing(2)
        self._combine_group = QButtonGroup(self)
        self.combine_buttons: dict[Combine, QToolButton] = {}
        names = {
            Combine.REPLACE: (self.tr("New selection"), ""),
            Combine.ADD: (self.tr("Add to the selection"), "Shift"),
            Combine.SUBTRACT: (self.tr("Take away from the selection"), "Ctrl"),
            Combine.INTERSECT: (self.tr("Keep what both select"), "Shift+Ctrl"),
        }
        for how, (name, key) in names.items():
            button = tool_button(icon(how.value, "#888888"), name, checkable=True, shortcut=key)
            button.clicked.connect(lambda _checked=False, how=how: self.set_combine(how))
            self._combine_group.addButton(button)
            self.combine_buttons[how] = button
            row.addWidget(button)
        self.combine_buttons[Combine.REPLACE].setChecked(True)
        return part

    def set_combine(self, how: Combine) -> None:
        """Choose how shapes meet the selection."""
        self.combine = how
        self.combine_buttons[how].setChecked(True)

    def _labelled(self, row: QHBoxLayout, text: str, control: QSlider, width: int, widest: str) -> QLabel:
        name = label(text, "muted")
        name.setBuddy(control)
        control.setMinimumWidth(_SHORTEST)
        control.setMaximumWidth(width)
        self._sliders.append((control, width))
        value = label("")
        value.setMinimumWidth(value.fontMetrics().horizontalAdvance(widest))
        row.addWidget(name)
        row.addWidget(control)
        row.addWidget(value)
        return value

    def _brush_options(self) -> QWidget:
        part, row = self._part()
        self._size = slider(
            self.tr("Brush size"), 1, BRUSH_MAX, round(self._settings.brush_size), self._set_size
        )
        self._size_text = self._labelled(row, self.tr("Size"), self._size, 130, f"{BRUSH_MAX} px")
        hardness = round(self._settings.brush_hardness * 100)
        self._hardness = slider(self.tr("Brush hardness"), 0, 100, hardness, self._set_hardness)
        self._hardness_text = self._labelled(row, self.tr("Hardness"), self._hardness, 90, "100 %")
        self._set_size(self._size.value())
        self._set_hardness(hardness)
        return part

    def _set_size(self, value: int) -> None:
        self._settings.brush_size = float(value)
        self._size_text.setText(f"{value} px")

    def _set_hardness(self, value: int) -> None:
        self._settings.brush_hardness = value / 100
        self._hardness_text.setText(f"{value} %")

    def _wand_options(self) -> QWidget:
        part, row = self._part()
        self._tolerance = slider(self.tr("Tolerance"), 0, 128, self._settings.tolerance, self._set_tolerance)
        self._tolerance_text = self._labelled(row, self.tr("Tolerance"), self._tolerance, 110, "128")
        self._connected = QCheckBox(self.tr("Connected only"))
        self._connected.setChecked(True)
        row.addWidget(self._connected)
        self._set_tolerance(self._tolerance.value())
        return part

    def _set_tolerance(self, value: int) -> None:
        self._settings.tolerance = value
        self._tolerance_text.setText(str(value))

    # Showing --------------------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for how, button in self.combine_buttons.items():
            button.setIcon(icon(how.value, theme.text, theme.on_accent, theme.muted))

    def show_tool(self, name: str, title: str) -> None:
        """Show the options of a tool."""
        self._title.setText(title)
        tool = TOOLS[name]
        parts = {"combine": self._combine, "brush": self._brush, "wand": self._wand}
        shown = {part: option in tool.options for option, part in parts.items()}
        # What goes, goes first: all at once would be wider than the window, which would grow.
        for part, visible in sorted(shown.items(), key=lambda item: item[1]):
            part.setVisible(visible)
        self.show_hint(translate("OptionBar", tool.hint) if tool.hint else "")

    def show_hint(self, text: str) -> None:
        """Say how the tool in hand is used."""
        self.hint.show_text(text)
        self._share_room()

    def _share_room(self) -> None:
        """Let title and sliders be as long as is handy, as far as that leaves the hint enough room."""
        shown = [(control, most) for control, most in self._sliders if control.isVisibleTo(self)]
        spare = max(0, self.width() - self.row.minimumSize().width() - self.hint.needed)
        for control, most in shown:  # no least widths: they would keep the window from becoming smaller
            control.setMaximumWidth(min(most, _SHORTEST + spare // len(shown)))
        spare -= sum(control.maximumWidth() - _SHORTEST for control, _ in shown)
        short = max(0, _TITLE - self._title.sizeHint().width())
        self._beside_title.changeSize(min(spare, short), 0, QSizePolicy.Policy.Maximum)
        self.row.invalidate()

    def resizeEvent(self, a0: QResizeEvent | None) -> None:
        super().resizeEvent(a0)
        self._share_room()
