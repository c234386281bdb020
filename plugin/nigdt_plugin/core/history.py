"""Rounds of fills on disk: they survive a restart, within a disk budget."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.context import Box, Context
from nigdt.photo.opening import opened, read_file, reason
from nigdt.recipe import Recipe
from nigdt_plugin.core.files import folder_size, panel_dir, read_json, write_atomically, write_json
from nigdt_plugin.core.fills import Candidate, Round
from nigdt_plugin.core.selection import Patch

log = logging.getLogger(__name__)

_FORMAT = 2
_THUMBNAIL = 160
_MOST_ROUNDS = 2**53
_LAST_SECOND = 2.5e11  # some eight thousand years
_PICTURES = frozenset({"crop.png", "mask.png", "selected.png", "clear.png", "thumbnail.png"})


@dataclass(frozen=True)
class Entry:
    """One round as the list shows it; pictures are read when it is opened.

    Attributes:
        id: Its record.
        created: Seconds since 1970, as the clock said.
        number: Larger for each later round, whatever the clock said.
        photo: Path of the photo, empty for a pasted one.
        captions: What was asked for.
        fills: How many.
        favourite: Whether one of them is kept by the user.
        thumbnail: Small picture of its first fill.
    """

    id: str
    created: float
    number: int
    photo: str
    captions: tuple[str, ...]
    fills: int
    favourite: bool
    thumbnail: Path


class History:
    """A folder of rounds. May be used from any thread.

    Args:
        folder: Where; the default is in the user's state folder.
        budget: Bytes on disk; the oldest rounds without a favourite go first.
    """

    def __init__(self, folder: Path | None = None, budget: int = 500 * 1024 * 1024) -> None:
        self.folder = folder or panel_dir() / "history"
        self.budget = budget
        self._lock = threading.Lock()

    def save(self, entry: Round, photo: str) -> None:
        """Write a round, or write it again with more fills; then keep to the budget.

        Raises:
            OSError: The disk or the folder refuses.
        """
        with self._lock:
            folder = self.folder / entry.record
            if not (folder / "crop.png").exists():
                _write_png(folder / "crop.png", entry.context.crop)
                _write_png(folder / "mask.png", entry.context.selection)
                _write_png(folder / "selected.png", entry.selected.mask)
                if entry.context.unknown is not None:
                    _write_png(folder / "clear.png", entry.context.unknown)
            wanted = {f"{fill.id}.png" for fill in entry.fills} | _PICTURES
            for fill in entry.fills:
                if not (folder / f"{fill.id}.png").exists():
                    if fill.maps is not None:
                        write_atomically(folder / f"{fill.id}.npy", partial(np.save, arr=fill.maps))
                    _write_png(folder / f"{fill.id}.png", fill.pixels)
            if entry.fills:
                shown = next((fill for fill in entry.fills if fill.favourite), entry.fills[0])
                picture = Image.fromarray(shown.pixels)
                picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
                _write_png(folder / "thumbnail.png", np.asarray(picture))
            number = self._number(read_json(folder / "round.json"))
            write_json(folder / "round.json", {**_header(entry, photo), "number": number})
            for file in (*folder.glob("*.png"), *folder.glob("*.npy")):
                if f"{file.stem}.png" not in wanted:
                    file.unlink(missing_ok=True)
            self._trim(keep=entry.record)

    def entries(self) -> list[Entry]:
        """Return all rounds, newest first; damaged ones are left out."""
        found = []
        for path in self.folder.glob("*/round.json"):
            data = read_json(path)
            try:
                if data["format"] != _FORMAT:
                    continue
                fills = data["fills"]
                found.append(
                    Entry(
                        id=path.parent.name,
                        created=_created(data),
                        number=_number_of(data),
                        photo=str(data["photo"]),
                        captions=tuple(dict.fromkeys(str(fill["recipe"]["caption"]) for fill in fills)),
                        fills=len(fills),
                        favourite=any(fill["favourite"] for fill in fills),
                        thumbnail=path.parent / "thumbnail.png",
                    )
                )
            except Exception:  # whatever is wrong with one entry, the others are listed
                log.warning("history: %s is damaged", path)
        return sorted(found, key=lambda entry: (entry.number, entry.created), reverse=True)

    def load(self, identifier: str) -> Round:
        """Read a round with its pictures.

        Raises:
            FileNotFoundError: It is gone.
            OSError: It is damaged.
        """
        folder = self.folder / identifier
        if not folder.is_dir():
            raise FileNotFoundError(f"The history entry {identifier} is gone.")
        data = read_json(folder / "round.json")
        try:
            if data.get("format") != _FORMAT:
                raise ValueError("it has another format")
            crop, selection = _read_png(folder / "crop.png"), _read_png(folder / "mask.png")
            clear = folder / "clear.png"
            unknown = _read_png(clear) > 0 if clear.exists() else None
            context = Context(Box(*data["box"]), crop, selection, unknown, data["mode"])
            left, top = data["selected"]
            selected = Patch(left, top, _read_png(folder / "selected.png"))
            fills = [
                Candidate(
                    _read_png(folder / f"{fill['id']}.png"),
                    Recipe.from_dict(fill["recipe"]),
                    _read_maps(folder / f"{fill['id']}.npy"),
                    favourite=fill["favourite"],
                    unknown=tuple(fill["unknown"]),
                    id=fill["id"],
                )
                for fill in data["fills"]
            ]
            created = _created(data)
            return Round(context, selected, fills, data.get("round", identifier), identifier, created)
        except Exception as error:  # what damaged files make their readers raise has a dozen types
            raise OSError(f"The history entry {identifier} is damaged ({reason(error)}).") from None

    def remove(self, identifier: str) -> None:
        """Forget a round."""
        with self._lock:
            shutil.rmtree(self.folder / identifier, ignore_errors=True)

    def clear(self) -> None:
        """Forget every round."""
        with self._lock:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return folder_size(self.folder)

    def _number(self, written: Mapping[str, Any]) -> int:
        """Return a round's number, a new one for a new round."""
        newest = (entry.number for entry in self.entries())  # another panel may have written it
        return _number_of(written) or 1 + max(newest, default=0)

    def _trim(self, keep: str) -> None:
        total = self.size
        if total <= self.budget:
            return
        for entry in sorted(self.entries(), key=lambda entry: (entry.favourite, entry.number, entry.created)):
            if total <= self.budget:
                return
            if entry.id != keep:
                total -= folder_size(self.folder / entry.id)
                shutil.rmtree(self.folder / entry.id, ignore_errors=True)


