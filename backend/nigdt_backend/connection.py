"""The connection file and the lock: how clients find the one daemon of this user, and nobody else does."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from nigdt.errors import shell_word
from nigdt.files import make_private_folder, write_atomically
from nigdt.process import identity
from nigdt_backend.protocol import VERSION

_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_KEYS = ("server_key", "client_public", "client_secret")
_MOST_CHARACTERS = 65_536
_MOST_HOLDER = 1024
_ADDRESS = re.compile(r"tcp://[A-Za-z0-9.:\[\]*_-]+:(\d{1,5})")


class UnsafeFileError(Exception):
    """Others could read or change a file that must be the user's alone."""


@dataclass(frozen=True)
class Connection:
    """What a client needs to reach a daemon.

    Attributes:
        endpoint: ZeroMQ address, `tcp://127.0.0.1:PORT`.
        server_key: the daemon's public CURVE key, Z85, 40 characters.
        client_public: the client's public key, Z85.
        client_secret: the client's secret key, Z85.
        pid: process of the daemon; 0 when it runs on another machine.
        protocol: version the daemon speaks.
    """

    endpoint: str
    server_key: str
    client_public: str
    client_secret: str = field(repr=False)
    pid: int = 0
    protocol: int = VERSION

    @property
    def remote(self) -> bool:
        """Whether the daemon runs elsewhere, so that it cannot be started from here."""
        return self.pid == 0


def is_address(text: str) -> bool:
    """Return whether `text` is `tcp://ADDRESS:PORT`. ZeroMQ itself takes port 65537 for 1, and so on."""
    found = _ADDRESS.fullmatch(text)
    return found is not None and 0 < int(found[1]) < 2**16


def ensure_private_folder(folder: Path) -> None:
    """Make `folder` with mode 0700, or check that only its owner may write there.

    Raises:
        UnsafeFileError: it belongs to someone else, or others may write to it.
        OSError: it cannot be made.
    """
    make_private_folder(folder)
    if sys.platform == "win32":  # the profile's access list keeps others out
        return
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise UnsafeFileError(f"{folder} belongs to another user.")
    if status.st_mode & 0o022:
        raise UnsafeFileError(f"Others can write to {folder}. Run: chmod 700 {shell_word(folder)}")
    if status.st_mode & 0o077:
        folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write `text` to `path` atomically, readable by its owner alone, in a private folder.

    Raises:
        UnsafeFileError: the folder is not private.
        OSError: it cannot be written; names the file.
    """
    ensure_private_folder(path.parent)
    write_atomically(path, text.encode("utf-8"), mode=0o600)


def read_private(path: Path) -> str | None:
    """Read the text of `path`; None when there is no such file.

    What is not UTF-8 becomes the replacement character, and only the first 64 KiB are read.

    Raises:
        UnsafeFileError: the file or its folder could have been read or changed by others.
    """
    try:
        with open(path, encoding="utf-8", errors="replace", opener=_open_at_once) as file:
            if sys.platform != "win32":
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise UnsafeFileError(f"{path} is not a regular file. Delete it.")
                if status.st_uid != os.getuid():
                    raise UnsafeFileError(f"{path} belongs to another user.")
                if stat.S_IMODE(status.st_mode) & 0o077:
                    raise UnsafeFileError(
                        f"Others can read or write {path}. Run: chmod 600 {shell_word(path)}"
                    )
                folder = path.parent.stat()
                if folder.st_uid not in (os.getuid(), 0):
                    raise UnsafeFileError(f"{path.parent} belongs to another user.")
                # In a sticky folder (/tmp) others can add files but not replace ours.
                if folder.st_mode & 0o022 and not folder.st_mode & stat.S_ISVTX:
                    raise UnsafeFileError(
                        f"Others can write to {path.parent}. Run: chmod 700 {shell_word(path.parent)}"
                    )
            return file.read(_MOST_CHARACTERS)
    except FileNotFoundError:
        return None


def _open_at_once(path: str, flags: int) -> int:
    """Open a file without waiting: in a folder of everybody's somebody may have put a pipe there."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def write_connection(connection: Connection, path: Path) -> None:
    """Write the connection file, atomically and private."""
    write_private(path, json.dumps(asdict(connection), indent=1) + "\n")


def read_connection(path: Path) -> Connection | None:
    """Read the connection file; None when it is missing or not (yet) a whole one.

    Raises:
        UnsafeFileError: others could have read or changed it.
    """
    text = read_private(path)
    if text is None:
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    fields = {name: data.get(name) for name in ("endpoint", *_KEYS, "pid", "protocol")}
    if not isinstance(fields["endpoint"], str) or not is_address(fields["endpoint"]):
        return None
    if not all(_is_key(fields[name]) for name in _KEYS):
        return None
    for name in ("pid", "protocol"):
        value = fields[name]
        if type(value) is not int or not 0 <= value < 2**31:
            return None
    return Connection(**fields)  # type: ignore[arg-type] # as was just checked


def _is_key(value: object) -> bool:
    """Tell whether a value is a CURVE key in Z85 (ZeroMQ RFC 32): eight times five characters below 2^32."""
    if not isinstance(value, str) or len(value) != 40 or not set(value) <= set(_Z85):
        return False
    groups = (value[at : at + 5] for at in range(0, 40, 5))
    return all(sum(_Z85.index(c) * 85**n for n, c in enumerate(reversed(g))) < 2**32 for g in groups)


class FileLock:
    """A lock that the operating system gives back when its holder dies, however it dies.

    Its file says which process took it last.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Take the lock without waiting; False when another process holds it."""
        ensure_private_folder(self.path.parent)
        file = self._opened(os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        self._file = file
        with contextlib.suppress(OSError):  # the lock holds without, a full disk notwithstanding
            file.truncate(0)
            file.write(f"{os.getpid()} {identity(os.getpid()) or ''}".encode())
            file.flush()
        return True

    def _opened(self, flags: int) -> IO[bytes]:
        """Open the file for the user alone; what is no regular file cannot be locked."""
        flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(self.path, flags, 0o600)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EINVAL, "Not a regular file", str(self.path))
        return os.fdopen(handle, "r+b")

    def holder(self) -> int | None:
        """Return the number of the process that holds the lock; None when that is not certain."""
        try:
            with self._opened(os.O_RDWR) as file:
                number, _, mark = file.read(_MOST_HOLDER).decode("ascii").partition(" ")
            pid = int(number)
        except (OSError, ValueError):
            return None
        return pid if mark and self.held() and identity(pid) == mark else None

    def ours(self) -> bool:
        """Return whether the file whose lock this process holds is still the one that others look at."""
        if self._file is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self.path.stat())
        except OSError:
            return False

    def held(self) -> bool:
        """Return whether another process holds the lock; those that ask do not disturb each other."""
        try:
            file = self._opened(os.O_RDWR)
        except FileNotFoundError:
            return False
        with file:
            try:
                _lock(file, shared=True)
            except OSError:
                return True
        return False

    def release(self) -> None:
        """Give the lock back; the file stays, since removing it would race with the next holder."""
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes], *, shared: bool = False) -> None:  # noqa: ARG001 - there are no shared ones
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes], *, shared: bool = False) -> None:
        fcntl.flock(file.fileno(), (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
