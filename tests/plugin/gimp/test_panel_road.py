"""*Open in NIGDT panel...*: what GIMP hands over, and what becomes of the panel's answer.

Once with the real panel; for the many cases a shell script stands in for its program, and its answer is made
by the panel's own classes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gimp_dialog import CLOSE, SHOWN, wait_for
from gimp_session import GimpSession, WindowSession, crashed, keep, kill_plug_in, plug_in_runs
from gimp_whole import gimp_with_panel
from nigdt_backend.client import Client
from nigdt_plugin.core.document import Document, Layer
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.host import Host
from PIL import Image

from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe, Variant

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OPEN = """
    before, width = composite(image), image.get_width()
    status, message, layer = call("nigdt-open-panel", image, caption="a red bird")
    result = {
        "status": status,
        "message": message,
        "changed": changed(before, composite(image), width),
        "layers": [each.get_name() for each in image.get_layers()],
        "record": record(layer) if layer else None,
        "pixel": list(composite(image, "R'G'B'A u8")[4 * (35 * width + 45) :][:4]),
        "soft": list(composite(image, "R'G'B' u8")[3 * (30 * width + 45) :][:3]),
        "mask": sorted(set(read(layer.get_mask(), "Y u8"))) if layer else None,
    }
"""


@pytest.fixture
def panel(gimp: GimpSession) -> Iterator[GimpSession]:
    """A GIMP whose plug-in starts the stand-in, and nothing left of an earlier one."""
    note = gimp.profile / "plug-ins" / "nigdt-fill" / "install.json"
    kept = note.read_text()
    note.write_text(json.dumps({"python": "/mnt/tests/panel_stand_in.sh"}))
    yield gimp
    note.write_text(kept)
    for name in ("panel-arguments", "panel-end"):
        (gimp.work / name).unlink(missing_ok=True)


def started(gimp: GimpSession) -> dict[str, Any]:
    """Wait for the stand-in; returns its arguments, with paths as they are outside."""
    arguments = gimp.work / "panel-arguments"
    wait_for(arguments.exists)
    said = arguments.read_text().replace("/mnt/work", str(gimp.work)).splitlines()
    assert said[:4] == ["-I", "-m", "nigdt", "panel"]
    options = dict(zip(said[5::2], said[6::2], strict=True))
    return {"photo": Path(said[4]), **options}


def end(gimp: GimpSession, status: int = 0) -> None:
    """Let the stand-in end."""
    (gimp.work / "panel-end").write_text(str(status))


@pytest.mark.parametrize("kind", ["", ", base='GRAY'", ", precision='U16_NON_LINEAR'", ", alpha=True"])
def test_what_is_applied_comes_back_as_a_layer(panel: GimpSession, kind: str) -> None:
    answer = panel.send(f"    image = photo(96, 80{kind})\n    select(image, 40, 30, 10, 10)\n" + OPEN)
    given = started(panel)
    assert given["--caption"] == "a red bird"
    with Image.open(given["--mask"]) as mask:
        assert mask.mode == "L"
        assert mask.getbbox() == (40, 30, 50, 40)
        assert mask.getextrema() == (0, 255)
    photo = Photo.read(given["photo"])
    assert photo.size == (96, 80)
    document = Document(photo)
    weight = np.ones((10, 10), np.float32)
    weight[0] = 0.5
    green = np.zeros((10, 10, 3), np.uint8)
    green[..., 1] = 255
    recipe = Recipe("a red bird", variant=Variant(4))
    document.apply(Layer(Region(40, 30, 50, 40), green, weight, recipe), "apply")
    Host(Path(given["--return-to"])).applied(document)
    end(panel)
    said = panel.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["changed"] == [40, 30, 50, 40]
    assert said["layers"] == ["a red bird", "photo"]
    assert said["mask"] == [128, 255]
    assert said["record"]["fills"][0]["recipe"]["seed"] == 4
    if "GRAY" not in kind:
        assert said["pixel"] == [0, 255, 0, 255]
        # Half a fill looks in GIMP as it did in the panel.
        assert np.abs(np.array(said["soft"]) - document.rgb[30, 45]).max() <= 1
    assert not Path(given["--return-to"]).exists()


def test_the_image_is_cropped_while_the_panel_is_open(panel: GimpSession) -> None:
    """What was made is not lost; the user is told that it may lie elsewhere."""
    answer = panel.send(
        """
    image = photo(96, 80)
    status, message, layer = call("nigdt-open-panel", image)
    result = [status, message, layer and record(layer)["image"], [it.get_name() for it in image.get_layers()]]
