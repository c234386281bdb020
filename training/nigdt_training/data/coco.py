"""COCO: `captions_*.json`, with objects from `instances_*.json` where that lies beside it.

Tools that export COCO give the file other names, and put captions and objects into one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from nigdt_training.data.errors import DataError
from nigdt_training.data.records import (
    LARGEST_COORDINATE,
    BoxXYWH,
    DataLayout,
    Record,
    is_number,
    is_photo,
    known_split,
    parse_json,
    split_of_folders,
    valid_box,
)
from nigdt_training.data.tree import Tree

_CAPTIONS = re.compile(r"captions_(.+)\.json")
_OTHER_NAMES = re.compile(r"(captions|annotations|_annotations\.coco)\.json")


def _indices(tree: Tree) -> list[str]:
    return [name for name in tree.names if _CAPTIONS.fullmatch(PurePosixPath(name).name)] or [
        name
        for name in tree.names
        if _OTHER_NAMES.fullmatch(PurePosixPath(name).name) and _holds_captions(tree, name)
    ]


def _holds_captions(tree: Tree, name: str) -> bool:
    try:
        text = tree.read_text(name)
    except DataError:
        return False
    return all(f'"{key}"' in text for key in ("images", "annotations", "image_id", "caption"))


def _read(tree: Tree) -> list[Record]:
    photos: dict[str, list[str]] = {}
    for name in filter(is_photo, tree.names):
        photos.setdefault(PurePosixPath(name).name, []).append(name)
    records = []
    for index in _indices(tree):
        named = _CAPTIONS.fullmatch(PurePosixPath(index).name)
        part = named[1] if named else PurePosixPath(index).parent.name
        content = _content(tree, index)
        instances = PurePosixPath(index).with_name(f"instances_{part}.json").as_posix()
        objects = _largest_objects(tree, instances if named else index)
        captions: dict[str, list[str]] = {}
        for annotation in _entries(tree, index, content, "annotations"):
            number, caption = _key(annotation.get("image_id")), annotation.get("caption")
            if not named and caption is None:  # an object
                continue
            if number is None or not isinstance(caption, str):
                tree.left_out.append((index, f"an annotation without a caption ({_shown(annotation)})"))
            elif caption.strip():
                captions.setdefault(number, []).append(caption.strip())
        for image in _entries(tree, index, content, "images"):
            number, file_name = _key(image.get("id")), image.get("file_name")
            if number is None or not isinstance(file_name, str):
                tree.left_out.append((index, f"an image without id or file_name ({_shown(image)})"))
                continue
            name = _locate(photos, file_name, part)
            if not name:
                tree.missing.append(file_name)
                continue
            thing = objects.get(number, {})
            records.append(
                Record(
                    source=tree.source(name),
                    captions=captions.get(number, []),
                    box=_box(thing),
                    polygons=_polygons(thing),
                    group=name,
                    split=known_split(part) or split_of_folders(name),
                )
            )
    return records


def _content(tree: Tree, index: str) -> dict[str, Any]:
    """Return an index's content; empty where it is none, which is told."""
    try:
        content = parse_json(tree.read_text(index), index)
    except DataError as error:
        tree.left_out.append((index, str(error)))
        return {}
    if not isinstance(content, dict):
        tree.left_out.append((index, "is not as COCO has it"))
        return {}
    return content


def _entries(tree: Tree, index: str, content: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """Yield an index's entries of a kind; what is none is told."""
    entries = content.get(key, [])
    if not isinstance(entries, list):
        tree.left_out.append((index, f"its {key} are no list"))
        return
    for entry in entries:
        if isinstance(entry, dict):
            yield entry
        else:
            tree.left_out.append((index, f"one of its {key} is none ({_shown(entry)})"))


def _key(value: Any) -> str | None:
    """Return an id; some write it as a number in one list and as a text in the other."""
    return str(value) if isinstance(value, int | str) else None


def _shown(entry: Any) -> str:
    return repr(entry)[:60]


def _locate(photos: dict[str, list[str]], file_name: str, part: str) -> str:
    """Return where a photo lies, empty if nowhere or in one of several places.

    The same name may lie in several folders: that which `file_name` says counts, else that of the split.
    """
    path = PurePosixPath(file_name.replace("\\", "/"))
    found = photos.get(path.name, [])
    exact = [name for name in found if PurePosixPath(name).parts[-len(path.parts) :] == path.parts]
    for some in (exact, found):
        fitting = [name for name in some if part in PurePosixPath(name).parts]
        for choice in (fitting, some):
            if len(choice) == 1:
                return choice[0]
    return ""


def _largest_objects(tree: Tree, index: str) -> dict[str, dict[str, Any]]:
    """Return each image's largest single object by id; crowds are no objects, nor is what has no size."""
    if index not in tree:
        return {}
    largest: dict[str, tuple[float, dict[str, Any]]] = {}
    for annotation in _entries(tree, index, _content(tree, index), "annotations"):
        number = _key(annotation.get("image_id"))
        if annotation.get("iscrowd") or number is None:
            continue
        area = _area(annotation)
        if area is None:
            tree.left_out.append((index, f"an object without a box or an outline ({_shown(annotation)})"))
        elif number not in largest or area > largest[number][0]:
            largest[number] = area, annotation
    return {number: annotation for number, (_, annotation) in largest.items()}


def _area(annotation: dict[str, Any]) -> float | None:
    """Return an object's area, that of its box where none is given; None where there is neither."""
    box = _box(annotation)
    if box is None:
        return None
    area = annotation.get("area")
    return float(area) if is_number(area) and area > 0 else box[2] * box[3]


def _box(thing: dict[str, Any]) -> BoxXYWH | None:
    """Return the object's box, around its outlines where none is given."""
    box = valid_box(thing.get("bbox"))
    outlines = _polygons(thing)
    if box is not None or not outlines:
        return box
    x, y = ([value for flat in outlines for value in flat[axis::2]] for axis in (0, 1))
    return valid_box((min(x), min(y), max(x) - min(x), max(y) - min(y)))


def _polygons(thing: dict[str, Any]) -> tuple[tuple[float, ...], ...]:
    segmentation = thing.get("segmentation")
    if not isinstance(segmentation, list):
        return ()
    return tuple(
        tuple(float(value) for value in outline)
        for outline in segmentation
        if isinstance(outline, list)
        and len(outline) >= 6
        and len(outline) % 2 == 0
        and all(is_number(value) and abs(value) < LARGEST_COORDINATE for value in outline)
    )


COCO = DataLayout("COCO captions", lambda tree: bool(_indices(tree)), _read)
