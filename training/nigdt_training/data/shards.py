"""WebDataset shards, as img2dataset writes them, read in place: `KEY.jpg` and `KEY.txt` in `00000.tar`.

Nothing is unpacked or decoded ahead. One pass over the shards' headers writes an index of 40 bytes a sample,
which is mapped into memory; a sample is then two reads from a shard. That keeps what the training relies on:
sample number k depends on nothing but k, so a run goes on exactly, processes and threads share the samples
out by number, and the order is a true shuffle of the whole set and not of a buffer. Memory stays the same
however many samples there are.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np

from nigdt.errors import PhotoError
from nigdt.files import write_atomically
from nigdt_training.data.decode import decode_frame
from nigdt_training.data.errors import BadSampleError, DataError
from nigdt_training.data.records import BoxXYWH, Point, Record, is_photo, known_split
from nigdt_training.data.tables import TEXT_KEYS, captions_of
from nigdt_training.data.tree import Source, decoded

log = logging.getLogger(__name__)

_COLUMNS = ("shard", "photo_at", "photo_size", "text_at", "text_size")
_FORMAT = 2  # of the index: another number where samples are told apart in another way
_TOLD_EVERY = 100_000
_BLOCK = 512  # of tar archives
_LOGGED = 20  # bad samples named in the log; all are counted
_LOOKED_AT = 100  # samples of which one at least must have a caption


def is_sharded(path: Path) -> bool:
    """Return whether a folder holds shards, `00000.tar` or `train-0000.tar`, and no photo beside them.

    What is called by more than a number may also be the copy of a folder of photos that lies beside it.
    """
    if not path.is_dir():
        return False
    entries = [*path.iterdir()]
    shards = [entry.stem for entry in entries if _is_shard(entry.name)]
    numbered = any(name.isdigit() for name in shards)
    alone = numbered or not any(entry.is_dir() for entry in entries)
    return bool(shards) and alone and not any(is_photo(entry.name) for entry in entries)


def _is_shard(name: str) -> bool:
    return re.fullmatch(r"[^.].*\d\.tar|\d\.tar", name) is not None


def read_shards(folder: Path) -> tuple[list[Record], list[tuple[str, str]]]:
    """Read all samples as records with their captions, for sets that fit into memory.

    Returns:
        The samples, and what cannot be used, each with the reason.
    """
    files = _shards_of(folder)
    rows, lacking, damages = zip(*(_read_headers(file, i) for i, file in enumerate(files)), strict=True)
    shards = Shards(folder, np.concatenate(rows), 0, sum(lacking))
    left_out = [(file.name, damage) for file, damage in zip(files, damages, strict=True) if damage]
    left_out += [
        (file.name, f"{count} keys lack a photo or a caption")
        for file, count in zip(files, lacking, strict=True)
        if count
    ]
    return [shards.record(i) for i in range(len(shards))], left_out


class Shards:
    """The samples of a folder of shards, with the interface of `nigdt_training.data.cache.Cache`.

    Attributes:
        size: Short side of the photos that `photo` gives.
        central: Whether it gives their central squares alone.
        incomplete: Keys that lack a photo or a caption, which are left out.
        bad: Samples found not to be readable so far.
    """

    def __init__(
        self, folder: Path, index: np.ndarray, size: int, incomplete: int, *, central: bool = False
    ) -> None:
        """Use `Shards.open`."""
        self.folder, self.size, self.incomplete, self.central = folder, size, incomplete, central
        self.bad: set[int] = set()
        self._index = index
        self._files = _shards_of(folder)
        self._split = known_split(folder.name)

    @classmethod
    def open(
        cls,
        folder: Path,
        indexes: Path,
        size: int = 256,
        say: Callable[[str], None] = lambda _: None,
        *,
        central: bool = False,
    ) -> Shards:
        """Open shards, indexing them where they have changed.

        Args:
            folder: Where they are.
            indexes: Where the index goes.
            size: Short side of the photos in pixels.
            say: Told what takes time.
            central: Cut photos to their central squares.

        Raises:
            DataError: A shard cannot be read, none holds a sample, or the index cannot be written.
        """
        files = _shards_of(folder)
        states = [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
        key = hashlib.blake2b(json.dumps([_FORMAT, _COLUMNS, states]).encode(), digest_size=8).hexdigest()
        path = indexes / f"{folder.name}-{key}.index.npy"
        counts = path.with_suffix(".json")
        if not (path.exists() and counts.exists()):
            say(f"indexing {len(files)} shards of {folder}")
            try:
                indexes.mkdir(parents=True, exist_ok=True)
                incomplete = _write_index(files, path, say)
                write_atomically(counts, json.dumps({"incomplete": incomplete}).encode())
            except OSError as error:
                raise DataError(f"{indexes} cannot be written: {error.strerror or error}.") from error
        index = np.load(path, mmap_mode="r")
        if not len(index):
            raise DataError(f"The shards of {folder} hold no photo with a caption.")
        shards = cls(folder, index, size, json.loads(counts.read_text())["incomplete"], central=central)
        looked_at = range(min(_LOOKED_AT, len(shards)))
        if not any(shards.captions(i)[0] for i in looked_at):
            raise DataError(
                f"The first {len(looked_at)} samples of {folder} have no caption.",
                f"Captions are read from KEY.txt, or from KEY.json: {', '.join(TEXT_KEYS)}.",
            )
        return shards

    def __len__(self) -> int:
        return len(self._index)

    def photo(self, i: int) -> np.ndarray:
        """Return photo i, (H, W, 3) uint8 RGB, decoded now; the short side is `size`.

        Raises:
            BadSampleError: It cannot be read; counted in `bad`.
        """
        shard, at, length, *_ = map(int, self._index[i])
        file = self._files[shard]
        try:
            record = Record(Source(file, "", at, length, 0), [])
            return decode_frame(record, self.size, central=self.central).photo
        except (PhotoError, OSError) as error:
            if i not in self.bad and len(self.bad) < _LOGGED:
                log.warning("left out: %s: %s", self.name(i), error)
            self.bad.add(i)
            raise BadSampleError(f"{self.name(i)} cannot be read: {error}") from None

    def captions(self, i: int) -> list[str]:
        """Return the captions of photo i, from its .txt or .json; one without a word if there is none."""
        shard, *_, at, length = map(int, self._index[i])
        # The sign tells the two kinds apart.
        text = decoded(Source(self._files[shard], "", at, abs(length), 0).read())
        if length < 0:
            try:
                row = json.loads(text)
            except (ValueError, RecursionError):
                row = None
            found = captions_of(row) if isinstance(row, dict) else []
        else:
            found = [text]
        return [" ".join(caption.split()) for caption in found] or [""]

    def record(self, i: int) -> Record:
        """Return sample i as other collections have it."""
        shard, at, length, *_ = map(int, self._index[i])
        file, name = self._files[shard], self.name(i)
        source = Source(file, name, at, length, file.stat().st_mtime_ns)
        return Record(source, [*filter(None, self.captions(i))], group=name, split=self._split)

    def name(self, i: int) -> str:
        """Name of sample i: its shard's, and its photo's in it."""
        shard, at, *_ = map(int, self._index[i])
        header = Source(self._files[shard], "", at - _BLOCK, _BLOCK, 0).read()
        name = header[:100].rstrip(b"\0").decode("utf-8", errors="replace")
        return f"{self._files[shard].name}/{name.removeprefix('./')}"

    def group(self, i: int) -> str:
        """Group key of sample i: every sample is a group of its own."""
        return f"sample {i}"

    def split(self, i: int) -> str | None:  # noqa: ARG002
        """Split that the folder's name says, the same for all."""
        return self._split

    def object_mask(self, i: int) -> np.ndarray | None:  # noqa: ARG002
        """Return None: shards know no objects."""
        return None

    def box(self, i: int) -> BoxXYWH | None:  # noqa: ARG002
        """Return None: shards know no objects."""
        return None

    def species(self, i: int) -> str | None:  # noqa: ARG002
        """Return None: shards know no species."""
        return None

    def attributes(self, i: int) -> dict[str, str]:  # noqa: ARG002
        """Return nothing: shards know no attributes."""
        return {}

    def places(self, i: int) -> dict[str, Point]:  # noqa: ARG002
        """Return nothing: shards know no places of parts."""
        return {}


