"""COCO: `captions_*.json`, with objects from `instances_*.json` where that lies beside it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from nigdt_training.data.errors import DataError
from nigdt_training.data.records import (
    BoxXYWH,
    Layout,
    Record,
    is_photo,
    known_split,
    parse_json,
    split_of_folders,
    valid_box,
)
from nigdt_training.data.tree import Tree

_CAPTIONS = re.compile(r"captions_(.+)\.json")


def _indices(tree: Tree) -> list[str]:
    return [name for name in tree.names if _CAPTIONS.fullmatch(PurePosixPath(name).name)]


def _read(tree: Tree) -> list[Record]:
    photos: dict[str, list[str]] = {}
    for name in filter(is_photo, tree.names):
        photos.setdefault(PurePosixPath(name).name, []).append(name)
    records = []
    for index in _indices(tree):
        part = PurePosixPath(index).name.removeprefix("captions_").removesuffix(".json")
        content = parse_json(tree.read_text(index), index)
        objects = _largest_objects(tree, PurePosixPath(index).with_name(f"instances_{part}.json").as_posix())
        captions: dict[int, list[str]] = {}
        try:
            for annotation in content["annotations"]:
                captions.setdefault(annotation["image_id"], []).append(annotation["caption"].strip())
            for image in content["images"]:
                name = _locate(photos, image["file_name"], part)
                if not name:
                    tree.missing.append(image["file_name"])
                    continue
                thing = objects.get(image["id"], {})
                records.append(
                    Record(
                        source=tree.source(name),
                        captions=[caption for caption in captions.get(image["id"], []) if caption],
                        box=_box(thing),
                        polygons=_polygons(thing),
                        group=name,
                        split=known_split(part) or split_of_folders(name),
                    )
                )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError(
                f"{index} or its objects are not as COCO has them ({error!r}).", "Download them again."
            ) from error
    return records


def _locate(photos: dict[str, list[str]], file_name: str, part: str) -> str:
    """Return where a photo lies, empty if nowhere; the same name may lie in several split folders."""
    found = photos.get(PurePosixPath(file_name).name, [])
    fitting = [name for name in found if part in PurePosixPath(name).parts]
    return (fitting or found or [""])[0]


def _largest_objects(tree: Tree, index: str) -> dict[int, dict[str, Any]]:
    """Image id -> its largest single object's annotation; crowds are no objects."""
    if index not in tree:
        return {}
    content = parse_json(tree.read_text(index), index)
    try:
        largest: dict[int, dict[str, Any]] = {}
        for annotation in content["annotations"]:
            if annotation.get("iscrowd"):
                continue
            before = largest.get(annotation["image_id"])
            if before is None or annotation["area"] > before["area"]:
                largest[annotation["image_id"]] = annotation
    except (KeyError, TypeError) as error:
        raise DataError(f"{index} is not a COCO instance file ({error!r}).", "Download it again.") from error
    return largest


def _box(thing: dict[str, Any]) -> BoxXYWH | None:
    """Return the object's box, around its outlines where none is given."""
    if "bbox" in thing:
        return valid_box(thing["bbox"])
    outlines = _polygons(thing)
    if not outlines:
        return None
    x, y = ([value for flat in outlines for value in flat[axis::2]] for axis in (0, 1))
    return valid_box((min(x), min(y), max(x) - min(x), max(y) - min(y)))


def _polygons(thing: dict[str, Any]) -> tuple[tuple[float, ...], ...]:
    segmentation = thing.get("segmentation")
    if not isinstance(segmentation, list):
        return ()
    return tuple(
        tuple(float(value) for value in outline)
        for outline in segmentation
        if len(outline) >= 6 and len(outline) % 2 == 0
    )


COCO = Layout("COCO captions", lambda tree: bool(_indices(tree)), _read)
