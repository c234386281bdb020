"""The dialogs of all modes in a real GIMP: variants, preview in the image, growing, filling again, help."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gimp_session import WindowSession, keep
from PIL import Image
from scripted_daemon import COLOURS, EARLY, ScriptedDaemon
from test_dialog import wait_for, write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SHOWN = """
    image = photo(400, 300)
    select(image, 150, 100, 80, 60)
    display = Gimp.Display.new(image)
    image.clean_all()
    Gimp.displays_flush()
"""
ASK = """
    status, message, layer = call({name!r}, image, "INTERACTIVE")
    layers = image.get_layers()
    result = {{
        "status": status,
        "message": message,
        "layers": [each.get_name() for each in layers],
        "shown": [each.get_visible() for each in layers],
        "variants": [it.get_visible() for it in layer.get_children()] if layer and layer.is_group() else [],
        "record": record(layer) if layer and not layer.is_group() else None,
        "dirty": image.is_dirty(),
        "seen": list(composite(image, "R'G'B' u8")[3 * (130 * 400 + 190) :][:3]),
    }}
"""


@pytest.fixture(autouse=True)
def one_letter_each(windows: WindowSession) -> Iterator[None]:
    """GIMP complains of two widgets with one mnemonic; there is nothing to complain of."""
    yield
    assert "mnemonic" not in windows.log.read_text(errors="replace")


def ask(windows: WindowSession, name: str, before: str = "") -> Path:
    """Open a procedure's dialog over a new image; returns where the answer will be."""
    return windows.send(SHOWN + before + ASK.format(name=name))


def middle_of(picture: Path, colour: tuple[int, int, int]) -> tuple[int, int] | None:
    """Return the middle (x, y) of what has one of the plain daemon's colours in a screenshot."""
    with Image.open(picture) as opened:
        rows, columns = np.nonzero((np.asarray(opened.convert("RGB")) == colour).all(axis=2))
    return (int(np.median(columns)), int(np.median(rows))) if rows.size > 100 else None


def test_a_variant_is_clicked_and_is_the_one_that_is_seen(windows: WindowSession, tmp_path: Path) -> None:
    with ScriptedDaemon(windows.state) as daemon:
        answer = ask(windows, "nigdt-describe")
        windows.window("NIGDT: Describe", answer)
        write(windows, "two birds", daemon)
        windows.type("key", "alt+v")
        windows.type("key", "Up")
        wait_for(lambda: len(daemon.requests[-1].variants) == 2)
        shot = tmp_path / "variants.png"
        wait_for(lambda: middle_of(windows.photograph(shot), COLOURS[1]) is not None)
        keep(shot, f"{windows.tree.release}-variants.png")
        x, y = middle_of(shot, COLOURS[1]) or (0, 0)
        asked = len(daemon.requests)
        windows.type("mousemove", str(x), str(y), "click", "1", "mousemove", "1270", "890")
        windows.type("key", "alt+f")
        said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["variants"] == [False, True]
    assert len(daemon.requests) == asked


LAYERS = "result = [len(it.get_layers()) for it in Gimp.get_images()]"


def test_the_preview_in_the_image_is_outside_its_history(windows: WindowSession, tmp_path: Path) -> None:
    with ScriptedDaemon(windows.state) as daemon:
        answer = ask(windows, "nigdt-describe")
        windows.window("NIGDT: Describe", answer)
        write(windows, "a fox", daemon)
        windows.type("key", "alt+i")
        wait_for(lambda: windows.run(LAYERS, "actor") == [2])
        keep(windows.photograph(tmp_path / "in-image.png"), f"{windows.tree.release}-in-image.png")
        crop = daemon.requests[-1].crop
        write(windows, "a hare", daemon)
        wait_for(lambda: windows.run(LAYERS, "actor") == [2])
        assert daemon.requests[-1].crop == crop  # the photo was read without the preview
        windows.type("key", "alt+i")  # choices are kept for the next time
        wait_for(lambda: windows.run(LAYERS, "actor") == [1])
        windows.type("key", "alt+i")
        wait_for(lambda: windows.run(LAYERS, "actor") == [2])
        windows.type("key", "alt+c")
        said = windows.wait(answer)
        assert (said["status"], said["layers"], said["dirty"]) == ("cancel", ["photo"], False)
        answer = ask(windows, "nigdt-describe")
        windows.window("NIGDT: Describe", answer)
        write(windows, "a cat", daemon)
        windows.type("key", "alt+f")
        said = windows.wait(answer)
    assert said["layers"] == ["a cat", "photo"]


