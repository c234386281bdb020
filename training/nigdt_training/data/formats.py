"""The layouts of data sets, from the most to the least specific."""

from __future__ import annotations

import posixpath
import unicodedata
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from nigdt_training.data.coco import COCO
from nigdt_training.data.cub import CUB
from nigdt_training.data.errors import DataError
from nigdt_training.data.records import (
    DataLayout,
    Record,
    is_box,
    is_photo,
    known_split,
    split_of_folders,
    valid_box,
)
from nigdt_training.data.tables import TEXT_KEYS, captions_of, file_of, index_kind, is_called_as_index, rows
from nigdt_training.data.tree import Tree


def layouts(tree: Tree) -> list[DataLayout]:
    """Return the layouts that match, the most specific first.

    Raises:
        DataError: None does.
    """
    found = [layout for layout in LAYOUTS if layout.matches(tree)]
    if not found:
        raise DataError(
            f"{tree.path} has no layout known here.",
            "Put a photo.txt with the captions beside each photo.jpg, or see docs/training-data.md.",
        )
    return found


_CAPTION_ENDINGS = (".txt", ".caption")
_UNREAD_TABLES = (".parquet", ".arrow", ".xlsx", ".ods")
_FOLDERS = ("", "images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset", "flickr30k_images")


def _indices(tree: Tree) -> dict[str, str]:
    """Return the files that name photos, each with its kind."""
    own = {_alike(f"{base}.txt") for name in tree.names if is_photo(name) for base in (_stem(name), name)}
    kinds = {name: index_kind(tree, name) for name in tree.names if _alike(name) not in own}
    return {name: kind for name, kind in kinds.items() if kind}


def _read_metadata(tree: Tree) -> list[Record]:
    """Read indices, one or one per split folder: each row a file relative to it, and its captions."""
    records: dict[str, Record] = {}
    photos = [name for name in tree.names if is_photo(name)]
    alike = {_alike(_stem(name)): name for name in photos} | {_alike(name): name for name in photos}
    ends = Counter(_alike(PurePosixPath(name).name) for name in photos)
    for name in photos:  # a file's name alone, where only one photo has it, in whichever folder
        end = _alike(PurePosixPath(name).name)
        if ends[end] == 1:
            alike.setdefault(f"*/{end}", name)
    for index, kind in _indices(tree).items():
        folder = PurePosixPath(index).parent
        apart = not any(PurePosixPath(name).is_relative_to(folder) for name in photos)
        spoken = False
        for row in rows(tree, index, kind):
            file = file_of(row)
            if file is None:
                tree.left_out.append((index, "a row names no file"))
                continue
            name = _found(tree, alike, folder, file, apart=apart)
            spoken = spoken or any(key in row for key in TEXT_KEYS)
            if name not in tree:
                tree.missing.append(name)
            elif name in records:  # a row for each caption
                records[name].captions.extend(captions_of(row))
            else:
                records[name] = _record_of_row(tree, name, row)
        if records and not spoken and not tree.left_out:
            tree.left_out.append((index, f"has no captions: they stand under {', '.join(TEXT_KEYS[:4])}"))
    return [*records.values()]


def _found(tree: Tree, alike: dict[str, str], folder: PurePosixPath, file: str, *, apart: bool) -> str:
    """Return the name of a row's file: as written, as written on Windows, or in a folder of images.

    Where no file fits exactly, case, form of Unicode and a missing ending do not count, nor does where the
    files lay on the machine that wrote the index; a name without a folder fits the only photo of that name,
    which lies below the index unless that lies `apart` from all photos.
    """
    file = file.replace("\\", "/") if (folder / file).as_posix() not in tree else file
    absolute = file.startswith("/") or file[1:3] == ":/"
    files = (file, PurePosixPath(file).name) if absolute else (file,)
    tries = [posixpath.normpath(folder / part / one) for one in files for part in _FOLDERS]
    exact = next((name for name in tries if name in tree), None)
    loose = next((alike[_alike(name)] for name in tries if _alike(name) in alike), None)
    only = alike.get(f"*/{_alike(file)}")
    near = only is not None and (apart or PurePosixPath(only).is_relative_to(folder))
    return exact or loose or (only if only is not None and near else tries[0])


def _record_of_row(tree: Tree, name: str, row: dict[str, Any]) -> Record:
    attributes = row.get("attributes")
    if row.get("box") and not is_box(row["box"]):
        tree.left_out.append((name, "its box is not four numbers, and is left out"))
    return Record(
        source=tree.source(name),
        captions=captions_of(row),
        box=valid_box(row.get("box")),
        group=str(row.get("group", name)),
        split=known_split(row.get("split")) or known_split(row.get("cub_split")) or split_of_folders(name),
        species=row["species"] if isinstance(row.get("species"), str) else None,
        attributes={str(part): str(value) for part, value in attributes.items()}
        if isinstance(attributes, dict)
        else {},
    )


def _has_photos(tree: Tree) -> bool:
    return any(is_photo(name) for name in tree.names)


def _read_caption_files(tree: Tree) -> list[Record]:
    """Read captions beside photos, each line one; a photo without a caption file is captionless.

    The file of photo.jpg is photo.txt, photo.jpg.txt or photo.caption, in whichever case and form of Unicode.
    """
    texts = {_alike(name): name for name in tree.names if name.lower().endswith(_CAPTION_ENDINGS)}
    others: dict[str, str] = {}
    for name in tree.names:
        if not is_photo(name):
            others.setdefault(_alike(PurePosixPath(name).name.partition(".")[0]), name)
        if name.lower().endswith(_UNREAD_TABLES):
            tree.left_out.append((name, "is not read: write it as metadata.csv or metadata.jsonl"))
    records = []
    for name in filter(is_photo, tree.names):
        beside = (_alike(f"{base}{ending}") for ending in _CAPTION_ENDINGS for base in (_stem(name), name))
        text = next((texts[one] for one in beside if one in texts), None)
        captions = [] if text is None else tree.read_captions(text)
        other = others.get(_alike(PurePosixPath(name).name.partition(".")[0]))
        if text is None and other is not None:
            endings = " or ".join(_CAPTION_ENDINGS)
            why = f"is called as {name}, but captions are read from {endings} files beside a photo"
            tree.left_out.append((other, why))
        records.append(Record(tree.source(name), captions, group=name, split=split_of_folders(name)))
    if not any(record.captions for record in records):
        why = "is called as an index, but names no photo where one is read from"
        tree.left_out += [(name, why) for name in tree.names if is_called_as_index(name)]
    return records


def _stem(name: str) -> str:
    return PurePosixPath(name).with_suffix("").as_posix()


def _alike(name: str) -> str:
    """Return what names have in common that differ in case or in the form of Unicode (macOS decomposes)."""
    return unicodedata.normalize("NFC", name).lower()


def _has_metadata(tree: Tree) -> bool:
    return any(PurePosixPath(name).name.lower().startswith("metadata.") for name in _indices(tree))


LAYOUTS = (
    DataLayout("captions in an index", _has_metadata, _read_metadata),
    COCO,
    CUB,
    DataLayout("captions in an index", lambda tree: bool(_indices(tree)), _read_metadata),
    DataLayout("caption files beside the photos", _has_photos, _read_caption_files),
)
