"""Colours and the style sheet, light and dark. Blue-green for what acts, orange for what is selected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication


@dataclass(frozen=True)
class Theme:
    """Colours as "#rrggbb". Text on `panel` and `accent` keeps a contrast of at least 4.5 : 1."""

    name: str
    canvas: str
    window: str
    panel: str
    raised: str
    hover: str
    border: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    accent_text: str
    on_accent: str
    selection: str
    good: str
    warn: str
    bad: str


DARK = Theme(
    name="dark",
    canvas="#121417",
    window="#1a1d21",
    panel="#202429",
    raised="#2a2f36",
    hover="#353b44",
    border="#343a43",
    text="#e9ecf0",
    muted="#a0a9b5",
    accent="#0f7f9e",
    accent_hover="#1592b5",
    accent_text="#54c8e6",
    on_accent="#ffffff",
    selection="#ff8f3f",
    good="#4fc48a",
    warn="#f0b04a",
    bad="#f2746b",
)

LIGHT = Theme(
    name="light",
    canvas="#dfe3e8",
    window="#eef0f3",
    panel="#f9fafb",
    raised="#ffffff",
    hover="#e6eaee",
    border="#cfd5dc",
    text="#1b2026",
    muted="#59636f",
    accent="#0c7592",
    accent_hover="#0a6580",
    accent_text="#0a6580",
    on_accent="#ffffff",
    selection="#e8641b",
    good="#1d7f4f",
    warn="#8f5f00",
    bad="#b3332a",
)

_ASSETS = Path(__file__).parent.parent / "assets"


def wanted(choice: str) -> Theme:
    """Return the theme for "light", "dark", or "system" (what the desktop uses)."""
    if choice == "light":
        return LIGHT
    if choice == "dark":
        return DARK
    hints = QGuiApplication.styleHints()
    if hints is not None and hints.colorScheme() == Qt.ColorScheme.Light:
        return LIGHT
    return DARK


def apply(app: QApplication, theme: Theme) -> None:
    """Dress the whole application."""
    app.setStyle("Fusion")
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in (
        (roles.Window, theme.window),
        (roles.WindowText, theme.text),
        (roles.Base, theme.raised),
        (roles.AlternateBase, theme.panel),
        (roles.Text, theme.text),
        (roles.Button, theme.raised),
        (roles.ButtonText, theme.text),
        (roles.BrightText, theme.bad),
        (roles.Highlight, theme.accent),
        (roles.HighlightedText, theme.on_accent),
        (roles.ToolTipBase, theme.raised),
        (roles.ToolTipText, theme.text),
        (roles.PlaceholderText, theme.muted),
        (roles.Link, theme.accent_text),
        (roles.Mid, theme.border),
    ):
        palette.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.muted))
    app.setPalette(palette)
    sheet = Template((_ASSETS / "style.qss").read_text(encoding="utf-8"))
    app.setStyleSheet(sheet.substitute(vars(theme), icons=(_ASSETS / "icons").as_posix()))
