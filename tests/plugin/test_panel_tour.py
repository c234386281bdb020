"""A newcomer's tour, replayed on a real screen against the real daemon and the model that comes along."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core import openraster
from nigdt_plugin.ui.welcome import sample_photo
from panel_daemon import stop_daemon

from nigdt.photo.photo import Photo

PROGRAMS = ("xvfb-run", "xdotool", "openbox")
TOUR = Path(__file__).with_name("tour.py")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason="needs an X server and xdotool")
def test_a_newcomers_first_ten_minutes(lonely_user: Path, tmp_path: Path):
    shutil.rmtree(lonely_user / "data")  # the model that comes along, and no other
    folder = tmp_path / "tour"
    pictures = Path(os.environ.get("NIGDT_PICTURES", tmp_path / "pictures"))
    for each in (folder, pictures):
        each.mkdir(parents=True, exist_ok=True)
    tour = f'"{sys.executable}" "{TOUR}" "{folder}" "{pictures}"'
    script = f"openbox & {tour}; status=$?; kill %1; exit $status"
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb", "LANG": "C.UTF-8"}
    try:
        subprocess.run(
            ["xvfb-run", "-a", "-s", "-r -screen 0 1366x768x24", "bash", "-c", script],
            check=True, env=environment, timeout=1700,
        )  # fmt: skip
    finally:
        stop_daemon(lonely_user / "state")
    project = openraster.decode(folder / "tour.ora", 1)
    modes = [layer.recipe.mode for layer in project.document.layers]
    assert modes == ["recolour", "remove", "describe"]
    before, after = Photo.read(sample_photo()).rgb8, Photo.read(folder / "tour.jpg").rgb8
    assert before.shape == after.shape
    changed = np.abs(before.astype(int) - after).mean(axis=2)
    height, width = changed.shape
    for layer in project.document.layers:
        assert changed[layer.region.slices].mean() > 2
    untouched = changed[height // 3 : height // 2, : width // 20]
    assert untouched.mean() < 3
