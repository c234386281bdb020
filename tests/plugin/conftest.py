"""A panel with a real daemon of its own, offscreen; nothing it starts outlives its test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from nigdt_backend.client import Client, DaemonError  # noqa: E402
from nigdt_backend.connection import FileLock, read_connection  # noqa: E402
from painting_daemon import WORDS  # noqa: E402
from PIL import Image  # noqa: E402

from nigdt.config import ModelConfig  # noqa: E402

PAINTER = [sys.executable, str(HERE / "painting_daemon.py")]


def write_bundle(folder: Path, title: str, words: tuple[str, ...] = WORDS) -> None:
    """A bundle as far as the panel reads it: it never opens the weights."""
    folder.mkdir(parents=True)
    description = {
        "format": "nigdt-bundle",
        "version": 1,
        "title": title,
        "parameters": 1_000_000,
        "architecture": ModelConfig(size=128).to_dict(),
        "training": {"photos": 1200, "steps": 20000},
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(description))
    (folder / "vocabulary.json").write_text(json.dumps({"format": 1, "words": list(words)}))
    for name in ("model.safetensors", "SHA256SUMS"):
        (folder / name).write_bytes(b"")
    (folder / "README.md").write_text(f"# {title}\n\nDraws what it has seen.\n")


@pytest.fixture
def lonely_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folders of a user of one's own; a daemon the test left running is stopped at the end."""
    monkeypatch.setenv("NIGDT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("NIGDT_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("NIGDT_DATA_DIR", str(tmp_path / "data"))
    for name in ("NIGDT_CONNECTION", "NIGDT_ON_DEMAND", "NIGDT_PYTHON", "NOTIFY_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    write_bundle(tmp_path / "data" / "bundles" / "nigdt-small", "Birds and more, 128 px")
    yield tmp_path
    stop_daemon(tmp_path / "state")


@pytest.fixture(scope="session")
def shared_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The connection file of one daemon for all tests that do it no harm."""
    state = tmp_path_factory.mktemp("shared") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGDT_STATE_DIR", str(state))
        patch.delenv("NIGDT_CONNECTION", raising=False)
        connect().close()
    yield state / "connection.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGDT_STATE_DIR", str(state))
        stop_daemon(state)


@pytest.fixture
def user(lonely_user: Path, shared_daemon: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Like ``lonely_user``, but with a daemon that runs already."""
    monkeypatch.setenv("NIGDT_CONNECTION", str(shared_daemon))
    return lonely_user


def stop_daemon(state: Path) -> None:
    """Stop the daemon of a state folder, and see that it is gone."""
    if not (state / "daemon.lock").exists():
        return
    file = state / "connection.json"
    with (
        contextlib.suppress(DaemonError),
        Client.connect(start=False, timeout=1.0, connection_file=file) as client,
    ):
        client.shutdown(timeout=2.0)
    lock = FileLock(state / "daemon.lock")
    if not wait_until(lock.acquire, 3.0):
        connection = read_connection(file)
        if connection is not None and connection.pid:
            os.kill(connection.pid, signal.SIGKILL)
        assert wait_until(lock.acquire, 5.0), "a daemon outlived its test"
    lock.release()


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def connect() -> Client:
    """A client whose daemon is the painter."""
    return Client.connect(command=PAINTER, timeout=40.0)


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    """Every thread a test started has ended with it."""
    before = set(threading.enumerate())

    def left() -> list[threading.Thread]:
        # pyzmq keeps one thread per process for frames that are still being sent.
        fresh = [thread for thread in threading.enumerate() if thread not in before]
        return [thread for thread in fresh if type(thread).__name__ != "GarbageCollectorThread"]

    yield
    assert wait_until(lambda: not left(), 5.0), left()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo file, 240 x 160: a gradient with a disc on it."""
    y, x = np.mgrid[0:160, 0:240]
    pixels = np.dstack([x, y * 1.4, 255 - x * 0.7]).astype(np.uint8)
    pixels[(x - 120) ** 2 + (y - 80) ** 2 < 40**2] = (200, 60, 40)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path
