"""Write files all or nothing. Standard library only, and loads nothing else.

`write_atomically` is the one way in which the project replaces a file: the new content is written to a hidden
file beside the target, put on disk, and renamed onto it. A full disk, a crash or a power cut at any moment
leaves the old file or the new one, never a part of one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

__all__ = [
    "Pointer",
    "beside",
    "check_folder_writable",
    "check_writable",
    "has_other_names",
    "is_file",
    "is_folder",
    "make_private_folder",
    "pointer_kind",
    "same_file",
    "write_atomically",
]

_TEMPORARY = re.compile(r"\.nigdt-[0-9a-f]{12}\.tmp")
_STALE_SECONDS = 3600.0
_LONGEST_NAME = 255
"""Bytes of a file's name on every usual file system."""
_O_BINARY = getattr(os, "O_BINARY", 0)
_O_CLOEXEC = getattr(os, "O_CLOEXEC", 0)

Content = bytes | bytearray | memoryview | Callable[[BinaryIO], object]
"""What to write, or a function that writes it into the open binary file it is given."""


class Pointer(NamedTuple):
    """A small text that lies in place of a file that is kept elsewhere.

    Attributes:
        title: What it is called.
        hint: How to get the file itself.
    """

    title: str
    hint: str


_POINTERS = (
    (re.compile(rb"version https?://\S+\s+(?:ext-\S+ \S+\s+)*oid sha\d+:"), Pointer(
        "Git LFS pointer", "Get the files themselves with `git lfs pull`."
    )),
    (re.compile(rb"/annex/objects/\S+\s*\Z"), Pointer(
        "git-annex pointer", "Get the files themselves with `git annex get`."
    )),
)  # fmt: skip


def pointer_kind(data: bytes) -> Pointer | None:
    """Return what kind of pointer a file's content is; None for a file that is itself.

    Args:
        data: The content, or at least its first 512 bytes.
    """
    head = data[:512]
    return next((kind for pattern, kind in _POINTERS if pattern.match(head)), None)


