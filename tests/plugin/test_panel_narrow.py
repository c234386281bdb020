"""Nothing is cut off or covered in the smallest window, in any language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui import language
from nigdt_plugin.ui.app import application
from nigdt_plugin.ui.tools import TOOLS
from panel import Panel
from PIL import Image
from PyQt6.QtCore import QPoint, QRect
from PyQt6.QtWidgets import QLabel, QPushButton, QWidget

SIZE = 1016, 652  # of 1024 x 700, with frame and title bar


def in_window(widget: QWidget) -> QRect:
    return QRect(widget.mapTo(widget.window(), QPoint(0, 0)), widget.size())


@pytest.fixture(params=language.LANGUAGES)
def narrow(request: pytest.FixtureRequest, user: Path) -> Iterator[Callable[..., Panel]]:
    """Opens a panel of the smallest size, in each language."""
    app, panels = application(), []
    translators = language.install(app, request.param)

    def opened(settings: Settings | None = None) -> Panel:
        panels.append(Panel(settings))
        panels[0].window.resize(*SIZE)
        panels[0].settle()
        return panels[0]

    yield opened
    panels[0].close()
    for translator in translators:
        app.removeTranslator(translator)


def test_every_hint_and_option_of_a_tool_is_whole(narrow: Callable[..., Panel], photo: Path):
    panel = narrow()
    window = panel.window
    panel.open(photo)
    for tool in (*TOOLS, *reversed(TOOLS)):
        window.resize(*SIZE)
        window.use_tool(tool)
        panel.settle()
        assert (window.width(), window.height()) == SIZE, tool
        hint = window.options.hint
        assert hint.text() == hint.accessibleName()
        assert hint.width() >= (hint.needed if hint.text() else 0)
        for part in window.options.findChildren(QLabel):
            if part is not hint and part.isVisible():
                assert part.width() >= part.sizeHint().width(), part.text()


def test_the_offer_of_unsaved_work_covers_no_recent_photo(narrow: Callable[..., Panel], tmp_path: Path):
    recent = [tmp_path / f"{name}.jpg" for name in ("a", "b", "c", "d", "x" * 120)]
    for path in recent:
        Image.new("RGB", (8, 8)).save(path)
    settings = Settings(theme="dark", live=False, seen_hints=True, recent=list(map(str, reversed(recent))))
    panel = narrow(settings)
    window = panel.window
    names = [it for it in window.welcome.findChildren(QPushButton) if it.toolTip()]
    assert [name.accessibleName() for name in names] == [path.name for path in reversed(recent)]
    assert all(name.isVisible() for name in names)
    assert "\N{HORIZONTAL ELLIPSIS}" in names[0].text()
    assert names[0].text().endswith("xxx.jpg")
    assert names[0].fontMetrics().horizontalAdvance(names[0].text()) < names[0].width() - 40

    window.notice.ask(
        "Unsaved work was found.", "From yesterday, /home", (("Restore", print), ("Forget", print))
    )
    panel.settle()
    seen = [name for name in names if name.isVisible()]
    assert 2 <= len(seen) < len(names)
    card = window.welcome.open_button.parentWidget()
    assert not in_window(card).intersects(in_window(window.notice))
    assert in_window(window.welcome).contains(in_window(card))
    assert (window.width(), window.height()) == SIZE
    window.notice.close_button.click()
    panel.settle()
    assert all(name.isVisible() for name in names)
