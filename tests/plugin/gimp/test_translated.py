"""The GIMP plug-in's texts in German: complete, and the panel's words for what both say."""

from __future__ import annotations

import ast
import gettext
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from assemble import compile_catalogue, panels_words
from nigdt_backend import wording
from nigdt_fill import texts, told

from nigdt import notices

ROOT = Path(__file__).resolve().parents[3]
PLUG_IN = ROOT / "plugin" / "gimp" / "nigdt-fill"
CATALOGUE = PLUG_IN / "locale" / "de" / "LC_MESSAGES" / "nigdt-fill.po"


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
    own = CATALOGUE.read_text(encoding="utf-8")
    return gettext.GNUTranslations(io.BytesIO(compile_catalogue(own, panels_words(ROOT, "de"))))


def test_every_text_is_translated(german: gettext.GNUTranslations) -> None:
    sources = [*PLUG_IN.rglob("*.py"), Path(wording.__file__)]
    said = {text for source in sources for text in _texts(source)} | set(notices.ALL)
    assert len(said) > 50
    missing = [
        text for text in said if german.gettext(text) == text and german.ngettext(text, text, 2) == text
    ]
    assert [text for text in missing if "{n} seconds" not in text] == []


def test_the_catalogue_holds_only_what_the_plug_in_says_and_the_panel_does_not_translate() -> None:
    own = gettext.GNUTranslations(io.BytesIO(compile_catalogue(CATALOGUE.read_text(encoding="utf-8"))))
    entries = {
        text if isinstance(text, str) else text[0]
        for text in own._catalog  # type: ignore[attr-defined]
    }
    assert len(entries) > 50
    assert entries - {text for source in PLUG_IN.rglob("*.py") for text in _texts(source)} == {""}
    assert entries.isdisjoint(panels_words(ROOT, "de"))


def test_a_language_that_the_panel_does_not_speak_has_none_of_its_words() -> None:
    assert panels_words(ROOT, "xx") == {}


def test_notices_of_the_service_are_told_in_german(
    german: gettext.GNUTranslations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_translation", german)
    assert "Speicher der Grafikkarte" in told.about_fill([], "a fox", [notices.CPU_FOR_MEMORY])
    broken = told.about_fill([], "a fox", [notices.BROKEN_BUNDLE.format("my-garden")])
    assert broken == "Das geänderte Modell my-garden ist beschädigt; das alte bleibt in Gebrauch."


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
