"""System libraries that pip cannot bring: what Qt opens a window with, and Debian's split-off venv module."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from installer.errors import CommandError, InstallError
from installer.installation import Installation
from installer.machine import linux_family, root_prefix
from installer.steps import Step

# Library file -> Debian's package. Found by running ldd over PyQt6's QtWidgets and its offscreen, xcb and
# wayland plug-ins on a minimal Debian; torch, OpenCV, pyzmq and Pillow bring all of theirs in their wheels.
DEBIAN_PACKAGES: dict[str, str] = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
PKEXEC_REFUSED = (126, 127)
"""Its status when the person closed its window, or may not."""

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")

# The same libraries in the words of the other families, for the one command to print.
OTHER_COMMANDS: dict[str, str] = {
    "fedora": "sudo dnf install mesa-libEGL mesa-libGL libxkbcommon-x11 xcb-util-cursor xcb-util-image"
    " xcb-util-keysyms xcb-util-renderutil xcb-util-wm dejavu-sans-fonts",
    "arch": "sudo pacman -S --needed libglvnd libxkbcommon-x11 xcb-util-cursor xcb-util-image"
    " xcb-util-keysyms xcb-util-renderutil xcb-util-wm ttf-dejavu",
    "suse": "sudo zypper install Mesa-libEGL1 Mesa-libGL1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4"
    " libxcb-image0 libxcb-keysyms1 libxcb-render-util0 dejavu-fonts",
}


def loads(library: str) -> bool:
    """Return whether the system's loader finds a shared library by its file name."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_fonts(folders: Iterable[str] = FONT_FOLDERS) -> bool:
    """Return whether any outline font is installed; without one Qt draws no text."""
    for folder in folders:
        root = Path(folder).expanduser()
        if root.is_dir() and next(
            (p for p in root.rglob("*") if p.suffix.lower() in (".ttf", ".otf", ".ttc")), None
        ):
            return True
    return False


def missing_venv_package() -> str | None:
    """Return Debian's package with the venv module, when this Python came without it."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        return f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    return None


def missing_packages(
    *, qt: bool, finds: Callable[[str], bool] = loads, fonts: Callable[[], bool] = has_fonts
) -> list[str]:
    """Return Debian's names of the packages that are missing, sorted.

    Args:
        qt: whether the panel is wanted, which needs the windowing libraries and a font.
        finds: tells whether a library can be loaded.
        fonts: tells whether there is a font.
    """
    if sys.platform != "linux":
        return []
    names = {package for library, package in DEBIAN_PACKAGES.items() if not finds(library)} if qt else set()
    if qt and not fonts():
        names.add("fonts-dejavu-core")
    venv = missing_venv_package()
    if venv:
        names.add(venv)
    return sorted(names)


def remedy(packages: list[str], family: str) -> str:
    """Return the one command that installs what is missing."""
    if family == "debian":
        return f"sudo apt-get update && sudo apt-get install -y {shlex.join(packages)}"
    return OTHER_COMMANDS.get(family, f"install what your system calls {', '.join(packages)}")


def library_step(installation: Installation, *, qt: bool, required: bool) -> Step:
    """Install missing system libraries where allowed; otherwise print the one command that does.

    Args:
        installation: where to work, and with what.
        qt: whether the panel's libraries are wanted.
        required: stop when they cannot be installed, rather than go on without a panel.
    """

    def settled() -> str | None:
        return None if missing_packages(qt=qt) else "all there"

    def install(packages: list[str], prefix: list[str]) -> bool:
        apt = "apt-get update -q && apt-get install -y -q --no-install-recommends"
        script = f"export DEBIAN_FRONTEND=noninteractive; {apt} {shlex.join(packages)}"
        try:
            installation.run([*prefix, "sh", "-c", script], doing="install the system libraries")
        except CommandError as error:
            if prefix != ["pkexec"] or error.status not in PKEXEC_REFUSED:
                raise
            return False
        return True

    def act() -> None:
        packages = missing_packages(qt=qt)
        family = linux_family()
        command = remedy(packages, family)
        prefix = root_prefix(installation) if family == "debian" else None
        if prefix is None or not install(packages, prefix):
            if required or missing_venv_package():
                raise InstallError(f"System libraries are missing: {', '.join(packages)}.", f"Run: {command}")
            installation.journal.say(
                f"    missing: {', '.join(packages)}\n    the panel will not open until you run:"
            )
            installation.journal.say(f"      {command}")
            return
        left = missing_packages(qt=qt)
        if left and required:
            raise InstallError(
                f"System libraries are still missing: {', '.join(left)}.", f"Run: {remedy(left, family)}"
            )

    def preview() -> list[str]:
        return [remedy(missing_packages(qt=qt), linux_family())]

    return Step("Install the system libraries that windows need", act, settled, preview)


def qt_platform() -> dict[str, str]:
    """Return the environment that keeps Qt off the screen where there is none."""
    return {} if os.environ.get("QT_QPA_PLATFORM") else {"QT_QPA_PLATFORM": "offscreen"}