def write_atomically(path: str | os.PathLike[str], content: Content, *, mode: int | None = None) -> None:
    """Write a file so that everybody sees the old content or the new, also after a crash.

    Links are followed: what they point to is replaced, not the link. Further names of the file (hard links)
    keep the old content, of which `has_other_names` tells. What killed processes left of earlier
    writes into the folder is removed.

    Args:
        path: The file. Its folder must exist.
        content: The bytes, or a function that writes them into an open binary file.
        mode: Permissions of the file, such as 0o600. None keeps those of the file that is replaced, or gives
            a new one what the user's mask leaves.

    Raises:
        OSError: The disk or the folder refuses, or the file is write-protected or no regular file. The old
            file is untouched, and nothing is left beside it.
    """
    path = Path(path)
    try:
        target, old = _target(path)
        _remove_stale(target.parent)
        with _temporary(target.parent, 0o600 if old or mode is not None else 0o666) as (temporary, file):
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            if old is not None:
                _copy_attributes(target, old, file.fileno())
                mode = stat.S_IMODE(old.st_mode) if mode is None else mode
            if mode is not None:
                _set_mode(temporary, file.fileno(), mode)
            os.fsync(file.fileno())
            if sys.platform == "win32":  # which renames no open file
                file.close()
            os.replace(temporary, target)  # noqa: PTH105 - as open and unlink, on the same string
        _sync_folder(target.parent)
    except OSError as error:  # which may name the hidden file, or none at all as a full disk does
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out whether `write_atomically` could write a file, without changing it.

    Args:
        path: The file.

    Raises:
        OSError: It could not: there is no such folder, the name is too long, the file is write-protected, a
            folder or a device, or the folder takes no new files.
    """
    path = Path(path)
    try:
        target, _ = _target(path)
        with _temporary(target.parent, 0o600):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


def has_other_names(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file has further names (hard links), which keep the old content when it is replaced.

    Writing into the file itself would change all of them: copies that backups keep as links, for one. And
    what interrupts it would leave a part of the file.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - as os.path.realpath, of any text
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_nlink > 1


def check_folder_writable(folder: str | os.PathLike[str]) -> None:
    """Find out whether files could be written into a folder, which need not be there yet.

    Raises:
        OSError: They could not: it or a folder above it takes no new files, or is no folder.
    """
    there = Path(folder).absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with _temporary(there, 0o600):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(folder)) from None


def beside(path: Path, addition: str, suffix: str | None = None) -> Path:
    """Return the path of a file beside another one, its name shortened where file systems take no longer one.

    Args:
        path: The other file.
        addition: What comes behind its name.
        suffix: The new ending; None keeps the other file's.
    """
    stem, ending = path.stem, addition + (path.suffix if suffix is None else suffix)
    while stem and len(os.fsencode(stem + ending)) > _LONGEST_NAME:
        stem = stem[:-1]
    return path.with_name(stem + ending)


def make_private_folder(folder: str | os.PathLike[str]) -> None:
    """Make a folder, and those above it that are missing, for the user alone (mode 0700).

    A folder that exists keeps its mode.

    Raises:
        OSError: It cannot be made.
    """
    folder = Path(folder)
    for missing in (*reversed(folder.parents), folder):
        if not missing.is_dir():
            missing.mkdir(mode=0o700, exist_ok=True)
            missing.chmod(0o700)  # whatever the umask took away


def is_file(path: str | os.PathLike[str]) -> bool:
    """Tell whether there is such a file, whatever text that is: of any length, a zero byte in it."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a name is too long


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Tell the same of a folder."""
    return os.path.isdir(path)  # noqa: PTH112


def same_file(first: Path, second: Path) -> bool:
    """Tell whether two names are those of one file; of files that are not there, whether they are alike."""
    try:
        return first.samefile(second)
    except (OSError, ValueError):
        return first.absolute() == second.absolute()


def _target(path: Path) -> tuple[Path, os.stat_result | None]:
    """Return the file behind `path`, links followed, and what is known of it; None for a file to be made."""
    target = Path(os.path.realpath(path))
    try:
        old = target.stat()
    except FileNotFoundError:
        return target, None
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(old.st_mode):
        raise OSError(errno.EINVAL, "Not a regular file")
    # The administrator may write everything: for him too a file without any right to write is protected.
    if not old.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "The file is write-protected")
    return target, old


@contextlib.contextmanager
def _temporary(folder: Path, mode: int) -> Iterator[tuple[str, BinaryIO]]:
    """Open a file of a short hidden name in `folder`, locked while open, removed unless renamed."""
    while True:
        name = os.path.join(folder, f".nigdt-{os.urandom(6).hex()}.tmp")  # noqa: PTH118 - see os.replace
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _O_BINARY | _O_CLOEXEC, mode)
        file = os.fdopen(handle, "w+b")
        # Between the two calls another writer may have taken it for a stale one.
        if _lock(handle) and os.fstat(handle).st_nlink:
            break
        file.close()
    try:
        with file:
            yield name, file
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108


def _remove_stale(folder: Path) -> None:
    """Remove temporary files whose writers were killed."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not _TEMPORARY.fullmatch(entry.name):
                continue
            with contextlib.suppress(OSError):
                if sys.platform == "win32":  # no lock outlives the closing that renaming needs there
                    if time.time() - entry.stat().st_mtime > _STALE_SECONDS:
                        os.unlink(entry.path)  # noqa: PTH108
                    continue
                handle = os.open(entry.path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | _O_CLOEXEC)
                try:
                    if _lock(handle, unsupported=False):
                        os.unlink(entry.path)  # noqa: PTH108
                finally:
                    os.close(handle)


def _copy_attributes(target: Path, old: os.stat_result, handle: int) -> None:
    """Give the new file the group, access list and tags of the old one, where the system lets us."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        os.fchown(handle, old.st_uid, old.st_gid)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for name in os.listxattr(target):
                with contextlib.suppress(OSError):
                    os.setxattr(handle, name, os.getxattr(target, name))


def _set_mode(temporary: str, handle: int, mode: int) -> None:
    if sys.platform == "win32":
        os.chmod(temporary, mode)  # noqa: PTH101
    else:
        os.fchmod(handle, mode)


def _sync_folder(folder: Path) -> None:
    """Put the new name on disk; some file systems cannot, and the file is whole either way."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


if sys.platform == "win32":

    def _lock(handle: int, *, unsupported: bool = True) -> bool:  # noqa: ARG001 - open files stay there
        return True

else:
    import fcntl

    def _lock(handle: int, *, unsupported: bool = True) -> bool:
        """Lock an open file without waiting; whether that worked, `unsupported` where there are no locks."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return unsupported
        return True
