"""Work off the UI thread, its results handed back on it; and plain hooks in place of Qt's signals."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Post = Callable[[Callable[[], None]], None]


class Hook:
    """A list of callables, told in the order they were connected."""

    def __init__(self) -> None:
        self._listeners: list[Callable[..., Any]] = []

    def connect(self, listener: Callable[..., Any]) -> None:
        """Tell `listener` from now on."""
        self._listeners.append(listener)

    def disconnect(self, listener: Callable[..., Any]) -> None:
        """Tell `listener` no more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def __call__(self, *values: Any) -> None:
        """Tell all."""
        for listener in tuple(self._listeners):
            listener(*values)


class Tasks:
    """A few threads for decoding, blending and writing.

    Args:
        post: Runs a callable on the UI thread, soon; called from any thread.
        threads: How many at once.
    """

    def __init__(self, post: Post, threads: int = 3) -> None:
        self._post = post
        self._pool = ThreadPoolExecutor(threads, "nigdt-task")
        self._running: set[Future[Any]] = set()
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether results are still to come. UI thread only."""
        return bool(self._running)

    def run(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Do `work` in a thread, then on the UI thread `then` its result or `failed` its error."""
        if self._closed:
            return
        future = self._pool.submit(work)
        self._running.add(future)
        future.add_done_callback(lambda done: self._post(lambda: self._finish(done, then, failed)))

    def _finish(
        self,
        future: Future[Result],
        then: Callable[[Result], None] | None,
        failed: Callable[[Exception], None] | None,
    ) -> None:
        self._running.discard(future)
        if self._closed or future.cancelled():
            return
        error = future.exception()
        if error is None:
            if then is not None:
                then(future.result())
        elif isinstance(error, Exception):
            log.error("task failed", exc_info=error)
            if failed is not None:
                failed(error)

    def close(self) -> None:
        """Wait for what runs and forget what waits; no callback comes after this."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)
