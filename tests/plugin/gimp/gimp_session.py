"""A GIMP that runs headless for as long as the tests need it, told what to do in snippets of Python."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gimp_chroot import Chroot

if TYPE_CHECKING:
    from typing import Self

TESTS = Path(__file__).resolve().parent
START_SECONDS = 400.0
PATIENCE_SECONDS = 150.0
"""A busy machine may take its time; only a failing test waits for so long."""
_SCRIPT = 'exec(open("/mnt/tests/worker.py").read(), {"worker": "main"})'


class GimpError(Exception):
    """A snippet raised, or GIMP ended."""


class GimpSession:
    """GIMP without windows, the plug-in in its profile, and two workers in it.

    "main" executes the snippets of the tests; "actor" executes others while one of "main" still runs. What a
    snippet assigns to `result` comes back, by way of JSON; images are deleted after a snippet of "main".
    Folders in `shared` are seen inside where they are outside.
    """

    language = ""
    """Name of a locale, as in "de_DE"; empty for English."""

    def __init__(self, tree: Chroot, plug_in: Path, folder: Path, shared: Sequence[Path] = ()) -> None:
        self.tree = tree
        self.shared = shared
        self.work, self.state, self.profile = folder / "work", folder / "state", folder / "profile"
        for part in (self.work / "main", self.work / "actor", self.state, self.profile / "plug-ins"):
            part.mkdir(parents=True)
        self.state.chmod(0o700)
        shutil.copytree(plug_in, self.profile / "plug-ins" / plug_in.name)
        actor = self.profile / "plug-ins" / "actor"
        actor.mkdir()
        shutil.copy(TESTS / "actor.py", actor / "actor.py")
        (actor / "actor.py").chmod(0o755)
        self.log = folder / "gimp.log"
        self._counts = {"main": 0, "actor": 0}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def binds(self) -> dict[Path, str]:
        """Folders of the outside, and where GIMP sees them."""
        return {
            self.work: "/mnt/work",
            self.state: "/mnt/state",
            self.profile: "/mnt/profile",
            TESTS: "/mnt/tests",
            **{path: str(path) for path in self.shared},
        }

    @property
    def env(self) -> dict[str, str]:
        """GIMP's environment."""
        return {"GIMP3_DIRECTORY": "/mnt/profile", "NIGDT_STATE_DIR": "/mnt/state", "TMPDIR": "/mnt/work"}

    def command(self) -> list[str]:
        """GIMP's command line."""
        return ["gimp-console", "-i", "--quit", "--batch-interpreter=python-fu-eval", "-b", _SCRIPT]

    @property
    def _known_plug_ins(self) -> Path:
        """Where GIMP's own notes on its plug-ins are kept; asking them all takes most of a first start."""
        return self.tree.folder.with_name(f"{self.tree.folder.name}{self.language}.pluginrc")

    def __enter__(self) -> Self:
        if self._known_plug_ins.exists() and self.profile.exists():
            shutil.copy(self._known_plug_ins, self.profile / "pluginrc")
            for program in (self.profile / "plug-ins").glob("*/*.py"):
                program.touch()  # newer than those notes, so it is asked anew
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self.tree.command(self.command(), self.binds, self.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self.run("result = Gimp.version()", timeout=START_SECONDS)
        except BaseException:
            self._stop()
            raise
        if not self._known_plug_ins.exists() and (self.profile / "pluginrc").exists():
            partial = self._known_plug_ins.with_suffix(f".{os.getpid()}")
            shutil.copy(self.profile / "pluginrc", partial)
            partial.rename(self._known_plug_ins)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._counts:
            (self.work / worker / "quit").touch()
        self._stop()

    def _stop(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def send(self, code: str, worker: str = "main") -> Path:
        """Have a worker execute `code`, without waiting; returns the file in which the answer will be."""
        number = self._counts[worker]
        self._counts[worker] += 1
        snippet = self.work / worker / f"{number}.py"
        partial = snippet.with_suffix(".part")
        partial.write_text(textwrap.dedent(code), encoding="utf-8")
        partial.rename(snippet)
        return snippet.with_suffix(".json")

    def wait(self, answer: Path, timeout: float = PATIENCE_SECONDS) -> Any:
        """Return a snippet's result once it is there.

        Raises:
            GimpError: The snippet raised, GIMP ended, or the time is over.
        """
        assert self._process is not None
        deadline = time.monotonic() + timeout
        while not answer.exists():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                why = "GIMP ended" if ended else f"no answer in {timeout:.0f} s"
                raise GimpError(f"{why}:\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.02)
        said = json.loads(answer.read_text(encoding="utf-8"))
        if "error" in said:
            raise GimpError(said["error"])
        return said["result"]

    def run(self, code: str, worker: str = "main", timeout: float = PATIENCE_SECONDS) -> Any:
        """Have a worker execute `code` and return its `result`."""
        return self.wait(self.send(code, worker), timeout)


class MigratedSession(GimpSession):
    """A GIMP of a newer version than the one in whose profile the plug-in is; it makes its own from that."""

    def __init__(self, tree: Chroot, plug_in: Path, folder: Path) -> None:
        super().__init__(tree, plug_in, folder)
        older = folder / "home" / ".config" / "GIMP" / "3.0"
        older.parent.mkdir(parents=True)
        self.profile.rename(older)
        self.home = folder / "home"

    @property
    def binds(self) -> dict[Path, str]:
        """Folders of the outside, the user's home among them."""
        shared = {outside: inside for outside, inside in super().binds.items() if inside != "/mnt/profile"}
        return {**shared, self.home: "/mnt/home"}

    @property
    def env(self) -> dict[str, str]:
        """GIMP's environment: it looks for its profile in the user's home."""
        return {"HOME": "/mnt/home", "NIGDT_STATE_DIR": "/mnt/state", "TMPDIR": "/mnt/work"}


_GIMPRC = """
(config-version "3.98.0")
(show-welcome-dialog no)
(check-updates no)
(color-profile-policy keep)
"""

_DISPLAYED = """
# Without repeating keys: on a busy machine a key would seem to be held down.
Xvfb "$DISPLAY" -r -screen 0 1280x900x24 & server=$!
for i in $(seq 100); do xdotool getmouselocation >/dev/null 2>&1 && break; sleep 0.1; done
openbox &
gimp --no-splash --quit --batch-interpreter=python-fu-eval -b "$1"
# What GIMP started goes on without it for as long as a test wants.
while [ -e /mnt/work/outlive ]; do sleep 0.2; done
kill $server
"""


_NUMBERS = itertools.cycle(range(20))
_LEFT = """
    for number in range(1, 400):  # GIMP counts its displays up, and lists them to nobody
        if Gimp.Display.id_is_valid(number):
            Gimp.Display.get_by_id(number).delete()
    for image in Gimp.get_images():
        image.delete()
    result = [image.get_name() for image in Gimp.get_images()]
"""
"""Closes every image, shown or not; its result is what is there still."""


class WindowSession(GimpSession):
    """GIMP with its windows on a display of its own, that a test can type into and photograph."""

    def __init__(
        self,
        tree: Chroot,
        plug_in: Path,
        folder: Path,
        shared: Sequence[Path] = (),
        language: str = "",
    ) -> None:
        super().__init__(tree, plug_in, folder, shared)
        self.language = language
        if language:  # GIMP's own texts follow a locale that exists, not a mere LANGUAGE
            made = ["localedef", "-i", language, "-f", "UTF-8", f"/mnt/work/{language}.UTF-8"]
            subprocess.run(tree.command(made, self.binds), check=True, timeout=120)
        self.display = f":{100 + 20 * (os.getpid() % 1500) + next(_NUMBERS)}"
        (self.profile / "gimprc").write_text(_GIMPRC, encoding="utf-8")

    @property
    def env(self) -> dict[str, str]:
        """GIMP's environment, with the display."""
        env = {**super().env, "DISPLAY": self.display, "NO_AT_BRIDGE": "1"}
        return {**env, "LANG": f"{self.language}.UTF-8", "LOCPATH": "/mnt/work"} if self.language else env

    def command(self) -> list[str]:
        """Display, window manager and GIMP."""
        return ["sh", "-c", _DISPLAYED, "display", _SCRIPT]

    def wait(self, answer: Path, timeout: float = PATIENCE_SECONDS) -> Any:
        """As of a GIMP without windows; a picture of the screen is left behind when it fails."""
        try:
            return super().wait(answer, timeout)
        except GimpError as error:
            picture = self.photograph(self.log.with_suffix(".png"))
            raise GimpError(f"{error}\nthe screen: {picture}") from None

    def type(self, *arguments: str) -> str:
        """Run xdotool and return what it says."""
        command = self.tree.command(["xdotool", *arguments], {}, self.env)
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout

    def window(self, title: str, answer: Path | None = None, timeout: float = PATIENCE_SECONDS) -> str:
        """Wait for a window whose title has `title`, give it the focus, and return its id.

        Raises:
            GimpError: It does not come, or the snippet that should open it has ended: its `answer` is there.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not (answer and answer.exists()):
            found = self.shown(title)
            if found:
                self.type("windowactivate", "--sync", found[-1])
                return found[-1]
            time.sleep(0.3)
        said = (
            answer.read_text() if answer and answer.exists() else self.log.read_text(errors="replace")[-2000:]
        )
        picture = self.photograph(self.log.with_suffix(".png"))
        raise GimpError(f"no window {title!r}; the screen: {picture}; GIMP said:\n{said}")

    def shown(self, title: str) -> list[str]:
        """Return the ids of the windows whose title has `title`."""
        command = self.tree.command(["xdotool", "search", "--onlyvisible", "--name", title], {}, self.env)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout.split()

    def active(self) -> str:
        """Return the id of the window that has the focus, an empty text while none has it."""
        command = self.tree.command(["xdotool", "getactivewindow"], {}, self.env)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        return done.stdout.strip()

    def dismiss(self, title: str) -> None:
        """Close the windows whose title has `title`, if any are there, and wait until they are gone."""
        deadline = time.monotonic() + 20
        while (there := self.shown(title)) and time.monotonic() < deadline:
            for window in there:
                self.type("windowactivate", "--sync", window, "key", "Escape")
            time.sleep(0.3)

    def clear(self) -> None:
        """Take away what a test has left: a dialog, messages, images, their windows, and the last choices.

        Raises:
            GimpError: Something stays.
        """
        kill_plug_in(self)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while left := [*self.run(_LEFT, "actor"), *self.shown("Untitled")]:
            if time.monotonic() > deadline:
                raise GimpError(f"left after the test: {left}")
            time.sleep(0.2)
        for title in ("Search Actions", "GIMP Message", "GIMP Warning"):
            self.dismiss(title)
        for choices in (self.profile / "plug-in-settings").glob("*.last"):
            choices.unlink()

    def from_the_menu(self, what: str) -> None:
        """Find a menu entry with GIMP's own search, in the window of an untitled image, and choose it."""
        self.window("Untitled")
        self.type("key", "slash")
        time.sleep(1)
        self.type("type", "--delay", "30", what)
        time.sleep(1)
        self.type("key", "Return")

    def photograph(self, target: Path, window: str | None = None) -> Path:
        """Write a picture of the screen, or of the focused window, to `target`."""
        focused = ["--focused"] if window else []
        inside = self.tree.command(
            ["scrot", *focused, "--overwrite", "/mnt/work/shot.png"], self.binds, self.env
        )
        subprocess.run(inside, check=True, timeout=120)
        shutil.copy(self.work / "shot.png", target)
        return target


def kill_plug_in(gimp: GimpSession) -> None:
    """Kill the plug-in's process in this GIMP, as GIMP's Cancel does."""
    for process in _running(gimp, "nigdt-fill.py"):
        os.kill(process, signal.SIGKILL)


def plug_in_runs(gimp: GimpSession) -> bool:
    """Return whether one of the plug-in's procedures is running in this GIMP."""
    return bool(_running(gimp, "nigdt-fill.py"))


@contextlib.contextmanager
def crashed(gimp: WindowSession) -> Iterator[None]:
    """Kill GIMP itself; what it started, and the display, go on until the end."""
    note = gimp.work / "outlive"
    note.touch()
    try:
        (process,) = _running(gimp, "gimp")
        os.kill(process, signal.SIGKILL)
        yield
    finally:
        note.unlink()


def _running(gimp: GimpSession, program: str) -> list[int]:
    """Return the processes of a program in this GIMP's tree: an interpreter's, too."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # others come and go
            names = [Path(os.fsdecode(word)).name for word in line.read_bytes().split(b"\0")[:3]]
            if program in names and str(gimp.profile).encode() in (line.parent / "mountinfo").read_bytes():
                found.append(int(line.parent.name))
    return found


def keep(picture: Path, name: str) -> None:
    """Keep a screenshot for looking at, where the variable `NIGDT_SCREENSHOTS` says."""
    folder = os.environ.get("NIGDT_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, Path(folder) / name)
