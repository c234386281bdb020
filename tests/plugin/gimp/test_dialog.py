"""The dialog in a real GIMP with its windows, typed into and looked at."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from gimp_dialog import CLOSE, INDEXED, SHOWN, TITLES, ask, greens, wait_for, write
from gimp_session import WindowSession, keep, plug_in_runs
from gimp_tree import tree
from nigdt_backend.protocol import FillRequest
from PIL import Image
from scripted_daemon import ScriptedDaemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ENTRY = "Describe..."


def test_ask_look_fill_and_repeat(windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path) -> None:
    answer = ask(windows)
    write(windows, "a red bird", daemon)
    windows.type("key", "Return")
    windows.type("type", "--delay", "15", "on a branch")
    wait_for(lambda: daemon.requests and daemon.requests[-1].recipe.caption == "a red bird\non a branch")
    time.sleep(0.5)
    shot = windows.photograph(tmp_path / "dialog.png")
    keep(shot, f"{windows.tree.release}-dialog.png")
    assert daemon.requests[-1].live
    assert len(daemon.requests[-1].variants) == 1
    assert greens(shot) > 1000  # the preview
    asked = len(daemon.requests)
    windows.type("key", "alt+f")
    said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["changed"] == [150, 100, 230, 160]
    assert said["layers"] == ["a red bird on a branch", "photo"]
    assert said["record"]["caption"] == "a red bird\non a branch"
    assert len(daemon.requests) == asked  # what was seen is what came

    # Repeat asks nothing and fills what is selected now with what was last asked for.
    again = windows.run(
        """
    image = photo(400, 300)
    select(image, 20, 30, 40, 50)
    before = composite(image)
    status, message, layer = call("nigdt-describe", image, "WITH_LAST_VALS")
    result = [status, message, record(layer)["caption"], changed(before, composite(image), 400)]