def test_what_is_removed_may_be_grown(windows: WindowSession, tmp_path: Path) -> None:
    told = "A part of the object seems to lie outside the selection: grow it by 9 pixels."
    with ScriptedDaemon(windows.state) as daemon:
        daemon.notices = [told]
        answer = ask(windows, "nigdt-remove")
        windows.window("NIGDT: Remove", answer)
        wait_for(lambda: daemon.requests)
        assert daemon.requests[-1].recipe.effective_mode == "remove"
        time.sleep(2)
        keep(windows.photograph(tmp_path / "grow.png"), f"{windows.tree.release}-grow.png")
        daemon.notices = []
        windows.type("key", "alt+b")
        wait_for(lambda: daemon.requests[-1].recipe.grow == 9)
        time.sleep(1)
        windows.type("key", "alt+o")
        said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["layers"] == ["Removed", "photo"]
    assert said["record"]["grow"] == 9


def test_words_are_completed(windows: WindowSession, tmp_path: Path) -> None:
    with ScriptedDaemon(windows.state) as daemon:
        answer = ask(windows, "nigdt-describe")
        windows.window("NIGDT: Describe", answer)
        write(windows, "a fox", daemon)
        windows.type("key", "ctrl+a")
        windows.type("type", "--delay", "30", "a red bi")
        time.sleep(1)
        keep(windows.photograph(tmp_path / "words.png"), f"{windows.tree.release}-words.png")
        windows.type("key", "Tab")
        windows.type("type", "--delay", "30", "on")
        windows.type("key", "alt+f")
        said = windows.wait(answer)
    assert said["layers"] == ["a red bird on", "photo"], said["message"]


def test_a_removal_is_seen_early_and_comes_whole(windows: WindowSession, tmp_path: Path) -> None:
    shot = tmp_path / "early.png"
    with ScriptedDaemon(windows.state, ScriptedDaemon.hold) as daemon:
        answer = ask(windows, "nigdt-remove")
        windows.window("NIGDT: Remove", answer)
        wait_for(lambda: middle_of(windows.photograph(shot), EARLY) is not None)
        keep(shot, f"{windows.tree.release}-early.png")
        windows.type("key", "alt+o")
        time.sleep(2)
        assert not answer.exists()  # it waits for the answer itself
        daemon.gone_on.set()
        said = windows.wait(answer)
        assert len(daemon.requests) == 1
    assert said["status"] == "success", said["message"]
    assert said["seen"] == list(COLOURS[0])


def test_recolour_and_fill_again(windows: WindowSession, tmp_path: Path) -> None:
    with ScriptedDaemon(windows.state) as daemon:
        answer = ask(windows, "nigdt-recolour")
        windows.window("NIGDT: Recolour", answer)
        windows.type("key", "alt+n", "ctrl+a")
        windows.type("type", "--delay", "15", "a green bird")
        wait_for(lambda: daemon.requests and daemon.requests[-1].recipe.caption == "a green bird")
        windows.type("key", "F1")
        wait_for(lambda: (windows.profile / "nigdt-manual.html").exists())
        keep(windows.photograph(tmp_path / "recolour.png"), f"{windows.tree.release}-recolour.png")
        windows.type("key", "alt+o")
        said = windows.wait(answer)
        assert said["record"]["mode"] == "recolour"

        before = """
    image.set_selected_layers([fill(image, caption="a fox", seed=7, feather=12)[2]])
    Gimp.Selection.none(image)
"""
        answer = ask(windows, "nigdt-fill-again", before)
        windows.window("NIGDT: Fill again", answer)
        wait_for(lambda: daemon.requests[-1].live and daemon.requests[-1].recipe.caption == "a fox")
        again = daemon.requests[-1]
        first = next(it for it in reversed(daemon.requests) if not it.live)
        assert (again.mask, again.variants) == (first.mask, first.variants)
        assert again.recipe.feather == 12
        time.sleep(1)
        keep(windows.photograph(tmp_path / "again.png"), f"{windows.tree.release}-again.png")
        windows.type("key", "alt+f")
        said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["layers"] == ["a fox #1", "a fox", "photo"]
    assert said["shown"] == [True, False, True]
