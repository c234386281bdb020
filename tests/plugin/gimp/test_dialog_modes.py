"""The dialogs of all modes in a real GIMP: variants, preview in the image, growing, filling again, help."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gimp_dialog import CLOSE, INDEXED, SHOWN, TITLES, ask, middle_of, wait_for, write
from gimp_session import WindowSession, keep, plug_in_runs
from numpy.typing import NDArray
from PIL import Image
from scripted_daemon import COLOURS, EARLY, ScriptedDaemon

from nigdt.notices import DREW_NOTHING

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def one_letter_each(windows: WindowSession) -> Iterator[None]:
    """GIMP complains of two widgets with one mnemonic; there is nothing to complain of."""
    yield
    assert "mnemonic" not in windows.log.read_text(errors="replace")


def test_a_variant_is_clicked_and_is_the_one_that_is_seen(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    answer = ask(windows)
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


def test_the_preview_in_the_image_is_outside_its_history(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    answer = ask(windows)
    write(windows, "a fox", daemon)
    asked = len(daemon.requests)
    windows.type("key", "alt+i")
    wait_for(lambda: windows.run(LAYERS, "actor") == [2])
    assert len(daemon.requests) == asked  # the fill that was there already
    keep(windows.photograph(tmp_path / "in-image.png"), f"{windows.tree.release}-in-image.png")
    note = 'Gimp.get_images()[0].get_layers()[0].get_parasite("nigdt-preview")'
    assert windows.run(f"result = {note}.is_persistent()", "actor")  # it is known again in a saved file
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
    answer = ask(windows)
    write(windows, "a cat", daemon)
    windows.type("key", "alt+f")
    said = windows.wait(answer)
    assert said["layers"] == ["a cat", "photo"]


def test_the_preview_in_the_image_leaves_a_channel_selected(
    windows: WindowSession, daemon: ScriptedDaemon
) -> None:
    def selected() -> list[str]:
        code = "result = [it.get_name() for it in Gimp.get_images()[0].get_selected_channels()]"
        return windows.run(code, "actor")

    before = """
    channel = Gimp.Channel.new(image, "mine", 400, 300, 50.0, Gegl.Color.new("red"))
    image.insert_channel(channel, None, 0)
"""
    answer = ask(windows, before=before)
    write(windows, "a hen", daemon)
    windows.run("image = Gimp.get_images()[0]\nimage.set_selected_channels(image.get_channels())", "actor")
    for count in (2, 1):
        windows.type("key", "alt+i")
        wait_for(lambda count=count: windows.run(LAYERS, "actor") == [count])
        time.sleep(1)
        assert selected() == ["mine"]
    windows.type("key", "Escape")
    assert windows.wait(answer)["status"] == "cancel"


def test_what_is_removed_may_be_grown(windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path) -> None:
    told = "A part of the object seems to lie outside the selection: grow it by 9 pixels."
    daemon.notices = [told]
    answer = ask(windows, "nigdt-remove")
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


def test_who_writes_nothing_gets_a_removal(windows: WindowSession, daemon: ScriptedDaemon) -> None:
    answer = ask(windows)
    write(windows, "a fox", daemon)
    windows.type("key", "ctrl+a", "BackSpace")
    time.sleep(1)
    windows.type("key", "alt+f")
    said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["layers"] == ["Removed", "photo"]
    assert daemon.requests[-1].recipe.effective_mode == "remove"


def test_words_are_completed(windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path) -> None:
    answer = ask(windows)
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


def test_a_removal_is_seen_early_and_comes_whole(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    shot = tmp_path / "early.png"
    daemon.behaviour = ScriptedDaemon.hold
    answer = ask(windows, "nigdt-remove")
    wait_for(lambda: middle_of(windows.photograph(shot), EARLY) is not None)
    keep(shot, f"{windows.tree.release}-early.png")
    windows.window("Untitled")
    windows.window("NIGDT: Remove")  # which reads the image anew
    time.sleep(2)
    assert middle_of(windows.photograph(shot), EARLY) is not None
    windows.type("key", "alt+o")
    time.sleep(2)
    assert not answer.exists()  # it waits for the answer itself
    daemon.gone_on.set()
    said = windows.wait(answer)
    assert len(daemon.requests) == 1
    assert said["status"] == "success", said["message"]
    assert said["seen"] == list(COLOURS[0])


def test_recolour_and_fill_again(windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path) -> None:
    answer = ask(windows, "nigdt-recolour")
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


@pytest.mark.parametrize("how", ["plain", "grouped", "locked"])
def test_the_preview_in_the_image_takes_the_place_of_a_fill_that_is_made_again(
    windows: WindowSession, daemon: ScriptedDaemon, how: str
) -> None:
    seen = """
    layers = Gimp.get_images()[0].get_layers()
    layers = layers[0].get_children() if layers[0].is_group() else layers
    result = [[it.get_name(), it.get_visible()] for it in layers]
