"""Photos decoded and resized once, then memory-mapped, so that a loader only copies bytes.

A cache is a folder: `photos.u8` and `masks.u8` (raw uint8, one frame after the other) and `index.json` (where
each frame lies and what is known about it). It carries the key of what it was built from and is rebuilt when
that changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np

from nigdt.errors import PhotoError
from nigdt_training.data.decode import decode_frame
from nigdt_training.data.errors import DataError
from nigdt_training.data.objects import Finder, find_objects
from nigdt_training.data.records import BoxXYWH, Point, Record
from nigdt_training.data.segment import segment_box, soften

FORMAT = 1
"""Raised whenever frames, masks or the choice of photos come out differently: old caches are then rebuilt."""
_AHEAD = 64


class Cache:
    """A built cache, opened for reading; cheap to open, safe to share between threads and forked workers."""

    def __init__(self, folder: Path, index: dict[str, Any]) -> None:
        """Map the frames; use `Cache.open`."""
        self.folder = folder
        self.key: str = index["key"]
        self.size: int = index["size"]
        self.skipped: list[tuple[str, str]] = [(name, reason) for name, reason in index["skipped"]]
        self._entries: list[dict[str, Any]] = index["photos"]
        self._photos = _map(folder / "photos.u8", index["photo_bytes"])
        self._masks = _map(folder / "masks.u8", index["mask_bytes"])

    @classmethod
    def open(cls, folder: Path | str) -> Cache:
        """Open a cache.

        Raises:
            DataError: There is none, or it is incomplete or of another format.
        """
        folder = Path(folder)
        try:
            index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            if index["format"] != FORMAT:
                raise ValueError(f"format {index['format']}, not {FORMAT}")
            return cls(folder, index)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{folder} is not a readable photo cache ({error}).", "Delete it; it is built again."
            ) from error

    def __len__(self) -> int:
        return len(self._entries)

    def photo(self, i: int) -> np.ndarray:
        """Return photo i, (H, W, 3) uint8 RGB, a read-only view of the file; the short side is `size`."""
        entry = self._entries[i]
        height, width = entry["shape"]
        start = entry["photo_at"]
        return self._photos[start : start + height * width * 3].reshape(height, width, 3)

    def object_mask(self, i: int) -> np.ndarray | None:
        """Return the soft mask of photo i's object, (H, W) uint8, 255 on it, a read-only view; or None."""
        entry = self._entries[i]
        start = entry["mask_at"]
        if start is None:
            return None
        height, width = entry["shape"]
        return self._masks[start : start + height * width].reshape(height, width)

    def captions(self, i: int) -> list[str]:
        """Return the captions of photo i."""
        return list(self._entries[i]["captions"])

    def box(self, i: int) -> BoxXYWH | None:
        """Return the box of photo i's object (x, y, width, height) in the cached frame's pixels, or None."""
        box = self._entries[i]["box"]
        return None if box is None else (box[0], box[1], box[2], box[3])

    def group(self, i: int) -> str:
        """Group key of photo i: photos of one group belong on the same side of a split."""
        return self._entries[i]["group"]

    def name(self, i: int) -> str:
        """Name of photo i in its data set."""
        return self._entries[i]["name"]

    def split(self, i: int) -> str | None:
        """Split that the data set assigns to photo i: "train", "val", "test" or None."""
        return self._entries[i]["split"]

    def species(self, i: int) -> str | None:
        """Return what photo i's object is, where the data set says so."""
        return self._entries[i]["species"]

    def attributes(self, i: int) -> dict[str, str]:
        """Return part -> value of photo i's object, where the data set says so."""
        return dict(self._entries[i]["attributes"])

    def places(self, i: int) -> dict[str, Point]:
        """Return part -> (x, y) in the cached frame's pixels, for photo i's object, as far as it is known."""
        return {part: (x, y) for part, (x, y) in self._entries[i].get("places", {}).items()}


