"""Draw the panel's pictures for the documentation: ``python draw_pictures.py FOLDER``."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).parent))

from nigdt_backend.client import Client
from nigdt_plugin.core.selection import Combine, ellipse
from nigdt_plugin.core.settings import Settings
from nigdt_plugin.ui import language
from nigdt_plugin.ui.app import application
from nigdt_plugin.ui.compare import CompareDialog
from nigdt_plugin.ui.welcome import sample_photo
from panel import Panel
from PyQt6.QtWidgets import QWidget

CAPTIONS = [
    "a bird with a yellow belly",
    "a bird with a white belly",
    "a bird with a blue belly",
    "a bird with a black belly",
    "a bird with a green belly",
    "a bird with a brown belly",
]
REGION = (515, 205, 700, 480)


def main(folder: Path) -> None:
    """Draw them all."""
    app = application()
    panel = Panel(Settings(theme="dark", live=False, seen_hints=True), connect_=Client.connect)
    window, session = panel.window, panel.session

    def draw(name: str, widget: QWidget | None = None) -> None:
        session.filling.seconds = None  # how busy this machine is says nothing about the panel
        session.fills()
        panel.settle()
        (widget or window).grab().save(str(folder / f"panel-{name}.png"))

    def begin(target: Panel) -> None:
        target.open(sample_photo())
        patch = ellipse(REGION[:2], REGION[2:])
        target.session.select(patch, Combine.REPLACE, "Ellipse")
        target.window.use_tool("ellipse")

    begin(panel)
    panel.fill(CAPTIONS[0], 6)
    panel.idle()
    draw("fills")
    window.canvas.show_loupe(True)
    draw("loupe")
    window.canvas.show_loupe(False)
    window.side.show_words(True)
    panel.until(lambda: bool(window.side.words.chips), 60)
    window.side.words.chips[4].setFocus()
    panel.idle()
    draw("words")
    window.side.show_words(False)
    panel.apply()
    panel.idle()
    window.wipe(True)
    panel.until(lambda: window.canvas.wipe is not None)
    window.canvas.wipe.move_to(window.canvas.to_widget((REGION[0] + REGION[2]) / 2, 0).x())
    draw("before-after")
    window.wipe(False)
    window.set_theme("light")
    draw("light")
    window.set_theme("dark")
    session.settings.captions = CAPTIONS
    window.compare_captions()
    dialog = window.findChild(CompareDialog)
    assert dialog is not None
    dialog.captions.setPlainText("\n".join(CAPTIONS))
    dialog.fill()
    panel.until(lambda: all(tile.isEnabled() for tile in dialog.tiles), 120)
    draw("captions", dialog)
    dialog.accept()
    panel.close()

    translators = language.install(app, "de")
    german = Panel(Settings(theme="dark", live=False, seen_hints=False), connect_=Client.connect)
    begin(german)
    german.window.actions_["context"].setChecked(True)
    german.idle()
    german.until(lambda: bool(german.window.canvas._overlays))
    german.settle()
    german.window.grab().save(str(folder / "panel-german.png"))
    german.close()
    del translators
    with Client.connect(start=False) as client:
        client.shutdown()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        for name in ("STATE", "CONFIG", "DATA"):
            os.environ[f"NIGDT_{name}_DIR"] = str(Path(home) / name.lower())
        main(Path(sys.argv[1]))
