"""Adding a model from the panel's window."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from nigdt_plugin.core import models
from nigdt_plugin.ui.models import ModelDialog, ModelText
from panel import Panel
from PyQt6.QtGui import QTextTable
from PyQt6.QtWidgets import QFileDialog, QLabel

from nigdt.bundle.bundle import find_bundle


def test_a_model_is_added_from_its_folder_and_what_is_none_is_refused(
    panel: Panel, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    picked: list[Path] = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(picked[-1]), ""))
    panel.window.choose_model()
    dialog = panel.window.findChild(ModelDialog)
    archive = tmp_path / "holiday.zip"
    archive.write_bytes(b"no archive")
    picked.append(archive)
    dialog.add_button.click()
    assert not dialog.add_button.isEnabled()
    panel.session.linked(panel.session.link_state)
    assert dialog.told.text() == "Checking the model …"
    panel.until(dialog.add_button.isEnabled)
    panel.session.linked(panel.session.link_state)  # as the process tells of itself all the time
    assert dialog.told.isVisible()
    assert dialog.told.text().startswith("The model was not added: holiday.zip cannot be unpacked")
    assert [card.info.name for card in dialog.cards] == ["nigdt-small"]

    picked.append(tiny_bundle / "model.yaml")
    dialog.add_button.click()
    panel.until(dialog.add_button.isEnabled, 300)  # a process loads it
    panel.session.linked(panel.session.link_state)
    assert "was added" in dialog.told.text()
    assert tiny_bundle.name in [card.info.name for card in dialog.cards]
    added = next(card for card in dialog.cards if card.info.name == tiny_bundle.name)
    added.radio.click()
    assert panel.session.settings.model == tiny_bundle.name

    answers = [False, True]
    monkeypatch.setattr(dialog, "ask_about_removing", lambda _info: answers.pop(0))
    added.remove_button.click()
    panel.idle()
    assert find_bundle(tiny_bundle.name).folder.is_dir()
    added.remove_button.click()
    panel.idle()
    assert [card.info.name for card in dialog.cards] == ["nigdt-small"]
    assert dialog.told.text() == f"{tiny_bundle.name} was deleted."
    assert panel.session.settings.model == "default"
    assert dialog.cards[0].radio.isChecked()
    assert not find_bundle("nigdt-small").folder.with_name(tiny_bundle.name).exists()
    dialog.accept()


def test_a_long_title_wraps_instead_of_widening_its_card(
    panel: Panel, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
):
    info = find_bundle(str(tiny_bundle))
    title = "A model of birds, everyday scenes and landscapes, of rivers, forests and of the people in them"
    monkeypatch.setattr(models, "available", lambda: [replace(info, title=title)])
    panel.window.choose_model()
    dialog = panel.window.findChild(ModelDialog)
    panel.settle()
    card, view = dialog.cards[0], dialog._scroll.viewport()
    assert card.width() <= view.width()
    heading = next(it for it in card.findChildren(QLabel) if it.text() == title)
    assert heading.height() > 1.5 * heading.fontMetrics().height()
    assert card.radio.accessibleName() == title
    dialog.accept()


def test_a_card_has_no_empty_row_above_its_tables(panel: Panel, tiny_bundle: Path, tmp_path: Path):
    info = find_bundle(str(shutil.copytree(tiny_bundle, tmp_path / "tabled")))
    (info.folder / "README.md").write_text(
        "# A model\n\n| | |\n|---|---|\n| words | 40 |\n| size | 64 px |\n\n"
        "| system | PSNR |\n|---|---|\n| this model | 20 |\n"
    )
    card = ModelText(info, panel.window)
    tables = [it for it in card.text.document().rootFrame().childFrames() if isinstance(it, QTextTable)]
    first = [table.cellAt(0, 0).firstCursorPosition().block().text() for table in tables]
    assert first == ["words", "system"]
    assert [table.rows() for table in tables] == [2, 2]
    card.close()