"""
    )
    assert again == ["success", "", "a red bird\non a branch", [20, 30, 60, 80]]


def test_the_preview_follows_the_selection(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    answer = ask(windows)
    write(windows, "a fox", daemon)
    wait_for(lambda: greens(windows.photograph(tmp_path / "filled.png")) > 1000)
    asked = len(daemon.requests)
    daemon.behaviour = ScriptedDaemon.hold
    windows.run("select(Gimp.get_images()[0], 20, 200, 40, 40)", "actor")
    wait_for(lambda: len(daemon.requests) > asked)
    assert greens(windows.photograph(tmp_path / "stale.png")) < 100  # the old fill counts no more
    request = daemon.requests[-1]
    assert request.recipe.caption == "a fox"
    selected = [divmod(at, request.width) for at, value in enumerate(request.mask) if value]
    assert (selected[-1][0] - selected[0][0] + 1, len(selected)) == (40, 1600)
    daemon.gone_on.set()
    wait_for(lambda: greens(windows.photograph(tmp_path / "followed.png")) > 1000)
    keep(tmp_path / "followed.png", f"{windows.tree.release}-followed.png")
    windows.type("key", "Escape")
    assert windows.wait(answer)["status"] == "cancel"


def test_a_reopened_dialog_has_its_words_selected(windows: WindowSession, daemon: ScriptedDaemon) -> None:

    def previewed(caption: str) -> bool:
        return any(request.recipe.caption == caption for request in daemon.requests)

    for caption in ("an owl", "a hare"):
        answer = ask(windows)
        time.sleep(2)
        windows.type("type", "--delay", "30", caption)
        wait_for(lambda caption=caption: previewed(caption))
        windows.type("key", "alt+f")
        assert windows.wait(answer)["record"]["caption"] == caption


def test_holding_the_mouse_down_shows_the_photo(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    answer = ask(windows)
    dialog = windows.window(TITLES["nigdt-describe"])
    write(windows, "a fox", daemon)
    wait_for(lambda: greens(windows.photograph(tmp_path / "filled.png")) > 1000)
    windows.type("mousemove", "--window", dialog, "180", "180", "mousedown", "1")
    wait_for(lambda: greens(windows.photograph(tmp_path / "held.png")) < 100)
    windows.type("mouseup", "1")
    wait_for(lambda: greens(windows.photograph(tmp_path / "let-go.png")) > 1000)
    windows.type("mousemove", "1270", "890")
    windows.type("key", "Escape")
    assert windows.wait(answer)["status"] == "cancel"


@pytest.mark.parametrize("release", ["trixie", "forky"])
def test_in_german(release: str, plug_in: Path, tmp_path: Path) -> None:
    with WindowSession(tree(release), plug_in, tmp_path / "gimp", language="de_DE") as windows:
        with ScriptedDaemon(windows.state) as daemon:
            answer = ask(windows, title="NIGDT: Beschreiben")
            windows.type("key", "alt+b")
            windows.type("type", "--delay", "15", "ein roter Vogel")
            wait_for(lambda: daemon.requests and daemon.requests[-1].recipe.caption == "ein roter Vogel")
            time.sleep(0.5)
            keep(windows.photograph(tmp_path / "german.png"), f"{release}-german.png")
            windows.type("key", "alt+f")
            said = windows.wait(answer)
            for name, title in (("nigdt-recolour", "NIGDT: Umf"), ("nigdt-remove", "NIGDT: Entfernen")):
                answer = ask(windows, name, title=title)
                windows.type("key", "Escape")
                assert windows.wait(answer)["status"] == "cancel"
        assert said["layers"] == ["ein roter Vogel", "photo"]
        status, message = windows.run("result = fill(photo(), caption='x')[:2]")
        assert "mnemonic" not in windows.log.read_text(errors="replace")
    assert status == "execution-error"
    assert message.startswith("Nichts ist ausgewählt.")


def test_stop_then_close_leaves_no_job_and_no_layer(windows: WindowSession, daemon: ScriptedDaemon) -> None:
    daemon.behaviour = ScriptedDaemon.hold
    answer = ask(windows)
    windows.type("key", "alt+p")  # no preview
    write(windows, "a dog")
    windows.type("key", "alt+f")
    wait_for(lambda: [request for request in daemon.requests if not request.live])
    windows.type("key", "alt+c")
    wait_for(lambda: daemon.requests[-1].job in daemon.cancelled)
    assert not [request for request in daemon.requests if request.recipe.caption == "a dog" if request.live]
    windows.window(TITLES["nigdt-describe"])  # still there, with the caption, where typing goes on
    windows.type("type", "--delay", "30", " asleep")
    windows.type("key", "alt+f")
    wait_for(lambda: daemon.requests[-1].recipe.caption == "a dog asleep")
    windows.type("key", "alt+c")
    wait_for(lambda: daemon.requests[-1].job in daemon.cancelled)
    windows.type("key", "alt+c")
    said = windows.wait(answer)
    assert said["status"] == "cancel"
    assert said["layers"] == ["photo"]


def test_a_preview_that_the_service_drops_while_it_is_awaited(
    windows: WindowSession, daemon: ScriptedDaemon
) -> None:
    def drop(daemon: ScriptedDaemon, client: bytes, request: FillRequest) -> None:
        if request.recipe.caption == "a dove":
            daemon.gone_on.wait(60)
            daemon.fail(client, request.job, "superseded")

    daemon.behaviour = drop
    answer = ask(windows)
    write(windows, "a dove", daemon)
    windows.type("key", "alt+f")
    time.sleep(2)  # it waits for the answer that its preview has asked for
    daemon.behaviour = ScriptedDaemon.answer
    daemon.gone_on.set()
    time.sleep(2)
    assert not answer.exists()
    windows.type("key", "alt+f")  # once more
    said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["layers"] == ["a dove", "photo"]


def test_a_failure_is_said_in_the_dialog_and_can_be_mended(windows: WindowSession, tmp_path: Path) -> None:
    answer = ask(windows)
    dialog = windows.window(TITLES["nigdt-describe"])
    write(windows, "a cat")
    size = windows.type("getwindowgeometry", dialog).splitlines()[-1]
    windows.type("key", "alt+f")
    time.sleep(3)
    keep(windows.photograph(tmp_path / "trouble.png"), f"{windows.tree.release}-no-service.png")
    assert windows.type("getwindowgeometry", dialog).splitlines()[-1] == size
    with ScriptedDaemon(windows.state):
        windows.type("type", "--delay", "30", " on a wall")  # the text has the focus again
        windows.type("key", "alt+f")
        said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["layers"] == ["a cat on a wall", "photo"]


def _message(picture: Path) -> np.ndarray:
    """Return the dialog's column of a screenshot of it that holds photo and message."""
    with Image.open(picture) as opened:
        return np.asarray(opened.convert("RGB"))[:, :340]


