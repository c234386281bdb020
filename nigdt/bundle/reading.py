"""What a bundle's description may hold: anybody may have written it, so it is bounded before it is parsed."""

from __future__ import annotations

import math
import stat
from pathlib import Path
from typing import Any

import yaml

from nigdt.errors import BundleError, printable
from nigdt.files import pointer_kind
from nigdt.schema import check_yaml

__all__ = ["LARGEST", "check_sizes", "parse_description", "plain_values", "refuse_pointer"]

LARGEST = {
    "model.safetensors": 4 * 2**30,
    "model.yaml": 16 * 2**10,
    "vocabulary.json": 4 * 2**20,
    "README.md": 4 * 2**20,
    "SHA256SUMS": 64 * 2**10,
    "sample.png": 64 * 2**20,
    "recolour.safetensors": 4 * 2**30,
    "recolour.json": 4 * 2**20,
    "cutouts.safetensors": 16 * 2**20,
}
"""Most bytes of each file of a bundle."""
_LONGEST_HEADER = 2**20  # of safetensors, in bytes; those of 200 tensors take 30 KB
_TEXT_CHARS = 2_000
_LARGEST_POINTER = 1024


def check_sizes(folder: Path) -> int:
    """Return the bytes of a bundle's files together.

    Raises:
        BundleError: One is no regular file, or larger than any bundle's.
    """
    total = 0
    for name, most in LARGEST.items():
        try:
            status = (folder / name).stat()
        except OSError:
            continue  # whoever needs it says that it is missing
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(f"Bundle {folder.name}: {name} is not a regular file.", "Get the bundle again.")
        if status.st_size > most:
            raise BundleError(
                f"Bundle {folder.name}: {name} is too large to be one.", "Get the bundle again."
            )
        if status.st_size < _LARGEST_POINTER:
            refuse_pointer(folder / name, f"Bundle {folder.name}: {name}")
        if name.endswith(".safetensors"):
            _check_header(folder / name, status.st_size, f"Bundle {folder.name}: {name}")
        total += status.st_size
    return total


def _check_header(path: Path, size: int, what: str) -> None:
    """Refuse weights that are named in more words than any model's: each name takes its time."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
    except OSError:
        return  # whoever needs it says so
    if _LONGEST_HEADER < length < size:  # longer than its file it is no safetensors at all
        raise BundleError(f"{what} names more weights than any model has.", "Get the bundle again.")


def refuse_pointer(path: Path, what: str) -> None:
    """Say that a file is but the pointer of a repository that keeps the file itself elsewhere.

    Raises:
        BundleError: It is one.
    """
    try:
        with path.open("rb") as file:
            pointer = pointer_kind(file.read(_LARGEST_POINTER))
    except OSError:
        return  # whoever needs it says so
    if pointer is not None:
        raise BundleError(f"{what} is a {pointer.title}, not the file itself.", pointer.hint)


def parse_description(text: str) -> Any:
    """Parse a bundle's YAML, holding no more memory than some of its size.

    Raises:
        ValueError: It is not valid, too deep, or grows when its aliases are followed.
    """
    try:
        check_yaml(text)
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, TypeError, AttributeError) as error:
        reason = getattr(error, "problem", None) or (str(error) if isinstance(error, ValueError) else "")
        raise ValueError(reason or "it cannot be parsed") from None


def plain_values(value: Any) -> Any:
    """Return a value as JSON can hold it and a terminal show it.

    Texts lose what is no character to be seen, numbers that are none become texts, as does anything else.
    """
    if isinstance(value, dict):
        return {_text(key): plain_values(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain_values(inner) for inner in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return _text(value)


def _text(value: Any) -> str:
    try:
        return printable(str(value)[:_TEXT_CHARS])
    except ValueError:  # a whole number of thousands of digits
        return "a huge number"
