"""The installation that is worked on: where things are, and how commands are started."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from installer.errors import CommandError, InstallError
from installer.journal import Journal, seconds

TAIL_BYTES = 20_000
HEARTBEAT_SECONDS = 60.0
FULL_BYTES = 1_000_000
TEMPORARY_BYTES = 8_000_000_000
"""What pip may unpack at a time, torch's CUDA build being the largest."""
TEMPORARY_FILES = 50_000
"""As many files as pip may unpack at a time."""

# What pip and apt print, and what a person can do about it; the first match wins.
REMEDIES: tuple[tuple[str, str, str], ...] = (
    (
        r"No space left on device|Errno 28|enough free space|Errno 122|quota exceeded",
        "the disk is full",
        "Free some space, then run the same command again: it continues where it stopped.",
    ),
    (
        r"Missing dependencies for SOCKS support",
        "pip cannot go through a SOCKS proxy",
        "Set HTTPS_PROXY to an HTTP proxy, or unset ALL_PROXY, then run the same command again.",
    ),
    (
        r"proxy URL|Proxy URL|InvalidProxyURL|Failed to parse: ",
        "the proxy's address is wrong",
        "Look at HTTPS_PROXY, ALL_PROXY and pip's setting `proxy`: an address is like http://name:8080.",
    ),
    (
        r"407 Proxy Authentication",
        "the proxy wants a name and a password",
        "Put them into the address: HTTPS_PROXY=http://name:password@proxy:8080.",
    ),
    (
        r"ProxyError|Cannot connect to proxy|Tunnel connection failed",
        "the proxy cannot be reached",
        "Look at HTTPS_PROXY and ALL_PROXY, or unset them, then run the same command again.",
    ),
    (
        r"during configuration: option|is not a valid value for .* option|Attempted to set connect timeout",
        "one of pip's settings has a value that pip does not take",
        "Correct it in pip.conf or unset its PIP_* variable, then run the same command again.",
    ),
    (
        r"TLS certificate|TLS CA certificate|TLS key file",
        "a certificate that pip's settings name is not there",
        "Look at `cert` and `client-cert` in pip.conf, PIP_CERT and PIP_CLIENT_CERT.",
    ),
    (
        r"Could not open requirements file|Invalid requirement: .*constraint|req_file\.py",
        "the file that pip's setting `constraint` names cannot be read",
        "Correct that file, or unset PIP_CONSTRAINT and `constraint` in pip.conf.",
    ),
    (
        (
            r"Location '.*' is ignored|not a trusted or secure host and is being ignored|Invalid IPv6 URL"
            r"|Port out of range|Port could not be cast"
        ),
        "pip's settings lead to a place that has no packages",
        "Look at `index-url`, `find-links` and `trusted-host` in pip.conf and at the PIP_* variables.",
    ),
    (
        r"DO NOT MATCH THE HASHES|HashMismatch",
        "a package is not the one that was to be installed",
        "Run the same command again; if it stays so, the registry has another file than the lock file names.",
    ),
    (
        r"The user requested \(constraint\)",
        "pip's setting `constraint` allows no version that fits",
        "Take the package that is named out of that file, or unset PIP_CONSTRAINT.",
    ),
    (
        r"name resolution|getaddrinfo failed|nodename nor|Network is unreachable|ConnectionError",
        "the package registry cannot be reached",
        "Check the network, then run the same command again (or use --offline, see docs/install.md).",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "the package registry's certificate is not accepted",
        "Behind a company proxy point PIP_CERT at its certificate; otherwise check this machine's clock.",
    ),
    (
        r"\(from versions: none\)",
        "a package is not where pip looked, or that place cannot be reached",
        "Check the network and pip's settings; with --offline, make the folder on the same kind of machine.",
    ),
    (
        r"No matching distribution found|Could not find a version that satisfies",
        "a package has no build for this machine",
        "Use a 64-bit Python from 3.11 to 3.13; with --offline, make the folder on the same kind of machine.",
    ),
    (
        r"Long Path support",
        "a path is longer than this Windows allows",
        "Move this folder to a short path, such as C:\\nigdt, then run the same command there.",
    ),
    (
        r"Errno 17|Errno 20\b|Errno 21|File exists|Not a directory|Is a directory",
        "something else has the name of a file or folder that is needed",
        "Move away what the message names, then run the same command again.",
    ),
    (
        r"Permission denied|Errno 13|Errno 30|Read-only file system",
        "a file may not be written",
        "Check that this folder belongs to you, then run the same command again.",
    ),
)


def diagnose(output: str) -> tuple[str, str] | None:
    """Find what went wrong and the remedy in a command's output; None when nothing known matches."""
    for pattern, message, remedy in REMEDIES:
        if re.search(pattern, output):
            return message, remedy
    return None


def last_error(output: str) -> str | None:
    """Find the last line of a command's output that names an error, without its prefix; None without one."""
    pattern = r"\w*Error\b|\b(error|ERROR):|during configuration: |is not a valid value for "
    lines = [line.strip() for line in output.splitlines() if re.search(pattern, line)]
    named = (line for line in reversed(lines) if not re.search(r"subprocess|-failed|has failed", line))
    return next((line.removeprefix("ERROR:").strip() for line in named), None)


