"""Tooltips show captions and names as they are."""

from __future__ import annotations

import pytest
from nigdt_plugin.ui.widgets import plain_tip
from PyQt6.QtGui import QTextDocument


@pytest.mark.parametrize("text", ["a red bird", "<b>bold</b> <img src=file:/x>", "x < y\n<i>z</i>"])
def test_a_tooltip_is_text_only(qapp, text):
    tip = plain_tip(text)
    document = QTextDocument()
    document.setHtml(tip) if tip.startswith("<") else document.setPlainText(tip)
    assert document.toPlainText() == text
