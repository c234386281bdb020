"""`gimp`: the plug-in in every profile, and out again."""

from __future__ import annotations

import json
import os
from pathlib import Path

from installer import gimp
from tests.installer.standin import Run, profile


def test_every_gimp_profile_is_found_once(home: Path) -> None:
    plain = [profile(home / ".config", version) for version in ("3.0", "3.2")]
    profile(home / ".config", "2.10")
    flatpak = profile(home / ".var" / "app" / "org.gimp.GIMP" / "config", "3.0")
    snap = profile(home / "snap" / "gimp" / "525" / ".config", "3.0")
    (home / "snap" / "gimp" / "current").symlink_to("525")
    found = gimp.profiles("linux", home, {})
    assert [(p.folder.resolve(), p.kind) for p in found] == [
        (plain[0], "GIMP"),
        (plain[1], "GIMP"),
        (flatpak, "Flatpak"),
        (snap, "Snap"),
    ]
    assert [p.isolated for p in found] == [False, False, True, True]


def test_gimp_profiles_of_the_other_platforms(tmp_path: Path) -> None:
    roaming = profile(tmp_path / "Roaming", "3.0")
    assert [p.folder for p in gimp.profiles("win32", tmp_path, {"APPDATA": str(tmp_path / "Roaming")})] == [
        roaming
    ]
    mac = profile(tmp_path / "Library" / "Application Support", "3.2")
    assert [p.folder for p in gimp.profiles("darwin", tmp_path, {})] == [mac]
    own = tmp_path / "own"
    own.mkdir()
    assert [p.folder for p in gimp.profiles("darwin", tmp_path, {"GIMP3_DIRECTORY": str(own)})] == [own, mac]


def test_the_plugin_goes_into_every_profile_and_out_again(
    installer: Run, whole_project: Path, home: Path
) -> None:
    folders = [profile(home / ".config", "3.0"), profile(home / ".var/app/org.gimp.GIMP/config", "3.2")]
    other = folders[0] / "plug-ins" / "someone-elses"
    other.mkdir(parents=True)
    dry = installer("gimp", "--dry-run")
    assert dry.returncode == 0
    assert not (folders[0] / "plug-ins" / gimp.PLUGIN).exists()
    for _ in range(2):  # again over an older one
        done = installer("gimp")
        assert done.returncode == 0, done.stdout + done.stderr
        for folder in folders:
            plugin = folder / "plug-ins" / gimp.PLUGIN
            assert f"({plugin})" in done.stdout
            assert os.access(plugin / f"{gimp.PLUGIN}.py", os.X_OK)
            assert (plugin / "nigdt_backend" / "client.py").is_file()
            assert (plugin / "zmq" / "__init__.py").is_file()
            assert json.loads((plugin / "install.json").read_text()).keys() == {"python", "state"}
    assert "NIGDT itself is not installed yet" in done.stdout
    gone = installer("gimp", "--remove")
    assert gone.returncode == 0
    assert not any((folder / "plug-ins" / gimp.PLUGIN).exists() for folder in folders)
    assert other.exists()


def test_without_a_gimp_profile_the_remedy_is_said(installer: Run, home: Path) -> None:
    done = installer("gimp")
    assert done.returncode == 1
    assert "No GIMP 3 profile was found" in done.stdout
    assert "start it once" in done.stdout or "start GIMP once" in done.stdout
