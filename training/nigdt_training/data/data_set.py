"""Reading a data set in whichever known layout it has."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from nigdt_training.data.errors import DataError
from nigdt_training.data.formats import layouts
from nigdt_training.data.records import (
    UNREAD_SUFFIXES,
    DataLayout,
    Record,
    is_photo,
    parse_json,
    valid_places,
)
from nigdt_training.data.shards import is_sharded, read_shards
from nigdt_training.data.tree import Tree


@dataclass(frozen=True)
class DataSet:
    """A data set as it was found on disk.

    Attributes:
        path: The folder or archive.
        layout: Name of the layout that it has.
        records: One per photo that it names and that exists, captionless ones included, in a stable order.
        missing: Photos that it names and that do not exist.
        unread: Photos of kinds that are not read, and that do not lie there as one of the others too.
        left_out: Files, rows and annotations that cannot be used, each with the reason.
    """

    path: Path
    layout: str
    records: list[Record]
    missing: list[str]
    unread: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def read_data_set(path: Path | str) -> DataSet:
    """Read a data set in whichever known layout it has.

    Args:
        path: A folder or an uncompressed .tar.

    Raises:
        DataError: Nothing there, no photos, no known layout, or a broken index.
    """
    if is_sharded(Path(path)):
        records, left_out = read_shards(Path(path))
        if not records:
            why = "; ".join(f"{name}: {reason}" for name, reason in left_out[:1])
            raise DataError(f"The shards of {path} hold no photo with a caption.", why)
        return DataSet(Path(path), "WebDataset shards", records, [], left_out=left_out)
    tree = Tree(Path(path))
    unread = _unread(tree)
    if unread and not any(map(is_photo, tree.names)):
        more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
        raise DataError(
            f"{path} holds no photo of a kind that is read here, only {unread[0]}{more}.",
            "Save them as JPEG or PNG, of the same names.",
        )
    read: list[tuple[DataLayout, list[Record], list[str], list[tuple[str, str]]]] = []
    listed = tree.left_out
    for layout in layouts(tree):  # an index of something else is no reason to leave the photos
        tree.missing, tree.left_out = [], [*listed]
        read.append((layout, layout.read(tree), tree.missing, tree.left_out))
        if any(record.captions for record in read[-1][1]):
            break
    else:
        del read[1:]
    layout, records, tree.missing, _ = read[-1]
    records = _with_places(records, Path(path))
    tree.left_out = [*dict.fromkeys(entry for *_, left_out in read for entry in left_out)]
    if not records and tree.left_out:
        name, why = tree.left_out[0]
        raise DataError(f"{path} holds nothing that can be used.", f"{name}: {why}")
    if not records and tree.missing:
        raise DataError(
            f"None of the {len(tree.missing)} photos that the index of {path} names is there.",
            f"The first would be {tree.missing[0]}.",
        )
    if not records:
        raise DataError(
            f"{path} holds no photos.", "See docs/training-data.md for the layouts that are read."
        )
    return DataSet(Path(path), layout.name, records, tree.missing, unread, tree.left_out)


def _with_places(records: list[Record], path: Path) -> list[Record]:
    """Add where parts are, which `NAME-parts.json` beside a folder `NAME` tells: file -> part -> [x, y]."""
    told = path.with_name(f"{path.resolve().name}-parts.json")
    if not told.is_file():
        return records
    places = parse_json(told.read_text("utf-8", errors="replace"), told.name)
    if not isinstance(places, dict):
        raise DataError(f"{told.name} does not tell where parts are.", "It holds file -> part -> [x, y].")
    return [
        record if record.places else replace(record, places=valid_places(places.get(record.name)))
        for record in records
    ]


def _unread(tree: Tree) -> list[str]:
    stems = {PurePosixPath(name).with_suffix("") for name in tree.names if is_photo(name)}
    return [
        name
        for name in tree.names
        if PurePosixPath(name).suffix.lower() in UNREAD_SUFFIXES
        and PurePosixPath(name).with_suffix("") not in stems
    ]


def read_records(path: Path | str) -> list[Record]:
    """Return the records of `read_data_set`."""
    return read_data_set(path).records
