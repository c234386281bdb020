"""What the user does in the image while the dialog is open."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from gimp_dialog import TITLES, ask, greens, wait_for, write
from gimp_session import WindowSession, keep
from scripted_daemon import ScriptedDaemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SHOW = """
    Gimp.get_images()[0].get_layers()[0].set_visible({})
    Gimp.displays_flush()
"""


def look_at_the_image(windows: WindowSession, dialog: str) -> None:
    """Go over to the image and come back."""
    windows.window("Untitled")
    time.sleep(0.5)
    windows.window(dialog)


def test_a_fill_is_made_again_whose_layer_is_deleted(windows: WindowSession, daemon: ScriptedDaemon) -> None:
    before = '    image.set_selected_layers([fill(image, caption="a fox")[2]])\n'
    answer = ask(windows, "nigdt-fill-again", before)
    wait_for(lambda: daemon.requests[-1].live)
    crop = daemon.requests[-1].crop
    windows.run(
        """
    image = Gimp.get_images()[0]
    image.remove_layer(image.get_layers()[0])
""",
        "actor",
    )
    look_at_the_image(windows, TITLES["nigdt-fill-again"])
    write(windows, "a hare", daemon)
    assert daemon.requests[-1].crop == crop  # the photo is seen as before
    windows.type("key", "alt+f")
    said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    assert (said["layers"], said["shown"]) == (["a hare", "photo"], [True, True])


def test_another_layer_is_made_the_active_one(windows: WindowSession, daemon: ScriptedDaemon) -> None:
    before = """
    for layer in (Gimp.Layer.new_from_visible(image, image, "below"), Gimp.GroupLayer.new(image, "group")):
        image.insert_layer(layer, None, len(image.get_layers()))
"""
    answer = ask(windows, before=before)
    write(windows, "a fox", daemon)
    time.sleep(1)
    asked = len(daemon.requests)
    for index in (1, 2):
        windows.run(
            f"image = Gimp.get_images()[0]\nimage.set_selected_layers([image.get_layers()[{index}]])", "actor"
        )
        look_at_the_image(windows, TITLES["nigdt-describe"])
    windows.type("key", "alt+f")
    said = windows.wait(answer)
    assert said["status"] == "success", said["message"]
    assert len(daemon.requests) == asked  # nothing else is seen, so the preview's fill is the right one
    assert said["layers"] == ["a fox", "photo", "below", "group"]
    assert said["changed"] == [150, 100, 230, 160]


def test_a_layer_that_is_hidden_and_shown_again(
    windows: WindowSession, daemon: ScriptedDaemon, tmp_path: Path
) -> None:
    def green(name: str) -> bool:
        return greens(windows.photograph(tmp_path / f"{name}.png")) > 1000

    answer = ask(windows)
    write(windows, "a fox", daemon)
    wait_for(lambda: green("before"))
    windows.run(SHOW.format(False), "actor")
    look_at_the_image(windows, TITLES["nigdt-describe"])
    wait_for(lambda: not green("grey"), 10)
    windows.type("key", "alt+f")
    time.sleep(2)
    keep(windows.photograph(tmp_path / "hidden.png"), f"{windows.tree.release}-hidden.png")
    assert not answer.exists()
    asked = len(daemon.requests)
    windows.run(SHOW.format(True), "actor")
    look_at_the_image(windows, TITLES["nigdt-describe"])
    wait_for(lambda: len(daemon.requests) > asked)
    wait_for(lambda: green("after"))
    windows.type("key", "Escape")
    assert windows.wait(answer)["status"] == "cancel"
