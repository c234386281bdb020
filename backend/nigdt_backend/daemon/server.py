"""The daemon's loop: one thread that owns the sockets and all jobs; the model works in another."""

from __future__ import annotations

import functools
import gc
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import zmq

from nigdt_backend.clock import AwakeClock
from nigdt_backend.daemon.dispatch import Dispatcher
from nigdt_backend.daemon.memory import resident_mib
from nigdt_backend.daemon.rate_limiter import RateLimiter
from nigdt_backend.daemon.replies import Replies
from nigdt_backend.daemon.request_handler import RequestHandler
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.sockets import ServerSockets
from nigdt_backend.daemon.suspects import Suspects
from nigdt_backend.daemon.worker import Engine, Waker

log = logging.getLogger(__name__)

MOST_FAILURES = 1000
"""After so many defects the daemon gives up."""
FAILURE_REST_SECONDS = 0.05
CHORE_SECONDS = 1.0
STOP_GRACE_SECONDS = 10.0
"""How long the running batch may take when the daemon is stopped."""


class Server:
    """Serves clients until told to stop.

    Args:
        sockets: bound sockets.
        engine: what makes fills.
        settings: the daemon's settings.
        on_demand: whether a client started the daemon, so that it ends after a long idle time.
        on_ready: called once, when fills can be made or clients are told why not.
        describe: constant fields for `status` (version, pid, endpoint).
        record: file that tells the next daemon over which jobs this one died.
    """

    def __init__(
        self,
        sockets: ServerSockets,
        engine: Engine,
        settings: DaemonSettings,
        *,
        on_demand: bool = False,
        on_ready: Callable[[], None] = lambda: None,
        describe: Mapping[str, Any] | None = None,
        record: Path | None = None,
    ) -> None:
        self._sockets = sockets
        self._settings = settings
        self._on_demand = on_demand
        self._on_ready = on_ready
        self._describe = dict(describe or {})
        self._waker = Waker()
        limiter, replies = RateLimiter(), Replies(sockets)
        suspects = Suspects(record)
        self._dispatcher = Dispatcher(engine, settings, replies, limiter, self._waker, suspects)
        self._handler = RequestHandler(self._dispatcher, replies, limiter, self.status, self.stop)
        self._told_ready = False
        self._stop_requested = False
        self._restart = False
        self._handed_over = ""
        self._failures = 0
        self._chore: Callable[[], None] = lambda: None
        self._chore_done = time.monotonic()
        self._stopping = AwakeClock()
        self._started = time.monotonic()

    @property
    def restart(self) -> bool:
        """Whether the loop ended so that a new process takes over."""
        return not self._handler.stopping and self._restart

    @property
    def _idle_limit(self) -> float | None:
        """Seconds without a job after which it ends; None where it stays."""
        return (self._settings.idle_exit_seconds or None) if self._on_demand else None

    def look_after(self, do: Callable[[], None]) -> None:
        """Have something done about once a second."""
        self._chore = do

    def _look_after(self) -> None:
        if time.monotonic() - self._chore_done > CHORE_SECONDS:
            self._chore_done = time.monotonic()
            self._chore()

    def stop(self) -> None:
        """Ask the loop to end; may be called from a signal handler."""
        self._stop_requested = True
        self._waker.wake()

    def hand_over(self, why: str) -> None:
        """Ask the loop to end so that clients start another daemon and send it their jobs again.

        May be called from a signal handler.

        Args:
            why: What the log says.
        """
        self._handed_over = why
        self._waker.wake()

    def serve(self) -> None:
        """Run until stopped, idle for long, or the model hangs."""
        poller = zmq.Poller()
        for socket in self._sockets.sockets:
            poller.register(socket, zmq.POLLIN)
        poller.register(self._waker.reader, zmq.POLLIN)
        dispatcher = self._dispatcher
        receive = functools.partial(self._sockets.receive, self._handler.handle)
        if self._settings.preload:
            dispatcher.load(self._settings.preload, warm=False)
        else:
            dispatcher.ready = True
        while not self._finished():
            poller.poll(round(1000 * dispatcher.seconds_to_wait()))
            self._waker.drain()
            for step in (self._sockets.answer_zap, receive, dispatcher.read_reports):
                self._guarded(step)
            dispatcher.dispatch()
            self._guarded(dispatcher.tick)
            self._guarded(self._look_after)
            self._stopping.tick()
            if (dispatcher.ready or dispatcher.failure) and not self._told_ready:
                self._told_ready = True
                gc.freeze()  # PyTorch's objects stay: looking through them would hold everybody up
                if dispatcher.ready:
                    log.info("ready after %.1f s", time.monotonic() - self._started)
                self._on_ready()
        # Else a driver that hangs whenever a model is loaded would have a daemon start for ever for nobody.
        wanted = self._idle_limit is None or dispatcher.used or bool(dispatcher.book.jobs())
        self._restart |= dispatcher.hung and wanted
        if self.restart or self._handed_over:
            dispatcher.refuse("restarting", "the daemon starts anew", running_too=True)
        else:
            dispatcher.refuse("stopping", "the daemon is being stopped", running_too=True)

    def _guarded(self, step: Callable[[], None]) -> None:
        """Take a step of the loop; a defect in it is logged, and the loop goes on for everybody else.

        Raises:
            Exception: what the step raised, when it fails again and again: a new process may do better.
        """
        try:
            step()
        except Exception:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                raise
            log.exception("a step of the daemon's loop failed")
            time.sleep(FAILURE_REST_SECONDS)  # what fails at every turn must not take a processor

    def _finished(self) -> bool:
        dispatcher = self._dispatcher
        if dispatcher.hung:
            return True
        if self._handed_over:
            log.warning("%s: clients start another daemon", self._handed_over)
            return True
        if self._stop_requested and not self._handler.stopping:
            log.info("stopping")
            self._handler.stopping = True
            self._stopping.restart()
            dispatcher.refuse("stopping", "the daemon is being stopped", running_too=False)
        if self._handler.stopping:
            return not dispatcher.running or self._stopping.seconds > STOP_GRACE_SECONDS
        # Not without a job since the start: an accelerator that stays broken would have it start for ever.
        if dispatcher.used and not dispatcher.busy and dispatcher.engine.restart_wanted():
            log.info("starting anew, to use the accelerator again")
            self._restart = True
            return True
        # Whoever allows it more memory, say, is to find another process, not this one's failure again.
        if self._on_demand and dispatcher.used and not dispatcher.busy and dispatcher.engine.end_wanted():
            log.info("ending, since nothing can be done in this process")
            return True
        if self._idle_limit is not None and dispatcher.idle_seconds > self._idle_limit:
            log.info("idle for %.0f s", dispatcher.idle_seconds)
            return True
        return False

    def status(self) -> dict[str, Any]:
        """Return the fields of a `status` reply, as docs/protocol.md lists them."""
        dispatcher = self._dispatcher
        if self._handler.stopping:
            state = "stopping"
        elif dispatcher.failure is not None:
            state = "failed"
        elif not dispatcher.ready:
            state = "starting"
        else:
            state = "busy" if dispatcher.running else "ready"
        return {
            **self._describe,
            "state": state,
            "uptime": round(time.monotonic() - self._started, 1),
            "idle_exit": self._idle_limit,
            "memory_mib": resident_mib(),
            **dispatcher.status(),
            "messages": {**self._handler.status(), "keys_refused": self._sockets.refused},
            **dispatcher.engine.describe(),
        }

    def close(self) -> None:
        """End the model's thread and close the sockets."""
        self._dispatcher.close()
        self._sockets.close()
        self._waker.close()