def _shards_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _is_shard(path.name))


def _write_index(files: list[Path], path: Path, say: Callable[[str], None]) -> int:
    """Write the index of shards; returns how many keys lack a photo or a caption."""
    rows = samples = incomplete = 0
    torn: list[str] = []
    part = path.with_suffix(".part")
    with part.open("wb") as raw:
        for shard, file in enumerate(files):
            found, lacking, damage = _read_headers(file, shard)
            if damage:
                torn.append(damage)
                say(f"left out: {damage}")
            raw.write(found.tobytes())
            rows, incomplete = rows + len(found), incomplete + lacking
            if rows // _TOLD_EVERY > samples // _TOLD_EVERY:
                say(f"indexed {rows} samples, {shard + 1} of {len(files)} shards")
            samples = rows
    shape = (rows, len(_COLUMNS))
    if torn and not rows:
        part.unlink()
        raise DataError(torn[0])
    if rows:
        whole = np.lib.format.open_memmap(path, mode="w+", dtype=np.int64, shape=shape)
        whole[:] = np.memmap(part, np.int64, "r", shape=shape)
        whole.flush()
    else:
        np.save(path, np.zeros(shape, np.int64))
    part.unlink()
    return incomplete


def _read_headers(file: Path, shard: int) -> tuple[np.ndarray, int, str]:
    """Read one shard's rows, (N, 5) int64, how many keys lack a photo or a caption, and what is damaged."""
    damage = ""
    places: dict[str, dict[str, tuple[int, int]]] = {}
    try:
        for name, at, size in _members(file):
            path = PurePosixPath(name)
            key, _, suffix = path.name.partition(".")
            kind = "photo" if is_photo(name) else suffix.lower()
            if key and size and kind in ("photo", "txt", "json"):
                places.setdefault((path.parent / key).as_posix(), {})[kind] = (at, size)
    except (tarfile.TarError, OSError, ValueError) as error:
        whole = f" after {len(places)} samples" if places else ""
        damage = f"{file} is not a readable .tar archive{whole} ({error})."
    rows = []
    for found in places.values():
        words = found.get("txt")
        if words is None and "json" in found:
            words = (found["json"][0], -found["json"][1])
        if "photo" in found and words is not None:
            rows.append((shard, *found["photo"], *words))
    return np.array(rows, np.int64).reshape(-1, len(_COLUMNS)), len(places) - len(rows), damage