def test_unknown_words_are_told_once_they_are_finished_and_in_their_place(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    def look(name: str) -> np.ndarray:
        return _message(windows.photograph(tmp_path / f"{name}.png", dialog))

    def look_after(key: str, seconds: float) -> np.ndarray:
        """Look so soon after a key, in one go: what is called twice takes its time on a busy machine."""
        script = f"xdotool key {key}; sleep {seconds}; scrot --focused --overwrite /mnt/work/shot.png"
        inside = windows.tree.command(["sh", "-c", script], windows.binds, windows.env)
        subprocess.run(inside, check=True, timeout=120)
        return _message(windows.work / "shot.png")

    answer = ask(windows)
    dialog = windows.window(TITLES["nigdt-describe"])
    windows.type("mousemove", "1270", "890")  # no tooltips
    write(windows, "a red bird", daemon)
    time.sleep(2)
    silent, size = look("silent"), windows.type("getwindowgeometry", dialog).splitlines()[-1]
    daemon.strange = ["bir", "birc"]
    # The fill of "birc" has come and nothing is said; to see that moment may take a few tries.
    for seconds in (0.6, 0.8, 0.5, 0.7, 0.9) * 2:
        windows.type("key", "BackSpace")
        time.sleep(2)
        if (look_after("c", seconds) == silent).all():
            break
        windows.type("key", "BackSpace", "d")
    else:
        pytest.fail("a word was warned of while it was typed")
    time.sleep(2)
    assert (look("paused") != silent).any()

    daemon.strange = [f"{letter * 24}" for letter in "klmnopqrs"]
    write(windows, " ".join(daemon.strange), daemon)
    time.sleep(2)
    assert (look("long") != silent).any()
    keep(tmp_path / "long.png", f"{windows.tree.release}-long-message.png")
    assert windows.type("getwindowgeometry", dialog).splitlines()[-1] == size
    windows.type("key", "Escape")
    assert windows.wait(answer)["status"] == "cancel"


def test_the_quick_mask_is_named(windows: WindowSession, tmp_path: Path) -> None:
    display = windows.run(SHOWN, "actor")
    windows.window("Untitled")
    windows.type("key", "shift+q")
    wait_for(lambda: windows.run("result = len(Gimp.get_images()[0].get_channels())", "actor"))
    windows.from_the_menu(ENTRY)
    windows.window("GIMP Message")
    keep(windows.photograph(tmp_path / "quick-mask.png"), f"{windows.tree.release}-quick-mask.png")
    windows.dismiss("GIMP Message")
    said = windows.run("result = fill(Gimp.get_images()[0], caption='x')[1]", "actor")
    time.sleep(2)
    windows.dismiss("GIMP Message")  # GIMP 3.0 tells of a failed call, too
    windows.run(CLOSE.format(display), "actor")
    assert said == "The quick mask is on. Turn it off first (Shift+Q)."


def test_an_indexed_image_is_offered_to_be_converted(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    answer = ask(windows, before=INDEXED, title="NIGDT")
    keep(windows.photograph(tmp_path / "indexed.png"), f"{windows.tree.release}-indexed.png")
    windows.type("key", "Escape")
    said = windows.wait(answer)
    assert (said["status"], said["base"]) == ("cancel", "indexed")
    answer = ask(windows, before=INDEXED, title="NIGDT")
    windows.type("key", "Return")
    windows.window(TITLES["nigdt-describe"])
    write(windows, "a cat", daemon)
    windows.type("key", "alt+f")
    said = windows.wait(answer)
    assert (said["status"], said["base"]) == ("success", "rgb")
    assert said["changed"] == [150, 100, 230, 160]


LAYERS = """
    layers = Gimp.get_images()[0].get_layers()
    result = [len(layer.get_children()) if layer.is_group() else 0 for layer in layers]
"""


MASKS_EDITED = """
    group = Gimp.get_images()[0].get_layers()[0]
    result = [layer.get_edit_mask() for layer in group.get_children()]
"""


def test_from_the_menu_with_repeat_and_undo(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    def layers() -> list[int]:
        return windows.run(LAYERS, "actor")

    def press(key: str) -> None:
        """Press a key in the image's window, whatever GIMP has to say elsewhere of layers that are gone."""
        windows.window("Untitled")
        windows.type("key", key)

    display = windows.run(SHOWN, "actor")
    windows.from_the_menu(ENTRY)
    windows.window(TITLES["nigdt-describe"])
    write(windows, "two birds", daemon)
    windows.type("key", "alt+v")
    windows.type("key", "Up")
    windows.type("key", "alt+f")
    wait_for(lambda: layers() == [2, 0])
    windows.window("Untitled")
    keep(windows.photograph(tmp_path / "filled.png"), f"{windows.tree.release}-filled.png")
    press("ctrl+f")
    wait_for(lambda: layers() == [2, 2, 0])
    assert not daemon.requests[-1].live
    assert daemon.requests[-1].recipe.caption == "two birds"
    press("ctrl+z")
    wait_for(lambda: layers() == [2, 0])
    press("ctrl+z")
    wait_for(lambda: layers() == [0])
    press("ctrl+y")
    wait_for(lambda: layers() == [2, 0])
    assert windows.run(MASKS_EDITED, "actor") == [False, False]
    keep(windows.photograph(tmp_path / "redone.png"), f"{windows.tree.release}-redone.png")
    windows.run(CLOSE.format(display), "actor")


REMOVED = """
    images = Gimp.get_images()
    layers = images[0].get_layers()
    # While it works there is a copy of the image besides.
    result = [each.get_name() for each in layers] if len(images) == 1 else []
"""


def test_removed_at_once_from_the_menu(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    display = windows.run(SHOWN, "actor")
    windows.from_the_menu("Remove selected object")
    wait_for(lambda: windows.run(REMOVED, "actor") == ["Removed", "photo"])
    keep(windows.photograph(tmp_path / "removed.png"), f"{windows.tree.release}-removed.png")
    for key, layers in (("ctrl+z", ["photo"]), ("ctrl+y", ["Removed", "photo"])):
        windows.window("Untitled")
        windows.type("key", key)
        wait_for(lambda layers=layers: windows.run(REMOVED, "actor") == layers)
    edited = "result = Gimp.get_images()[0].get_layers()[0].get_edit_mask()"
    assert not windows.run(edited, "actor")
    windows.run(CLOSE.format(display), "actor")
    assert [request.recipe.effective_mode for request in daemon.requests] == ["remove"]


def test_the_window_is_closed_in_mid_fill(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    daemon.behaviour = ScriptedDaemon.hold
    display = windows.run(SHOWN, "actor")
    windows.from_the_menu(ENTRY)
    windows.window(TITLES["nigdt-describe"])
    write(windows, "nothing", daemon)
    windows.type("key", "alt+f")
    time.sleep(2)  # it waits for the answer that its preview has asked for
    windows.run(CLOSE.format(display), "actor")
    wait_for(lambda: daemon.requests[-1].job in daemon.cancelled)
    wait_for(lambda: windows.run("result = len(Gimp.get_images())", "actor") == 0)
    windows.window("GIMP Message")
    keep(windows.photograph(tmp_path / "closed.png"), f"{windows.tree.release}-closed-in-mid-fill.png")
    windows.dismiss("GIMP Message")
    wait_for(lambda: not windows.shown("GIMP Message"))
    assert windows.run("result = 'well'") == "well"


def test_the_dialog_goes_with_its_image(windows: WindowSession, daemon: ScriptedDaemon) -> None:
    display = windows.run(SHOWN, "actor")
    windows.from_the_menu(ENTRY)
    windows.window(TITLES["nigdt-describe"])
    write(windows, "a goose", daemon)
    windows.run(CLOSE.format(display), "actor")
    wait_for(lambda: not windows.shown("NIGDT: "))
    wait_for(lambda: not plug_in_runs(windows))
    time.sleep(1)
    assert not windows.shown("GIMP Message")


TWICE = f"""
{SHOWN}
    result = [result, Gimp.Display.new(image).get_id()]
"""


def test_the_dialog_stays_while_its_image_has_another_window(
    windows: WindowSession, daemon: ScriptedDaemon
) -> None:
    first, second = windows.run(TWICE, "actor")
    windows.from_the_menu(ENTRY)  # of the second, which is on top
    windows.window(TITLES["nigdt-describe"])
    windows.run(CLOSE.format(second), "actor")
    time.sleep(2)
    write(windows, "a goose", daemon)
    windows.type("key", "alt+f")
    wait_for(lambda: windows.run(LAYERS, "actor") == [0, 0])
    windows.run(CLOSE.format(first), "actor")
