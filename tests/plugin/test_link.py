"""The daemon comes and goes; the panel finds it again by itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from core_session import Core
from nigdt_backend.client import Client, DaemonError
from nigdt_plugin.core.link import Link, LinkPhase, LinkState
from nigdt_plugin.ui.app import application
from nigdt_plugin.ui.status import StatusBar
from panel_daemon import connect


@pytest.mark.skipif(sys.platform == "win32", reason="ends the daemon with a signal")
def test_a_daemon_killed_while_idle_is_found_again(lonely_user: Path, photo: Path):
    core = Core()
    core.open(photo)
    core.select(90, 50, 150, 110)
    core.until(lambda: "pid" in core.session.link_state.status)
    first = core.session.link_state.status["pid"]
    states: list[LinkState] = []
    core.session.linked.connect(states.append)
    os.kill(first, signal.SIGKILL)
    core.filling.fill("a red bird", 1)
    core.done()
    assert len(core.fills) == 1
    core.until(lambda: core.session.link_state.status.get("pid") not in (None, first))
    assert core.session.link_state.phase is LinkPhase.READY
    assert core.errors == []
    later = [state for state in states if state.restarts]
    assert not any(state.status.get("pid") == first for state in later), "it is gone"
    core.close()


@pytest.mark.skipif(sys.platform == "win32", reason="ends the daemon with a signal")
def test_a_daemon_that_starts_slowly_after_it_was_killed_loses_no_fill(
    lonely_user: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
):
    core = Core()
    core.open(photo)
    core.select(90, 50, 150, 110)
    core.until(lambda: "pid" in core.session.link_state.status)
    refused: list[float] = []
    ask = Client.status

    def status(client: Client, timeout: float = 10.0):
        if core.filling.busy:  # as a daemon that loads its libraries while other programs are busy
            refused.append(timeout)
            raise DaemonError("silent", f"The daemon did not answer within {timeout:.0f} s.")
        return ask(client, timeout)

    monkeypatch.setattr(Client, "status", status)
    os.kill(core.session.link_state.status["pid"], signal.SIGKILL)
    core.filling.fill("a red bird", 1)
    core.done()
    assert refused
    assert len(core.fills) == 1
    assert core.errors == []
    core.close()


def test_the_chip_says_ready_only_once_the_daemon_can_fill():
    app = application()
    bar = StatusBar()
    for status in ({}, {"state": "starting", "device": "not chosen yet"}):
        bar.show_link(LinkState(LinkPhase.READY, status))
        assert "Starting" in bar.daemon.text()
    bar.show_link(LinkState(LinkPhase.READY, {"state": "ready", "device": "cpu"}))
    assert "Ready" in bar.daemon.text()
    bar.deleteLater()
    app.processEvents()


def test_a_daemon_that_cannot_start_is_named_and_tried_again(lonely_user: Path, photo: Path):
    attempts: list[int] = []

    def flaky() -> Client:
        attempts.append(1)
        if len(attempts) == 1:
            return Client.connect(
                command=[sys.executable, "-c", "raise SystemExit('no model here')"], timeout=20
            )
        return connect()

    core = Core(connect_=flaky)
    core.open(photo)
    core.select(90, 50, 150, 110)
    core.until(lambda: core.session.link_state.phase is LinkPhase.FAILED)
    assert "no model here" in core.session.link_state.failure.message
    assert core.session.link_state.failure.hint
    core.until(lambda: core.session.link_state.phase is LinkPhase.READY, 30)
    core.filling.fill("a red bird", 1)
    core.done()
    assert len(core.fills) == 1
    core.close()


def test_a_fill_asked_for_while_nothing_answers_is_reported_and_the_work_stays(
    lonely_user: Path, photo: Path
):
    def never() -> Client:
        return Client.connect(start=False, timeout=1.0)

    core = Core(connect_=never)
    core.open(photo)
    core.select(90, 50, 150, 110)
    core.session.caption = "a red bird"
    core.filling.fill("a red bird", 2)
    core.until(lambda: bool(core.errors))
    assert "No daemon is running." in core.errors[0]
    assert not core.filling.busy
    assert not core.document.selection.empty
    assert core.session.caption == "a red bird"
    core.close()


def test_a_defect_in_the_connections_thread_is_a_failure_and_not_the_end():
    """As a damaged file was once, which left the panel connecting for ever."""
    states: list[LinkState] = []
    calls = []

    def connect():
        calls.append(1)
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    link = Link(states.append, lambda event: None, connect)
    link.start()
    link.connect()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (states and states[-1].phase is LinkPhase.FAILED):
        time.sleep(0.01)
    link.connect()
    while time.monotonic() < deadline and len(calls) < 2:
        time.sleep(0.01)
    link.close()
    assert len(calls) == 2
    assert states[-1].phase is LinkPhase.FAILED
