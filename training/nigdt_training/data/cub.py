"""CUB-200-2011 in its own layout, with Reed et al.'s `text/<class>/<photo>.txt` captions (2016)."""

from __future__ import annotations

import contextlib
from pathlib import PurePosixPath
from typing import Any

from nigdt_training.data.records import DataLayout, Point, Record, valid_box, valid_places
from nigdt_training.data.tree import Tree


def _roots(tree: Tree) -> list[PurePosixPath]:
    lists = [PurePosixPath(name) for name in tree.names if PurePosixPath(name).name == "images.txt"]
    return [path.parent for path in lists if (path.parent / "bounding_boxes.txt").as_posix() in tree]


def _read(tree: Tree) -> list[Record]:
    root = _roots(tree)[0]
    photos = _table(tree, root / "images.txt")
    boxes = _table(tree, root / "bounding_boxes.txt")
    official = _table(tree, root / "train_test_split.txt")
    places = _places(tree, root / "parts")
    captions = {
        "/".join(PurePosixPath(name).parts[-2:]): name
        for name in tree.names
        if name.endswith(".txt") and any(part.startswith("text") for part in PurePosixPath(name).parts[:-2])
    }
    records = []
    for number, photo in photos.items():
        name = (root / "images" / photo).as_posix()
        if name not in tree:
            tree.missing.append(name)
            continue
        text = captions.get(PurePosixPath(photo).with_suffix(".txt").as_posix())
        try:
            box = valid_box([float(value) for value in boxes.get(number, "").split()])
        except ValueError:
            box = None
        records.append(
            Record(
                source=tree.source(name),
                captions=[] if text is None else tree.read_captions(text),
                box=box,
                group=name,
                split={"1": "train", "0": "test"}.get(official.get(number, "")),
                places=places.get(number, {}),
                species=PurePosixPath(photo).parent.name.split(".", 1)[-1].replace("_", " ") or None,
            )
        )
    return records


def _places(tree: Tree, folder: PurePosixPath) -> dict[str, dict[str, Point]]:
    """Read photo -> part -> its place, of the parts that are seen."""
    names = {number: name.replace(" ", "_") for number, name in _table(tree, folder / "parts.txt").items()}
    places: dict[str, dict[str, Any]] = {}
    listed = folder / "part_locs.txt"
    for line in tree.read_text(listed.as_posix()).split("\n") if listed.as_posix() in tree else []:
        row = line.split()
        if len(row) == 5 and row[4] == "1" and row[1] in names:
            with contextlib.suppress(ValueError):
                places.setdefault(row[0], {})[names[row[1]]] = [float(row[2]), float(row[3])]
    return {photo: valid_places(parts) for photo, parts in places.items()}


def _table(tree: Tree, path: PurePosixPath) -> dict[str, str]:
    """Read the lines "number value ..." of one of the data set's lists; empty when the list is not there."""
    if path.as_posix() not in tree:
        return {}
    rows = (line.split(maxsplit=1) for line in tree.read_text(path.as_posix()).split("\n"))
    return {row[0]: row[1].strip() for row in rows if len(row) == 2}


CUB = DataLayout("CUB-200-2011", lambda tree: bool(_roots(tree)), _read)
