"""An offline folder made from the registry, installed from with the network off.

Slow: downloads some 200 MB.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.installer.standin import ROOT, call

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def test_the_panel_installs_with_the_network_off(tmp_path: Path, home: Path) -> None:
    if shutil.which("unshare") is None or call("unshare", "-n", "true", cwd=tmp_path).returncode != 0:
        pytest.skip("the network cannot be taken away here: that needs root and unshare")
    source, folder = tmp_path / "source", tmp_path / "wheels"
    call("git", "clone", "-q", ROOT, source, cwd=tmp_path)
    made = call(sys.executable, "installer", "offline-bundle", folder, "--extras", "panel", cwd=source)
    assert made.returncode == 0, made.stdout
    shutil.rmtree(source / ".venv")

    alone = ("unshare", "-n", sys.executable, "installer")
    refused = call(*alone, "install", "--extras", "panel", cwd=source)
    assert refused.returncode == 1
    assert "the package registry cannot be reached" in refused.stdout
    done = call(*alone, "install", "--extras", "panel", "--offline", folder, cwd=source)
    assert done.returncode == 0, done.stdout
    nigdt = source / ".venv" / "bin" / "nigdt"
    assert call("unshare", "-n", nigdt, "models", "--json", cwd=source).returncode == 0
    first_paint = call(
        *("unshare", "-n", "env", "QT_QPA_PLATFORM=offscreen", nigdt, "panel", "--time-first-paint"),
        cwd=source,
    )
    assert first_paint.returncode == 0, first_paint.stderr
    assert call(*alone, "gimp", "--offline", folder, cwd=source).stdout.count("no GIMP 3 profile") == 1
