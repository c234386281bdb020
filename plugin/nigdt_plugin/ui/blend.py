"""How a fill meets the photo, and how much of the photo the model sees."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from nigdt.limits import DETAIL_MAX, FEATHER_MAX, GUIDANCE_MAX, WIDEN_MAX
from nigdt_plugin.core.session import Session
from nigdt_plugin.ui.language import number
from nigdt_plugin.ui.widgets import label, show_value, slider


class BlendBox(QWidget):
    """Six sliders; the first three change the chosen fill at once.

    Signals:
        asked: The model is asked in another way; that needs a new fill.
    """

    asked = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        settings = session.settings
        self.feather = slider(self.tr("Feather"), -1, FEATHER_MAX, round(settings.feather), self._changed)
        match = round(settings.match_colours * 100)
        self.match = slider(self.tr("Match colours"), 0, 100, match, self._changed)
        self.strength = slider(self.tr("Strength"), 0, 100, round(settings.strength * 100), self._changed)
        self.widen = slider(
            self.tr("Surroundings"), 100, round(100 * WIDEN_MAX), round(settings.widen * 100), self._asked
        )
        self.widen.setToolTip(self.tr("How much of the surroundings the model sees"))
        guidance = round(settings.guidance * 100)
        self.guidance = slider(self.tr("Follow words"), 0, round(100 * GUIDANCE_MAX), guidance, self._asked)
        self.guidance.setToolTip(self.tr("How strongly the words count in a described fill"))
        detail = round(settings.detail * 50)
        self.detail = slider(self.tr("Detail"), 0, round(50 * DETAIL_MAX), detail, self._asked)
        self.detail.setToolTip(self.tr("How much of the photo's texture a described fill carries"))
        self._values: dict[QSlider, QLabel] = {}
        widest = self.fontMetrics().horizontalAdvance(self.tr("automatic")) + 6
        for control in (self.feather, self.match, self.strength, *self._anew):
            row = QHBoxLayout()
            name = label(control.accessibleName(), "muted")
            name.setFixedWidth(112)
            name.setBuddy(control)
            value = label("")
            value.setFixedWidth(widest)
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._values[control] = value
            row.addWidget(name)
            row.addWidget(control, 1)
            row.addWidget(value)
            column.addLayout(row)
        self._show_values()

    @property
    def _anew(self) -> tuple[QSlider, QSlider, QSlider]:
        return self.widen, self.guidance, self.detail

    def show_mode(self, mode: str) -> None:
        """Let what the fill is not blended by rest, and show what was set elsewhere."""
        settings = self.session.settings
        for control, value in (
            (self.feather, settings.feather),
            (self.match, settings.match_colours * 100),
            (self.strength, settings.strength * 100),
            (self.widen, settings.widen * 100),
            (self.guidance, settings.guidance * 100),
            (self.detail, settings.detail * 50),
        ):
            show_value(control, value)
        self._show_values()
        for control in (self.guidance, self.detail):
            control.setEnabled(settings.mode == "describe")
        recolours = mode == "recolour"
        tip = self.tr("A recoloured thing keeps its own edge and light, so there is no seam to blend")
        for control in (self.feather, self.match):
            control.setEnabled(not recolours)
            control.setToolTip(tip if recolours else "")

    def _show_values(self) -> None:
        feather = self.feather.value()
        self._values[self.feather].setText(self.tr("automatic") if feather < 0 else f"{feather} px")
        self._values[self.match].setText(f"{self.match.value()} %")
        self._values[self.strength].setText(f"{self.strength.value()} %")
        self._values[self.widen].setText(f"\u00d7 {number(self.widen.value() / 100)}")
        self._values[self.guidance].setText(f"\u00d7 {number(self.guidance.value() / 100)}")
        detail = self.detail.value()
        self._values[self.detail].setText(self.tr("automatic") if detail == 50 else f"{detail} %")

    def _changed(self, _value: int) -> None:
        settings, feather = self.session.settings, self.feather.value()
        settings.feather = float(feather)
        settings.match_colours = self.match.value() / 100
        settings.strength = self.strength.value() / 100
        self._show_values()
        if self.session.filling is not None:
            self.session.filling.set_recipe(settings.recipe())

    def _asked(self, _value: int) -> None:
        settings = self.session.settings
        settings.widen = self.widen.value() / 100
        settings.guidance = self.guidance.value() / 100
        settings.detail = self.detail.value() / 50
        self._show_values()
        if self.session.filling is not None:
            self.session.filling.set_recipe(settings.recipe())
            self.session.fills()
            self.asked.emit()
