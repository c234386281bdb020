"""Indices that name photos and their captions, in the forms in which people write them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, Literal

from nigdt_training.data.errors import DataError
from nigdt_training.data.records import is_photo, parse_json
from nigdt_training.data.tree import LARGEST_TEXT, Tree

FILE_KEYS = (
    "file_name",
    "image",
    "file",
    "filename",
    "image_file",
    "image_name",
    "image_path",
    "path",
    "name",
)
TEXT_KEYS = ("text", "caption", "captions", "prompt", "comment", "description", "sentences", "tags")
_NAMES = re.compile(
    r"(metadata|meta(_\w+)?|captions?|results|dataset\w*|labels|annotations|prompts|.*\.(lemma)?token)"
    r"\.(jsonl|json|csv|tsv|txt)"
    r"|.*\.(lemma)?token",
    re.IGNORECASE,
)
_DELIMITERS = (",", "\t", "|", ";")
_TOKEN = re.compile(r"(.+?\.\w{3,4})(?:#\d+)?\s*(?:\t|\||:\s|,|;)\s*(.*)")


def index_kind(tree: Tree, name: str) -> str | None:
    """Tell what kind of index a file is, by its name and its beginning: a captions.txt may be a photo's own.

    Returns:
        "jsonl", "json", "csv" or "token" (on each line a photo, as Flickr's `photo.jpg#0`, a tabulator, bar,
        comma, semicolon or colon, and a caption); None for no index.
    """
    if not is_called_as_index(name):
        return None
    file = PurePosixPath(name).name
    suffix = PurePosixPath(file).suffix.lower()
    if suffix == ".jsonl":
        return "jsonl"
    if suffix == ".json":
        return "json" if _names_photos(tree, name) else None
    if file.lower() == "metadata.csv":
        return "csv"
    first, _ = _first_line(tree.beginning(name).lstrip("\ufeff"))
    if _columns(first)[0]:
        return "csv"
    found = _TOKEN.fullmatch(first)
    return "token" if found and is_photo(found[1]) else None


def is_called_as_index(name: str) -> bool:
    """Tell whether a file has an index's name, whatever is in it."""
    return bool(_NAMES.fullmatch(PurePosixPath(name).name))


def _names_photos(tree: Tree, name: str) -> bool:
    """Tell whether a file of JSON names photos at its beginning; COCO's and others' own are left to them."""
    head = tree.beginning(name).lstrip("\ufeff")
    if not re.match(r"\s*[\[{]", head):
        return False
    if re.search(r'"(annotations|categories)"\s*:', head):
        return False
    photo = re.search(r'"[^"\n]+\.(jpe?g|png|webp|tiff?|bmp|gif|avif)"', head, re.IGNORECASE)
    kohya = PurePosixPath(name).name.lower().startswith("meta") and re.search(r'"(caption|tags)"\s*:', head)
    return bool(photo or kohya)


def _first_line(text: str) -> tuple[str, str]:
    """Return a table's first line and the rest, without what spreadsheets and people put before it."""
    line, _, rest = text.partition("\n")
    while rest and not _columns(line)[0] and (not line.strip() or line.startswith(("#", "sep="))):
        line, _, rest = rest.partition("\n")
    return line, rest


def _columns(line: str) -> tuple[list[str], str]:
    """Return a table's columns, by its first line, and what parts them; none without a file or a caption."""
    for delimiter in _DELIMITERS:
        columns = [column.strip().strip('"').lower() for column in line.split(delimiter)]
        if {*columns} & {*FILE_KEYS} and {*columns} & {*TEXT_KEYS}:
            return columns, delimiter
    return [], ","


def rows(tree: Tree, index: str, kind: str) -> Iterator[dict[str, Any]]:
    """Yield an index's rows, each with one of `FILE_KEYS` and mostly one of `TEXT_KEYS`.

    What cannot be read is noted in `tree` and left out.

    Args:
        tree: Where it lies.
        index: Its name.
        kind: From `index_kind`.
    """
    try:
        text = tree.read_text(index).lstrip("\ufeff")
        yield from {"jsonl": _lines, "json": _json, "csv": _table, "token": _tokens}[kind](tree, index, text)
    except (DataError, csv.Error) as error:
        tree.left_out.append((index, str(error)))


