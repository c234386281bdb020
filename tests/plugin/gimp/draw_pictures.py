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

CAPTION = "a bird with a yellow belly"
OPEN = f"""
    file = Gio.File.new_for_path({str(ROOT / "nigdt/data/kingfisher.jpg")!r})
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 515, 205, 185, 275)
    result = Gimp.Display.new(image).get_id()
    Gimp.displays_flush()
"""
ASK = """
    result = call("nigdt-fill", Gimp.get_images()[0], "INTERACTIVE")[:2]
"""


def main(target: Path, work: Path) -> None:
    """Photograph the dialog over the photo, then the layer that came of it."""
    plug_in = work / "plug-ins" / NAME
    assemble(plug_in, pyzmq_wheel(), ROOT)
    with WindowSession(find_or_build("trixie"), plug_in, work / "gimp", [ROOT]) as gimp:
        os.environ["NIGDT_STATE_DIR"] = str(gimp.state)
        with Client.connect(timeout=120) as client:
            try:
                photograph(gimp, client, target)
            finally:
                client.shutdown()


def photograph(gimp: WindowSession, client: Client, target: Path) -> None:
    """Do what a user does, and take the pictures."""
    gimp.run(OPEN, "actor")
    window = gimp.window("Untitled")
    gimp.type("windowmove", window, "0", "0", "windowsize", window, "1278", "856")
    time.sleep(2)
    gimp.type("key", "ctrl+shift+j")  # fit the image into the window
    answer = gimp.send(ASK)
    dialog = gimp.window("Fill described region", answer)
    gimp.type("windowmove", dialog, "490", "250")
    time.sleep(1)
    gimp.type("key", "alt+d")
    gimp.type("key", "ctrl+a")
    gimp.type("type", "--delay", "40", CAPTION)
    deadline = time.monotonic() + 60
    while client.status()["jobs"]["fills"] == 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(3)
    save(gimp, target / "gimp-dialog.png")
    gimp.type("key", "alt+f")
    status, message = gimp.wait(answer, 60)
    if status != "success":
        raise SystemExit(message)
    gimp.window("Untitled")
    gimp.type("mousemove", "700", "875")
    time.sleep(2)
    save(gimp, target / "gimp-layer.png")


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