class _Said:
    """What a command says: into the log as it comes, its end kept in memory, since the disk may be full."""

    def __init__(self, stream: IO[bytes], journal: Journal) -> None:
        self._stream, self._journal, self._kept = stream, journal, b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            self._kept = (self._kept + line)[-TAIL_BYTES:]
            self._journal.note(line.decode("utf-8", "replace").rstrip())

    def end(self) -> str:
        """Return the last 20 kB once the command has ended; what it left running may hold the other end."""
        self._thread.join(timeout=5.0)
        if not self._thread.is_alive():
            self._stream.close()
        return self._kept.decode("utf-8", "replace")


@dataclass
class Installation:
    """The checkout with its virtual environment, and how commands run in it.

    Attributes:
        root: the checkout.
        journal: screen and log.
        dry_run: only say what would be done.
        lock: descriptor of the installer's lock, inherited by commands; None while none is held.
    """

    root: Path
    journal: Journal
    dry_run: bool = False
    lock: int | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        """The virtual environment's folder."""
        return self.root / ".venv"

    @property
    def cache(self) -> Path:
        """Folder of the log, the lock and passing files; git ignores it."""
        return self.root / ".cache"

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.script("python")

    def script(self, name: str) -> Path:
        """Return a program of the environment, by name."""
        if sys.platform == "win32":
            return self.venv / "Scripts" / f"{name}.exe"
        return self.venv / "bin" / name

    @property
    def temporary(self) -> Path:
        """Folder for what commands keep for a moment, where the system's is too small."""
        return self.cache / "tmp"

    def child_environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of commands: this one without what would lead Python or pip elsewhere.

        pip's own settings are left out; what counts of them comes with `extra`, by `pip_settings`.
        """
        environment = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("PYTHON", "PIP_")) and k != "__PYVENV_LAUNCHER__"
        }
        if not self.dry_run and self._is_temporary_small():
            self.temporary.mkdir(parents=True, exist_ok=True)
            environment["TMPDIR"] = str(self.temporary)
        own = {"PYTHONUTF8": "1", "PIP_CONFIG_FILE": os.devnull}
        return {**environment, **own, **self.environment, **(extra or {})}

    def _is_temporary_small(self) -> bool:
        """Tell whether pip might fill the system's temporary folder, where it unpacks, and this disk not."""
        here = shutil.disk_usage(self.root).free
        try:
            there = shutil.disk_usage(tempfile.gettempdir()).free
        except OSError:  # there is none that can be written to
            return sys.platform != "win32"
        if hasattr(os, "statvfs"):
            room = os.statvfs(tempfile.gettempdir())
            if room.f_files and room.f_favail < TEMPORARY_FILES:  # some file systems count none
                return True
        return there < min(here, TEMPORARY_BYTES)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        doing: str,
        environment: Mapping[str, str] | None = None,
        show: bool = False,
        heartbeat: bool = True,
    ) -> None:
        """Run a command to its end, its output going to the log.

        Args:
            command: argument list.
            doing: what it does, for the message when it fails ("install the packages").
            environment: variables added to the child's environment.
            show: let the person see the output too.
            heartbeat: say every minute that it is still running.

        Raises:
            CommandError: it ended with another status than 0.
            InstallError: there is no such program.
        """
        arguments = [str(part) for part in command]
        self.journal.note(f"$ {' '.join(arguments)}")
        try:
            child = subprocess.Popen(
                arguments,
                cwd=self.root,
                env=self.child_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=None if show else subprocess.PIPE,
                stderr=None if show else subprocess.STDOUT,
                pass_fds=() if self.lock is None or sys.platform == "win32" else (self.lock,),
            )
        except OSError as error:
            raise InstallError(
                f"Cannot {doing}: {arguments[0]} does not start ({error.strerror})."
            ) from error
        said = _Said(child.stdout, self.journal) if child.stdout else None
        status = self._wait(child, heartbeat and not show)
        output = said.end() if said else ""
        if status == 0:
            return
        known, words = diagnose(output), last_error(output)
        if known is None and self._full():
            known, words = REMEDIES[0][1:], None
        message, remedy = known or (f"{arguments[0]} ended with status {status}", "")
        message += f" ({words})" if words else ""
        where = f"The whole output is in {self.journal.path}." if self.journal.path and not show else ""
        raise CommandError(
            f"Cannot {doing}: {message}.", " ".join(filter(None, (remedy, where))), status, output
        )

    def _full(self) -> bool:
        """Return whether a disk that commands write to is full: `venv` for one does not say so."""
        return shutil.disk_usage(self.root).free < FULL_BYTES

    def _wait(self, child: subprocess.Popen[bytes], heartbeat: bool) -> int:
        start = time.monotonic()
        due = start + HEARTBEAT_SECONDS
        try:
            while child.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=1.0)
                if heartbeat and time.monotonic() >= due:
                    self.journal.say(f"    still at it after {seconds(time.monotonic() - start)} ...")
                    due += HEARTBEAT_SECONDS
            return child.returncode
        except BaseException:
            # Interrupted: leave no child behind that goes on writing.
            child.terminate()
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            raise

    def output(self, command: Sequence[str | Path], timeout: float = 60.0) -> str | None:
        """Return what a short command prints on stdout, or None when it fails or is not there."""
        try:
            done = subprocess.run(
                [str(part) for part in command],
                cwd=self.root,
                env=self.child_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            self.journal.note(
                f"$ {command} -> {done.returncode}\n{done.stderr.decode('utf-8', 'replace')[-2000:]}"
            )
            return None
        return done.stdout.decode("utf-8", "replace")
