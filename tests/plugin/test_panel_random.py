"""A session of random actions, as a hurried user might do them."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
from nigdt_plugin.core.settings import Settings
from panel import Panel, press
from PIL import Image
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication


def test_two_hundred_random_actions_end_with_the_right_pixels(user: Path, photo: Path, tmp_path: Path):
    rng = random.Random(11)
    panel = Panel(Settings(theme="dark", live=True, seen_hints=True, variants=2))
    panel.open(photo)
    session, side, window = panel.session, panel.window.side, panel.window
    original = session.document.photo.rgb8.copy()
    other = tmp_path / "other.png"
    Image.fromarray(original[::-1].copy()).save(other)

    def shape() -> None:
        window.use_tool(rng.choice(["rectangle", "ellipse", "lasso", "brush", "eraser", "wand", "object"]))
        points = [(rng.uniform(-10, 250), rng.uniform(-10, 170)) for _ in range(4)]
        press(
            panel,
            *points,
            modifiers=rng.choice([Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier]),
        )

    def fill() -> None:
        side.describe.fill()

    def with_fill(what: str) -> None:
        fills = session.filling.round.fills if session.filling.round else []
        if fills:
            side.act(what, rng.choice(fills))

    def reopen() -> None:
        session.document.mark_saved(session.document.layers)
        session.filling.put_away()
        window.open_path(rng.choice([photo, other]))

    actions = {
        shape: 30,
        fill: 25,
        lambda: setattr(session, "caption", f"a {rng.choice(['red', 'blue', 'slowly 0.1'])} bird"): 15,
        lambda: side.describe.caption.insertPlainText(rng.choice(["x", " red", " bird"])): 15,
        lambda: session.filling.cancel(): 10,
        session.undo: 25,
        session.redo: 12,
        lambda: with_fill("apply"): 15,
        lambda: with_fill("dice"): 6,
        lambda: with_fill("similar"): 5,
        lambda: with_fill("discard"): 6,
        lambda: with_fill("favourite"): 4,
        lambda: side.show_words(rng.random() < 0.5): 3,
        lambda: window.actions_["photo.invert"].trigger(): 4,
        lambda: window.actions_["context"].toggle(): 3,
        lambda: side.blend.feather.setValue(rng.randrange(-1, 20)): 5,
        lambda: side.blend.strength.setValue(rng.randrange(30, 100)): 5,
        lambda: window.canvas.zoom_to(rng.uniform(0.2, 9)): 5,
        lambda: window.deselect(): 3,
        reopen: 2,
        session.autosave: 3,
    }
    for _ in range(200):
        rng.choices(list(actions), list(actions.values()))[0]()
        for _ in range(rng.randrange(4)):
            QApplication.processEvents()
            time.sleep(0.002)
    session.filling.cancel()
    side.describe.rest()
    panel.until(
        lambda: not session.filling.busy and not session.filling.preview.busy and not session.tasks.busy, 60
    )
    document = session.document
    touched = np.zeros(original.shape[:2], bool)
    for layer in document.layers:
        touched[layer.region.slices] |= layer.weight > 0
    photo_now = document.photo.rgb8
    assert np.array_equal(document.rgb[~touched], photo_now[~touched])
    assert np.abs(document.rgb.astype(int) - document.result().rgb8.astype(int)).max() <= len(document.layers)
    assert np.array_equal(document.rgb, document.composite(document.selection.whole, document.layers))
    while document.undo():
        pass
    assert np.array_equal(document.rgb, photo_now)
    assert document.selection.empty
    serious = [error for error in panel.errors if "Nothing is selected" not in error]
    assert serious == []
    panel.close()
