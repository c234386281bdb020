"""What a filled layer remembers about itself: a parasite with ASCII JSON, kept in XCF files.

Its fills are those of the record in NIGDT's saved pictures (`nigdt.photo.provenance`), selection included,
so that they can be made again.
"""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nigdt import __version__
from nigdt.recipe import Recipe
from nigdt_fill.plan import Rect

NAME = "nigdt-fill"
FORMAT = 3


@dataclass(frozen=True)
class Told:
    """How the one fill of a layer came about.

    Attributes:
        recipe: What was asked for.
        selected: Smallest box around what was selected, in pixels of the image as it was.
        selection: What was selected there, a grey PNG.
        region: What the fill changed, in pixels of the image as it was.
        image: Columns and rows of the image as it was; None where nobody wrote them down.
    """

    recipe: Recipe
    selected: Rect
    selection: bytes = field(repr=False)
    region: Rect
    image: tuple[int, int] | None


def describe(recipe: Recipe, region: Rect, selected: Rect, selection: bytes, image: tuple[int, int]) -> bytes:
    """Return the parasite's data for one fill.

    Args:
        recipe: How it came about.
        region: What it changed, in photo pixels.
        selected: The smallest box around what was selected, in photo pixels.
        selection: What was selected there, 0 to 255 per pixel.
        image: Columns and rows of the image.
    """
    png = base64.b64encode(_grey_png(selection, selected.width)).decode("ascii")
    fill = {
        "region": [region.left, region.top, region.width, region.height],
        "recipe": recipe.to_dict(),
        "selection": {"box": [selected.left, selected.top, selected.width, selected.height], "png": png},
    }
    return describe_applied([fill], image)


def describe_applied(fills: Sequence[Any], image: tuple[int, int]) -> bytes:
    """Return the data for a layer from the panel, which may consist of several fills, as it told them."""
    record = {"format": FORMAT, "made by": f"NIGDT {__version__}", "image": image, "fills": list(fills)}
    return json.dumps(record, ensure_ascii=True).encode("ascii")


def read(data: bytes) -> Told:
    """Return how the one fill of a layer came about.

    Args:
        data: The parasite's.

    Raises:
        ValueError: They are several fills, or the record is damaged or lacks something.
    """
    try:
        record = json.loads(data)
        (fill,) = record["fills"]
        selection = fill["selection"]
        width, height = record.get("image") or (0, 0)
        return Told(
            Recipe.from_dict(fill["recipe"]),
            Rect(*map(int, selection["box"])),
            base64.b64decode(selection["png"], validate=True),
            Rect(*map(int, fill["region"])),
            (int(width), int(height)) if width else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"No fill that could be made again ({error}).") from None


def _grey_png(pixels: bytes, width: int) -> bytes:
    """Write a grey PNG of 8 bits."""
    rows = b"".join(b"\0" + pixels[start : start + width] for start in range(0, len(pixels), width))
    header = struct.pack(">2I5B", width, len(pixels) // width, 8, 0, 0, 0, 0)
    chunks = (b"IHDR" + header, b"IDAT" + zlib.compress(rows), b"IEND")
    packed = (
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