def _members(file: Path) -> Iterator[tuple[str, int, int]]:
    """Name, offset and size of a shard's files, from their headers alone.

    Plain headers are read here, which takes a fraction of tarfile's time; from the first that is not plain
    on, tarfile does it.
    """
    with file.open("rb") as raw:
        length = raw.seek(0, os.SEEK_END)
        at = raw.seek(0)
        while at + _BLOCK <= length:
            raw.seek(at)
            header = raw.read(_BLOCK)
            if header.count(0) == _BLOCK:
                return
            kind, size = header[156:157], header[124:135]
            plain = header[257:262] == b"ustar" and kind in (b"0", b"\0", b"5") and size.isdigit()
            if not plain or header[345] or not _is_sound(header):
                raw.seek(at)
                yield from _unusual_members(raw)
                return
            at += _BLOCK
            if kind != b"5":
                name = header[:100].rstrip(b"\0").decode("utf-8", errors="replace")
                yield name, at, int(size, 8)
            at += -(-int(size, 8) // _BLOCK) * _BLOCK


def _is_sound(header: bytes) -> bool:
    """Return whether a header's checksum, which counts itself as spaces, is that of its bytes."""
    told = header[148:156].strip(b"\0 ")
    return told.isdigit() and int(told, 8) == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _unusual_members(raw: BinaryIO) -> Iterator[tuple[str, int, int]]:
    with tarfile.open(fileobj=raw, mode="r:") as tar:
        for member in tar:
            if member.isreg():
                yield member.name, member.offset_data, member.size
            tar.members = []  # type: ignore[attr-defined]  # they would pile up
