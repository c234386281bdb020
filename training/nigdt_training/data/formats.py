"""The layouts of data sets, from the most to the least specific."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from nigdt_training.data.coco import COCO
from nigdt_training.data.cub import CUB
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


def detect(tree: Tree) -> Layout:
    """Return the first layout that matches.

    Raises:
        DataError: None does.
    """
    for layout in LAYOUTS:
        if layout.matches(tree):
            return layout
    raise DataError(
        f"{tree.path} has no layout known here.",
        "Put a photo.txt with the captions beside each photo.jpg, or see docs/training-data.md.",
    )


def _has_metadata(tree: Tree) -> bool:
    return any(PurePosixPath(name).name == "metadata.jsonl" for name in tree.names)


def _read_metadata(tree: Tree) -> list[Record]:
    """metadata.jsonl, one or one per split folder: `file_name` relative to it, `text` a string or a list."""
    records: dict[str, Record] = {}
    for index in (name for name in tree.names if PurePosixPath(name).name == "metadata.jsonl"):
        folder = PurePosixPath(index).parent
        for number, line in enumerate(tree.read_text(index).splitlines(), start=1):
            if not line.strip():
                continue
            row = parse_json(line, f"{index}, line {number},")
            if not isinstance(row, dict) or not isinstance(row.get("file_name"), str):
                raise DataError(f"{index}, line {number}, has no file_name.", "Repair or remove that line.")
            name = (folder / row["file_name"]).as_posix()
            if name not in tree:
                name = name.replace("\\", "/")  # written on Windows
            if name not in tree:
                tree.missing.append(name)
            elif name in records:  # a row for each caption
                records[name].captions.extend(_captions(row))
            else:
                records[name] = _record_of_row(tree, name, row)
    return [*records.values()]


def _record_of_row(tree: Tree, name: str, row: dict[str, Any]) -> Record:
    attributes = row.get("attributes")
    return Record(
        source=tree.source(name),
        captions=_captions(row),
        box=_box(row.get("box")),
        group=str(row.get("group", name)),
        split=known_split(row.get("split")) or known_split(row.get("cub_split")) or split_of_folders(name),
        species=row["species"] if isinstance(row.get("species"), str) else None,
        attributes={str(part): str(value) for part, value in attributes.items()}
        if isinstance(attributes, dict)
        else {},
    )


def _captions(row: dict[str, Any]) -> list[str]:
    text = row.get("text")
    captions = [text] if isinstance(text, str) else text if isinstance(text, list) else []
    return [caption.strip() for caption in captions if isinstance(caption, str) and caption.strip()]


def _box(values: Any) -> BoxXYWH | None:
    if (
        not isinstance(values, list)
        or len(values) != 4
        or not all(isinstance(v, int | float) for v in values)
    ):
        return None
    return valid_box(values)


def _has_photos(tree: Tree) -> bool:
    return any(is_photo(name) for name in tree.names)


def _read_caption_files(tree: Tree) -> list[Record]:
    """photo.txt beside photo.jpg, each line a caption; a photo without one is captionless."""
    records = []
    for name in filter(is_photo, tree.names):
        endings = (".txt", ".TXT")
        beside = [PurePosixPath(name).with_suffix(ending).as_posix() for ending in endings]
        text = next((one for one in beside if one in tree), None)
        lines = [] if text is None else tree.read_text(text).splitlines()
        captions = [line.strip() for line in lines if line.strip()]
        records.append(Record(tree.source(name), captions, group=name, split=split_of_folders(name)))
    return records


LAYOUTS = (
    Layout("metadata.jsonl", _has_metadata, _read_metadata),
    COCO,
    CUB,
    Layout("caption files beside the photos", _has_photos, _read_caption_files),
)
