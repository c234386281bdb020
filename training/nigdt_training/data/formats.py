"""The layouts of data sets, from the most to the least specific."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterator
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


_CAPTION_ENDINGS = (".txt", ".caption")
_INDICES = ("metadata.jsonl", "metadata.csv", "captions.txt", "captions.csv")
_FILE_KEYS = ("file_name", "image", "file", "filename", "image_file", "path")
_TEXT_KEYS = ("text", "caption", "captions", "prompt", "comment")


def _has_metadata(tree: Tree) -> bool:
    return any(_is_index(tree, name) for name in tree.names)


def _is_index(tree: Tree, name: str) -> bool:
    """Tell whether a file names photos; a captions.txt may be a photo's own or hold a table, as Flickr's."""
    file = PurePosixPath(name).name
    if file not in _INDICES:
        return False
    first = tree.read_text(name).lstrip("\ufeff").split("\n", 1)[0] if file.endswith(".txt") else ""
    return not file.endswith(".txt") or bool(_columns(first))


def _columns(line: str) -> list[str]:
    """Return the columns of a table's first line; none where it names no file and no caption."""
    columns = [column.strip().lower() for column in line.split(",")]
    named = {*columns} & {*_FILE_KEYS} and {*columns} & {*_TEXT_KEYS}
    return columns if named else []


def _rows(tree: Tree, index: str) -> Iterator[dict[str, Any]]:
    """Yield an index's rows; one that cannot be read is noted and left out."""
    text = tree.read_text(index)
    if index.endswith(".jsonl"):
        # Only \n ends a line of JSON: U+2028 and U+0085 may stand inside.
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                yield row
            else:
                tree.missing.append(f"{index}, line {number} (no JSON object)")
        return
    first, _, rest = text.lstrip("\ufeff").partition("\n")
    columns = _columns(first)
    for row in csv.DictReader(io.StringIO(rest), fieldnames=columns, restkey="rest"):
        # A caption of Flickr's file may hold commas without quotation marks.
        more = row.pop("rest", None) or []
        row[columns[-1]] = ",".join([row[columns[-1]] or "", *more])
        yield row


def _read_metadata(tree: Tree) -> list[Record]:
    """Read indices, one or one per split folder: each row a file relative to it, and its captions."""
    records: dict[str, Record] = {}
    for index in (name for name in tree.names if _is_index(tree, name)):
        folder = PurePosixPath(index).parent
        for row in _rows(tree, index):
            file = next((row[key] for key in _FILE_KEYS if isinstance(row.get(key), str)), None)
            if file is None:
                tree.missing.append(f"{index}: a row without file_name")
                continue
            name = _found(tree, folder, file)
            if name not in tree:
                tree.missing.append(name)
            elif name in records:  # a row for each caption
                records[name].captions.extend(_captions(row))
            else:
                records[name] = _record_of_row(tree, name, row)
    return [*records.values()]


def _found(tree: Tree, folder: PurePosixPath, file: str) -> str:
    """Return the name of a row's file: as written, as written on Windows, or in a folder of images."""
    file = file.replace("\\", "/") if (folder / file).as_posix() not in tree else file
    tries = [(folder / part / file).as_posix() for part in ("", "images", "Images", "Flicker8k_Dataset")]
    return next((name for name in tries if name in tree), tries[0])


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
    text = next((row[key] for key in _TEXT_KEYS if row.get(key) is not None), None)
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
    """Read captions beside photos, each line one; a photo without a caption file is captionless.

    The file of photo.jpg is photo.txt, photo.jpg.txt or photo.caption, in whichever case and form of Unicode.
    """
    texts = {_alike(name): name for name in tree.names if name.lower().endswith(_CAPTION_ENDINGS)}
    records = []
    for name in filter(is_photo, tree.names):
        stem = PurePosixPath(name).with_suffix("").as_posix()
        beside = (_alike(f"{base}{ending}") for ending in _CAPTION_ENDINGS for base in (stem, name))
        text = next((texts[one] for one in beside if one in texts), None)
        lines = [] if text is None else tree.read_text(text).split("\n")
        captions = [line.strip() for line in lines if line.strip()]
        records.append(Record(tree.source(name), captions, group=name, split=split_of_folders(name)))
    return records


def _alike(name: str) -> str:
    """Return what names have in common that differ in case or in the form of Unicode (macOS decomposes)."""
    return unicodedata.normalize("NFC", name).lower()


LAYOUTS = (
    Layout("metadata.jsonl", _has_metadata, _read_metadata),
    COCO,
    CUB,
    Layout("caption files beside the photos", _has_photos, _read_caption_files),
)
