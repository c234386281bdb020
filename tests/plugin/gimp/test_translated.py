"""The GIMP plug-in's texts in German: complete, and the panel's words for what both say."""

from __future__ import annotations

import ast
import gettext
import io
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from assemble import compile_catalogue
from nigdt_backend import wording

from nigdt.backdrop import DREW_NOTHING
from nigdt.continuation import CONTINUED, NOTHING_FITS

ROOT = Path(__file__).resolve().parents[3]
PLUG_IN = ROOT / "plugin" / "gimp" / "nigdt-fill"
CATALOGUE = PLUG_IN / "locale" / "de" / "LC_MESSAGES" / "nigdt-fill.po"
NOTICES = {CONTINUED, DREW_NOTHING, NOTHING_FITS}
"""What the service says of fills, and the plug-in shows."""


def _texts(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("_", "ngettext", "translate")
        ):
            texts = {"_": slice(1), "ngettext": slice(2), "translate": slice(1, 2)}[node.func.id]
            for argument in node.args[texts]:
                yield ast.literal_eval(argument)


@pytest.fixture(scope="module")
def german() -> gettext.GNUTranslations:
    return gettext.GNUTranslations(io.BytesIO(compile_catalogue(CATALOGUE.read_text(encoding="utf-8"))))


def test_every_text_is_translated(german: gettext.GNUTranslations) -> None:
    sources = [*PLUG_IN.rglob("*.py"), Path(wording.__file__)]
    texts = {text for source in sources for text in _texts(source)} | NOTICES
    assert len(texts) > 50
    missing = [
        text for text in texts if german.gettext(text) == text and german.ngettext(text, text, 2) == text
    ]
    assert [text for text in missing if "{n} seconds" not in text] == []
    stale = set(german._catalog) - texts  # type: ignore[attr-defined]
    assert {text if isinstance(text, str) else text[0] for text in stale} - texts == {""}


def test_gimp_and_panel_word_failures_and_notices_alike_in_german(german: gettext.GNUTranslations) -> None:
    panel = ElementTree.parse(ROOT / "plugin" / "nigdt_plugin" / "assets" / "i18n" / "nigdt_de.ts")
    said = {
        message.findtext("source"): message.findtext("translation")
        for context in panel.iter("context")
        if context.findtext("name") in ("Failures", "Notices")
        for message in context.iter("message")
    }
    texts = set(_texts(Path(wording.__file__))) | NOTICES
    assert len(texts) > 20
    assert {text: german.gettext(text) for text in texts} == {text: said[text] for text in texts}


def test_placeholders_and_mnemonics_survive_translation(german: gettext.GNUTranslations) -> None:
    for original, translated in german._catalog.items():  # type: ignore[attr-defined]
        if isinstance(original, str) and original:
            names = {part.split("}")[0] for part in original.split("{")[1:]}
            assert {part.split("}")[0] for part in translated.split("{")[1:]} == names
            assert translated.count("_") == original.count("_"), original


def test_fuzzy_and_empty_entries_fall_back_to_english() -> None:
    compiled = compile_catalogue(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n#, fuzzy\nmsgid "a"\nmsgstr "A"\n\n'
        'msgid "b"\nmsgstr ""\n\nmsgid "c"\n"d"\nmsgstr "C\\n"\n"\\"D\\""\n'
    )
    catalogue = gettext.GNUTranslations(io.BytesIO(compiled))
    assert [catalogue.gettext(text) for text in ("a", "b", "cd")] == ["a", "b", 'C\n"D"']
