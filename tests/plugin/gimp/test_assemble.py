"""Putting the GIMP plug-in together, and what GIMP then makes of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from assemble import PLATFORMS, assemble, differences, wheel_arguments
from nigdt_backend.commands.doctor import _gimp

ROOT = Path(__file__).resolve().parents[3]
PLUG_IN = ROOT / "plugin" / "gimp" / "nigdt-fill"


@pytest.fixture
def small_wheel(tmp_path: Path) -> Path:
    wheel = tmp_path / "pyzmq-27.0-cp312-abi3-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("zmq/__init__.py", "")
        archive.writestr("zmq/backend/cython/__init__.py", "DEEP = True")
        archive.writestr("zmq/tests/big.py", "")
    return wheel


def test_assembled(tmp_path: Path, small_wheel: Path) -> None:
    target = tmp_path / "GIMP" / "3.0" / "plug-ins" / "nigdt-fill"
    assemble(target, small_wheel, ROOT, python=Path(sys.executable))
    made = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert {
        "nigdt-fill.py",
        "nigdt_fill/run.py",
        "zmq/__init__.py",
        "nigdt_backend/client.py",
        "nigdt_backend/protocol.py",
        "locale/de/LC_MESSAGES/nigdt-fill.mo",
        "install.json",
    } <= made
    assert not [path for path in made if path.endswith((".po", ".pyc")) or "tests" in path]
    assert (target / "nigdt-fill.py").stat().st_mode & 0o111 == 0o111
    assert json.loads((target / "install.json").read_text())["python"] == sys.executable
    assert [path.name for path in target.parent.iterdir()] == ["nigdt-fill"]
    # What was carried is whole: it imports by itself, with nothing of NIGDT or its libraries in reach.
    script = (
        "import nigdt_backend.protocol, nigdt_backend.connection, nigdt_backend.paths, nigdt_backend.launch"
    )
    subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(target)!r}); {script}",
        ],
        check=True,
    )


def migrate(plug_in: Path, target: Path) -> None:
    """Copy a plug-in as a newer GIMP does from an older profile: three folders below its own, no more."""
    for path in plug_in.rglob("*"):
        inside = path.relative_to(plug_in)
        if path.is_file() and len(inside.parts) <= 4:
            (target / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target / inside)


def test_it_survives_the_move_to_a_newer_gimp(tmp_path: Path, wheel: Path) -> None:
    made, moved = (tmp_path / version / "plug-ins" / "nigdt-fill" for version in ("3.0", "3.2"))
    assemble(made, wheel, ROOT)
    migrate(made, moved)
    assert differences(moved, wheel, ROOT) == []
    assert (moved / "zmq" / "backend" / "cython" / "_zmq.abi3.so").is_file()


def test_what_gimp_would_not_copy_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "pyzmq-99-cp312-abi3-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("zmq/__init__.py", "")
        archive.writestr("zmq/a/b/c/__init__.py", "")
    with pytest.raises(ValueError, match=r"zmq/a/b/c/__init__\.py lies too deep"):
        assemble(tmp_path / "nigdt-fill", wheel, ROOT)


@pytest.mark.parametrize("spoilt", ["zmq/backend/cython/__init__.py", "nigdt_fill/run.py"])
def test_every_missing_or_changed_file_is_noticed(
    spoilt: str, tmp_path: Path, small_wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    target = tmp_path / "GIMP" / "3.2" / "plug-ins" / "nigdt-fill"
    assemble(target, small_wheel, ROOT)
    assert differences(target, small_wheel, ROOT) == []
    assert [finding.level for finding in _gimp()] == ["ok"]
    kept = (target / spoilt).read_bytes()
    for damage in (b"changed", None):
        (target / spoilt).write_bytes(damage) if damage else (target / spoilt).unlink()
        assert differences(target, small_wheel, ROOT) == [spoilt]
        assert [(finding.level, spoilt in finding.detail) for finding in _gimp()] == [("bad", True)]
    (target / spoilt).write_bytes(kept)
    (target / "SHA256SUMS").unlink()
    assert [finding.level for finding in _gimp()] == ["bad"]


def test_an_older_plug_in_is_replaced_whole(tmp_path: Path, small_wheel: Path) -> None:
    target = tmp_path / "plug-ins" / "nigdt-fill"
    target.mkdir(parents=True)
    (target / "stale.py").touch()
    assemble(target, small_wheel, ROOT)
    assert not (target / "stale.py").exists()
    assert (target / "nigdt-fill.py").exists()


def test_a_file_of_the_users_that_is_in_the_way_gets_another_name(tmp_path: Path, small_wheel: Path) -> None:
    target = tmp_path / "plug-ins" / "nigdt-fill"
    (target / "zmq").mkdir(parents=True)
    mine = target / "zmq" / "__init__.py"
    mine.write_text("mine")
    assemble(target, small_wheel, ROOT, foreign=lambda older: [older / "zmq" / "__init__.py"])
    assert mine.read_text() == ""
    assert mine.with_name("__init__.py.yours").read_text() == "mine"


@pytest.mark.parametrize("content", [b"no wheel", None])
def test_a_wrong_wheel_leaves_the_older_plug_in(tmp_path: Path, content: bytes | None) -> None:
    wheel = tmp_path / "other.whl"
    if content is None:
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("other/__init__.py", "")
    else:
        wheel.write_bytes(content)
    target = tmp_path / "plug-ins" / "nigdt-fill"
    target.mkdir(parents=True)
    (target / "older.py").touch()
    with pytest.raises(ValueError, match=r"other\.whl is not a"):
        assemble(target, wheel, ROOT)
    assert [path.name for path in target.parent.rglob("*")] == ["nigdt-fill", "older.py"]


def test_a_folder_that_gimp_would_ignore_is_refused(tmp_path: Path, small_wheel: Path) -> None:
    with pytest.raises(ValueError, match="nigdt-fill, not other"):
        assemble(tmp_path / "other", small_wheel, ROOT)


@pytest.mark.parametrize(("platform", "machine"), PLATFORMS)
def test_the_wheel_is_asked_for_by_platform(platform: str, machine: str, tmp_path: Path) -> None:
    arguments = wheel_arguments(platform, machine, tmp_path)
    assert arguments[0] == "download"
    assert arguments[arguments.index("--abi") + 1] == "abi3"
    assert arguments.count("--platform") == len(PLATFORMS[platform, machine])
    assert arguments[-1].startswith("pyzmq")