def _number_of(data: Mapping[str, Any]) -> int:
    number = data.get("number")
    return number if type(number) is int and 0 < number < _MOST_ROUNDS else 0


def _created(data: Mapping[str, Any]) -> float:
    created = float(data["created"])
    if not abs(created) < _LAST_SECOND:
        raise ValueError("its date is not a date")
    return created


def _header(entry: Round, photo: str) -> dict[str, Any]:
    box = entry.context.box
    return {
        "format": _FORMAT,
        "round": entry.id,
        "created": entry.created,
        "photo": photo,
        "mode": entry.context.mode,
        "box": [box.left, box.top, box.width, box.height],
        "selected": [entry.selected.left, entry.selected.top],
        "fills": [
            {
                "id": fill.id,
                "recipe": fill.recipe.to_dict(),
                "favourite": fill.favourite,
                "unknown": list(fill.unknown),
            }
            for fill in entry.fills
        ],
    }


def _write_png(path: Path, pixels: NDArray[np.uint8] | NDArray[np.bool_]) -> None:
    write_atomically(path, lambda file: Image.fromarray(pixels).save(file, "PNG", compress_level=1))


def _read_png(path: Path) -> NDArray[np.uint8]:
    with opened(read_file(path), path.name) as image:
        return np.array(image, np.uint8)


def _read_maps(path: Path) -> NDArray[np.float32] | None:
    """Return the maps of a recolouring; None for other fills."""
    return np.load(path, allow_pickle=False) if path.exists() else None