"""
    before = '    made = fill(image, caption="a fox")[2]\n'
    if how == "locked":
        before += "    made.set_lock_visibility(True)\n"
    if how == "grouped":
        before += """
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(image.get_layers()[2], group, 0)
    image.reorder_item(made, group, 0)
"""
    old = [["a fox", True], ["photo", True]]
    answer = ask(windows, "nigdt-fill-again", before)
    wait_for(lambda: daemon.requests[-1].live)
    time.sleep(2)
    windows.type("key", "alt+i")
    shown = [["NIGDT: preview", True], ["a fox", False], ["photo", True]]
    wait_for(lambda: windows.run(seen, "actor") == shown)
    crop = daemon.requests[-1].crop
    write(windows, "a hare", daemon)
    wait_for(lambda: windows.run(seen, "actor") == shown)
    assert daemon.requests[-1].crop == crop
    windows.type("key", "alt+i")
    wait_for(lambda: windows.run(seen, "actor") == old)
    windows.type("key", "Escape")
    said = windows.wait(answer)
    assert (said["status"], all(said["shown"]), said["dirty"]) == ("cancel", True, False)


def test_what_the_service_noticed_is_told(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    def message() -> NDArray[np.uint8]:
        """Look at the dialog's column that holds photo and message."""
        with Image.open(windows.photograph(tmp_path / "shot.png", "the dialog")) as opened:
            return np.asarray(opened.convert("RGB"))[:, :340]

    answer = ask(windows)
    windows.type("mousemove", "1270", "890")  # no tooltips
    write(windows, "a fox", daemon)
    time.sleep(2)
    silent = message()
    daemon.notices = [DREW_NOTHING]
    write(windows, "a hare", daemon)
    time.sleep(2)
    assert (message() != silent).any()
    keep(tmp_path / "shot.png", f"{windows.tree.release}-notice.png")
    windows.type("key", "alt+p")  # no preview, so nothing to say of it
    time.sleep(2)
    below = slice(412, 475)
    assert (message()[below] == silent[below]).all()
    windows.type("key", "alt+p")
    time.sleep(2)
    assert (message()[below] != silent[below]).any()
    windows.type("key", "alt+f")
    assert windows.wait(answer)["status"] == "success"
    assert not windows.shown("GIMP Message")  # it was read in the dialog

    answer = ask(windows)
    windows.type("key", "alt+p")  # no preview
    write(windows, "a hen")
    windows.type("key", "alt+f")
    said = windows.wait(answer)
    assert (said["status"], said["layers"]) == ("success", ["a hen", "photo"])
    windows.window("GIMP Message")
    keep(windows.photograph(tmp_path / "message.png"), f"{windows.tree.release}-notice-message.png")
    windows.dismiss("GIMP Message")


