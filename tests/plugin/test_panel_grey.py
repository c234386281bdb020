"""Grey photos in the window, which become colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from panel import Panel, shown
from PIL import Image
from PyQt6.QtWidgets import QPushButton


def test_a_grey_photo_is_offered_to_become_colour(panel: Panel, grey: Path, tmp_path: Path):
    panel.open(grey)
    panel.select(90, 50, 150, 110)
    window, session = panel.window, panel.session
    window.side.describe.pick_mode("recolour")
    assert window.notice.isVisible()
    window.side.describe.pick_mode("describe")
    assert not window.notice.isVisible(), "no colour is wanted any more"
    window.side.describe.pick_mode("recolour")
    assert window.notice.isVisible()
    session.caption = "blue"
    window.side.describe.fill()
    assert not session.filling.busy
    make = next(it for it in window.notice.findChildren(QPushButton) if "colour" in it.text())
    make.click()
    panel.until(lambda: not session.document.photo.grey)
    panel.fill("a blue bird", 1)
    middle = shown(panel)[80, 120].astype(int)
    assert middle[2] - middle[0] > 30
    panel.apply()
    session.save(tmp_path / "out.png")
    panel.idle()
    with Image.open(tmp_path / "out.png") as saved:
        assert saved.mode == "RGB"
        assert np.array_equal(np.asarray(saved), session.document.rgb)
    session.undo()
    session.undo()
    assert session.document.photo.grey


def test_the_offer_of_colour_goes_with_the_grey_photo(panel: Panel, grey: Path, photo: Path):
    panel.open(grey)
    panel.window.side.describe.pick_mode("recolour")
    assert panel.window.notice.isVisible()
    panel.open(photo)
    assert not panel.window.notice.isVisible()


def test_a_grey_photo_is_shown_as_it_is_saved(panel: Panel, grey: Path, tmp_path: Path):
    panel.open(grey)
    panel.select(90, 50, 150, 110)
    panel.fill("a yellow bird", 1)
    seen = shown(panel)
    assert (seen == seen[..., :1]).all()
    panel.apply()
    panel.session.save(tmp_path / "out.png")
    panel.idle()
    with Image.open(tmp_path / "out.png") as saved:
        assert saved.mode == "L"
        apart = np.abs(np.asarray(saved).astype(int) - shown(panel)[..., 0])
    assert apart.max() <= 1
