"""One view of a folder of files and of an uncompressed .tar archive of it.

Archives are never unpacked: a member of a plain tar is a byte range of the archive, so its photos are read in
place.
"""

from __future__ import annotations

import codecs
import errno
import os
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nigdt.files import pointer_kind
from nigdt_training.data.errors import DataError

LARGEST_TEXT = 2**31
"""Largest index that is read, in bytes; COCO's largest has a quarter of that."""
_ARCHIVES = {".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip", ".zst"}
_HEAD = 1024
LARGEST_CAPTIONS = 2**20
"""Largest file with one photo's captions, in bytes."""


@dataclass(frozen=True)
class Source:
    """The bytes of one file, on its own or inside an archive.

    Attributes:
        path: File that holds the bytes: the photo itself or the archive around it.
        name: Path of the photo relative to the data set, with forward slashes; its name in every listing.
        offset: Where the bytes start in `path`.
        size: How many bytes there are.
        mtime_ns: When `path` last changed, for telling that data changed.
    """

    path: Path
    name: str
    offset: int
    size: int
    mtime_ns: int

    def read(self) -> bytes:
        """Return the bytes.

        Raises:
            OSError: The file is gone or unreadable.
        """
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


class Tree:
    """The files below a folder or inside a .tar, by their relative names.

    Attributes:
        path: The folder or archive.
        missing: Files that an index inside names and that are not there; filled in while layouts are read.
        left_out: Files that cannot be used, and rows of an index, each with the reason; filled in as well.
    """

    def __init__(self, path: Path) -> None:
        """List the files.

        Args:
            path: A folder or an uncompressed .tar archive.

        Raises:
            DataError: There is no such path, or it is neither of the two.
        """
        self.path = path
        self.missing: list[str] = []
        self.left_out: list[tuple[str, str]] = []
        if path.is_dir():
            self._sources = _list_folder(path, self.left_out)
        elif path.is_file():
            self._sources = _list_archive(path, self.left_out)
        else:
            what = "is a device or a pipe" if path.exists() else "does not exist"
            raise DataError(f"{path} {what}.", "Give a folder of photos or a .tar archive of one.")

    @property
    def names(self) -> list[str]:
        """Relative names of all files, sorted."""
        return sorted(self._sources)

    def __contains__(self, name: str) -> bool:
        return name in self._sources

    def source(self, name: str) -> Source:
        """Return the file of that name; KeyError when there is none."""
        return self._sources[name]

    def read_text(self, name: str, largest: int = LARGEST_TEXT) -> str:
        """Read a file's text: UTF-8, marked as UTF-16, or else Western European as of old Windows editors.

        Args:
            name: The file.
            largest: Most bytes that it may have.

        Raises:
            DataError: It cannot be read, is too large, or a pointer that stands for a file.
        """
        source = self._sources[name]
        if source.size > largest:
            raise DataError(f"{name} is too large: {source.size:,} bytes.", f"At most {largest:,} are read.")
        try:
            data = source.read()
        except OSError as error:
            raise DataError(
                f"{name} cannot be read: {error.strerror or error}.", "See who may read it."
            ) from error
        pointer = pointer_kind(data)
        if pointer is not None:
            raise DataError(f"{name} is a {pointer.title}, not the file itself.", pointer.hint)
        return decoded(data)

    def beginning(self, name: str, size: int = 4096) -> str:
        """Return the beginning of a file's text; empty where it cannot be read or is a pointer."""
        source = self._sources[name]
        try:
            with source.path.open("rb") as file:
                file.seek(source.offset)
                data = file.read(min(size, source.size))
        except OSError:
            return ""
        return "" if pointer_kind(data) else decoded(data.rsplit(b"\n", 1)[0] if len(data) == size else data)

    def read_captions(self, name: str) -> list[str]:
        """Read a file with a caption on each line; one that cannot be read is left out."""
        try:
            text = self.read_text(name, LARGEST_CAPTIONS)
            if "\0" in text:
                raise DataError(f"{name} holds something other than text.")
            lines = text.split("\n")
        except DataError as error:
            self.left_out.append((name, str(error)))
            return []
        return [line.strip() for line in lines if line.strip()]


