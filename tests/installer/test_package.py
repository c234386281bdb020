"""The built project: wheel and sdist hold the same, install into a clean environment, and say what they lack.

Slow: builds and installs with pip, from the configured registry.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.installer.standin import ROOT, call

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

DATA = (
    "nigdt/data/kingfisher.jpg",
    "nigdt/data/LICENCE.md",
    "nigdt_training/configs/",
    "nigdt_plugin/gimp/nigdt-fill/nigdt-fill.py",
)
TORCH = ("model", "backend", "training", "docs")
NEEDS = {"fill": "backend", "serve": "backend", "panel": "panel", "train": "training"}


def environment(folder: Path, *packages: object) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    done = call(python, "-m", "pip", "install", "-q", *packages)
    assert done.returncode == 0, done.stderr
    return python


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, built from what git tracks."""
    folder = tmp_path_factory.mktemp("built")
    call("git", "clone", "-q", ROOT, folder / "source")
    python = environment(folder / "tools", "hatchling")
    done = call(python, "-m", "hatchling", "build", "-d", folder, cwd=folder / "source")
    assert done.returncode == 0, done.stderr
    return folder


def members(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheel_carries_code_and_data(built: Path) -> None:
    names = members(next(built.glob("*.whl")))
    for wanted in DATA:
        assert any(name.startswith(wanted) for name in names), wanted
    tracked = call("git", "ls-files", "nigdt/bundles", cwd=ROOT).stdout.split()
    assert {*tracked} <= names
    assert not [name for name in names if name.startswith(("tests/", "installer/")) or ".mypy_cache" in name]


def test_the_sdist_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    sdist = next(built.glob("*.tar.gz"))
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"installer/__main__.py", "tests/installer/test_package.py", "README.md", ".ci/run"} <= names
    done = call(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, sdist)
    assert done.returncode == 0, done.stderr
    assert members(next(tmp_path.glob("*.whl"))) == members(next(built.glob("*.whl")))


def test_without_extras_commands_say_which_one_they_need(built: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "clean", next(built.glob("*.whl")))
    nigdt = python.with_name("nigdt")
    assert call(nigdt, "--help").returncode == 0
    assert call(nigdt, "models", "--json").returncode == 0
    for command, extra in NEEDS.items():
        done = call(nigdt, command, "--help")
        words = done.stdout + done.stderr
        assert "Traceback" not in words
        assert done.returncode == 0 or f"--extras {extra}" in words, words


FILL = ("fill", ROOT / "nigdt/data/kingfisher.jpg", "--select", "485,225,160,185", "--caption", "a red bird")
LIBRARY = """
import nigdt, sys
from PIL import Image
photo = Image.open(sys.argv[1])
selection = Image.new("L", photo.size)
selection.paste(255, (485, 225, 645, 410))
assert nigdt.Inpainter.from_bundle("default").fill(photo, selection, "a red bird")[0].photo.size == photo.size
"""


@pytest.mark.parametrize("extra", ["model", "backend", "panel", "training", "docs", "dev"])
def test_each_extra_installs_alone(
    extra: str, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it is for works; every other command works too, or says in a line which extra it needs."""
    python = environment(tmp_path / "clean", f"{next(built.glob('*.whl'))}[{extra}]")
    nigdt = python.with_name("nigdt")
    assert (call(python, "-c", "import torch").returncode == 0) == (extra in TORCH)

    listed = call(python, "-c", COMMANDS).stdout.split()
    assert len(listed) > 12
    for command in listed:
        done = call(nigdt, command, "--help")
        words = done.stdout + done.stderr
        assert "Traceback" not in words, words
        assert done.returncode == 0 or "--extras" in words, words

    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "one.txt").write_text("a red bird\n")
    shutil.copy(ROOT / "nigdt/data/kingfisher.jpg", photos / "one.jpg")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    uses = {
        "backend": [nigdt, *FILL, "-o", tmp_path / "filled.png"],
        "panel": [nigdt, "panel", "--time-first-paint"],
        "training": [nigdt, "data", "check", photos],
    }
    for of, command in uses.items():
        done = call(*command, cwd=tmp_path)
        words = done.stdout + done.stderr
        assert "Traceback" not in words, words
        if of == extra:
            assert "--extras" not in words, words
            assert done.returncode == 0, words
        else:
            assert done.returncode == 0 or "--extras" in words, words
    if extra == "backend":
        assert (tmp_path / "filled.png").is_file()
        assert call(nigdt, "doctor").stdout.startswith("ok")
        assert call(python, "-c", STOP).returncode == 0
    if extra in TORCH:
        done = call(python, "-c", LIBRARY, ROOT / "nigdt/data/kingfisher.jpg")
        assert done.returncode == 0, done.stderr
    if extra == "dev":
        assert call(python.with_name("pytest"), "--version").returncode == 0


COMMANDS = "from importlib.metadata import entry_points as e; print(*e(group='nigdt.commands').names)"
STOP = "from nigdt_backend.client import Client; Client.connect(start=False).shutdown()"
