"""A daemon that is absent, dies, is busy or of another version; an image that changes in mid-fill."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq
from assemble import NAME
from gimp_session import GimpSession, kill_plug_in
from nigdt_backend.client import Client
from nigdt_backend.protocol import FillRequest
from scripted_daemon import ScriptedDaemon

from nigdt.notices import DREW_NOTHING

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FILL = """
    image = photo()
    select(image, 40, 30, 10, 10)
    status, message, layer = fill(image, caption="green")
    result = [status, message, len(image.get_layers()) if image.is_valid() else None]
"""


def test_no_daemon(gimp: GimpSession) -> None:
    assert gimp.run(FILL) == [
        "execution-error",
        "The NIGDT service is not running. Open the NIGDT panel once, then try again.",
        1,
    ]


def test_a_folder_that_was_moved_is_named(gimp: GimpSession) -> None:
    note = gimp.profile / "plug-ins" / NAME / "install.json"
    kept = note.read_text()
    note.write_text(json.dumps({"python": "/mnt/work/moved/.venv/bin/python"}))
    try:
        said = gimp.run(
            """
    image = photo()
    select(image, 40, 30, 10, 10)
    names = "nigdt-describe", "nigdt-remove-selected", "nigdt-open-panel"
    result = [call(name, image)[:2] for name in names]
"""
        )
    finally:
        note.write_text(kept)
    where = "Open NIGDT's installer again, in the folder where NIGDT is now."
    assert said == [["execution-error", f"NIGDT is not in “/mnt/work/moved” any more. {where}"]] * 3


def test_only_a_fill_behind_others_waits_for_them(gimp: GimpSession) -> None:
    said = gimp.run(
        f"""
    import sys
    sys.path.insert(0, "/mnt/profile/plug-ins/{NAME}")
    from nigdt_backend.events import Event
    from nigdt_fill.service import stage_text
    result = [stage_text(Event("progress", "1", {{"stage": "queued", "position": it}})) for it in (0, 2)]
"""
    )
    assert said == ["Loading the model…", "Waiting for other fills…"]


def test_a_daemon_that_is_gone_but_left_its_file(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state):
        left = (gimp.state / "connection.json").read_bytes()
    file = gimp.state / "connection.json"
    file.write_bytes(left)
    file.chmod(0o600)
    try:
        status, message, layers = gimp.run(FILL)
    finally:
        file.unlink()
    assert (status, layers) == ("execution-error", 1)
    assert "not running" in message


def test_a_daemon_that_dies_over_the_fill(gimp: GimpSession) -> None:
    def die(daemon: ScriptedDaemon, client: bytes, request: FillRequest) -> None:
        daemon.progress(client, request, "completing")
        daemon.die()

    with ScriptedDaemon(gimp.state, die):
        status, message, layers = gimp.run(FILL, timeout=120)
    assert (status, layers) == ("execution-error", 1)
    assert "not running" in message or "ended while it was needed" in message


def test_a_busy_daemon(gimp: GimpSession) -> None:
    def refuse(daemon: ScriptedDaemon, client: bytes, request: FillRequest) -> None:
        daemon.fail(client, request.job, "busy", retry_after=3.2)

    with ScriptedDaemon(gimp.state, refuse):
        said = gimp.run(FILL)
    assert said == ["execution-error", "NIGDT is busy with other fills. Try again in 3 s.", 1]


def test_a_daemon_of_another_version(gimp: GimpSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "scripted_daemon.encode", lambda header, frames=(): [b"NIGDT/99", json.dumps(header).encode()]
    )
    with ScriptedDaemon(gimp.state):
        status, message, layers = gimp.run(FILL)
    assert (status, layers) == ("execution-error", 1)
    assert "different versions" in message


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("out-of-memory", "Select a smaller region"),
        ("bundle-broken", "is damaged"),
        ("model-failed", "told to: model-failed"),
        ("stopping", "ended while it was needed"),
    ],
)
def test_errors_are_said_to_the_user(gimp: GimpSession, code: str, says: str) -> None:
    def fail(daemon: ScriptedDaemon, client: bytes, request: FillRequest) -> None:
        daemon.fail(client, request.job, code)

    with ScriptedDaemon(gimp.state, fail):
        status, message, layers = gimp.run(FILL)
    assert (status, layers) == ("execution-error", 1)
    assert says in message


def test_a_script_hears_what_the_service_noticed(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        daemon.notices = [DREW_NOTHING]
        before = len(gimp.log.read_text(errors="replace"))
        assert gimp.run(FILL) == ["success", "", 2]
    assert DREW_NOTHING in gimp.log.read_text(errors="replace")[before:]


def test_a_file_that_others_can_read_is_not_trusted(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state) as daemon:
        (gimp.state / "connection.json").chmod(0o644)
        status, message, _ = gimp.run(FILL)
    assert status == "execution-error"
    assert "Others can read" in message
    assert daemon.requests == []


def test_someone_else_on_the_port_gets_nothing(gimp: GimpSession) -> None:
    """Whoever listens there without the daemon's key is not talked to."""
    with ScriptedDaemon(gimp.state) as daemon:
        file = gimp.state / "connection.json"
        note = json.loads(file.read_text())
        note["server_key"] = zmq.curve_keypair()[0].decode()
        file.write_text(json.dumps(note))
        status, message, _ = gimp.run(FILL)
        assert daemon.requests == []
    assert status == "execution-error"
    assert "not running" in message


