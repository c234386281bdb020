"""Model bundles in ZIP archives, which anybody may have made: bounded before anything is unpacked."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from nigdt.bundle.bundle import FILES, OPTIONAL, valid_name
from nigdt.bundle.reading import LARGEST, refuse_pointer
from nigdt.errors import BundleError

__all__ = ["unpack"]

_MOST_DIRECTORY = 16 * 2**20  # bytes of an archive's list of files: 150,000 of them or so
_LONGEST_END = 22 + 2**16  # bytes of what ends an archive: a record, and a comment
_MOST_SWELLING = 32  # weights shrink to a half at best, and texts to a tenth
_SMALL = 2**20


def unpack(archive: Path, parent: Path) -> Path:
    """Take the files of a bundle out of a ZIP archive, nothing else.

    Args:
        archive: The archive.
        parent: An empty folder, in which the bundle's own is made.

    Returns:
        The bundle's folder, called as in the archive, or as the archive.

    Raises:
        BundleError: The archive is damaged, locked, or holds no bundle, or there is no room for it.
    """
    if not archive.is_file():
        raise BundleError(
            f"{archive.name} is neither a folder nor a file.", "Give a folder or a ZIP archive."
        )
    refuse_pointer(archive, archive.name)
    try:
        _check_directory(archive)
        with zipfile.ZipFile(archive) as zipped:
            inner, members = _members(zipped, archive.name)
            for name, member in members.items():
                _check_member(name, member, archive.name)
            needed = sum(member.file_size for member in members.values())
            if needed > shutil.disk_usage(parent).free:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            folder = parent / (inner if valid_name(inner) else archive.stem or "bundle")
            folder.mkdir()
            for name, member in members.items():
                with zipped.open(member) as packed, (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
    except BundleError:
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise BundleError(f"{archive.name} cannot be unpacked ({error.strerror or error}).") from None
        raise BundleError(
            f"There is no room in {tempfile.gettempdir()} to unpack {archive.name}.",
            "Free some space, or set TMPDIR to another folder.",
        ) from None
    except Exception as error:  # damaged archives raise whatever their decoders do
        reason = str(error) or type(error).__name__
        raise BundleError(
            f"{archive.name} cannot be unpacked ({reason}).", "Give a folder or a ZIP archive."
        ) from None
    return folder


def _check_directory(archive: Path) -> None:
    """Refuse an archive of so many files that their list alone takes gigabytes of memory."""
    with archive.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LONGEST_END))
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or len(tail) < at + 22:
            return  # no archive, as `zipfile` will say
        listed = int.from_bytes(tail[at + 12 : at + 16], "little")
        before = tail[max(0, at - 20) : at]
        if listed == 2**32 - 1 and before.startswith(b"PK\x06\x07"):  # the true size is in a longer record
            file.seek(min(int.from_bytes(before[8:16], "little"), size))
            listed = int.from_bytes(file.read(48)[40:], "little")
    if _MOST_DIRECTORY < listed < size:
        raise BundleError(f"{archive.name} holds far more files than a model bundle.")


def _check_member(name: str, member: zipfile.ZipInfo, archive: str) -> None:
    if stat.S_ISLNK(member.external_attr >> 16):
        raise BundleError(f"{archive} holds a link in place of {name}.", "Get the bundle again.")
    if member.file_size > max(_SMALL, _MOST_SWELLING * member.compress_size):
        raise BundleError(f"{archive} swells when it is unpacked, as no model bundle does.")
    if member.file_size > LARGEST[name]:
        raise BundleError(f"{archive} is too large to be a model bundle.")
    if member.flag_bits & 1:
        raise BundleError(f"{archive} is protected by a password.", "Unpack it, and add its folder.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BundleError(f"{archive} is packed in a way that is not read here.")


def _members(zipped: zipfile.ZipFile, name: str) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    """Return the folder in an archive that holds a bundle, and the bundle's files by name."""
    found: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for member in zipped.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))  # some programs on Windows write these
        if path.name in (*FILES, *OPTIONAL) and len(path.parts) <= 2 and not member.is_dir():
            found.setdefault(path.parent.name, {}).setdefault(path.name, member)
    whole = [inner for inner, members in found.items() if {*FILES} <= {*members}]
    if len(whole) > 1:
        raise BundleError(f"{name} holds several model bundles.", "Unpack it, and add its folders.")
    inner = whole[0] if whole else max(found, key=lambda one: len(found[one]), default="")
    missing = [file for file in FILES if file not in found.get(inner, {})]
    if missing:
        raise BundleError(
            f"{name} holds no model bundle: {missing[0]} is missing.",
            "If it holds one further inside, unpack it, and add that folder.",
        )
    return inner, found[inner]
