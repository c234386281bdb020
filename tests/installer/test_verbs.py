"""`desktop`, `doctor` and offline folders."""

from __future__ import annotations

import configparser
import plistlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installer import desktop, doctor, gimp, offline
from installer.errors import InstallError
from installer.installation import Installation
from installer.machine import Driver
from installer.steps import perform
from nigdt.photo.formats import MIME_TYPES
from tests.installer.standin import ROOT, Run, profile, said

# -- desktop -------------------------------------------------------------------------------------------------


def test_the_desktop_files_are_written_once_and_removed(
    installer: Run, whole_project: Path, home: Path
) -> None:
    done = installer("desktop")
    assert done.returncode == 0, done.stdout
    places = desktop.DesktopFolders.of({}, home)
    entry = configparser.RawConfigParser()
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(places.entry)
    program = whole_project / ".venv" / "bin" / "nigdt"
    assert shlex.split(entry["Desktop Entry"]["Exec"]) == [str(program), "panel", "%f"]
    types = entry["Desktop Entry"]["MimeType"].split(";")
    assert types == [*MIME_TYPES, ""]
    assert "image/png" in types
    assert places.icon.read_text().startswith("<?xml")
    unit = configparser.RawConfigParser()
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(places.unit)
    python = str(whole_project / ".venv" / "bin" / "python")
    assert shlex.split(unit["Service"]["ExecStart"]) == [python, "-m", "nigdt_backend.daemon"]
    assert installer("desktop").stdout.count("nothing to do (up to date)") == 3
    assert installer("desktop", "--remove").returncode == 0
    assert not any(path.exists() for path in (places.entry, places.icon, places.unit))


def test_odd_paths_survive_the_menu_entry(tmp_path: Path) -> None:
    line = next(
        x for x in desktop.menu_entry(Path('/home/a b/50%/"x"/nigdt')).splitlines() if x.startswith("Exec=")
    )
    assert line == 'Exec="/home/a b/50%%/\\\\"x\\\\"/nigdt" panel %f'


def test_the_windows_shortcut_and_the_mac_application(installation: Installation) -> None:
    link = desktop.start_menu_link({"APPDATA": "C:/Users/o'neil/AppData/Roaming"})
    script = desktop.start_menu_script(Path("C:/o'neil/pythonw.exe"), link)
    assert "'C:/o''neil/pythonw.exe'; $s.Arguments = '-m nigdt panel'" in script
    assert "NIGDT.lnk'" in script
    files = desktop.application_files(Path("/a b/o'neil/nigdt"))
    assert plistlib.loads(files["Contents/Info.plist"].encode())["CFBundleExecutable"] == "nigdt"
    assert shlex.split(files["Contents/MacOS/nigdt"].splitlines()[1])[1] == "/a b/o'neil/nigdt"
    for platform, words in (("win32", "start menu"), ("darwin", "NIGDT.app")):
        installation.dry_run = True
        perform(installation, desktop.steps(installation, platform))
        assert words in said(installation)


def test_programs_have_their_names_on_windows(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert installation.python == installation.venv / "Scripts" / "python.exe"


# -- doctor --------------------------------------------------------------------------------------------------


def test_doctor_says_what_is_missing_and_changes_nothing(installer: Run, project: Path, home: Path) -> None:
    plugins = profile(home / ".config", "3.0")
    done = installer("doctor")
    assert done.returncode == 1
    assert "not made yet" in done.stdout
    assert "-> Run: python3 installer install" in done.stdout
    assert "-> Run: python3 installer gimp" in done.stdout
    assert list(plugins.iterdir()) == []
    assert not (project / ".venv").exists()


@pytest.mark.usefixtures("empty_environment")
def test_doctor_is_content_with_a_whole_installation(installer: Run, home: Path, wheels: Path) -> None:
    assert installer("install", "--extras", "backend", "--offline", wheels).returncode == 0
    done = installer("doctor")
    assert "nigdt 0.1.0 (backend)" in done.stdout
    assert "torch 2.14.0, torchvision 0.29.0, cpu" in done.stdout


def test_doctor_notices_a_plugin_of_another_version(
    installation: Installation, whole_project: Path, home: Path
) -> None:
    folder = profile(home / ".config", "3.0")
    perform(installation, gimp.steps(installation, None))
    plugin = [f for f in doctor.findings(installation) if f.subject == "GIMP 3.0"]
    assert [finding.remedy for finding in plugin] == [""]
    for part in ("nigdt_fill/plan.py", "nigdt_backend/client.py", "zmq/__init__.py"):
        file = folder / "plug-ins" / gimp.PLUGIN / part
        kept = file.read_text()
        file.write_text(kept + "\n")
        plugin = [f for f in doctor.findings(installation) if f.subject == "GIMP 3.0"]
        assert "another version" in plugin[0].state
        assert plugin[0].remedy == "Run: python3 installer gimp"
        file.write_text(kept)


def test_doctor_notices_an_old_driver(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr(doctor.machine, "nvidia_driver", lambda _installation: Driver("470.1", "A GPU"))
    found = {finding.subject: finding for finding in doctor.findings(installation)}
    assert "525" in found["graphics"].remedy


# -- offline folders -----------------------------------------------------------------------------------------


def test_offline_sums_are_those_of_sha256sum(wheels: Path) -> None:
    if shutil.which("sha256sum"):
        subprocess.run(
            ["sha256sum", "--check", "--strict", offline.SUMS], cwd=wheels, check=True, capture_output=True
        )
    assert offline.check_sums(wheels) == 4


def test_every_kind_of_damage_to_an_offline_folder_is_found(wheels: Path, tmp_path: Path) -> None:
    (wheels / "extra.whl").write_bytes(b"")
    with pytest.raises(InstallError, match=r"missing or changed: extra\.whl"):
        offline.check_sums(wheels)
    (wheels / "extra.whl").unlink()
    (wheels / offline.SUMS).write_text("../../etc/passwd\n")
    with pytest.raises(InstallError, match="damaged"):
        offline.check_sums(wheels)
    with pytest.raises(InstallError, match="not an offline folder"):
        offline.check_sums(tmp_path)


def test_the_build_system_is_read_from_pyproject() -> None:
    found = offline.build_requirements((ROOT / "pyproject.toml").read_text())
    assert [name for name in found if name.startswith("hatchling")] == found
