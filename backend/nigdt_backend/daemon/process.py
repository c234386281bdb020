"""The daemon as a process: lock, connection file, log, signals, and starting anew when the model hangs."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import errno
import importlib.metadata
import logging
import logging.handlers
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import zmq

from nigdt.errors import UNKNOWN_HOME, is_unknown_home, one_line
from nigdt.interpreter import hand_over_soon
from nigdt.memory import allowed_bytes
from nigdt.runtime.cpu_time import allowed_seconds, before_it_is_used_up
from nigdt.runtime.surroundings import drop_unreadable_allocator_settings
from nigdt.runtime.threads import keep_openblas_calm, keep_openmp_calm
from nigdt_backend import paths
from nigdt_backend.connection import (
    Connection,
    FileLock,
    UnsafeFileError,
    ensure_private_folder,
    read_connection,
    write_connection,
)
from nigdt_backend.daemon.keys import KeyRing, follow
from nigdt_backend.daemon.memory import keep_freed_memory
from nigdt_backend.daemon.notify import notify_systemd
from nigdt_backend.daemon.server import Server
from nigdt_backend.daemon.settings import DaemonSettings, SettingsError
from nigdt_backend.daemon.sockets import ServerSockets
from nigdt_backend.daemon.worker import Engine
from nigdt_backend.protocol import VERSION
from nigdt_backend.supervision import EXIT_ALREADY_RUNNING, EXIT_FAILED

log = logging.getLogger(__name__)

LEAST_FILES, MOST_FILES = 64, 4096
"""Open files without which the daemon cannot work, and as many as it asks for."""
LEAST_MEMORY_MB = 1000
"""Memory without which no build of PyTorch can be loaded."""
LEAST_CPU_SECONDS = 60
"""CPU time without which it would load the model over and over."""
LOCK_WAIT_SECONDS = 4.0
"""So long at most a daemon that has stopped serving takes to end."""
LOOK_SECONDS = 0.1
"""Whoever asks whether the lock is held takes it for a moment: what fails for longer is a daemon's."""
LOG_BYTES = 1_000_000
LOG_FILES = 3

EngineFactory = Callable[[DaemonSettings], Engine]


def main(arguments: Sequence[str] | None = None, engine_factory: EngineFactory | None = None) -> int:
    """Run the daemon.

    Args:
        arguments: command line without the program; default the process's own.
        engine_factory: makes what makes fills; default the model in `nigdt`.

    Returns:
        Exit code: 0 stopped, 1 failed with one line on stderr, 3 when another daemon of this user runs.
    """
    parser = argparse.ArgumentParser(
        prog="python -m nigdt_backend.daemon",
        description="The NIGDT daemon; `nigdt serve` starts it for people.",
    )
    parser.add_argument("--listen", default=None, help="address for remote clients, tcp://ADDRESS:PORT")
    parser.add_argument("--log-to-stderr", action="store_true", help="log to stderr as well")
    parser.add_argument(
        "--stay", action="store_true", help="do not end when idle, though started by a client"
    )
    options = parser.parse_args(arguments)
    os.umask(0o077)  # the log too is the user's alone
    files = _allow_files()
    if files < LEAST_FILES:
        return _failed(
            f"This shell lets a program open {files} files; the daemon needs {LEAST_FILES} (`ulimit -n`)."
        )
    seconds = allowed_seconds()
    if seconds is not None and seconds < LEAST_CPU_SECONDS:
        return _failed(
            f"This shell lets a program compute for {seconds} s; the daemon needs {LEAST_CPU_SECONDS} "
            "(`ulimit -t`)."
        )
    memory = allowed_bytes()
    if memory is not None and memory < LEAST_MEMORY_MB * 1_000_000:
        return _failed(
            f"This shell lets a program use {memory / 1e6:.0f} MB of memory; the daemon needs "
            f"{LEAST_MEMORY_MB} (`ulimit -v`)."
        )
    hand_over_soon()
    keep_openmp_calm()
    keep_openblas_calm()
    keep_freed_memory()
    try:
        settings = DaemonSettings.read(paths.settings_path())
        if options.listen is not None:
            settings = DaemonSettings.from_mapping(
                {**dataclasses.asdict(settings), "listen": options.listen}, "--listen"
            )
        return _run(settings, options.log_to_stderr, engine_factory, options.stay)
    except (SettingsError, UnsafeFileError) as error:
        return _failed(str(error))
    except OSError as error:
        where = error.filename or paths.state_dir()
        return _failed(f"Cannot use {where}: {error.strerror or error}.")
    except zmq.ZMQError as error:
        return _failed(f"Cannot listen: {error}.")
    except RuntimeError as error:
        if not is_unknown_home(error):
            raise
        return _failed(one_line(*UNKNOWN_HOME))


def _allow_files() -> int:
    """Let this process open as many files as it may; how many those are."""
    if sys.platform == "win32":
        return MOST_FILES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (MOST_FILES if limit == resource.RLIM_INFINITY else limit for limit in (soft, hard))
    if soft < min(hard, MOST_FILES):
        soft = min(hard, MOST_FILES)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return soft


def _failed(message: str) -> int:
    if logging.getLogger().handlers:
        log.error("%s", message)
    sys.stderr.write(message + "\n")
    return EXIT_FAILED