def test_the_image_is_deleted_meanwhile(gimp: GimpSession) -> None:
    """GIMP keeps an image that a procedure works on until it is done; then it is gone, fill and all."""
    with ScriptedDaemon(gimp.state, ScriptedDaemon.hold) as daemon:
        answer = gimp.send(FILL)
        assert daemon.arrived.wait(30)
        gimp.run("for image in Gimp.get_images(): image.delete()", "actor")
        daemon.gone_on.set()
        assert gimp.wait(answer)[2] is None
        assert gimp.run("result = len(Gimp.get_images())") == 0


def test_the_selection_is_changed_meanwhile(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state, ScriptedDaemon.hold) as daemon:
        answer = gimp.send(
            """
    image = photo()
    select(image, 40, 30, 10, 10)
    before = composite(image)
    status, message, layer = fill(image, caption="green")
    result = [status, message, changed(before, composite(image), 96), Gimp.Selection.is_empty(image)]
"""
        )
        assert daemon.arrived.wait(30)
        gimp.run("for image in Gimp.get_images(): Gimp.Selection.none(image)", "actor")
        daemon.gone_on.set()
        assert gimp.wait(answer) == ["success", "", [40, 30, 50, 40], True]


RESIZE = {
    "cropped": "image.crop(40, 40, 30, 20)",
    "scaled": "image.scale(48, 40)",
    "turned": "image.rotate(Gimp.RotationType.DEGREES90)",
}


@pytest.mark.parametrize("how", RESIZE)
def test_the_image_is_resized_meanwhile(gimp: GimpSession, how: str) -> None:
    with ScriptedDaemon(gimp.state, ScriptedDaemon.hold) as daemon:
        answer = gimp.send(FILL)
        assert daemon.arrived.wait(30)
        gimp.run(f"for image in Gimp.get_images(): {RESIZE[how]}", "actor")
        daemon.gone_on.set()
        status, message, layers = gimp.wait(answer)
    assert (status, layers) == ("execution-error", 1)
    assert message == "The image was cropped, scaled or turned before the fill was ready. Try again."


def test_the_image_becomes_grey_meanwhile(gimp: GimpSession) -> None:
    with ScriptedDaemon(gimp.state, ScriptedDaemon.hold) as daemon:
        answer = gimp.send(FILL)
        assert daemon.arrived.wait(30)
        gimp.run("for image in Gimp.get_images(): image.convert_grayscale()", "actor")
        daemon.gone_on.set()
        assert gimp.wait(answer) == ["success", "", 2]


def test_cancel_kills_the_plug_in_and_changes_nothing(gimp: GimpSession) -> None:
    """GIMP's own Cancel kills the plug-in's process; the connection breaks, by which the daemon knows."""
    with ScriptedDaemon(gimp.state, ScriptedDaemon.hold) as daemon:
        answer = gimp.send(FILL)
        assert daemon.arrived.wait(30)
        kill_plug_in(gimp)
        status, _message, layers = gimp.wait(answer)
    assert status != "success"
    assert layers == 1


def test_the_real_daemon_drops_the_job_of_a_killed_plug_in(
    gimp: GimpSession, real_daemon: Callable[[Path], Client]
) -> None:
    client = real_daemon(gimp.state)
    answer = gimp.send(
        """
    image = Gimp.Image.new(1400, 1400, Gimp.ImageBaseType.RGB)
    layer = Gimp.Layer.new(image, "photo", 1400, 1400, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    layer.fill(Gimp.FillType.WHITE)
    select(image, 100, 100, 1200, 1200)
    result = fill(image, caption="a bird", variants=8)[0]
"""
    )
    deadline = time.monotonic() + 60
    while not client.status()["queue"]["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kill_plug_in(gimp)
    assert gimp.wait(answer) != "success"
    while client.status()["jobs"]["dropped"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert client.status()["jobs"]["done"] == 0
