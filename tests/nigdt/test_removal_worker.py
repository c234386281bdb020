"""Removal in a process of its own: stopped, crashed, closed."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nigdt.errors import SelectionError
from nigdt.removal import NothingFitsError, RemovalCancelledError, RemovalError, RemovalWorker, remove

SIDE = 400


@pytest.fixture(scope="module")
def worker() -> Iterator[RemovalWorker]:
    with RemovalWorker() as one:
        yield one


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(60, 200, (SIDE, SIDE, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def mask() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[100:300, 100:300] = 255
    return mask


def test_it_gives_what_the_function_gives(
    worker: RemovalWorker, picture: np.ndarray, mask: np.ndarray
) -> None:
    shares: list[float] = []
    worker.start(picture, mask, quality="preview", seed=2)
    filled = worker.result(progress=shares.append)
    assert (filled == remove(picture, mask, quality="preview", seed=2)).all()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_programs_in_the_current_folder_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: np.ndarray, mask: np.ndarray
) -> None:
    for name in ("nigdt", "cv2", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger ran')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    worker = RemovalWorker()
    try:
        worker.start(picture, mask)
        assert worker.result().shape == picture.shape
    finally:
        worker.close()


def test_early_states_come_before_the_answer_and_do_not_change_it(
    worker: RemovalWorker, picture: np.ndarray, mask: np.ndarray
) -> None:
    shown: list[np.ndarray] = []
    worker.start(picture, mask, previews=True)
    filled = worker.result(previewed=shown.append)
    assert (filled == remove(picture, mask)).all()
    (soft,) = shown  # there is hardly time for another
    assert (soft == remove(picture, mask, quality="soft")).all()


@pytest.mark.skipif(sys.platform != "linux", reason="the system tells nothing of a process's libraries")
def test_a_process_that_is_ready_has_loaded_what_it_removes_with() -> None:
    with RemovalWorker() as fresh:
        fresh.warm_up()
        process = fresh._process
        assert process is not None
        maps = Path(f"/proc/{process.pid}/maps")
        deadline = time.monotonic() + 60
        while "libpatchmatch" not in maps.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_large_hole_is_also_shown_coarse(worker: RemovalWorker, picture: np.ndarray) -> None:
    large = np.tile(picture, (2, 2, 1))
    mask = np.zeros(large.shape[:2], np.uint8)
    mask[200:600, 200:600] = 255
    shown: list[np.ndarray] = []
    worker.start(large, mask, previews=True)
    worker.result(previewed=shown.append)
    soft, coarse = shown
    assert (soft == remove(large, mask, quality="soft")).all()
    assert (coarse == remove(large, mask, quality="preview")).all()


def test_it_stops_at_once_and_works_again(
    worker: RemovalWorker, picture: np.ndarray, mask: np.ndarray
) -> None:
    worker.start(picture, mask)
    threading.Timer(0.2, worker.cancel).start()
    with pytest.raises(RemovalCancelledError):
        worker.result()
    worker.start(picture, mask)
    asked = time.monotonic()
    with pytest.raises(RemovalCancelledError):
        worker.result(cancelled=lambda: True)
    assert time.monotonic() - asked < 10
    worker.start(picture, mask, quality="soft")
    assert worker.result().shape == picture.shape


def test_a_crash_is_an_error_and_the_next_removal_works(
    worker: RemovalWorker, picture: np.ndarray, mask: np.ndarray
) -> None:
    worker.start(picture, mask)
    process = worker._process
    assert process is not None
    process.kill()
    with pytest.raises(RemovalError, match="ended unexpectedly"):
        worker.result()
    worker.start(picture, mask, quality="soft")
    assert (worker.result()[mask == 0] == picture[mask == 0]).all()


def test_errors_keep_their_type(worker: RemovalWorker, picture: np.ndarray, mask: np.ndarray) -> None:
    worker.start(picture, np.full_like(mask, 255))
    with pytest.raises(NothingFitsError, match="leaves nothing"):
        worker.result()
    worker.start(picture, np.zeros_like(mask))
    with pytest.raises(SelectionError):
        worker.result()
    worker.start(picture, mask, variant=-1)
    with pytest.raises(RemovalError, match="negative"):
        worker.result()
    with pytest.raises(RemovalError, match="No removal"):
        worker.result()


def test_one_at_a_time(worker: RemovalWorker, picture: np.ndarray, mask: np.ndarray) -> None:
    worker.start(picture, mask, quality="soft")
    with pytest.raises(RemovalError, match="already"):
        worker.start(picture, mask)
    assert worker.busy
    worker.result()
    assert not worker.busy


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks into /proc")
def test_the_process_is_begun_beforehand_and_taken_for_the_first_removal(
    picture: np.ndarray, mask: np.ndarray
) -> None:
    with RemovalWorker() as own:
        own.warm_up()
        begun = own._process
        assert begun is not None
        assert begun.poll() is None
        own.warm_up()
        own.start(picture, mask, quality="soft")
        own.result()
        assert own._process is begun


def test_closing_leaves_no_process(picture: np.ndarray, mask: np.ndarray) -> None:
    worker = RemovalWorker()
    worker.start(picture, mask)
    process = worker._process
    assert process is not None
    worker.close()
    assert process.poll() is not None
    assert not Path(f"/proc/{process.pid}").is_dir()
    worker.close()


def test_a_removal_waits_for_no_torch() -> None:
    code = "import nigdt.continuation, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
