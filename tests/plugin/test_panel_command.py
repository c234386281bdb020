"""``nigdt panel`` as another program starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from nigdt_plugin.command import panel
from PIL import Image


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mask", "{photo}"], "--mask needs a PHOTO"),
        (["--return-to", "{folder}"], "--return-to needs a PHOTO"),
        (["{photo}", "--return-to", "{folder}/none"], "does not exist"),
        (["{folder}/none.png"], "does not exist"),
    ],
)
def test_misuse_is_refused_before_any_window(photo: Path, tmp_path: Path, arguments: list[str], said: str):
    filled = [text.format(photo=photo, folder=tmp_path) for text in arguments]
    result = CliRunner().invoke(panel, filled)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_without_a_display_it_says_so(photo: Path):
    environment = {key: value for key, value in os.environ.items() if "DISPLAY" not in key}
    environment.pop("QT_QPA_PLATFORM", None)
    command = [sys.executable, "-m", "nigdt", "panel", str(photo)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 1
    assert "no display" in done.stderr
    assert "nigdt fill" in done.stderr


HOST = """
import sys
from nigdt_plugin.ui import window
# The user: fills what the host selected, and hands it over.
def act(self):
    self._show_steps_()
    document = self.session.document
    if document is None or self.done:
        return
    self.done = True
    assert document.selection.bounds == (90, 50, 150, 110), document.selection.bounds
    assert self.session.caption == "a blue bird"
    self.side.describe.fill()
    self.session.filling.finished.connect(lambda _round: self.hand_over())
window.Window._show_steps_, window.Window.done = window.Window._show_steps, False
window.Window._show_steps = act
sys.argv = ["nigdt", "panel", *sys.argv[1:]]
from nigdt.cli import main
main()
"""


def test_a_host_opens_it_on_a_selection_and_takes_a_layer_back(user: Path, photo: Path, tmp_path: Path):
    mask, folder = tmp_path / "mask.png", tmp_path / "back"
    selection = Image.new("L", (240, 160))
    selection.paste(255, (90, 50, 150, 110))
    selection.save(mask)
    folder.mkdir()
    arguments = [str(photo), "--mask", str(mask), "--caption", "a blue bird", "--return-to", str(folder)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", HOST, *arguments], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert (result["format"], result["status"], result["photo_size"]) == (2, "applied", [240, 160])
    (fill,) = result["fills"]
    assert (fill["recipe"]["caption"], fill["recipe"]["bundle"]) == ("a blue bird", "nigdt-small")
    with Image.open(folder / result["layer"]) as layer:
        assert layer.mode == "RGBA"
        assert list(layer.size) == result["box"][2:]
    assert sorted(path.name for path in folder.iterdir()) == ["layer.png", "result.json"]