def build_cache(
    records: Sequence[Record],
    folder: Path | str,
    size: int = 256,
    workers: int = 2,
    find: bool = False,
    central: bool = False,
    progress: Callable[[int, int], None] | None = None,
    finder: Finder | None = None,
) -> Cache:
    """Decode photos into a cache folder, or opens the one there if it was built from the same records.

    Args:
        records: Photos to hold, in this order; unreadable ones are left out and listed in `Cache.skipped`.
        folder: Where the cache goes; replaced as a whole, never seen half-built.
        size: Short side of the stored frames, in pixels.
        workers: Threads that decode.
        find: Look for the object of photos that come with neither polygons nor a box.
        central: Hold photos' central squares alone.
        progress: Called with (photos done, photos in all) now and then.
        finder: Looks for it instead of GrabCut.

    Returns:
        The cache, opened.

    Raises:
        DataError: Disk full or folder not writable, or no photo could be read, or `folder` holds something
            else.
    """
    folder = Path(folder)
    key = cache_key(records, size, find, central, finder)
    with contextlib.suppress(DataError):
        cache = Cache.open(folder)
        if cache.key == key:
            return cache
    building = folder.with_name(f"{folder.name}.building-{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    try:
        if folder.exists() and any(folder.iterdir()) and not (folder / "index.json").exists():
            raise DataError(f"{folder} exists and is no photo cache.", "Choose another folder for the cache.")
        building.mkdir(parents=True)
        index = _write_frames(records, building, size, workers, find, central, progress, finder)
        index |= {"format": FORMAT, "key": key, "size": size}
        (building / "index.json").write_text(json.dumps(index), encoding="utf-8")
        if not index["photos"]:
            raise DataError("None of the photos could be read.", "Run `nigdt data check` on them.")
        if folder.exists():
            retired = folder.with_name(f"{folder.name}.old-{os.getpid()}")
            folder.rename(retired)
            building.rename(folder)
            shutil.rmtree(retired, ignore_errors=True)
        else:
            building.rename(folder)
    except OSError as error:
        raise DataError(
            f"The photo cache cannot be written to {folder}: {error.strerror or error}.",
            "Free some space or choose another folder.",
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return Cache.open(folder)


def cache_key(
    records: Sequence[Record],
    size: int,
    find: bool = False,
    central: bool = False,
    finder: Finder | None = None,
) -> str:
    """Hash all that a cache is made from: files (name, size, time), captions, boxes and settings."""
    digest = hashlib.blake2b(digest_size=16)
    looked_for = finder.key if find and finder is not None else find
    digest.update(json.dumps([FORMAT, size, looked_for, *["central"] * central]).encode())
    for record in records:
        source = record.source
        file = [source.name, source.offset, source.size, source.mtime_ns]
        words: list[Any] = [record.captions, record.group, record.split, record.species, record.attributes]
        words += [record.places] if record.places else []  # caches of photos without any stay as they are
        digest.update(json.dumps([file, words, record.box, record.polygons]).encode())
    return digest.hexdigest()


def _write_frames(
    records: Sequence[Record],
    folder: Path,
    size: int,
    workers: int,
    find: bool,
    central: bool,
    progress: Callable[[int, int], None] | None,
    finder: Finder | None,
) -> dict[str, Any]:
    looking = Lock()
    entries: list[dict[str, Any]] = []
    skipped: list[tuple[str, str]] = []
    photo_bytes = mask_bytes = 0

    def prepare(record: Record) -> tuple[dict[str, Any], np.ndarray, np.ndarray | None] | str:
        try:
            frame = decode_frame(record, size, central=central)
        except PhotoError as error:
            return str(error)
        mask, box = None, frame.box
        if frame.outline is not None and frame.outline.any():
            mask = soften((frame.outline > 0).astype(np.uint8))
        elif box is not None:
            mask = segment_box(frame.photo, box)
        elif find:
            if finder is not None:
                with looking:
                    mask = finder.find(frame.photo)
            else:
                chance = np.random.default_rng(zlib.crc32(record.name.encode("utf-8", "surrogatepass")))
                found = find_objects(frame.photo, None, one=bool(record.species), rng=chance)
                mask = found[0] if found else None
            if mask is not None:
                x, y, width, height = cv2.boundingRect((mask > 127).astype(np.uint8))
                box = (x, y, width, height)
        stored = None if box is None else [round(float(value), 2) for value in box]
        places = {part: [round(x, 2), round(y, 2)] for part, (x, y) in frame.places.items()}
        shape = list(frame.photo.shape[:2])
        return {"shape": shape, "box": stored, "places": places}, frame.photo, mask

    with (
        (folder / "photos.u8").open("wb") as photos,
        (folder / "masks.u8").open("wb") as masks,
        ThreadPoolExecutor(max(1, workers)) as pool,
    ):
        for done, (record, prepared) in enumerate(_map_ahead(pool, prepare, records), start=1):
            if isinstance(prepared, str):
                skipped.append((record.name, prepared))
            else:
                entry, photo, mask = prepared
                entry |= {"name": record.name, "captions": record.captions, "group": record.group}
                entry |= {"split": record.split, "species": record.species, "attributes": record.attributes}
                entry |= {"photo_at": photo_bytes, "mask_at": None if mask is None else mask_bytes}
                photo_bytes += photos.write(photo.data)
                mask_bytes += 0 if mask is None else masks.write(mask.data)
                entries.append(entry)
            if progress is not None and (done % 50 == 0 or done == len(records)):
                progress(done, len(records))
    return {"photos": entries, "skipped": skipped, "photo_bytes": photo_bytes, "mask_bytes": mask_bytes}


def _map_ahead(
    pool: ThreadPoolExecutor, function: Callable[[Record], Any], records: Sequence[Record]
) -> Iterator[tuple[Record, Any]]:
    """Do `pool.map` in order, holding only a few results, so that memory does not grow with the set."""
    for start in range(0, len(records), _AHEAD):
        part = records[start : start + _AHEAD]
        yield from zip(part, pool.map(function, part), strict=True)


def _map(path: Path, size: int) -> np.ndarray:
    if path.stat().st_size != size:
        raise ValueError(f"{path.name} has {path.stat().st_size} bytes, not {size}")
    # A file without bytes cannot be mapped; it is the normal case for masks of photos without boxes.
    return np.memmap(path, np.uint8, "r") if size else np.zeros(0, np.uint8)
