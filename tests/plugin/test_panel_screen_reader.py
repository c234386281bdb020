"""The panel as a screen reader finds it: over the accessibility bus, in a real window."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")
PYTHON = "/usr/bin/python3"
NAMED = {
    "push button",
    "button",
    "check box",
    "slider",
    "spin box",
    "combo box",
    "entry",
    "text",
    "page tab",
    "menu item",
    "list",
}
SCRIPT = """
{launcher} --launch-immediately &
launcher=$!
mkfifo {folder}/input
xvfb-run -a {python} {here}/standing_panel.py {photo} < {folder}/input > {folder}/said &
exec 3> {folder}/input
until grep -q ready {folder}/said; do kill -0 $! || exit 7; sleep 0.2; done
{system} {here}/accessible_tree.py NIGDT > {folder}/tree
found=$?
exec 3>&-
wait %2
kill $launcher
exit $found
"""


def has_bindings() -> bool:
    check = [PYTHON, "-c", "from gi.repository import Gio"]
    return Path(PYTHON).exists() and subprocess.run(check, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not LAUNCHER.exists(), reason="needs AT-SPI")
@pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("xvfb-run")), reason="needs a display"
)
@pytest.mark.skipif(not has_bindings(), reason="needs GObject's bindings")
def test_a_screen_reader_finds_every_control_by_name(user: Path, photo: Path, tmp_path: Path):
    script = SCRIPT.format(
        launcher=LAUNCHER, folder=tmp_path, python=sys.executable, here=HERE, photo=photo, system=PYTHON
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}
    subprocess.run(["dbus-run-session", "--", "bash", "-c", script], check=True, env=environment, timeout=120)
    found = [json.loads(line) for line in (tmp_path / "tree").read_text().splitlines()]
    names = {entry["name"] for entry in found}
    assert {"Caption", "Photo", "Brush", "Fills", "Opacity", "Number of fills", "Apply"} <= names
    assert {entry["role"] for entry in found} >= NAMED - {"button", "entry"}
    nameless = [entry for entry in found if entry["role"] in NAMED and not entry["name"].strip()]
    assert not nameless
