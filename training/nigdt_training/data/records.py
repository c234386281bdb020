"""The normal form of every data set: one `Record` per captioned photo."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, TypeGuard

from nigdt.photo.formats import FORMATS
from nigdt_training.data.errors import DataError
from nigdt_training.data.tree import Source, Tree

PHOTO_SUFFIXES = frozenset(suffix for entry in FORMATS if entry.signatures for suffix in entry.suffixes)
"""Photos, by their names; TGA, which only its name can tell, is left out."""
UNREAD_SUFFIXES = frozenset(
    {".tga", ".heic", ".heif", ".jxl", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".raf", ".rw2", ".psd"}
)
"""Photos of kinds that are not read."""

BoxXYWH = tuple[float, float, float, float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Record:
    """One photo with what people said about it.

    Attributes:
        source: Where the photo's bytes are; `source.name` names it in listings.
        captions: Its captions; empty when none was found.
        box: The object's box (x, y, width, height) in stored pixels, before any EXIF rotation; None when
            unknown.
        polygons: The object's outlines in stored pixels, each a flat tuple x0, y0, x1, y1, ...; empty when
            unknown.
        group: Photos of one group never fall on both sides of a split.
        split: "train", "val" or "test" where the data set says so, else None.
        species: What the object is, where the data set says so and photos of one species share their
            descriptions; evaluation never holds their captions against each other.
        attributes: Part -> value ("wing" -> "black"), where the data set says so.
        places: Part -> its place (x, y) in stored pixels, of those that are seen, where the data set says so.
    """

    source: Source
    captions: list[str]
    box: BoxXYWH | None = None
    polygons: tuple[tuple[float, ...], ...] = ()
    group: str = ""
    split: str | None = None
    species: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    places: dict[str, Point] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The photo's name relative to its data set."""
        return self.source.name


@dataclass(frozen=True)
class DataLayout:
    """A way in which data sets lie on disk.

    Attributes:
        name: What `nigdt data check` calls it.
        matches: Whether a tree has this layout.
        read: Reads it.
    """

    name: str
    matches: Callable[[Tree], bool]
    read: Callable[[Tree], list[Record]]


LARGEST_COORDINATE = 1e6
"""No photo that is read is wider; larger numbers would overflow where outlines are drawn."""


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value of JSON is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def is_box(values: Any) -> bool:
    """Return whether these are four numbers of a size that a box may have, though it may be empty."""
    return (
        isinstance(values, Sequence)
        and len(values) == 4
        and all(map(is_number, values))
        and max(map(abs, values)) <= LARGEST_COORDINATE
    )


def valid_box(values: Any) -> BoxXYWH | None:
    """Read four numbers x, y, width, height as a box; None when it is empty or no box."""
    if not is_box(values):
        return None
    x, y, width, height = (float(value) for value in values)
    return (x, y, width, height) if width > 0 and height > 0 else None


def valid_places(values: Any) -> dict[str, Point]:
    """Read part -> [x, y]; what is no place is left out."""
    if not isinstance(values, dict):
        return {}
    return {
        str(part): (float(place[0]), float(place[1]))
        for part, place in values.items()
        if isinstance(place, Sequence)
        and len(place) == 2
        and all(map(is_number, place))
        and max(map(abs, place)) <= LARGEST_COORDINATE
    }


def is_photo(name: str) -> bool:
    """Return whether a file name looks like a photo's."""
    return PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES


_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
}


def known_split(word: Any) -> str | None:
    """Return the split that a word means ("train2017", "validation", "dev", ...), or None."""
    return _SPLITS.get(word.lower().rstrip("0123456789-_")) if isinstance(word, str) else None


def split_of_folders(name: str) -> str | None:
    """Find the split that a path's folders name (`train/a.jpg`, `val2017/a.jpg`, `dev/a.jpg`), if any."""
    found = (known_split(part) for part in reversed(PurePosixPath(name).parts[:-1]))
    return next((split for split in found if split), None)


def parse_json(text: str, name: str) -> Any:
    """Read JSON; errors name the file.

    Raises:
        DataError: The text is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError is also a number of thousands of digits
        raise DataError(f"{name} is not valid JSON: {error}.", "Repair or remove that file.") from error
