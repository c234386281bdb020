"""The panel's own process is killed, and the daemon's in mid-fill: nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from nigdt_plugin.core.failures import Failure
from nigdt_plugin.core.link import LinkPhase, LinkState
from panel import Panel
from panel_daemon import wait_until
from PyQt6.QtWidgets import QPushButton

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes with signals")

USER = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, {tests!r})
from pathlib import Path
from nigdt_plugin.core.failures import Failure
from nigdt_plugin.core.link import LinkPhase, LinkState
from panel import Panel, press
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
panel = Panel()
panel.open(Path({photo!r}))
press(panel, (90, 50), (120, 80), (150, 110))
caption = panel.window.side.describe.caption
caption.setFocus()
QTest.keyClicks(caption, "a red bird")
QTest.keyClick(caption, Qt.Key.Key_Return)
panel.until(lambda: not panel.session.filling.busy and panel.session.filling.preview.layer is not None, 60)
QTest.mouseClick(panel.window.side.apply_button, Qt.MouseButton.LeftButton)
panel.until(lambda: bool(panel.session.document.layers))
print("applied", flush=True)
panel.app.exec()
"""


def test_a_killed_panel_offers_its_work_at_the_next_start_on_the_same_photo(user: Path, photo: Path):
    program = USER.format(tests=str(Path(__file__).parent), photo=str(photo))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "applied\n"
        kept = user / "state" / "panel" / "recovery"
        # The selection was kept before the layer was there.
        assert wait_until(
            lambda: any(json.loads(p.read_bytes())["layers"] for p in kept.glob("*/work.json")), 30
        )
        process.kill()
    panel = Panel()
    panel.window.offer_recovery()
    panel.open(photo)  # as the command line does
    notice = panel.window.notice
    assert notice.isVisible()
    panel.session.notice("Something else failed.", "")
    assert "Something else" in notice.message.text()
    notice.close_button.click()
    assert "photo.png" in notice.message.text()
    assert str(photo.parent) in notice.hint.text(), "another folder may hold a photo of that name"
    buttons = [button for button in notice.findChildren(QPushButton) if button.text() == "Restore"]
    buttons[-1].click()
    panel.until(lambda: bool(panel.session.document.layers))
    assert [layer.caption for layer in panel.session.document.layers] == ["a red bird"]
    assert not np.array_equal(panel.session.document.rgb, panel.session.document.photo.rgb8)
    assert panel.window.isWindowModified()
    assert not notice.isVisible(), notice.message.text()
    panel.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_panel_that_is_told_to_end_keeps_its_work_first(user: Path, photo: Path, number: signal.Signals):
    """Ctrl-C, the end of the session and a closed terminal; the timer that keeps work is set aside."""
    program = USER.format(tests=str(Path(__file__).parent), photo=str(photo)).replace(
        "panel.app.exec()",
        "from nigdt_plugin.ui.ending import when_told_to_end\n"
        "panel.window._autosave.stop()\n"
        "end = lambda n: panel.window.end_at_once(lambda: panel.app.exit(128 + n))\n"
        "when_told_to_end(panel.window, end)\n"
        "print('ready', flush=True)\n"
        "sys.exit(panel.app.exec())",
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdout=pipe, stderr=pipe, text=True) as process:
        assert [process.stdout.readline() for _ in range(2)] == ["applied\n", "ready\n"]
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in errors
    panel = Panel()
    panel.window.offer_recovery()
    assert "photo.png" in panel.window.notice.message.text()
    (kept,) = (user / "state" / "panel" / "recovery").glob("*/work.json")
    assert [layer["recipe"]["caption"] for layer in json.loads(kept.read_bytes())["layers"]] == ["a red bird"]
    panel.close()


def test_a_daemon_killed_in_mid_fill_is_started_again_and_the_fill_comes(lonely_user: Path, photo: Path):
    panel = Panel()
    panel.open(photo)
    panel.select(90, 50, 150, 110)
    panel.until(lambda: "pid" in panel.session.link_state.status, 60)
    first = panel.session.link_state.status["pid"]
    caption = panel.window.side.describe.caption
    caption.caption = "slowly 1 a blue bird"
    panel.window.side.describe.fill()
    filling = panel.session.filling
    panel.until(lambda: any(job.stage == "encoding" for job in filling.jobs.values()), 30)
    os.kill(first, signal.SIGKILL)
    panel.until(lambda: not filling.busy, 60)
    assert len(filling.round.fills) == panel.session.settings.variants
    assert caption.caption == "slowly 1 a blue bird"
    assert not panel.session.document.selection.empty
    panel.until(lambda: panel.session.link_state.status.get("pid") not in (None, first), 30)
    assert panel.errors == []
    panel.close()


def test_a_message_that_nothing_answers_goes_once_something_does(panel: Panel):
    session, notice = panel.session, panel.window.notice
    failure = Failure("silent", "The daemon did not answer within 10 s.")
    for message, visible in ((session.wording(failure)[0], False), ("Something else failed.", True)):
        session.linked(LinkState(LinkPhase.FAILED, {}, failure))
        session.notice(message, "")
        assert notice.isVisible()
        session.linked(LinkState(LinkPhase.READY))
        assert notice.isVisible(), "it was reached, and not heard yet"
        session.linked(LinkState(LinkPhase.READY, {"state": "starting"}))
        assert notice.isVisible() == visible, message
