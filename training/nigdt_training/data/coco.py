"""COCO: `captions_*.json`, with objects from `instances_*.json` where that lies beside it."""

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
Key = int | str


def _indices(tree: Tree) -> list[str]:
    return [name for name in tree.names if _CAPTIONS.fullmatch(PurePosixPath(name).name)]


def _read(tree: Tree) -> list[Record]:
    photos: dict[str, list[str]] = {}
    for name in filter(is_photo, tree.names):
        photos.setdefault(PurePosixPath(name).name, []).append(name)
    records = []
    for index in _indices(tree):
        part = PurePosixPath(index).name.removeprefix("captions_").removesuffix(".json")
        content = _content(tree, index)
        objects = _largest_objects(tree, PurePosixPath(index).with_name(f"instances_{part}.json").as_posix())
        captions: dict[Key, list[str]] = {}
        for annotation in _entries(tree, index, content, "annotations"):
            number, caption = _key(annotation.get("image_id")), annotation.get("caption")
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


def _key(value: Any) -> Key | None:
    return value if isinstance(value, int | str) else None


def _shown(entry: Any) -> str:
    return repr(entry)[:60]


def _locate(photos: dict[str, list[str]], file_name: str, part: str) -> str:
    """Return where a photo lies, empty if nowhere; the same name may lie in several split folders."""
    found = photos.get(PurePosixPath(file_name).name, [])
    fitting = [name for name in found if part in PurePosixPath(name).parts]
    return (fitting or found or [""])[0]


def _largest_objects(tree: Tree, index: str) -> dict[Key, dict[str, Any]]:
    """Return each image's largest single object by id; crowds are no objects, nor is what has no size."""
    if index not in tree:
        return {}
    largest: dict[Key, tuple[float, dict[str, Any]]] = {}
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