def decoded(data: bytes) -> str:
    """Return the text of bytes as people's editors and spreadsheets write them; see `Tree.read_text`.

    Every line ends with a line feed alone, whichever system's editor wrote it.
    """
    coding = _wide_coding(data)
    if coding is not None:
        text = data.decode(coding, errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _wide_coding(data: bytes) -> str | None:
    """Return the name of the coding if a character takes two or four bytes, marked as such or not."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[: _HEAD - _HEAD % 2]
    for start, coding in ((1, "utf-16-le"), (0, "utf-16-be")):  # Latin letters have a zero in either half
        zeros, others = head[start::2], head[1 - start :: 2]
        if zeros and 2 * zeros.count(0) > len(zeros) and 0 not in others:
            return coding
    return None


def _list_folder(folder: Path, left_out: list[tuple[str, str]]) -> dict[str, Source]:
    """List the files below a folder, through links too; each folder once, whatever links lead to it."""
    sources: dict[str, Source] = {}
    seen: set[tuple[int, int]] = set()

    def unreadable(error: OSError) -> None:
        name = Path(error.filename).relative_to(folder).as_posix()
        left_out.append((name, f"cannot be read: {error.strerror}"))

    for place, folders, files in os.walk(folder, onerror=unreadable, followlinks=True):
        try:
            status = Path(place).stat()
        except OSError as error:
            unreadable(error)
            folders.clear()
            continue
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        # A folder is listed under its own name rather than a link's.
        folders[:] = sorted(
            (name for name in folders if not name.startswith(".")),
            key=lambda name: (os.path.islink(f"{place}/{name}"), name),  # noqa: PTH114 - thousands of times
        )
        for file in files:
            if file.startswith("."):
                continue
            path = Path(place, file)
            name = path.relative_to(folder).as_posix()
            try:
                status = path.stat()
            except OSError as error:
                left_out.append((name, _why_not_there(path, error)))
                continue
            if stat.S_ISREG(status.st_mode):
                sources[name] = Source(path, name, 0, status.st_size, status.st_mtime_ns)
            else:
                left_out.append((name, "is a device or a pipe, not a file"))
    return sources


def _why_not_there(path: Path, error: OSError) -> str:
    """Return why a file that its folder lists cannot be looked at."""
    if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG):
        return f"cannot be read: {error.strerror}"
    annexed = path.is_symlink() and ".git/annex/objects/" in str(path.readlink())
    return "is kept by git-annex elsewhere" if annexed else "is a link to nothing"


def _list_archive(archive: Path, left_out: list[tuple[str, str]]) -> dict[str, Source]:
    """List the files of an archive, as far as it can be read; hard links are the files they link to."""
    members: list[tarfile.TarInfo] = []
    try:
        with tarfile.open(archive, "r:") as tar:
            members.extend(tar)
    except (tarfile.TarError, OSError, ValueError) as error:
        with archive.open("rb") as file:
            pointer = pointer_kind(file.read(512))
        if pointer is not None:
            raise DataError(
                f"{archive} is a {pointer.title}, not the archive itself.", pointer.hint
            ) from None
        if not members and archive.suffix.lower() not in _ARCHIVES:
            raise DataError(
                f"{archive} is a single file.", "Give a folder of captioned photos, or a .tar archive of one."
            ) from None
        if not members:
            raise DataError(
                f"{archive} is not a readable .tar archive ({error}).",
                "Unpack it (compressed archives too) and give the folder.",
            ) from error
        left_out.append((archive.name, f"is damaged, {members[-1].name} being its last file ({error})"))
    mtime = archive.stat().st_mtime_ns
    length = archive.stat().st_size
    files = {member.name: member for member in members if member.isreg()}
    linked = {member.name: files.get(_linked_name(member)) for member in members if not member.isreg()}
    files |= {name: member for name, member in linked.items() if member is not None}
    left_out += [(member.name, _why_no_file(member)) for member in members if _is_lost(member, files)]
    # Most archives hold one folder; without it the names are those of the unpacked folder's files.
    tops = {name.removeprefix("./").split("/", 1)[0] for name in files}
    top = f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in files) else ""
    sources = {}
    for name, member in files.items():
        short = name.removeprefix("./").removeprefix(top)
        if any(part.startswith(".") for part in short.split("/")):
            continue
        if member.offset_data + member.size > length:
            continue  # cut off; the damage is told already
        sources[short] = Source(archive, short, member.offset_data, member.size, mtime)
    return sources


def _is_lost(member: tarfile.TarInfo, files: dict[str, tarfile.TarInfo]) -> bool:
    hidden = any(part.startswith(".") for part in PurePosixPath(member.name).parts)
    return not (member.isdir() or member.name in files or hidden)


def _why_no_file(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "is a link to what is no file of the archive"
    return "is a device or a pipe"


def _linked_name(member: tarfile.TarInfo) -> str:
    """Return what a link in an archive leads to, by the archive's names; empty for no link."""
    if member.islnk():
        return member.linkname
    if member.issym():
        return os.path.normpath(PurePosixPath(member.name).parent / member.linkname)
    return ""