def _run(
    settings: DaemonSettings, log_to_stderr: bool, engine_factory: EngineFactory | None, stay: bool
) -> int:
    ensure_private_folder(paths.state_dir())
    lock = FileLock(paths.lock_path())
    started = time.monotonic()
    connection_file = paths.own_connection_path()
    while not lock.acquire():  # without its file a predecessor is on its way out, or the winner not yet up
        waited = time.monotonic() - started
        if waited > LOCK_WAIT_SECONDS or (connection_file.exists() and waited > LOOK_SECONDS):
            return EXIT_ALREADY_RUNNING
        time.sleep(0.02)
    try:
        _set_up_log(log_to_stderr)
        for name in drop_unreadable_allocator_settings():
            log.warning("%s is not as PyTorch writes it, so it is ignored", name)
        if connection_file.is_dir() and not connection_file.is_symlink():
            shutil.rmtree(connection_file)  # whatever made it: it is in the way
        connection_file.unlink(missing_ok=True)  # a crashed predecessor's
        restart = _serve(settings, connection_file, engine_factory, lock, stay)
    finally:
        lock.release()
    if restart and allowed_seconds() is None:  # the CPU time used counts on; clients start another process
        _start_anew()
    return 0


def _serve(
    settings: DaemonSettings,
    connection_file: Path,
    engine_factory: EngineFactory | None,
    lock: FileLock,
    stay: bool,
) -> bool:
    """Serve until the end; whether a new process is to take over."""
    sockets = ServerSockets()
    endpoint = sockets.bind_local()
    remote = None
    follow_keys: Callable[[], None] | None = None
    if settings.listen:
        ring = KeyRing.read(paths.keys_path())
        remote = sockets.bind_remote(settings.listen, ring.server_key(), ring.clients)
        follow_keys = follow(paths.keys_path(), sockets.set_remote_keys)
    if engine_factory is None:
        from nigdt_backend.daemon.engine import NigdtEngine  # imports NumPy; torch only in the model's thread

        engine_factory = NigdtEngine
    server = Server(
        sockets,
        engine_factory(settings),
        settings,
        on_demand=os.environ.get("NIGDT_ON_DEMAND") == "1" and not stay,
        on_ready=lambda: notify_systemd("READY=1"),
        describe={
            "version": importlib.metadata.version("nigdt"),
            "protocol": VERSION,
            "pid": os.getpid(),
            "python": sys.executable,
            "endpoint": endpoint,
            "remote_endpoint": remote,
        },
        record=paths.state_dir() / "running.json",
    )
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):  # the last when the terminal is closed; Windows has none
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks
            signal.signal(number, lambda *_: server.stop())
    before_it_is_used_up(lambda seconds: server.hand_over(f"{seconds} s of CPU time are used up (ulimit -t)"))
    connection = Connection(
        endpoint=endpoint,
        server_key=sockets.local_server.public,
        client_public=sockets.local_client.public,
        client_secret=sockets.local_client.secret,
        pid=os.getpid(),
    )
    write_connection(connection, connection_file)

    def look_after() -> None:
        if follow_keys is not None:
            follow_keys()
        _keep_reachable(server, lock, connection, connection_file)

    server.look_after(look_after)
    log.info("listening on %s%s, process %d", endpoint, f" and {remote}" if remote else "", os.getpid())
    if os.environ.get("NIGDT_ON_DEMAND") == "1":
        _let_go_of_starter()
    try:
        server.serve()
    except Exception:
        log.exception("the daemon failed")
        raise
    finally:
        if not server.restart:  # after that word systemd ends whatever takes over in this process
            notify_systemd("STOPPING=1")
        if read_connection(connection_file) == connection:
            connection_file.unlink(missing_ok=True)
        server.close()
        log.info("stopped")
    return server.restart


def _keep_reachable(server: Server, lock: FileLock, connection: Connection, file: Path) -> None:
    """Write the connection file again when it was damaged or deleted; end when the whole folder was."""
    if not lock.ours():
        log.error("the lock file is gone: another daemon may run, so this one ends")
        server.stop()
        return
    try:
        damaged = read_connection(file) is None
    except (UnsafeFileError, OSError):
        return  # clients say what is wrong with it
    if damaged:
        log.warning("the connection file was damaged: writing it again")
        write_connection(connection, file)


def _start_anew() -> None:
    """Replace this process by a fresh one: only that ends a hung model and finds a lost device again."""
    logging.shutdown()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line


def _let_go_of_starter() -> None:
    """Let go of stderr: the client that started us reads it only until we are up."""
    sys.stderr.flush()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _set_up_log(to_stderr: bool) -> None:
    """Log to a rotating file; a log that cannot be written (disk full) never stops the daemon."""
    logging.raiseExceptions = False
    handlers: list[logging.Handler] = []
    try:
        if paths.log_path().exists() and not paths.log_path().is_file():  # a pipe would be waited for
            raise OSError(errno.EINVAL, "Not a regular file", str(paths.log_path()))
        handlers.append(
            logging.handlers.RotatingFileHandler(
                paths.log_path(),
                maxBytes=LOG_BYTES,
                backupCount=LOG_FILES,
                encoding="utf-8",
                errors="backslashreplace",  # a traceback may hold what UTF-8 cannot
            )
        )
    except OSError as error:
        sys.stderr.write(f"no log: {error}\n")
    if to_stderr:
        handlers.append(logging.StreamHandler())
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=handlers or [logging.NullHandler()], force=True)