"""
    )
    given = started(panel)
    document = Document(Photo.read(given["photo"]))
    black, all_of_it = np.zeros((10, 10, 3), np.uint8), np.ones((10, 10), np.float32)
    layer = Layer(Region(40, 30, 50, 40), black, all_of_it, Recipe("", variant=Variant(4)))
    document.apply(layer, "apply")
    panel.run("for image in Gimp.get_images(): image.crop(90, 70, 2, 4)", "actor")
    Host(Path(given["--return-to"])).applied(document)
    end(panel)
    assert panel.wait(answer) == ["success", "", [96, 80], ["Removed", "photo"]]
    assert "Move the new layer to where it belongs." in panel.log.read_text(errors="replace")


def test_the_photo_handed_over_has_the_colours_that_gimp_shows(panel: GimpSession) -> None:
    answer = panel.send(
        """
    image = photo(96, 80)
    image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
    shown = list(read(image.get_layers()[0], "R'G'B' u8"))
"""
        + OPEN
        + "    result['shown'] = shown\n"
    )
    given = started(panel)
    assert "--mask" not in given
    handed = np.asarray(Photo.read(given["photo"]).rgb8).ravel()
    Host(Path(given["--return-to"])).cancelled()
    end(panel)
    said = panel.wait(answer)
    assert said["status"] == "cancel"
    assert said["layers"] == ["photo"]
    assert handed.tolist() == said["shown"]


def test_a_panel_that_is_closed_or_fails(panel: GimpSession) -> None:
    answer = panel.send("    image = photo()\n" + OPEN)
    started(panel)
    end(panel)
    assert panel.wait(answer)["status"] == "cancel"
    (panel.work / "panel-arguments").unlink()
    (panel.work / "panel-end").unlink()
    answer = panel.send("    image = photo()\n" + OPEN)
    started(panel)
    end(panel, 1)
    said = panel.wait(answer)
    assert said["status"] == "execution-error"
    assert said["message"] == "The NIGDT panel ended early (no display to open a window on)."


def test_the_panel_is_told_the_images_name(panel: GimpSession) -> None:
    answer = panel.send(
        """
    image = photo()
    image.set_file(Gio.File.new_for_path("/mnt/work/Möwe & Ente, 50 %? पक्षी.xcf"))
"""
        + OPEN
    )
    assert started(panel)["photo"].name == "Möwe & Ente, 50 %_ पक्षी.png"
    end(panel)
    assert panel.wait(answer)["status"] == "cancel"


def test_no_panel_to_start(gimp: GimpSession) -> None:
    said = gimp.run("    image = photo()\n" + OPEN)
    assert said["status"] == "execution-error"
    assert "cannot be started from here" in said["message"]


def open_and_fill(gimp: WindowSession, client: Client, tmp_path: Path) -> tuple[Path, str]:
    """Open the panel, which fills at once; returns where the answer will be, and the panel's window."""
    before = client.status()["jobs"]["fills"]
    answer = gimp.send(SHOWN + OPEN)
    window = gimp.window("Untitled.png", answer)
    wait_for(lambda: client.status()["jobs"]["fills"] > before)
    time.sleep(3)
    keep(gimp.photograph(tmp_path / "panel.png"), f"{gimp.tree.release}-panel.png")
    return answer, window


def test_the_real_panel_hands_over(whole: tuple[WindowSession, Client], tmp_path: Path) -> None:
    """All of it for once: GIMP starts the real panel, which fills with the real daemon; then *Hand over*."""
    gimp, client = whole
    answer, window = open_and_fill(gimp, client, tmp_path)
    # The button at the right end of the bar above the photo.
    gimp.type("mousemove", "--window", window, str(1280 - 440), "45", "click", "1")
    said = gimp.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["layers"] == ["a red bird", "photo"]
    left, top, right, bottom = said["changed"]
    assert left <= 150 < 230 <= right
    assert top <= 100 < 160 <= bottom
    assert right - left < 200  # the selection and its feather, no more
    assert said["record"]["fills"][0]["recipe"]["caption"] == "a red bird"
    assert list(gimp.work.glob("nigdt-*")) == []


def handed_over(gimp: WindowSession) -> Path:
    """Return the folder that the plug-in made for the panel; the panel has another one of its own."""
    (log,) = gimp.work.glob("nigdt-*/panel.log")
    return log.parent


def close_the_panel(gimp: WindowSession, window: str, folder: Path) -> None:
    """Close a panel that has nothing to ask for, and see its folder go."""
    gimp.type("windowactivate", "--sync", window, "key", "alt+F4")
    wait_until_gone(folder)


def wait_until_gone(folder: Path) -> None:
    """Wait until the panel has ended and cleared its folder away."""
    wait_for(lambda: not folder.exists(), 60)


