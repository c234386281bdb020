"""Damaged files of the daemon: one line at most, then a fresh start; and a daemon that hangs is ended."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.commands.fill import fill
from nigdt_backend.commands.serve import serve
from nigdt_backend.connection import (
    Connection,
    FileLock,
    UnsafeFileError,
    read_connection,
    write_connection,
    write_private,
)
from nigdt_backend.daemon.keys import KeyRing
from nigdt_backend.daemon.settings import DaemonSettings, SettingsError
from nigdt_backend.daemon.sockets import KeyPair
from PIL import Image

from nigdt.errors import PhotoError
from nigdt.process import identity
from nigdt.schema import check_yaml

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
WHOLE = {
    "endpoint": "tcp://127.0.0.1:5555",
    "server_key": KeyPair.new().public,
    "client_public": KeyPair.new().public,
    "client_secret": KeyPair.new().secret,
    "pid": 17,
    "protocol": 2,
}
DAMAGED = [
    b"",
    b"\xff\xfe\x00caf\xe9",
    b"[" * 200_000,
    b"[]",
    b"null",
    b'{"endpoint": 1e400}',
    *(
        json.dumps({**WHOLE, **change}).encode()
        for change in (
            {"server_key": "~" * 40},
            {"server_key": "#" * 40},  # Z85 of more than 32 bits
            {"client_secret": None},
            {"client_public": "\ud800" * 40},
            {"endpoint": "tcp://127.0.0.1:99999"},
            {"endpoint": "ipc:///tmp/x"},
            {"pid": "17"},
            {"pid": -1},
            {"pid": 10**30},
            {"protocol": True},
        )
    ),
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_connection_file_is_none(tmp_path, content):
    path = tmp_path / "connection.json"
    tmp_path.chmod(0o700)
    path.write_bytes(content)
    path.chmod(0o600)
    assert read_connection(path) is None


def test_any_flipped_byte_of_a_connection_file_is_survived(tmp_path):
    path, draw = tmp_path / "connection.json", random.Random(3)
    write_connection(Connection(**WHOLE), path)
    whole = path.read_bytes()
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        path.write_bytes(damaged)
        read_connection(path)
    path.write_bytes(whole)
    assert read_connection(path) == Connection(**WHOLE)


def test_a_fresh_daemon_starts_beside_a_damaged_file(state, stub_command, request_fill):
    state.mkdir(mode=0o700)
    (state / "connection.json").write_bytes(b'{"endpoint": "\xff"}')
    (state / "connection.json").chmod(0o600)
    (state / "daemon.lock").write_bytes(b"\xff" * 100)
    with Client.connect(command=stub_command) as client:
        assert len(client.fill(request_fill()).fills) == 1


def test_a_running_daemon_mends_its_connection_file(client, request_fill, state, wait_until):
    (state / "connection.json").write_bytes(b"\xff")
    assert wait_until(lambda: read_connection(state / "connection.json") is not None)
    with Client.connect(start=False) as other:
        assert len(other.fill(request_fill()).fills) == 1
    (state / "connection.json").unlink()
    assert wait_until((state / "connection.json").exists)


def test_a_remote_connection_file_that_is_damaged_is_named(state, tmp_path, monkeypatch):
    path = tmp_path / "laptop.json"
    path.write_bytes(b"{}")
    path.chmod(0o600)
    monkeypatch.setenv("NIGDT_CONNECTION", str(path))
    with pytest.raises(DaemonError) as raised:
        Client.connect()
    assert raised.value.code == "not-running"
    assert "laptop.json" in raised.value.message
    monkeypatch.setenv("NIGDT_CONNECTION", str(tmp_path))
    with pytest.raises(DaemonError) as raised:
        Client.connect()
    assert raised.value.message == f"Cannot use {tmp_path}: Is a directory."
    assert "NIGDT_CONNECTION" in raised.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "threads: " + "[" * 5000,
        "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + "".join(f"{y}: &{y} [{', '.join([f'*{x}'] * 10)}]\n" for x, y in itertools.pairwise("abcdefgh")),
        "threads: " + "- " * 5000,
        "threads: [" + "{a: " * 5000,
        "threads: " + "9" * 5000,
        "threads: 2001-99-99",
        "? {a: 1}\n: 2",
        "a: &a [*a]",
    ],
)
def test_settings_that_no_parser_bears_are_named_in_one_line(tmp_path, text):
    path = tmp_path / "daemon.yaml"
    path.write_text(text)
    started = time.process_time()
    with pytest.raises(SettingsError) as raised:
        DaemonSettings.read(path)
    assert "\n" not in str(raised.value)
    assert "daemon.yaml" in str(raised.value)
    assert time.process_time() - started < 2


def test_yaml_with_sensible_aliases_is_read():
    check_yaml("a: &a [1, 2]\nb: *a\nc: *a\n")


def test_a_starter_hears_the_last_line_of_much(state, tmp_path):
    noisy = [sys.executable, "-c", "import sys; sys.stderr.write('x' * 300_000 + '\\nthe cause\\n'); exit(1)"]
    with pytest.raises(DaemonError, match="the cause"):
        Client.connect(command=noisy, timeout=90)


@posix
@pytest.mark.skipif(sys.platform != "linux", reason="stops processes by /proc")
def test_stop_ends_a_daemon_that_hangs(client, daemon_pid):
    pid = daemon_pid()
    os.kill(pid, signal.SIGSTOP)
    said = CliRunner().invoke(serve, ["--stop"], catch_exceptions=False).output
    assert f"its process {pid} was ended" in said
    assert not FileLock(paths.lock_path()).held()


@pytest.mark.skipif(sys.platform != "linux", reason="tells processes by /proc")
def test_the_holder_of_a_lock_is_never_another_process(state):
    lock = FileLock(paths.lock_path())
    assert lock.acquire()
    assert FileLock(paths.lock_path()).holder() == os.getpid()
    lock.release()
    with subprocess.Popen(["sleep", "60"]) as other:
        with lock.path.open("w") as file:
            assert lock.acquire()
            file.write(f"{other.pid} {identity(os.getpid())}")
        assert FileLock(paths.lock_path()).held()
        assert FileLock(paths.lock_path()).holder() is None
        lock.release()
        other.kill()
    assert identity(other.pid) is None
    assert identity(os.getpid()) == identity(os.getpid())


@posix
def test_every_file_of_the_daemon_is_the_users_alone(client, request_fill, state):
    client.fill(request_fill())
    modes = {path.name: path.stat().st_mode & 0o077 for path in state.iterdir()}
    assert "daemon.log" in modes
    assert modes == dict.fromkeys(modes, 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--recipe", "pipe"], "a device"),
        (["--recipe", "huge"], "not a picture"),
        (["--recipe", "text"], "not a picture"),
        (["--recipe", "cut"], "damaged"),
        (["--select", "0,0,9,9", "--caption", "caf\udce9"], "caption is not a text in UTF-8"),
        (["--select", "0,0,9,9", "--caption", "x", "--bundle", "b\udce9"], "bundle is not a text in UTF-8"),
    ],
)
def test_what_fill_is_given_is_refused_in_one_line_at_once(tmp_path, options, said):
    photo = tmp_path / "photo.png"
    Image.new("RGB", (64, 64)).save(photo)
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(30 * 2**30)
    (tmp_path / "text").write_text("hello")
    (tmp_path / "cut").write_bytes(photo.read_bytes()[:30])
    options = [str(tmp_path / one) if (tmp_path / one).exists() else one for one in options]
    started = time.monotonic()
    result = CliRunner().invoke(fill, [str(photo), *options, "-o", str(tmp_path / "out.png")])
    assert time.monotonic() - started < 5
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit | PhotoError), result.exception
    text = result.output if isinstance(result.exception, SystemExit) else str(result.exception)
    assert said in text


def test_a_pipe_in_place_of_settings_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "daemon.yaml")
    with pytest.raises(SettingsError, match="not a regular file"):
        DaemonSettings.read(tmp_path / "daemon.yaml")


ODD_FILES = {"pipe": os.mkfifo, "folder": Path.mkdir, "loop": lambda path: path.symlink_to(path)}


@pytest.mark.parametrize("kind", ODD_FILES)
@pytest.mark.parametrize(
    "name", ["connection.json", "daemon.lock", "start.lock", "daemon.log", "running.json"]
)
def test_what_is_no_file_in_the_state_folder_is_named_or_done_without(state, stub_command, name, kind):
    place = state / name
    place.parent.mkdir(mode=0o700, exist_ok=True)
    ODD_FILES[kind](place)
    started, said = time.monotonic(), None
    try:
        with Client.connect(command=stub_command, timeout=30) as client:
            client.shutdown()
    except DaemonError as error:
        said = error
    assert time.monotonic() - started < 15
    if said is not None:
        assert said.code in ("cannot-start", "unsafe-state")
        assert name in said.message
        assert ".." not in said.message
        shutil.rmtree(place) if kind == "folder" else place.unlink()


@pytest.mark.parametrize(
    "content",
    ["[" * 60_000, '{"clients": {}, "server": {"public": "x", "secret": 9}}', '{"clients": {"a": 7}}', "[1]"],
)
def test_damaged_keys_are_named(tmp_path, content):
    path = tmp_path / "keys.json"
    write_private(path, content)
    with pytest.raises(UnsafeFileError, match="is damaged"):
        KeyRing.read(path)


def test_settings_of_torchs_allocator_that_cannot_be_read_are_named_and_ignored(
    state, stub_command, request_fill, monkeypatch
):
    """Torch ends the process that imports it with them; GIMP starts the daemon with the user's variables."""
    monkeypatch.setenv("PYTORCH_ALLOC_CONF", "garbage")
    with Client.connect(command=stub_command) as client:
        assert len(client.fill(request_fill()).fills) == 1
        client.shutdown()
    assert "PYTORCH_ALLOC_CONF is not as PyTorch writes it" in (state / "daemon.log").read_text()