def _lines(tree: Tree, index: str, text: str) -> Iterator[dict[str, Any]]:
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
        elif number == 1 and isinstance(_whole(text), list | dict):  # JSON all the same, over many lines
            yield from _json(tree, index, text)
            return
        else:
            tree.left_out.append((f"{index}, line {number}", "is no JSON object"))


def _whole(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _json(tree: Tree, index: str, text: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a list, of Karpathy's `images`, or of a map from photos to captions (as kohya's)."""
    content = parse_json(text, index)
    if isinstance(content, dict) and isinstance(content.get("images"), list):
        content = content["images"]
    elif isinstance(content, dict) and isinstance(file_of(content), str):
        content = [content]
    items: Iterable[Any]
    if isinstance(content, dict):
        items = [
            {**value, "file_name": name} if isinstance(value, dict) else {"file_name": name, "text": value}
            for name, value in content.items()
        ]
    else:
        items = content if isinstance(content, list) else []
    for number, row in enumerate(items, start=1):
        if isinstance(row, dict):
            yield row
        else:
            tree.left_out.append((f"{index}, entry {number}", "is no JSON object"))


def _table(tree: Tree, index: str, text: str) -> Iterator[dict[str, Any]]:
    first, rest = _first_line(text)
    columns, delimiter = _columns(first)
    if not columns:
        raise DataError(f"{index} names no columns for a file and its caption.", "See docs/training-data.md.")
    csv.field_size_limit(LARGEST_TEXT - 1)
    # A table as spreadsheets write it quotes; one parted by a bar or a tabulator does not.
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if delimiter in ",;" else csv.QUOTE_NONE
    if quoting == csv.QUOTE_MINIMAL and _has_open_quotes(rest, delimiter):
        tree.left_out.append((index, "has a quotation mark that is not closed: read line by line"))
        quoting = csv.QUOTE_NONE
    captions = [number for number, column in enumerate(columns) if column in TEXT_KEYS]
    caption = captions[-1] if captions[-1] == len(columns) - 1 else captions[0]
    lines = csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter, quoting=quoting)
    for number, values in enumerate(lines, start=2):
        if not any(value.strip() for value in values):
            continue
        if len(values) < len(columns):
            tree.left_out.append((f"{index}, row {number}", "has too few columns"))
            continue
        while len(values) > len(columns) and not values[-1].strip():
            values.pop()
        # A caption may hold commas without quotation marks, as in Flickr's file.
        end = caption + 1 + len(values) - len(columns)
        values[caption:end] = [delimiter.join(values[caption:end])]
        yield {column: value.strip().strip('"') for column, value in zip(columns, values, strict=True)}


def _has_open_quotes(rest: str, delimiter: str) -> bool:
    """Tell whether rows would be swallowed by a quotation mark before them that is not closed.

    Quotation marks inside a caption, which ought to be doubled, do no harm as long as the row ends its line.
    """
    if rest.count('"') % 2:
        return True
    try:
        for _ in csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        lines = csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter)
        return any("\n" in value for values in lines for value in values)
    return False


def _tokens(tree: Tree, index: str, text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.split("\n"), start=1):
        found = _TOKEN.fullmatch(line.rstrip("\r"))
        if found:
            yield {"file_name": found[1].strip('"'), "text": found[2].strip('"')}
        elif line.strip():
            tree.left_out.append((f"{index}, line {number}", "names no photo"))


def file_of(row: dict[str, Any]) -> str | None:
    """Return the file that a row names, also as `{"path": ...}` or in a column such as `image_file_name`."""
    keys = [*FILE_KEYS, *(key for key in row if str(key).endswith("_file_name"))]
    values = [row.get(key) for key in keys]
    paths = [value.get("path") if isinstance(value, dict) else value for value in values]
    return next((path for path in paths if isinstance(path, str) and path.strip()), None)


def captions_of(row: dict[str, Any]) -> list[str]:
    """Return a row's captions: a text, a list of texts, or Karpathy's list of sentences."""
    text = next((row[key] for key in TEXT_KEYS if row.get(key)), None)
    several = text if isinstance(text, list) else [text]
    texts = [_sentence(one) if isinstance(one, dict) else one for one in several]
    return [text.strip() for text in texts if isinstance(text, str) and text.strip()]


def _sentence(entry: dict[str, Any]) -> Any:
    text, words = entry.get("raw") or entry.get("text"), entry.get("tokens")
    if not text and isinstance(words, list) and all(isinstance(word, str) for word in words):
        return " ".join(words)
    return text
