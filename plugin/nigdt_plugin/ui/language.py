"""The user's language, through Qt's own translation files."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QDateTime, QLibraryInfo, QLocale, QTranslator
from PyQt6.QtWidgets import QApplication

FOLDER = Path(__file__).parent.parent / "assets" / "i18n"
LANGUAGES = {"en": "English", "de": "Deutsch"}
"""Languages whose translation is complete, by their own names."""

STEPS = (
    QT_TRANSLATE_NOOP("Steps", "Select all"),
    QT_TRANSLATE_NOOP("Steps", "Deselect"),
    QT_TRANSLATE_NOOP("Steps", "Make it a colour photo"),
    QT_TRANSLATE_NOOP("Steps", "Invert"),
    QT_TRANSLATE_NOOP("Steps", "Grow"),
    QT_TRANSLATE_NOOP("Steps", "Shrink"),
    QT_TRANSLATE_NOOP("Steps", "Feather"),
    QT_TRANSLATE_NOOP("Steps", "Load selection"),
    QT_TRANSLATE_NOOP("Steps", "Selection from history"),
    QT_TRANSLATE_NOOP("Steps", "Fill"),
    QT_TRANSLATE_NOOP("Steps", "Show layer"),
    QT_TRANSLATE_NOOP("Steps", "Hide layer"),
    QT_TRANSLATE_NOOP("Steps", "Remove layer"),
    QT_TRANSLATE_NOOP("Steps", "Rename layer"),
    QT_TRANSLATE_NOOP("Steps", "Layer opacity"),
    QT_TRANSLATE_NOOP("Steps", "Duplicate layer"),
    QT_TRANSLATE_NOOP("Steps", "Move layer"),
    QT_TRANSLATE_NOOP("Steps", "Merge layers"),
    QT_TRANSLATE_NOOP("Steps", "Layer mask"),
    QT_TRANSLATE_NOOP("Steps", "Selection from layer"),
    QT_TRANSLATE_NOOP("Steps", "Discard fills"),
    QT_TRANSLATE_NOOP("Steps", "Crop"),
    QT_TRANSLATE_NOOP("Steps", "Extend the canvas"),
)
"""Labels of steps, which the core gives in English; tools name theirs themselves."""


def wanted(choice: str) -> str:
    """Return the language for a setting: "system", or a code such as "de"."""
    code = QLocale.system().name() if choice == "system" else choice
    code = code.split("_")[0].split("-")[0].lower()
    return code if code in LANGUAGES else "en"


def moment(seconds: float) -> str:
    """Write date and time, given as seconds since 1970, as the language does."""
    when = QDateTime.fromSecsSinceEpoch(int(seconds))
    return QLocale().toString(when, QLocale.FormatType.ShortFormat)


def number(value: float) -> str:
    """Write a number to one decimal, as the language does."""
    return QLocale().toString(value, "f", 1)


class _Texts(QTranslator):
    """The texts of a file, read once: Qt would go on reading it, and an update writes it anew."""

    def take(self, path: Path) -> bool:
        """Read a file; return whether it can be used."""
        try:
            self._data = path.read_bytes()
        except OSError:
            return False
        return self.loadFromData(self._data)  # type: ignore[arg-type]  # the stubs know no bytes


def install(app: QApplication, choice: str) -> list[QTranslator]:
    """Translate the panel and Qt's own dialogs; the translators must be kept as long as they are needed."""
    code = wanted(choice)
    QLocale.setDefault(QLocale.system() if choice == "system" else QLocale(code))
    kept: list[QTranslator] = []
    own = _Texts()
    if own.take(FOLDER / f"nigdt_{code}.qm"):
        kept.append(own)
    qt = QTranslator()
    if code != "en" and qt.load(
        f"qtbase_{code}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    ):
        kept.append(qt)
    for translator in kept:
        app.installTranslator(translator)
    return kept
