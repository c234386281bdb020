"""The model's thread by itself."""

from __future__ import annotations

import select
import threading
from types import SimpleNamespace

from nigdt_backend.daemon.worker import FillMessage, Made, Ran, Staged, Waker, Worker


def readable(waker: Waker, seconds: float) -> bool:
    return bool(select.select([waker.reader], [], [], seconds)[0])


def test_the_loop_is_woken_for_answers_but_not_in_mid_fill():
    go = threading.Event()

    def run(jobs, hooks):
        hooks.stage(jobs, "encoding")
        go.wait(10)
        hooks.made(jobs[0], FillMessage({}, []))
        return []

    waker = Waker()
    worker = Worker(SimpleNamespace(), run, waker)
    job = object()
    worker.tasks.put(lambda: worker.run((job,)))
    assert isinstance(worker.reports.get(timeout=60), Staged)
    assert not readable(waker, 0.1)
    go.set()
    assert readable(waker, 10)
    assert isinstance(worker.reports.get(timeout=60), Made)
    assert isinstance(worker.reports.get(timeout=60), Ran)
    assert worker.stop(10)
    waker.close()
