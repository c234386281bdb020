"""A newcomer's first ten minutes, with the mouse and keys of a real screen.

``python tour.py FOLDER PICTURES``, on an X server with a window manager. The panel is its own process, with
the daemon it starts. FOLDER, empty before, gets the project and the export; PICTURES the screen after every
step.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from nigdt_plugin.core import openraster
from nigdt_plugin.ui.welcome import sample_photo
from PIL import Image, ImageGrab

PATIENCE = 240.0
WALKING = 8  # grey levels of a 32nd of the screen's width that a walking outline may change
TOOLS, SIDE, BARS = 50, 376, 100  # widths of the columns beside the photo, height of what is above and below


class Screen:
    """The panel on a screen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder  # of the pictures
        self.process: subprocess.Popen[bytes] | None = None
        self.pictures = 0

    def start(self, *arguments: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "nigdt", "panel", *arguments])
        self.until(lambda: bool(self.windows()), "the window")
        self.settle(3)

    def windows(self) -> list[str]:
        command = ["xdotool", "search", "--onlyvisible", "--name", "NIGDT"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()

    @property
    def title(self) -> str:
        found = self.windows()
        name = subprocess.run(
            ["xdotool", "getwindowname", found[0]], capture_output=True, text=True, check=False
        )
        return name.stdout.strip()

    def until(
        self, condition: Callable[[], bool], what: str, meanwhile: Callable[[], object] = lambda: None
    ) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                self.picture("stuck")
                raise TimeoutError(f"Waited in vain for {what}.")
            meanwhile()
            time.sleep(1)

    def settle(self, seconds: float = 1.0) -> None:
        """Wait until nothing on the screen changes for so long."""
        before, since, deadline = self._pixels(), time.monotonic(), time.monotonic() + PATIENCE
        while time.monotonic() - since < seconds and time.monotonic() < deadline:
            time.sleep(0.3)
            now = self._pixels()
            if max(abs(a - b) for a, b in zip(now, before, strict=True)) > WALKING:
                before, since = now, time.monotonic()

    def _pixels(self) -> bytes:
        # The outline of a selection always walks; reduced, it hardly counts.
        return ImageGrab.grab().convert("L").resize((32, 18), Image.Resampling.BOX).tobytes()

    def picture(self, name: str) -> None:
        self.pictures += 1
        ImageGrab.grab().save(self.folder / f"{self.pictures:02d}-{name}.png")

    def keys(self, *names: str) -> None:
        for name in names:
            subprocess.run(["xdotool", "key", "--clearmodifiers", name], check=True)
            time.sleep(0.3)

    def type(self, text: str) -> None:
        subprocess.run(["xdotool", "type", "--delay", "40", text], check=True)
        time.sleep(0.3)

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Screen point of a place on the photo, both as shares of its size; the photo is fitted."""
        width, height = ImageGrab.grab().size
        with Image.open(sample_photo()) as photo:
            room = width - TOOLS - SIDE, height - BARS
            scale = min((room[0] - 48) / photo.width, (room[1] - 48) / photo.height, 2.0)
            middle = TOOLS + room[0] / 2, BARS * 0.75 + room[1] / 2
            return (
                round(middle[0] + (x - 0.5) * photo.width * scale),
                round(middle[1] + (y - 0.5) * photo.height * scale),
            )

    def mouse(self, *arguments: object) -> None:
        subprocess.run(["xdotool", *map(str, arguments)], check=True)
        time.sleep(0.15)

    def click(self, x: float, y: float) -> None:
        self.mouse("mousemove", *self.at(x, y), "click", 1)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.mouse("mousemove", *self.at(*start), "mousedown", 1)
        for step in range(1, 9):
            point = (start[i] + (end[i] - start[i]) * step / 8 for i in range(2))
            self.mouse("mousemove", *self.at(*point))
        self.mouse("mouseup", 1)

    @property
    def asked(self) -> bool:
        """Whether a question stands before the window."""
        command = ["xdotool", "getactivewindow", "getwindowname"]
        name = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        return name == "NIGDT"

    def apply_and_save(self, what: str, project: Path, layers: int) -> None:
        """Apply the fill as soon as it is there, and save; the file tells of both.

        A fill that comes while the one before it is applied is shown and not part of the picture: then the
        panel asks, and its first answer is the one that is wanted.
        """
        self.until(lambda: "*" in self.title, what, lambda: self.keys("ctrl+shift+Return"))
        self.picture(what)

        def save() -> None:
            self.keys("Return" if self.asked else "ctrl+s")
            self.settle(2)

        self.until(lambda: "*" not in self.title and not self.asked, "the project to be saved", save)
        assert len(openraster.decode(project, 1).document.layers) == layers

    def quit(self) -> None:
        assert self.process is not None
        self.keys("ctrl+q")
        self.process.wait(PATIENCE)


def main(folder: Path, pictures: Path) -> None:
    screen, project = Screen(pictures), folder / "tour.ora"
    screen.start()
    screen.picture("start")
    screen.keys("ctrl+o")
    screen.settle()
    screen.type(str(sample_photo()))
    screen.keys("Return")
    screen.until(lambda: sample_photo().name in screen.title, "the photo")
    screen.settle(2)
    screen.picture("opened")

    screen.keys("ctrl+shift+s")
    screen.settle()
    screen.type(str(project))
    screen.keys("Return")
    screen.until(lambda: project.name in screen.title, "the project")

    screen.keys("o")
    screen.click(0.5, 0.5)
    screen.settle(4)
    screen.picture("object")
    screen.keys("F3", "c")
    screen.type("a red bird")
    screen.keys("Return")
    screen.apply_and_save("recoloured", project, 1)

    screen.keys("F4", "r")
    screen.drag((0.86, 0.7), (0.99, 0.92))  # the end of the branch
    screen.settle()
    screen.keys("ctrl+Return")
    screen.apply_and_save("removed", project, 2)

    screen.keys("F2", "e")
    screen.drag((0.72, 0.12), (0.9, 0.38))
    screen.keys("c")
    screen.keys("ctrl+a")
    screen.type("green grass ")
    screen.settle(4)  # fills follow the typing
    screen.apply_and_save("described", project, 3)

    screen.keys("y")
    screen.settle(2)
    screen.picture("compared")
    screen.keys("y")
    screen.quit()

    screen.start(str(project))
    screen.until(lambda: project.name in screen.title, "the project again")
    screen.settle(2)
    screen.picture("reopened")
    screen.keys("ctrl+e")
    screen.settle()
    screen.picture("export")
    screen.keys("Return")
    screen.settle()
    screen.type(str(folder / "tour.jpg"))
    screen.keys("Return")
    screen.until((folder / "tour.jpg").exists, "the export")
    screen.settle(2)
    screen.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
