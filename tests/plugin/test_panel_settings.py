"""Settings that somebody wrote by hand, or that a program damaged: the panel starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from nigdt_plugin.core.files import panel_state_path, settings_path
from nigdt_plugin.core.settings import Settings
from panel import Panel


@pytest.mark.parametrize(
    "values",
    [
        {"recent": ["x" * 5000, "\0", "", "/", "\ud800", "~"], "captions": ["\0", "\ud800", "<b>a</b>"]},
        {"window": "\ud800", "theme": "\0", "language": "\ud800"},
        {"window": "AAA", "language": "../../x", "brush_size": float("nan"), "presets": [{"name": "\ud800"}]},
        {"model": "x" * 5000, "keys": {"photo.open": "\ud800", "x" * 999: "A"}, "variants": 2**70},
        {"model": "\0", "brush_size": 1e300, "widen": float("inf"), "live": "yes"},
    ],
    ids=["recent", "window", "numbers", "model", "more"],
)
def test_odd_settings_never_stop_the_panel(user: Path, photo: Path, values: dict[str, Any]):
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(json.dumps(values))
    panel = Panel(Settings.load())
    try:
        panel.open(photo)
        panel.select(90, 50, 150, 110)
        panel.settle()
    finally:
        panel.close()
    assert json.loads(panel_state_path().read_text())["recent"][0] == str(photo)
