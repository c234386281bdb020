"""The built project: wheel and sdist hold the same, install into a clean environment, and say what they lack.

Slow: builds and installs with pip, from the configured registry.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.installer.standin import ROOT

pytestmark = pytest.mark.slow

DATA = (
    "nigdt/data/kingfisher.jpg",
    "nigdt/data/LICENCE.md",
    "nigdt_training/configs/",
    "nigdt_plugin/gimp/nigdt-fill/nigdt-fill.py",
)
NEEDS = {"fill": "backend", "serve": "backend", "panel": "panel", "train": "training"}


def call(*command: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )


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
        assert done.returncode == 0 or f"nigdt[{extra}]" in words, words


def test_the_panel_needs_no_torch(built: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "clean", f"{next(built.glob('*.whl'))}[panel]")
    assert call(python, "-c", "import torch").returncode != 0
    done = call(python.with_name("nigdt"), "panel", "--help")
    assert done.returncode == 0, done.stderr
