"""Texts in the user's language: complete, current, with the same placeholders, and shown."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from nigdt_backend.protocol import CLIENT_CODES, CODES
from nigdt_plugin.core.failures import LOCAL, Failure
from nigdt_plugin.core.link import LinkPhase, LinkState
from nigdt_plugin.ui import language
from nigdt_plugin.ui.failures import worded
from nigdt_plugin.ui.models import ModelDialog
from nigdt_plugin.ui.notices import ALL, worded_notice
from nigdt_plugin.ui.tools import TOOLS
from nigdt_plugin.ui.window import Window
from panel import Panel
from PyQt6.QtCore import QCoreApplication, QTranslator
from PyQt6.QtWidgets import QApplication, QStyle, QStyleOptionFrame
from update_translations import collect

from nigdt import notices
from nigdt.notices import METADATA, NO_PLACE
from nigdt.photo.photo import Photo, cut_to_8_bits, no_place_for

COMMAND = "run: python tests/plugin/update_translations.py"


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
    collect("--ts", str(fresh))
    wanted = {
        (context.find("name").text, message.find("source").text)
        for context in ElementTree.parse(fresh).getroot().iter("context")
        for message in context.iter("message")
    }
    assert len(wanted) > 200
    for code in language.LANGUAGES:
        assert set(messages(language.FOLDER / f"nigdt_{code}.ts")) == wanted, COMMAND


def test_the_window_speaks_german(qapp: QApplication, user: Path, photo: Path):
    translators = language.install(qapp, "de")
    panel = Panel()
    try:
        panel.open(photo)
        assert panel.window.side.describe.fill_button.text() == "Entfernen"  # as long as nothing is described
        assert panel.window.actions_["open"].text() == "Öffnen …"
        panel.select(90, 50, 150, 110)
        assert panel.window.actions_["photo.undo"].text() == "Rückgängig: Rechteck"
        assert panel.window.side.blend.feather.accessibleName() == "Weiche Kante"
        body = panel.window.side.describe.parentWidget()
        assert body.width() <= body.parentWidget().width()  # or it would be cut off
        own = {kind.__name__ for kind in Window.__mro__}
        for (context, source), (first, *_) in messages(language.FOLDER / "nigdt_de.ts").items():
            assert context not in own or panel.window.tr(source) == first
    finally:
        panel.close()
        for translator in translators:
            qapp.removeTranslator(translator)


def test_the_seed_has_its_name_in_full_where_it_is_long(qapp: QApplication, user: Path):
    translators = language.install(qapp, "de")
    panel = Panel()
    try:
        seed = panel.window.side.describe.seed
        option = QStyleOptionFrame()
        seed.initStyleOption(option)
        room = seed.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, seed).width() - 4
        assert seed.fontMetrics().horizontalAdvance(seed.placeholderText()) <= room
    finally:
        panel.close()
        for translator in translators:
            qapp.removeTranslator(translator)


def test_no_tool_makes_the_window_grow(qapp: QApplication, user: Path):
    translators = language.install(qapp, "de")
    panel = Panel()
    try:
        panel.window.resize(1280, 820)
        for name in [*TOOLS, *reversed(TOOLS)]:
            panel.window.use_tool(name)
            panel.settle()
            assert panel.window.width() == 1280, name
    finally:
        panel.close()
        for translator in translators:
            qapp.removeTranslator(translator)


def test_every_failure_has_its_own_sentence_and_the_daemons_words_behind_it(qapp: QApplication):
    codes = {*CODES, *CLIENT_CODES, *LOCAL}
    english = {code: worded(Failure(code, "what it said", "a hint")) for code in codes}
    unexpected = worded(Failure("internal", ""))[0]
    for code, (message, hint) in english.items():
        assert (message == unexpected) == (code == "internal"), code
        assert hint == "what it said a hint" or hint.endswith(" (what it said a hint)")  # nothing before it
    translators = language.install(qapp, "de")
    try:
        for code in codes:
            message, hint = worded(Failure(code, "what it said"))
            assert message != english[code][0], code
            assert hint == "what it said" or hint.endswith(" (what it said)")
        assert worded(Failure("busy", "", "", 3.2))[1] == "Versuchen Sie es in 3 s erneut."
        assert worded(Failure("new-code", "x"))[0] == "Etwas Unerwartetes ist schiefgegangen."
    finally:
        for translator in translators:
            qapp.removeTranslator(translator)


def test_the_daemons_errors_come_in_german(qapp: QApplication, user: Path, photo: Path):
    translators = language.install(qapp, "de")
    panel = Panel()
    try:
        panel.open(photo)
        panel.select(90, 50, 150, 110)
        panel.session.caption = "fail"
        panel.window.side.describe.fill()
        panel.until(lambda: bool(panel.errors), 60)
        assert panel.window.notice.message.text() == "Das Modell ist an dieser Füllung gescheitert."
        assert "a fault was ordered" in panel.window.notice.hint.text()
    finally:
        panel.close()
        for translator in translators:
            qapp.removeTranslator(translator)


def test_what_the_models_process_reports_is_shown_in_german(qapp: QApplication, user: Path):
    translators = language.install(qapp, "de")
    panel = Panel()
    try:
        state = LinkState(LinkPhase.READY, {"notices": [notices.CPU_FOR_MEMORY], "pid": 1})
        told = "Auf der CPU gefüllt, weil der Speicher der Grafikkarte nicht reichte."
        panel.session.linked(state)
        assert panel.window.notice.hint.text() == told
        assert told in panel.window.status.daemon.toolTip()
        panel.window.choose_model()
        dialog = panel.window.findChild(ModelDialog)
        panel.session.linked(state)
        assert told in dialog.state.text()
        dialog.accept()
    finally:
        panel.close()
        for translator in translators:
            qapp.removeTranslator(translator)


@pytest.mark.parametrize(("choice", "code"), [("de", "de"), ("de_AT", "de"), ("en", "en"), ("xx", "en")])
def test_the_language_follows_the_setting(choice: str, code: str):
    assert language.wanted(choice) == code


def test_an_update_of_the_files_leaves_a_running_panel_its_language(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    copy = tmp_path / "nigdt_de.qm"
    copy.write_bytes((language.FOLDER / "nigdt_de.qm").read_bytes())
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    translators = language.install(qapp, "de")
    try:
        with copy.open("r+b") as file:
            file.write(bytes(copy.stat().st_size))
        assert QCoreApplication.translate("Menus", "Undo") == "Rückgängig"
    finally:
        for translator in translators:
            qapp.removeTranslator(translator)


def test_what_library_and_daemon_say_is_told_in_german(qapp: QApplication):
    translator = QTranslator()
    assert translator.load(str(language.FOLDER / "nigdt_de.qm"))
    qapp.installTranslator(translator)
    try:
        for text in ALL:
            said = text.format("A", "B", "C")
            assert worded_notice(said) == QCoreApplication.translate("Notices", text).format("A", "B", "C")
            assert worded_notice(said) != said
        assert "12 Bit" in worded_notice(*cut_to_8_bits(12))
        damaged = worded_notice("Damaged metadata of this photo is left out: EXIF, a profile {0}.")
        assert damaged == "Beschädigte Metadaten dieses Fotos werden weggelassen: EXIF, a profile {0}."
        for name in METADATA:
            said = worded_notice(NO_PLACE.format("BMP", f"{name}, XMP".format("zzZz")))
            assert said == worded_notice(NO_PLACE.format("BMP", "{0}, XMP")).format(
                QCoreApplication.translate("Notices", name).format("zzZz")
            )
            assert name.format("zzZz") not in said
        assert worded_notice("Something new.") == "Something new."
        crowded = Photo(np.zeros((9, 9, 3), np.uint8), "RGB", info={"xmp": b"<x>" + b" " * 65_490 + b"</x>"})
        (told,) = crowded.losses(".jpg")
        assert "JPEG-Datei" in worded_notice(told)
        both = worded_notice("\n".join([told, *no_place_for("BMP", ["EXIF"])]))
        assert both.splitlines()[1] == "BMP hat keinen Platz für einige Metadaten dieses Fotos: EXIF."
    finally:
        qapp.removeTranslator(translator)
