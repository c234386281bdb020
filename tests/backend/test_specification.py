"""docs/protocol.md and docs/settings.md say what the code does, down to the bytes of the example."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import zmq
from nigdt_backend import paths
from nigdt_backend.daemon.request_handler import REQUESTS
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.protocol import CLIENT_CODES, CODES, LIMITS, STAGES, VERSION, FillRequest, decode

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "protocol.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    found = re.search(rf"^## \d+\. {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    lines = [line.strip()[1:-1].split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines]


def example_frames() -> list[bytes]:
    dump = re.search(r"```text\n(frame 0.*?)```", section("Example in bytes"), re.DOTALL)[1]
    frames: list[bytearray] = []
    for line in dump.splitlines():
        if line.startswith("frame"):
            frames.append(bytearray())
            size = int(line.split(", ")[1].split()[0])
        else:
            offset, digits = line[:4], line[6:53]
            assert int(offset, 16) == len(frames[-1])
            frames[-1] += bytes.fromhex(digits.replace(" ", ""))
            assert len(frames[-1]) <= size
    return [bytes(frame) for frame in frames]


def test_limits_are_the_code_s():
    written = {name.strip("`"): int(value) for name, value, _ in rows(section("Limits"))}
    assert written == dataclasses.asdict(LIMITS)


def test_error_codes_are_the_code_s():
    written = {name.strip("`"): meaning for name, meaning in rows(section("Errors"))}
    assert written == {**CODES, **CLIENT_CODES}


def test_requests_are_those_that_are_handled():
    text = section("Requests")
    titles = ", ".join(re.findall(r"^### (.+)$", text, re.MULTILINE)).split(", ")
    assert sorted(titles) == sorted(REQUESTS)


def test_version_and_stages_are_the_code_s():
    assert f"Version {VERSION}." in TEXT
    assert all(f"`{stage}`" in section("Replies to a fill") for stage in STAGES)


def test_every_field_of_a_fill_and_its_recipe_is_described_with_its_default():
    written = {}
    for names, _, default, _ in rows(section("Requests").split("### cancel")[0]):
        for name in names.split(", "):
            written[name.strip("`")] = default.strip("`")
    request = FillRequest(b"", b"", 8, 8)
    fields = {field.name for field in dataclasses.fields(FillRequest)} - {"crop", "mask"}
    recipe = request.recipe.to_dict()
    assert written.keys() == fields | recipe.keys() | {"kind"}
    for name in ("live", "result", "attention", "effects", "previews", "channels"):
        assert json.loads(written[name]) == getattr(request, name)
    for name in recipe.keys() - {"seed", "base", "spread"}:
        assert json.loads(written[name]) == recipe[name]


def test_the_example_is_what_the_client_sends():
    frames = example_frames()
    header, raw = decode(frames)
    request = FillRequest.from_wire(header, raw)
    assert request.recipe.caption == "a red bird"
    assert request.to_wire() == frames


def test_the_example_s_bytes_get_a_fill_from_the_daemon(client, state):
    """What a client in another language has: the connection file, ZeroMQ with CURVE, and this page."""
    file = json.loads((state / "connection.json").read_text())
    assert file.keys() == set(re.findall(r'^ "([a-z_]+)":', section("Finding the daemon"), re.MULTILINE))
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    try:
        socket.setsockopt(zmq.LINGER, 0)
        for option, key in (
            (zmq.CURVE_SERVERKEY, "server_key"),
            (zmq.CURVE_PUBLICKEY, "client_public"),
            (zmq.CURVE_SECRETKEY, "client_secret"),
        ):
            socket.setsockopt(option, file[key].encode())
        socket.connect(file["endpoint"])
        socket.send_multipart(example_frames())
        kinds = []
        while not kinds or kinds[-1] not in ("done", "error"):
            assert socket.poll(5000)
            tag, header, *raw = socket.recv_multipart()
            assert tag == b"NIGDT/%d" % VERSION
            reply = json.loads(header)
            assert reply["job"] == "example-1"
            kinds.append(reply["kind"])
            if reply["kind"] == "fill":
                assert [len(frame) for frame in raw] == [192]
    finally:
        socket.close()
        context.term()
    assert kinds[0] == "accepted"
    assert kinds[-2:] == ["fill", "done"]
    assert set(kinds[1:-2]) <= {"progress"}


@pytest.mark.parametrize(
    ("system", "platform"), [("Linux", "linux"), ("macOS", "darwin"), ("Windows", "win32")]
)
def test_files_lie_where_the_pages_say(monkeypatch, system, platform):
    for name in (
        "NIGDT_STATE_DIR",
        "NIGDT_CONFIG_DIR",
        "NIGDT_CONNECTION",
        "XDG_STATE_HOME",
        "XDG_CONFIG_HOME",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, f"/{name}")
    monkeypatch.setattr(paths.sys, "platform", platform)
    settings = (DOCS / "settings.md").read_text(encoding="utf-8")
    for text, path in ((TEXT, paths.connection_path()), (settings, paths.settings_path())):
        row = re.search(rf"^\| {system} \| (.*) \|$", text, re.MULTILINE)[1]
        written = [
            re.sub(r"%(\w+)%", r"/\1", name).replace("\\", "/").replace("~", str(Path.home()))
            for name in re.findall(r"`([^`]*/?nigdt[^`]*)`", row)
        ]
        assert str(path) in written


@pytest.mark.parametrize("source", ["client", "real_client"])
def test_every_field_of_status_is_described(source, request):
    status = request.getfixturevalue(source).status()
    described = set(re.findall(r"`([a-z_0-9]+)`", " ".join(row[0] for row in rows(section("Status")))))
    own = {"loads", "batches", "switch", "frozen"} if source == "client" else set()  # the stand-in's
    assert status.keys() - own <= described
    if source == "real_client":
        assert status.keys() == described


def test_every_test_that_the_threat_model_names_exists():
    named = set(re.findall(r"`(test_[a-z_0-9]+)`", (DOCS / "threat-model.md").read_text(encoding="utf-8")))
    sources = "".join(
        path.read_text(encoding="utf-8") for path in Path(__file__).parents[1].rglob("test_*.py")
    )
    assert len(named) > 20
    assert {name for name in named if f"def {name}(" not in sources} == set()


def test_settings_document_has_every_key_default_and_meaning():
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    written = {name.strip("`"): (default, meaning) for name, default, meaning in rows(text)}
    for field in dataclasses.fields(DaemonSettings):
        default = f"`{json.dumps(field.default)}`"
        assert written.pop(field.name) == (default, field.metadata["doc"])
    assert not written
