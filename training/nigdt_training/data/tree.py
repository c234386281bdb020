"""One view of a folder of files and of an uncompressed .tar archive of it.

Archives are never unpacked: a member of a plain tar is a byte range of the archive, so its photos are read in
place.
"""

from __future__ import annotations

import codecs
import tarfile
from dataclasses import dataclass
from pathlib import Path

from nigdt_training.data.errors import DataError


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
        if path.is_dir():
            self._sources = _list_folder(path)
        elif path.is_file():
            self._sources = _list_archive(path)
        else:
            raise DataError(f"{path} does not exist.", "Give a folder of photos or a .tar archive of one.")

    @property
    def names(self) -> list[str]:
        """Relative names of all files, sorted."""
        return sorted(self._sources)

    def __contains__(self, name: str) -> bool:
        return name in self._sources

    def source(self, name: str) -> Source:
        """Return the file of that name; KeyError when there is none."""
        return self._sources[name]

    def read_text(self, name: str) -> str:
        """Read a file's text: UTF-8, marked as UTF-16, or else Western European as of old Windows editors.

        Raises:
            DataError: It cannot be read.
        """
        try:
            data = self._sources[name].read()
        except OSError as error:
            raise DataError(
                f"{name} cannot be read: {error.strerror or error}.", "See who may read it."
            ) from error
        return decoded(data)


def decoded(data: bytes) -> str:
    """Return the text of bytes as people's editors and spreadsheets write them; see `Tree.read_text`."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _list_folder(folder: Path) -> dict[str, Source]:
    sources = {}
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if any(part.startswith(".") for part in relative.parts) or not path.is_file():
            continue
        status = path.stat()
        name = relative.as_posix()
        sources[name] = Source(path, name, 0, status.st_size, status.st_mtime_ns)
    return sources


def _list_archive(archive: Path) -> dict[str, Source]:
    try:
        with tarfile.open(archive, "r:") as tar:
            members = [member for member in tar if member.isreg()]
    except (tarfile.TarError, OSError) as error:
        raise DataError(
            f"{archive} is not a readable .tar archive ({error}).",
            "Unpack it (compressed archives too) and give the folder.",
        ) from error
    mtime = archive.stat().st_mtime_ns
    # Most archives hold one folder; without it the names are those of the unpacked folder's files.
    tops = {member.name.removeprefix("./").split("/", 1)[0] for member in members}
    top = f"{tops.pop()}/" if len(tops) == 1 and all("/" in member.name for member in members) else ""
    sources = {}
    for member in members:
        name = member.name.removeprefix("./").removeprefix(top)
        if not any(part.startswith(".") for part in name.split("/")):
            sources[name] = Source(archive, name, member.offset_data, member.size, mtime)
    return sources
