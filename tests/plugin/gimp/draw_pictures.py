"""Photograph GIMP with the plug-in for the documentation: ``python draw_pictures.py FOLDER``.

Needs what the tests in a real GIMP need: Linux, root, and a Debian-like system.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
for folder in (HERE, ROOT / "plugin" / "gimp"):
    sys.path.insert(0, str(folder))

from assemble import NAME, assemble  # noqa: E402
from gimp_chroot import find_or_build  # noqa: E402
from gimp_session import WindowSession  # noqa: E402
from gimp_wheel import pyzmq_wheel  # noqa: E402
from nigdt_backend.client import Client  # noqa: E402
from PIL import Image  # noqa: E402

OPEN = f"""
    file = Gio.File.new_for_path({str(ROOT / "nigdt/data/kingfisher.jpg")!r})
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    result = Gimp.Display.new(image).get_id()
    Gimp.displays_flush()
"""
BELLY = "image.select_ellipse(Gimp.ChannelOps.REPLACE, 515, 205, 185, 275)"
BIRD = (
    "image.select_polygon(Gimp.ChannelOps.REPLACE, [440, 190, 480, 80, 560, 50, 660, 60, 710, 115, 830, 175, "
    "835, 215, 725, 240, 730, 340, 690, 440, 640, 480, 630, 545, 500, 545, 480, 640, 430, 660, 400, 600, "
    "345, 530, 345, 470, 355, 370, 400, 250])"
)
ASK = """
    image = Gimp.get_images()[0]
    {select}
    Gimp.displays_flush()
    result = call({name!r}, image, "INTERACTIVE")[:2]
"""
DIALOGS = [
    # Procedure, title of the dialog, selection, words, key of its button, picture
    ("nigdt-describe", "NIGDT: Describe", BELLY, "a bird with a yellow belly", "alt+f", "gimp-dialog.png"),
    ("nigdt-recolour", "NIGDT: Recolour", BIRD, "a purple bird", None, "gimp-recolour.png"),
    ("nigdt-remove", "NIGDT: Remove", BIRD, "", None, "gimp-remove.png"),
]


def main(target: Path, work: Path) -> None:
    """Photograph the dialogs over the photo, and the layer that comes of the first."""
    plug_in = work / "plug-ins" / NAME
    assemble(plug_in, pyzmq_wheel(), ROOT)
    with WindowSession(find_or_build("forky"), plug_in, work / "gimp", [ROOT]) as gimp:
        os.environ["NIGDT_STATE_DIR"] = str(gimp.state)
        with Client.connect(timeout=120) as client:
            try:
                photograph(gimp, client, target)
            finally:
                client.shutdown()


def photograph(gimp: WindowSession, client: Client, target: Path) -> None:
    """Do what a user does, and take the pictures."""
    gimp.run(OPEN, "actor")
    window = gimp.window("kingfisher")
    gimp.type("windowmove", window, "0", "0", "windowsize", window, "1278", "856")
    time.sleep(2)
    gimp.type("key", "ctrl+shift+j")  # fit the image into the window
    gimp.type("key", "r")  # a tool whose options are not in the way
    for name, title, select, words, button, picture in DIALOGS:
        answer = gimp.send(ASK.format(name=name, select=select))
        dialog = gimp.window(title, answer)
        gimp.type("windowmove", dialog, "490", "150", "mousemove", "1270", "890")  # no tooltips
        time.sleep(2)
        fills = client.status()["jobs"]["fills"]
        if words:
            gimp.type("key", "ctrl+a")
            gimp.type("type", "--delay", "40", words)
        if name == "nigdt-describe":
            gimp.type("key", "alt+v")
            gimp.type("key", "Up", "Up")
        wait_for_fills(client, fills)
        time.sleep(3)
        save(gimp, target / picture)
        gimp.type("key", button or "Escape")
        status, message = gimp.wait(answer, 60)
        if status != "success" and button:
            raise SystemExit(message)
        if button:
            gimp.window("kingfisher")
            gimp.type("mousemove", "700", "875")
            time.sleep(2)
            save(gimp, target / "gimp-layer.png")
            gimp.run("image = Gimp.get_images()[0]\nimage.remove_layer(image.get_layers()[0])", "actor")


def wait_for_fills(client: Client, before: int) -> None:
    """Wait until the service has made a fill more, and has nothing left to do."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        status = client.status()
        if status["jobs"]["fills"] > before and not status["queue"]["running"]:
            return
        time.sleep(0.3)


def save(gimp: WindowSession, picture: Path) -> None:
    """Keep what the screen shows, without the empty desktop."""
    shot = gimp.photograph(gimp.work / "picture.png")
    with Image.open(shot) as opened:
        opened.convert("RGB").crop((0, 0, 1280, 880)).save(picture, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        for name in ("CONFIG", "DATA"):
            os.environ[f"NIGDT_{name}_DIR"] = str(Path(home) / name.lower())
        main(Path(sys.argv[1]), Path(home))
