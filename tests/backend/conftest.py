from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.connection import FileLock, read_connection
from nigdt_backend.protocol import FillRequest

from nigdt.recipe import Recipe
from tests.waiting import wait_until

STUB = [sys.executable, str(Path(__file__).with_name("stub_daemon.py"))]


def make_request(
    caption: str = "a bird", side: int = 16, bundle: str = "default", **fields: Any
) -> FillRequest:
    crop = bytes(range(256)) * (side * side * 3 // 256 + 1)
    mask = bytearray(side * side)
    for row in range(side // 4, side // 2):
        for column in range(side // 4, side // 2):
            mask[row * side + column] = 255
    return FillRequest(
        crop[: side * side * 3], bytes(mask), side, side, Recipe(caption, bundle=bundle), **fields
    )


@pytest.fixture
def request_fill() -> Callable[..., FillRequest]:
    return make_request


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[..., bool]:
    return wait_until


@pytest.fixture
def stub_command() -> list[str]:
    return list(STUB)


def daemon_pid() -> int | None:
    connection = read_connection(paths.state_dir() / "connection.json")
    return connection.pid if connection else None


@pytest.fixture(name="daemon_pid")
def _daemon_pid() -> Callable[[], int | None]:
    return daemon_pid


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folders of a user of one's own; whatever daemon the test left running is stopped at the end."""
    folder = tmp_path / "state"
    monkeypatch.setenv("NIGDT_STATE_DIR", str(folder))
    monkeypatch.setenv("NIGDT_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("NIGDT_DATA_DIR", str(tmp_path / "data"))
    for name in ("NIGDT_CONNECTION", "NIGDT_ON_DEMAND", "NIGDT_PYTHON", "NOTIFY_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    if not folder.exists():
        return
    folder.chmod(0o700)
    stop_daemon(folder)
    log = folder / "daemon.log"
    if log.is_file() and log.read_text().count("listening on") > 1:
        time.sleep(0.2)  # where one started anew, a starter's may have waited for it and come after all
        stop_daemon(folder)


def stop_daemon(folder: Path) -> None:
    with contextlib.suppress(DaemonError), Client.connect(start=False, timeout=1.0) as client:
        client.shutdown(timeout=2.0)
    lock = FileLock(folder / "daemon.lock")
    if not wait_until(lock.acquire, 3.0):
        pid = daemon_pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lock.acquire), "a daemon outlived its test"
    lock.release()


class Held:
    """A job that occupies the stub daemon's model until it is released, however slow the machine is.

    Args:
        client: whose job it is.
        request: what is sent; by default one whose caption the stub daemon understands.
    """

    def __init__(self, client: Client, request: FillRequest | None = None) -> None:
        self._client = client
        self.job = client.submit(request or make_request("held"))
        assert wait_until(lambda: client.status()["queue"]["running"] == 1)

    def wait_for_queue(self, waiting: int) -> None:
        """Wait until so many jobs stand behind it."""
        assert wait_until(lambda: self._client.status()["queue"]["waiting"] == waiting)

    def release(self) -> None:
        (paths.state_dir() / "released").touch()


@pytest.fixture
def hold() -> type[Held]:
    return Held


def ends(client: Client, jobs: Collection[str], seconds: float = 60.0) -> dict[str, str]:
    """How each job ended: "done" or the error's code."""
    ended: dict[str, str] = {}
    deadline = time.monotonic() + seconds
    while len(ended) < len(jobs) and time.monotonic() < deadline:
        for event in client.events(0.2):
            if event.kind in ("done", "error") and event.job in jobs:
                ended[event.job] = event.data.get("code", "done")
    return ended


@pytest.fixture(name="ends")
def _ends() -> Callable[..., dict[str, str]]:
    return ends


@pytest.fixture
def settings(state: Path) -> Callable[..., None]:
    """Writes the daemon's settings."""

    def write(**values: object) -> None:
        path = paths.settings_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{key}: {value}\n" for key, value in values.items()))

    return write


@pytest.fixture
def client(state: Path) -> Iterator[Client]:
    """A client of a stub daemon that it started itself."""
    with Client.connect(command=STUB) as client:
        yield client


@pytest.fixture
def bundles(state: Path, tiny_bundle: Path, settings: Callable[..., None]) -> Path:
    """Folder of the user's bundles, with the tiny one as the default."""
    folder = Path(os.environ["NIGDT_DATA_DIR"]) / "bundles"
    shutil.copytree(tiny_bundle, folder / "nigdt-small")
    settings(threads=1)  # so small a model gains nothing from more, and loses much on a busy machine
    return folder


@pytest.fixture(scope="module")
def shared_daemon(
    tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Client, dict[str, str]]]:
    """A client of one real daemon for a file's tests, and the environment that leads to it."""
    folder = tmp_path_factory.mktemp("shared")
    places = {f"NIGDT_{name}_DIR": str(folder / name.lower()) for name in ("STATE", "CONFIG", "DATA")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in places.items():
            patch.setenv(name, value)
        for name in ("NIGDT_CONNECTION", "NIGDT_ON_DEMAND", "NIGDT_PYTHON", "NOTIFY_SOCKET"):
            patch.delenv(name, raising=False)
        shutil.copytree(tiny_bundle, folder / "data" / "bundles" / "nigdt-small")
        paths.settings_path().parent.mkdir(parents=True)
        paths.settings_path().write_text("threads: 1\n")
        client = Client.connect()
    with client:
        yield client, places
        client.shutdown()
    lock = FileLock(folder / "state" / "daemon.lock")
    assert wait_until(lock.acquire), "a daemon outlived its tests"
    lock.release()


@pytest.fixture(scope="module")
def shared_client(shared_daemon: tuple[Client, dict[str, str]]) -> Client:
    """Like `real_client`, for the tests of a file that do the daemon no harm and need no new one."""
    return shared_daemon[0]


@pytest.fixture
def at_shared_daemon(
    shared_daemon: tuple[Client, dict[str, str]], own_folders: None, monkeypatch: pytest.MonkeyPatch
) -> Client:
    """The shared client, and commands of this test find its daemon too."""
    client, places = shared_daemon
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    for name in ("NIGDT_CONNECTION", "NIGDT_ON_DEMAND", "NIGDT_PYTHON", "NOTIFY_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    return client


@pytest.fixture
def real_client(bundles: Path) -> Iterator[Client]:
    """A client of the real daemon with the real model, tiny."""
    with Client.connect() as client:
        yield client


@pytest.fixture
def engine(bundles: Path) -> Any:
    """The daemon's engine in this process, with the tiny model loaded."""
    # Most tests of this folder need no PyTorch in their own process.
    from nigdt_backend.daemon.engine import NigdtEngine
    from nigdt_backend.daemon.settings import DaemonSettings

    made = NigdtEngine(DaemonSettings(batch_variants=4, threads=1))
    made.load("default")
    return made
