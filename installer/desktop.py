"""`desktop`: NIGDT in the menu, as a program for pictures, and its daemon as a service of the user."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installer.borrowed import borrow
from installer.environment import write_atomically
from installer.installation import Installation
from installer.steps import Step

ICON = Path(__file__).parent / "files" / "nigdt.svg"


@dataclass(frozen=True)
class DesktopFolders:
    """Folders of a Linux desktop, from the XDG base directory specification."""

    data: Path
    config: Path

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ, home: Path | None = None) -> DesktopFolders:
        """Return the folders of this user."""
        home = home or Path.home()
        return cls(
            Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share"),
            Path(environment.get("XDG_CONFIG_HOME") or home / ".config"),
        )

    @property
    def entry(self) -> Path:
        """The menu entry."""
        return self.data / "applications" / "nigdt.desktop"

    @property
    def icon(self) -> Path:
        """The icon, in the theme that every theme falls back to."""
        return self.data / "icons" / "hicolor" / "scalable" / "apps" / "nigdt.svg"

    @property
    def unit(self) -> Path:
        """The daemon's systemd unit."""
        return self.config / "systemd" / "user" / "nigdt.service"


def _quoted(program: Path) -> str:
    """Quote a path for the Exec key of a desktop entry (Desktop Entry Specification, "The Exec key")."""
    text = str(program).replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`").replace("$", "\\$")
    return '"' + text.replace("\\", "\\\\").replace("%", "%%") + '"'


def menu_entry(program: Path) -> str:
    """Return the menu entry that opens the panel, with the picture types it opens.

    Args:
        program: the `nigdt` command.
    """
    formats = borrow(Path(__file__).resolve().parent.parent, "nigdt/photo/formats.py")
    return f"""[Desktop Entry]
Type=Application
Name=NIGDT
GenericName=Describe and fill
Comment=Select a region of a photo, describe it, get it filled
Exec={_quoted(program)} panel %f
TryExec={program}
Icon=nigdt
Terminal=false
Categories=Graphics;Photography;2DGraphics;RasterGraphics;
MimeType={";".join(formats.MIME_TYPES)};
Keywords=inpainting;retouch;photo;fill;
StartupNotify=true
"""


def systemd_unit(root: Path, python: Path) -> str:
    """Return the daemon's own unit, which starts it at login once it is enabled.

    Args:
        root: the checkout.
        python: the environment's Python.
    """
    text: str = borrow(root, "backend/nigdt_backend/supervision.py").unit_text(str(python))
    return text


def start_menu_script(python: Path, link: Path) -> str:
    """Return PowerShell that makes a shortcut in Windows' start menu.

    Args:
        python: the environment's `pythonw.exe`, which opens no console.
        link: the shortcut.
    """

    def text(path: Path) -> str:
        return "'" + str(path).replace("'", "''") + "'"

    return (
        f"$s = (New-Object -ComObject WScript.Shell).CreateShortcut({text(link)});"
        f" $s.TargetPath = {text(python)}; $s.Arguments = '-m nigdt panel';"
        " $s.Description = 'Select a region of a photo, describe it, get it filled'; $s.Save()"
    )


def start_menu_link(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where Windows' start menu keeps this user's shortcut."""
    roaming = Path(environment.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    return roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "NIGDT.lnk"


def application_files(program: Path) -> dict[str, str]:
    """Return the files of a macOS application that opens the panel, by their path inside `NIGDT.app`."""
    quoted = "'" + str(program).replace("'", "'\\''") + "'"
    return {
        "Contents/Info.plist": """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
  <key>CFBundleName</key><string>NIGDT</string>
  <key>CFBundleIdentifier</key><string>org.nigdt.panel</string>
  <key>CFBundleExecutable</key><string>nigdt</string>
  <key>CFBundlePackageType</key><string>APPL</string>
</dict></plist>
""",
        "Contents/MacOS/nigdt": f'#!/bin/sh\nexec {quoted} panel "$@"\n',
    }


def application_folder(home: Path | None = None) -> Path:
    """Return where the macOS application goes."""
    return (home or Path.home()) / "Applications" / "NIGDT.app"


def _refresh(installation: Installation, places: DesktopFolders) -> None:
    """Tell the desktop what changed, where it has the means; a desktop without them notices by itself."""
    commands: tuple[list[str | Path], ...] = (
        ["update-desktop-database", "-q", places.entry.parent],
        ["gtk-update-icon-cache", "-q", "-t", "-f", places.data / "icons" / "hicolor"],
        ["systemctl", "--user", "daemon-reload"],
    )
    for command in commands:
        if shutil.which(str(command[0])):
            installation.output(command)


def steps(
    installation: Installation, platform: str = sys.platform, places: DesktopFolders | None = None
) -> list[Step]:
    """Put NIGDT into the desktop of this platform."""
    program = installation.script("nigdt")
    if platform == "win32":
        link = start_menu_link()
        script = start_menu_script(installation.script("pythonw"), link)
        return [
            Step(
                f"Add NIGDT to the start menu ({link})",
                lambda: installation.run(
                    ["powershell", "-NoProfile", "-Command", script], doing="make the start menu's shortcut"
                ),
                preview=lambda: [script],
            )
        ]
    if platform == "darwin":
        application = application_folder()
        files = application_files(program)

        def make_application() -> None:
            for name, text in files.items():
                write_atomically(application / name, text)
            (application / "Contents/MacOS/nigdt").chmod(0o755)

        return [Step(f"Make the application {application}", make_application, preview=lambda: list(files))]
    there = places or DesktopFolders.of()

    def settle(path: Path, text: str) -> Step:
        def settled() -> str | None:
            same = path.is_file() and path.read_text(encoding="utf-8") == text
            return "up to date" if same else None

        def act() -> None:
            write_atomically(path, text)
            _refresh(installation, there)

        return Step(f"Write {path}", act, settled, lambda: text.splitlines() if path.suffix != ".svg" else [])

    return [
        settle(there.icon, ICON.read_text(encoding="utf-8")),
        settle(there.entry, menu_entry(program)),
        settle(there.unit, systemd_unit(installation.root, installation.python)),
    ]


def removal_steps(
    installation: Installation, platform: str = sys.platform, places: DesktopFolders | None = None
) -> list[Step]:
    """Take NIGDT out of the desktop again."""
    there = places or DesktopFolders.of()
    by_platform = {"win32": [start_menu_link()], "darwin": [application_folder()]}
    paths = by_platform.get(platform, [there.unit, there.entry, there.icon])

    def step(path: Path) -> Step:
        def act() -> None:
            if path == there.unit and shutil.which("systemctl"):
                installation.output(["systemctl", "--user", "disable", "--now", path.name])
            shutil.rmtree(path) if path.is_dir() else path.unlink()
            if platform not in by_platform:
                _refresh(installation, there)

        return Step(f"Delete {path}", act, preview=lambda: [str(path)])

    return [step(path) for path in paths if path.exists()]