def test_a_cancelled_procedure_leaves_the_panel_its_work(
    whole: tuple[WindowSession, Client], tmp_path: Path
) -> None:
    gimp, client = whole
    answer, window = open_and_fill(gimp, client, tmp_path)
    folder = handed_over(gimp)
    kill_plug_in(gimp)
    assert gimp.wait(answer)["status"] != "success"
    see_the_work_kept(gimp, window, folder, tmp_path / "orphan.png")


@pytest.mark.parametrize("release", ["trixie", "forky"])
def test_a_crash_of_gimp_leaves_the_panel_its_work(
    release: str, wheel: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    with gimp_with_panel(release, wheel, tiny_bundle, tmp_path / "own") as (gimp, client):
        _answer, window = open_and_fill(gimp, client, tmp_path)
        folder = handed_over(gimp)
        with crashed(gimp):
            see_the_work_kept(gimp, window, folder, tmp_path / "crash.png")


def close_and_be_asked(gimp: WindowSession, window: str) -> None:
    """Close a panel, and wait for what it asks."""
    gimp.type("windowactivate", "--sync", window, "key", "alt+F4")
    wait_for(lambda: gimp.active() not in ("", window))
    time.sleep(1)


def see_the_work_kept(gimp: WindowSession, window: str, folder: Path, shot: Path) -> None:
    """See that a panel, whose GIMP waits no more, asks before its fill is lost; then discard that."""
    gimp.window("Untitled.png")
    time.sleep(1)
    keep(gimp.photograph(shot), f"{gimp.tree.release}-panel-{shot.name}")
    assert folder.exists()
    close_and_be_asked(gimp, window)
    keep(gimp.photograph(shot), f"{gimp.tree.release}-panel-asked-{shot.name}")
    assert folder.exists()  # the fill that is shown would be lost, so the panel asks
    gimp.type("key", "Tab", "key", "space")  # from "Apply and save" to "Do not save"
    wait_until_gone(folder)


def test_a_panel_that_is_closed_asks_whether_to_hand_over(
    whole: tuple[WindowSession, Client], tmp_path: Path
) -> None:
    gimp, client = whole
    answer, window = open_and_fill(gimp, client, tmp_path)
    close_and_be_asked(gimp, window)
    keep(gimp.photograph(tmp_path / "leave.png"), f"{gimp.tree.release}-panel-leave.png")
    assert not answer.exists()
    gimp.type("key", "Escape")  # stays open
    time.sleep(1)
    assert not answer.exists()
    close_and_be_asked(gimp, window)
    gimp.type("key", "Return")  # hands over
    said = gimp.wait(answer)
    assert said["status"] == "success", said["message"]
    assert said["layers"] == ["a red bird", "photo"]


def test_an_image_closed_meanwhile_leaves_the_panel_its_work(
    whole: tuple[WindowSession, Client], tmp_path: Path
) -> None:
    gimp, _client = whole
    display = gimp.run(SHOWN, "actor")
    gimp.from_the_menu("Open in NIGDT panel")
    window = gimp.window("Untitled.png")
    folder = handed_over(gimp)
    keep(gimp.photograph(tmp_path / "opened.png"), f"{gimp.tree.release}-panel-opened.png")
    gimp.run(CLOSE.format(display), "actor")
    gimp.window("GIMP Message")
    keep(gimp.photograph(tmp_path / "closed.png"), f"{gimp.tree.release}-panel-closed-image.png")
    assert folder.exists()
    close_the_panel(gimp, window, folder)


def test_gimps_own_cancel_leaves_the_panel_its_work(
    whole: tuple[WindowSession, Client], tmp_path: Path
) -> None:
    gimp, client = whole
    before = client.status()["jobs"]["fills"]
    display = gimp.run(SHOWN, "actor")
    gimp.from_the_menu("Open in NIGDT panel")
    window = gimp.window("Untitled.png")
    folder = handed_over(gimp)
    gimp.type("key", "ctrl+Return")
    wait_for(lambda: client.status()["jobs"]["fills"] > before)
    gimp.type("windowraise", gimp.window(r"\[Untitled\]"))
    time.sleep(1)
    shot = gimp.photograph(tmp_path / "waits.png")
    keep(shot, f"{gimp.tree.release}-panel-waits.png")
    with Image.open(shot) as opened:  # above the bar that runs to and fro stands what is waited for
        said = np.asarray(opened.convert("L").crop((250, 585, 560, 598)))
    assert (said > 150).sum() > 50
    gimp.type("mousemove", "591", "602", "click", "1")  # the button beside the progress
    wait_for(lambda: not plug_in_runs(gimp), 30)
    see_the_work_kept(gimp, window, folder, tmp_path / "cancelled.png")
    gimp.run(CLOSE.format(display), "actor")
