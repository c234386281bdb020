"""A turn of a removal: fills that continue the photo, made in a process that can be ended at any time."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nigdt.bystanders import Bystanders
from nigdt.continuation import Continuation
from nigdt.errors import NigdtError, SelectionError
from nigdt.notices import NOTHING_FITS
from nigdt.recipe import Variant
from nigdt.removal import RemovalCancelledError, RemovalError
from nigdt_backend.daemon.answers import fill_message, growth_notice, job_pixels, placed_context
from nigdt_backend.daemon.registry import resolve
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.worker import EngineError, Hooks, Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nigdt.answers import RawFill
    from nigdt.bundle.bundle import BundleInfo

log = logging.getLogger(__name__)


class Removals:
    """Continues photos, with a process of its own for every thread that calls `run`."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._ready: queue.SimpleQueue[Continuation] = queue.SimpleQueue()  # for the first thread to come
        self._warmed = False
        self._bystanders = Bystanders()

    def warm_up(self) -> None:
        """Begin the first process before it is asked for; called from one thread."""
        if self._warmed:
            return
        self._warmed = True
        continuation = Continuation()
        try:
            continuation.warm_up()
        except RemovalError as error:
            log.warning("the process for removals is begun later: %s", error)
            return
        self._ready.put(continuation)

    def run(self, jobs: Sequence[Job], hooks: Hooks) -> list[Outcome]:
        """Make the next fills of one job, until all are made or another client waits.

        Where nothing in the photo fits, the job goes on to the model.
        """
        (job,) = jobs
        bundle = resolve(job.request.recipe.bundle)
        hooks.stage([job], "completing")
        context = placed_context(job)
        crop, mask = job_pixels(job) if context is None else context.sent

        def advance(fraction: float) -> None:
            job.fraction = (job.made + fraction) / len(job.request.variants)
            hooks.alive()

        def show(early: RawFill) -> None:
            hooks.preview(job, fill_message(job, job.made, early, [], bundle))

        while job.left and not job.cancelled:
            started = time.monotonic()
            try:
                variant = job.request.variants[job.made]
                shown = show if job.request.previews else None
                fill = self._continue(crop, mask, job, bundle, variant, advance, shown)
            except RemovalCancelledError:
                break
            except NigdtError as error:
                code = "bad-request" if isinstance(error, SelectionError) else "model-failed"
                return [Outcome(job, error=EngineError(code, error.message, error.hint))]
            job.spend("complete", started)
            if fill is None:
                job.lane, job.drawn, job.fraction = "model", True, None
                job.notify(NOTHING_FITS)
                break
            job.notify(*fill.notices)
            hooks.made(job, fill_message(job, job.made, fill, [], bundle))
            job.made += 1
            if hooks.give_way():
                break
        complete = not job.cancelled and job.left == 0
        if complete and (notice := growth_notice(job, crop, mask)) is not None:
            job.notify(notice)
        return [Outcome(job, complete=complete)]

    def _continue(
        self,
        crop: NDArray[np.uint8],
        mask: NDArray[np.uint8],
        job: Job,
        bundle: BundleInfo,
        variant: Variant,
        advance: Callable[[float], None],
        shown: Callable[[RawFill], None] | None,
    ) -> RawFill | None:
        """Make one continuation, beginning anew once when its process ends unexpectedly."""
        if not hasattr(self._own, "continuation"):
            try:
                self._own.continuation = self._ready.get_nowait()
            except queue.Empty:
                self._own.continuation = Continuation()
        continuation: Continuation = self._own.continuation

        look = partial(self._bystanders.free, bundle, crop, mask)

        def attempt() -> RawFill | None:
            return continuation.fill(
                crop, mask, job.request.recipe, variant, advance, lambda: job.cancelled, shown, look
            )

        try:
            return attempt()
        except RemovalError as error:
            log.warning("beginning a removal anew: %s", error)
            return attempt()
