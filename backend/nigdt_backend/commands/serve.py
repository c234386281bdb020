"""`nigdt serve`: start or stop the daemon by hand, or say how it is started at login."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import Any

import click

from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.connection import FileLock

READY_SECONDS = 120.0
FINISH_SECONDS = 15.0
"""So long a daemon that was asked to stop may finish what runs."""
END_SECONDS = 5.0
"""So long a process has to end after each signal."""
ANSWER_SECONDS = 15.0
"""So long a daemon that is loading may take to answer on a slow machine."""


@click.command()
@click.option("--foreground", is_flag=True, help="Stay in this terminal and log to it; Ctrl-C stops.")
@click.option("--stop", is_flag=True, help="Stop the running daemon; one that hangs is ended.")
@click.option(
    "--listen",
    metavar="tcp://ADDRESS:PORT",
    help="Also serve clients on other machines whose keys were added with `nigdt keys add`.",
)
@click.option("--print-settings", is_flag=True, help="Print a commented settings file and end.")
@click.option("--at-login", type=click.Choice(["on", "off"]), help="Start the daemon at login (systemd).")
def serve(
    foreground: bool,
    stop: bool,
    listen: str | None,
    print_settings: bool,
    at_login: str | None,
) -> None:
    """Run the daemon that makes fills.

    Clients start it by themselves when they need it; this is for those who want it ready beforehand.

    Example: nigdt serve --foreground
    """
    if print_settings:
        from nigdt_backend.daemon.settings import template

        click.echo(f"# {paths.settings_path()}")
        click.echo(template(), nl=False)
    elif at_login is not None:
        from nigdt_backend.daemon.login import disable, enable

        click.echo(enable() if at_login == "on" else disable())
    elif stop:
        _stop()
    else:
        arguments = [*(["--listen", listen] if listen else [])]
        if foreground:
            _foreground(arguments)
        else:
            _background(arguments)


def _stop() -> None:
    """Ask the daemon to stop; one that does not answer is terminated, then killed."""
    if paths.connection_path() != paths.own_connection_path():
        raise DaemonError(
            "forbidden", "NIGDT_CONNECTION names another machine's daemon.", "Stop it on that machine."
        )
    try:
        with Client.connect(start=False, timeout=3.0) as client:
            client.shutdown(timeout=3.0)
        if _released(FINISH_SECONDS):
            click.echo("Stopped.")
            return
    except DaemonError as error:
        if error.code not in ("silent", "not-running", "lost", "bad-message", "version"):
            raise
        if _released(0.5):
            if error.code == "not-running":
                raise
            click.echo("Stopped.")
            return
    pid = FileLock(paths.lock_path()).holder()
    if pid is None:
        raise DaemonError(
            "silent",
            "A daemon is running but does not answer, and it is not certain which process it is.",
            "",
        )
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        if FileLock(paths.lock_path()).holder() == pid:  # never another's process
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if _released(END_SECONDS):
            paths.own_connection_path().unlink(missing_ok=True)
            click.echo(f"The daemon did not answer; its process {pid} was ended.")
            return
    raise DaemonError("silent", f"The daemon's process {pid} cannot be ended.", "Restart the machine.")


def _released(seconds: float) -> bool:
    """Wait for the daemon's lock to be free; False when it is not by then."""
    lock = FileLock(paths.lock_path())
    deadline = time.monotonic() + seconds
    while lock.held():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _foreground(arguments: list[str]) -> None:
    from nigdt_backend.daemon.process import main
    from nigdt_backend.supervision import EXIT_ALREADY_RUNNING

    code = main([*arguments, "--log-to-stderr"])
    if code == EXIT_ALREADY_RUNNING:
        raise click.ClickException("A daemon is already running; `nigdt status` shows it.")
    sys.exit(code)


def _runs_already(status: dict[str, Any], arguments: list[str]) -> None:
    ends = f"; it ends after {status['idle_exit']:.0f} s without a job" if status.get("idle_exit") else ""
    click.echo(f"Already running (process {status['pid']}){ends}.")
    if arguments:
        raise click.ClickException("Stop it with `nigdt serve --stop` to start it with other options.")
    if ends:
        click.echo("For one that stays: nigdt serve --stop, then nigdt serve.")


def _running() -> dict[str, Any] | None:
    """Return the status of the daemon that runs, None where there is none."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            with Client.connect(start=False, timeout=2.0) as client:
                return client.status()
        except DaemonError as error:
            if error.code == "not-running":
                return None
            if error.code != "silent" or time.monotonic() > deadline:
                raise


def _background(arguments: list[str]) -> None:
    running = _running()
    if running is not None:
        _runs_already(running, arguments)
        return
    command = [sys.executable, "-P", "-m", "nigdt_backend.daemon", "--stay", *arguments]
    with Client.connect(command=command) as client:
        deadline = time.monotonic() + READY_SECONDS
        status = client.status()
        while status["state"] == "starting" and time.monotonic() < deadline:
            time.sleep(0.1)
            status = client.status()
        if status["failure"]:
            raise click.ClickException(f"{status['failure']['message']} {status['failure']['hint']}".rstrip())
        if status.get("idle_exit") is not None:  # at the same moment another client has started one
            _runs_already(status, arguments)
            return
        click.echo(f"Ready (process {status['pid']}, {status['device']}).")
