"""Texts in the user's language: complete, current, with the same placeholders, and shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from nigdt_plugin.ui import language
from panel import Panel
from PyQt6.QtCore import QCoreApplication, QTranslator
from PyQt6.QtWidgets import QApplication

PLUGIN = Path(language.__file__).parents[1]


def messages(path: Path) -> dict[tuple[str, str], list[str]]:
    """Context and source of each message, and its translations (several for plurals)."""
    found = {}
    for context in ElementTree.parse(path).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            assert translation.get("type") is None, message.find("source").text
            forms = [form.text or "" for form in translation] or [translation.text or ""]
            found[context.find("name").text, message.find("source").text] = forms
    return found


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}|%n", text))


@pytest.mark.parametrize("code", list(language.LANGUAGES))
def test_every_text_is_translated_and_compiled(qapp: QApplication, code: str):
    translator = QTranslator()
    assert translator.load(str(language.FOLDER / f"nigdt_{code}.qm"))
    qapp.installTranslator(translator)
    for (context, source), forms in messages(language.FOLDER / f"nigdt_{code}.ts").items():
        assert all(forms), source
        assert all(placeholders(form) == placeholders(source) for form in forms), source
        count = 2 if len(forms) > 1 else -1
        shown = QCoreApplication.translate(context, source, "", count)
        assert shown == forms[-1].replace("%n", "2"), "compile the .ts files with lrelease"
    qapp.removeTranslator(translator)


def test_no_text_of_the_program_is_missing(tmp_path: Path):
    fresh = tmp_path / "fresh.ts"
    command = [sys.executable, "-m", "PyQt6.lupdate.pylupdate", str(PLUGIN / "ui"), "--ts", str(fresh)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert fresh.exists(), done.stderr
    wanted = {
        (context.find("name").text, message.find("source").text)
        for context in ElementTree.parse(fresh).getroot().iter("context")
        for message in context.iter("message")
    }
    assert len(wanted) > 200
    for code in language.LANGUAGES:
        assert set(messages(language.FOLDER / f"nigdt_{code}.ts")) == wanted, "run pylupdate6"


def test_the_window_speaks_german(qapp: QApplication, user: Path, photo: Path):
    translators = language.install(qapp, "de")
    panel = Panel()
    try:
        panel.open(photo)
        assert panel.window.side.fill_button.text() == "Füllen"
        assert panel.window.actions_["open"].text() == "Öffnen …"
        panel.select(90, 50, 150, 110)
        assert panel.window.actions_["photo.undo"].text() == "Rückgängig: Rechteck"
        assert panel.window.side.blend.feather.accessibleName() == "Weiche Kante"
    finally:
        panel.close()
        for translator in translators:
            qapp.removeTranslator(translator)


@pytest.mark.parametrize(("choice", "code"), [("de", "de"), ("de_AT", "de"), ("en", "en"), ("xx", "en")])
def test_the_language_follows_the_setting(choice: str, code: str):
    assert language.wanted(choice) == code