def test_the_list_of_models_follows_settings_that_are_taken_back(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    def choose_the_next() -> None:
        windows.type("key", "alt+m")
        windows.type("key", "space", "Down", "Return")

    daemon.models = ["plain", "other"]
    answer = ask(windows)
    write(windows, "a fox", daemon)
    assert daemon.requests[-1].recipe.bundle == "plain"
    choose_the_next()
    wait_for(lambda: daemon.requests[-1].recipe.bundle == "other")
    windows.type("key", "alt+r")
    time.sleep(2)
    windows.type("key", "Down", "space")  # one of two ways back, both to the model of before
    time.sleep(2)
    keep(windows.photograph(tmp_path / "reset.png"), f"{windows.tree.release}-reset.png")
    write(windows, "a hare", daemon)
    assert daemon.requests[-1].recipe.bundle == "plain"
    choose_the_next()
    wait_for(lambda: daemon.requests[-1].recipe.bundle == "other")
    windows.type("key", "Escape")
    assert windows.wait(answer)["status"] == "cancel"


def test_an_image_with_a_palette_is_previewed_in_place(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    answer = ask(windows, before=INDEXED, title="NIGDT")
    windows.type("key", "Return")
    windows.window(TITLES["nigdt-describe"])
    write(windows, "a cat", daemon)
    windows.type("key", "alt+i")
    wait_for(lambda: windows.run(LAYERS, "actor") == [2])
    keep(windows.photograph(tmp_path / "palette.png"), f"{windows.tree.release}-palette.png")
    windows.type("key", "alt+f")
    said = windows.wait(answer)
    assert (said["status"], said["layers"]) == ("success", ["a cat", "photo"]), said["message"]
    assert "Traceback" not in windows.log.read_text(errors="replace")
    assert not windows.shown("GIMP Message")


HALF_SELECTED = """
    write(image.get_layers()[0], "R'G'B'A u8", bytes([200, 100, 50, 255]) * (400 * 300))
    half = Gimp.Channel.new(image, "half", 400, 300, 50.0, Gegl.Color.new("red"))
    image.insert_channel(half, None, 0)
    write(half, "Y u8", bytes([128]) * (400 * 300))
    image.select_item(Gimp.ChannelOps.INTERSECT, half)
    image.remove_channel(half)
"""
KINDS = {
    "grey": "    image.convert_grayscale()\n",
    "linear": "    image.convert_precision(Gimp.Precision.FLOAT_LINEAR)\n",
    "linear-grey": "    image.convert_grayscale()\n    image.convert_precision(Gimp.Precision.U16_LINEAR)\n",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_shown_is_what_comes_in_images_of_other_kinds(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path, kind: str
) -> None:
    answer = ask(windows, before=KINDS[kind] + HALF_SELECTED)
    write(windows, "a fox", daemon)
    time.sleep(2)
    shot = windows.photograph(tmp_path / "shot.png", "the dialog")
    keep(shot, f"{windows.tree.release}-{kind}.png")
    windows.type("key", "alt+f")
    said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    with Image.open(shot) as opened:
        pictured = np.asarray(opened.convert("RGB"))[:340, :340].astype(int)
    assert (np.abs(pictured - said["seen"]).max(axis=2) <= 2).sum() > 1000


def test_an_image_closed_while_its_fill_comes_is_no_error(
    windows: WindowSession, daemon: ScriptedDaemon
) -> None:
    windows.dismiss("GIMP Message")
    display = windows.run(SHOWN, "actor")
    windows.from_the_menu("Describe...")
    write(windows, "a fox", daemon)
    windows.type("key", "alt+i")
    wait_for(lambda: windows.run(LAYERS, "actor") == [2])
    daemon.behaviour = ScriptedDaemon.hold
    write(windows, "a hare", daemon)
    windows.run(CLOSE.format(display), "actor")
    daemon.gone_on.set()  # the dialog mostly gets the fill before it looks for its image again
    wait_for(lambda: not plug_in_runs(windows))
    time.sleep(2)
    assert not windows.shown("GIMP Message")
