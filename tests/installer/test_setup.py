"""`setup` and the files for a double click that run it: for people who never open a terminal."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installer import desktop, gimp
from tests.installer.standin import Run, profile

STARTERS = {"linux": "install-linux.sh", "darwin": "install-macos.command"}


@pytest.mark.usefixtures("empty_environment")
def test_setup_does_all_of_it_and_can_be_repeated(
    installer: Run, project: Path, home: Path, wheels: Path
) -> None:
    folder = profile(home / ".config", "3.0")
    dry = installer("setup", "--offline", wheels, "--dry-run")
    assert dry.returncode == 0
    for words in ("Install torch", "Install NIGDT", "nigdt.desktop", "nigdt.service", str(folder)):
        assert words in dry.stdout
    assert list(folder.iterdir()) == []
    for _ in range(2):
        done = installer("setup", "--offline", wheels)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (folder / "plug-ins" / gimp.PLUGIN / "zmq" / "__init__.py").is_file()
        assert desktop.DesktopFolders.of({}, home).entry.is_file()
        assert "Filters > NIGDT" in done.stdout


@pytest.mark.usefixtures("empty_environment")
def test_setup_without_gimp_says_how_to_add_it_later(installer: Run, wheels: Path) -> None:
    done = installer("setup", "--offline", wheels)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "start it once, close it, and run this again" in done.stdout


@pytest.mark.usefixtures("empty_environment")
@pytest.mark.parametrize("hindered", ["menu entry", "GIMP plug-in"])
def test_one_failure_keeps_nothing_else_away(hindered: str, installer: Run, home: Path, wheels: Path) -> None:
    plugins = profile(home / ".config", "3.0") / "plug-ins"
    entry = desktop.DesktopFolders.of({}, home).entry
    (entry.parents[1] if hindered == "menu entry" else plugins).parent.mkdir(parents=True, exist_ok=True)
    (entry.parents[1] if hindered == "menu entry" else plugins).write_text("in the way")
    done = installer("setup", "--offline", wheels)
    assert done.returncode == 1
    assert f"This could not be made: the {hindered} (" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert (plugins / gimp.PLUGIN / f"{gimp.PLUGIN}.py").is_file() == (hindered == "menu entry")
    assert entry.is_file() == (hindered == "GIMP plug-in")


def test_what_is_borrowed_needs_nothing_installed(project: Path) -> None:
    borrowed = {
        node.args[1].value
        for source in (project / "installer").glob("*.py")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "borrow"
        if isinstance(node.args[1], ast.Constant)
    }
    assert len(borrowed) >= 3
    code = (
        "import sys; sys.path.insert(0, '.'); from pathlib import Path; from installer.borrowed import borrow"
    )
    loads = "".join(f"\nborrow(Path(), {path!r})" for path in sorted(borrowed))
    subprocess.run([sys.executable, "-I", "-S", "-c", code + loads], cwd=project, check=True)


# -- the files for a double click ----------------------------------------------------------------------------


@pytest.fixture
def clicked(project: Path, tmp_path: Path) -> Path:
    """The stand-in checkout, its installer only saying what it was asked for; the path has a space in it."""
    folder = tmp_path / "My Programs" / "nigdt"
    shutil.copytree(project, folder)
    (folder / "installer" / "__main__.py").write_text(
        "import sys\nprint('ran', *sys.argv[1:])\nsys.exit(3)\n"
    )
    return folder


def programs(folder: Path, **scripts: str) -> dict[str, str]:
    """A PATH with the given programs first, and no window system."""
    folder.mkdir()
    for name, text in scripts.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    return {
        **{name: value for name, value in os.environ.items() if name not in hidden},
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.mark.parametrize("name", STARTERS.values())
def test_a_click_runs_setup_and_passes_its_status_on(name: str, clicked: Path, tmp_path: Path) -> None:
    environment = programs(tmp_path / "bin", python3=f'exec {sys.executable} "$@"')
    done = subprocess.run(
        [clicked / "installer" / name], cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (3, "ran setup\n")


@pytest.mark.parametrize("name", STARTERS.values())
def test_a_click_heeds_nothing_that_keeps_python_from_starting(
    name: str, clicked: Path, tmp_path: Path
) -> None:
    """It would be told to get a newer Python."""
    real = Path(sys.base_prefix) / "bin" / Path(sys.executable).resolve().name
    environment = programs(tmp_path / "bin", python3=f'exec {real} "$@"')
    for variable, value in (("PYTHONHOME", "/nonexistent"), ("PYTHONUTF8", "x")):
        command = [clicked / "installer" / name]
        done = subprocess.run(
            command, env={**environment, variable: value}, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (3, "ran setup\n")


@pytest.mark.parametrize("name", STARTERS.values())
def test_a_click_with_an_old_python_says_what_to_get(name: str, clicked: Path, tmp_path: Path) -> None:
    old = dict.fromkeys(("python3", "python3.11", "python3.12", "python3.13"), "exit 1")
    environment = programs(tmp_path / "bin", **old, open='echo "opens $1"')
    done = subprocess.run(
        [clicked / "installer" / name], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "NIGDT needs Python 3.11 or newer" in done.stdout
    assert ("opens https://www.python.org/" in done.stdout) == (name == STARTERS["darwin"])


def test_a_click_on_a_desktop_opens_a_window_that_stays(clicked: Path, tmp_path: Path) -> None:
    # The terminal program gives its child a terminal, as every one does.
    terminal = (
        f'echo "window:" "$@"; exec {sys.executable} -c "import pty, sys; pty.spawn(sys.argv[1:])" "$@"'
    )
    environment = programs(
        tmp_path / "bin", xdg_terminal_exec=terminal, python3=f'exec {sys.executable} "$@"'
    )
    with subprocess.Popen(
        [clicked / "installer" / STARTERS["linux"]],
        env={**environment, "DISPLAY": ":99"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as window:
        assert window.stdout is not None
        assert window.stdin is not None
        assert window.stdout.readline().startswith("window: sh ")
        assert window.stdout.readline().strip() == "ran setup"
        assert window.stdout.readline().strip() == ""
        assert window.poll() is None  # waits to be read
        window.stdin.write("\n")
        window.stdin.flush()
        assert "Press Enter to close this window." in window.stdout.read()


def test_the_windows_file_can_be_read_by_its_shell(project: Path) -> None:
    data = (project / "installer" / "install-windows.bat").read_bytes()
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n") > 10
    text = data.decode()
    labels = {line[1:].strip() for line in text.splitlines() if line.startswith(":")}
    assert {word.split("goto ")[1] for word in text.splitlines() if "goto " in word} == labels
    assert '%python% -E "%~dp0." setup' in text
