"""A panel with a real daemon of its own, offscreen; nothing it starts outlives its test."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from core_session import Core  # noqa: E402
from panel import Panel  # noqa: E402
from panel_daemon import connect, stop_daemon, wait_until, write_bundle  # noqa: E402
from PIL import Image  # noqa: E402
from PyQt6.QtCore import QLocale  # noqa: E402
from PyQt6.QtGui import QImage  # noqa: E402
from PyQt6.QtWidgets import QWidget  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What Qt warns of fails a test of the panel, apart from what the offscreen platform cannot do."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


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


@pytest.fixture(autouse=True)
def same_locale() -> Iterator[None]:
    """What a test translates is written as before after it: 0.0 MB, not 0,0 MB."""
    before = QLocale()
    yield
    QLocale.setDefault(before)


@pytest.fixture(autouse=True)
def no_threads_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every thread that a test of the panel started has ended with it."""
    if request.path.parent != HERE:
        yield
        return
    before = set(threading.enumerate())

    def left() -> list[threading.Thread]:
        # pyzmq keeps one thread per process for frames that are still being sent.
        fresh = [thread for thread in threading.enumerate() if thread not in before]
        return [thread for thread in fresh if type(thread).__name__ != "GarbageCollectorThread"]

    yield
    assert wait_until(lambda: not left(), 30.0), left()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo file, 240 x 160: a gradient with a disc on it."""
    y, x = np.mgrid[0:160, 0:240]
    pixels = np.dstack([x, y * 1.4, 255 - x * 0.7]).astype(np.uint8)
    pixels[(x - 120) ** 2 + (y - 80) ** 2 < 40**2] = (200, 60, 40)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def picture_of() -> Callable[[str, QWidget], np.ndarray]:
    """Draw a widget, neither empty nor of one colour; ``NIGDT_PICTURES=folder`` keeps the picture."""

    def draw(name: str, widget: QWidget) -> np.ndarray:
        image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        folder = os.environ.get("NIGDT_PICTURES")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            image.save(str(Path(folder) / f"panel-{name}.png"))
        data = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
        rows = data.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()]
        pixels = rows.reshape(image.height(), -1, 3)
        assert pixels.std() > 5, name
        return pixels

    return draw


@pytest.fixture
def panel(user: Path) -> Iterator[Panel]:
    """The panel's window, with a photo yet to be opened."""
    panel = Panel()
    yield panel
    panel.close()


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    """A grey photo file, 240 x 160."""
    path = tmp_path / "grey.png"
    Image.fromarray(np.tile(np.linspace(30, 220, 240).astype(np.uint8), (160, 1))).save(path)
    return path


@pytest.fixture
def core(user: Path, photo: Path) -> Iterator[Core]:
    core = Core()
    core.open(photo)
    core.select(90, 50, 150, 110)
    yield core
    core.close()
