"""The same words for many photos, each with a selection of its own."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.commands.fill import Drawing
from numpy.typing import NDArray

from nigdt.errors import SelectionError
from nigdt.files import check_writable
from nigdt.notices import UNKNOWN_WORDS
from nigdt.photo.camera import camera_format
from nigdt.photo.formats import SUFFIXES, PhotoFormat
from nigdt.photo.mask import read_mask
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe, Variant
from nigdt_plugin.core.files import photos_in, suffix_for
from nigdt_plugin.core.find_object import object_in
from nigdt_plugin.core.finder_client import object_answer, object_request
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import Combine, Mask, Selection

_LARGEST_LIST = 64 * 2**20
_FIELDS = ("name", "left", "top", "width", "height")


@dataclass(frozen=True)
class Work:
    """One photo of a batch.

    Attributes:
        photo: The file.
        mask: Its selection as a grey picture; None where boxes say it.
        boxes: Boxes drawn loosely around the objects to select.
    """

    photo: Path
    mask: Path | None = None
    boxes: tuple[Region, ...] = ()


def plan(photos: Path, selections: Path) -> tuple[list[Work], list[str], list[str]]:
    """Bring photos and selections together by name.

    Args:
        photos: A folder.
        selections: A folder of masks that are called as the photos are, but for the ending; or a CSV file
            with the columns name, left, top, width and height, one line per object.

    Returns:
        What is to be done, the names of photos without a selection, and the names in the CSV file that are no
        photo's.

    Raises:
        SelectionError: The CSV file cannot be read.
        OSError: A folder cannot be read.
    """
    boxes: dict[str, tuple[Region, ...]] = {}
    masks: dict[str, Path] = {}
    if selections.is_dir():
        masks = {path.stem: path for path in sorted(selections.iterdir()) if path.suffix.lower() in SUFFIXES}
    else:
        boxes = _read_boxes(selections)
    works, without = [], []
    found = photos_in(photos)
    for photo in found:
        mask, around = masks.get(photo.stem), boxes.get(photo.name, boxes.get(photo.stem, ()))
        if (mask is not None and mask != photo) or around:
            works.append(Work(photo, mask if not around else None, around))
        else:
            without.append(photo.name)
    known = {name for photo in found for name in (photo.name, photo.stem)}
    return works, without, [name for name in boxes if name not in known]


def _read_boxes(path: Path) -> dict[str, tuple[Region, ...]]:
    found: dict[str, tuple[Region, ...]] = {}
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_LIST:
            raise ValueError("it is not a list")
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if not {*_FIELDS} <= {*(rows.fieldnames or ())}:
                raise ValueError("a column is missing")
            for row in rows:
                left, top, width, height = (int(row[name]) for name in _FIELDS[1:])
                box = Region(left, top, left + width, top + height)
                if not box.empty:
                    found[row["name"]] = (*found.get(row["name"], ()), box)
    except (ValueError, KeyError, TypeError, csv.Error):
        columns = ", ".join(_FIELDS)
        raise SelectionError(f"{path.name} is not a list of boxes.", f"Its columns are {columns}.") from None
    return found


def target_of(work: Work, folder: Path, photo: Photo | None = None) -> Path:
    """Return where the filled photo is written.

    Args:
        work: Which photo.
        folder: Where the filled photos go.
        photo: What was read of it; without it, a file that is there already is found.
    """
    suffix = work.photo.suffix
    if camera_format(work.photo) is None:
        suffixes = [suffix]
    elif photo is not None:
        suffixes = [suffix_for(photo)]
    else:
        suffixes = [".jpg", ".png", ".tif"]
    targets = [folder / f"{work.photo.stem}-filled{suffix}" for suffix in suffixes]
    return next((it for it in targets if it.exists()), targets[0])


def not_written(photos: Path) -> dict[PhotoFormat, list[str]]:
    """Return the names of a folder's photos whose filled copies get another format, by the format they have.

    Raises:
        OSError: The folder cannot be read.
    """
    found: dict[PhotoFormat, list[str]] = {}
    for path in photos_in(photos):
        entry = camera_format(path)
        if entry is not None:
            found.setdefault(entry, []).append(path.name)
    return found


def do(
    work: Work, folder: Path, recipe: Recipe, *, stamp: bool, connect: Callable[[], Client] = Client.connect
) -> tuple[str, ...] | None:
    """Fill one photo and write it; what is written already is left as it is. Slow.

    Args:
        work: Which photo, and where.
        folder: Where the filled photos go.
        recipe: What to draw.
        stamp: Whether the file says what was filled.
        connect: Makes the daemon's client.

    Returns:
        What the user should know of photo, fill and file, one sentence each; None where it was there already.

    Raises:
        NigdtError: Photo or selection cannot be used, or the daemon refuses.
        OSError: The disk or the folder refuses.
    """
    if target_of(work, folder).exists():
        return None
    photo = Photo.read(work.photo)
    target = target_of(work, folder, photo)
    check_writable(target)
    told = photo.losses(target.suffix, recorded=stamp)  # or a refusal, before the work
    with connect() as client:
        selection = _selection(work, photo, client, recipe.bundle)
        if not selection.any():
            raise SelectionError(f"Nothing is selected in {work.photo.name}.")
        drawing = Drawing(client, lambda _event: None)
        drawing.onto(photo, selection, recipe, [Variant()])
    drawing.photos[0].save(target, fills=drawing.fills[0] if stamp else ())
    unknown = ", ".join(dict.fromkeys(drawing.unknown))
    words = (UNKNOWN_WORDS.format(unknown),) if unknown else ()
    return tuple(dict.fromkeys((*photo.notices, *told, *words, *drawing.notices)))


def _selection(work: Work, photo: Photo, client: Client, bundle: str) -> Mask:
    width, height = photo.size
    if work.mask is not None:
        return read_mask(work.mask, width, height)
    selection = Selection(width, height)
    for box in work.boxes:
        seen = _seen(client, photo.rgb8, box.clipped(width, height), bundle)
        region, values = selection.combined(object_in(photo.rgb8, box, seen), Combine.ADD)
        selection.write(region, values)
    return np.ascontiguousarray(selection.mask)


def _seen(client: Client, rgb: NDArray[np.uint8], box: Region, bundle: str) -> NDArray[np.uint8] | None:
    """Ask the model where the object in a box is; None where it cannot tell, and colours alone must."""
    if box.empty:
        return None
    request = object_request(rgb, box, bundle)
    try:
        return object_answer(request, client.fill(request).fills[0])
    except DaemonError as error:
        if error.code != "model-failed":
            raise
        return None
