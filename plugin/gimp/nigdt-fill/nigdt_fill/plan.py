"""What to send for a selection, in plain numbers and bytes: needs neither GIMP nor NumPy.

The rules of the context are those of `nigdt.context.box`: GIMP and the panel show the model the same square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MIN_PADDING = 16
"""Least number of photo pixels between selection and the context's border."""

DEFAULT_MODEL = "default"
USUAL_SIZE = 128
"""Working size of the model that comes along, pixels; for a picture before the service said the real one."""
MAX_VARIANTS = 8
MAX_SEED = 2**31 - 1 - MAX_VARIANTS
MAX_CONTEXT = 4.0
MAX_GROW = 200
MAX_FEATHER = 200.0


@dataclass(frozen=True)
class Settings:
    """What the user chose.

    Attributes:
        caption: What to put there.
        variants: How many answers, 1 to `MAX_VARIANTS`.
        seed: Of the first answer; 0 is the model's likeliest answer.
        context: Factor on the side of the context, 1 to `MAX_CONTEXT`.
        grow: Photo pixels by which the selection is grown.
        feather: Photo pixels over which its border is softened.
        model: Name of the model bundle.
    """

    caption: str
    variants: int = 1
    seed: int = 0
    context: float = 1.0
    grow: int = 0
    feather: float = 0.0
    model: str = DEFAULT_MODEL

    def recipes(self) -> list[dict[str, Any]]:
        """One protocol variant for each answer: seeds `seed`, `seed + 1`, ..., where 0 is the mean."""
        seeds = range(self.seed, self.seed + self.variants)
        return [{"seed": seed or None, "base": None, "spread": 1.0} for seed in seeds]


@dataclass(frozen=True)
class Box:
    """A rectangle in photo pixels; it may reach beyond the photo."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """First column after the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row after the box."""
        return self.top + self.height

    def clipped(self, width: int, height: int) -> Box:
        """Return the part inside a photo of the given size."""
        left, top = max(self.left, 0), max(self.top, 0)
        return Box(left, top, min(self.right, width) - left, min(self.bottom, height) - top)


def context_box(inner: Box, width: int, height: int, minimum: int, widen: float = 1.0) -> Box:
    """Return the square that the model gets to see.

    Args:
        inner: Smallest box around the selected pixels.
        width: Of the photo, pixels.
        height: Of the photo, pixels.
        minimum: Least side, the model's working size, pixels.
        widen: Factor on the padded side, 1 or more.
    """
    longest = max(inner.width, inner.height)
    padded = longest + 2 * max(round(longest / 4), MIN_PADDING)
    side = max(min(round(padded * widen), max(padded, width, height)), minimum)
    left = _place(inner.left + inner.width / 2, side, width)
    return Box(left, _place(inner.top + inner.height / 2, side, height), side, side)


def _place(centre: float, side: int, available: int) -> int:
    if side >= available:
        return (available - side) // 2
    return min(max(round(centre - side / 2), 0), available - side)


def reflected(start: int, length: int, available: int) -> list[int]:
    """Return the indices from `start` on, folded into 0 to `available` without repeating the border."""
    if available == 1:
        return [0] * length
    period = 2 * (available - 1)
    folded = (index % period for index in range(start, start + length))
    return [index if index < available else period - index for index in folded]


def gather(pixels: bytes, width: int, rows: Sequence[int], columns: Sequence[int], channels: int) -> bytes:
    """Pick rows and columns of a picture.

    Args:
        pixels: Row by row, `channels` bytes each.
        width: Columns of `pixels`.
        rows: Wanted rows, in order, repeats allowed.
        columns: Wanted columns, in order, repeats allowed.
        channels: Bytes of a pixel.
    """
    stride = width * channels
    runs = _runs(columns)
    made: dict[int, bytes] = {}
    for row in set(rows):
        line = pixels[row * stride : (row + 1) * stride]
        made[row] = b"".join(line[first * channels : (last + 1) * channels] for first, last in runs)
    return b"".join(made[row] for row in rows)


def _runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Return the maximal ascending runs (first, last) that `indices` consists of."""
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs


def cut(pixels: bytes, size: tuple[int, int], box: Box, channels: int) -> bytes:
    """Return the part `box` of a picture of `size` (width, height); the box lies inside."""
    if box != box.clipped(*size):
        raise ValueError(f"{box} is not inside {size}.")
    rows = range(box.top, box.bottom)
    return gather(pixels, size[0], rows, range(box.left, box.right), channels)


_SELECTED = bytes([0] + [255] * 255)
_TRANSPARENT = bytes([255] * 128 + [0] * 128)


def hole_of(selection: bytes, alpha: bytes) -> bytes:
    """Return the pixels that the model has to make, 255, the others 0.

    These are all with any selection at all, and those that are mostly transparent: what lies there is unknown
    too, and the model must not take it for a black surrounding.

    Args:
        selection: 0 to 255 per pixel.
        alpha: Opacity of the photo, 0 to 255 per pixel.
    """
    selected = int.from_bytes(selection.translate(_SELECTED), "big")
    unknown = int.from_bytes(alpha.translate(_TRANSPARENT), "big")
    return (selected | unknown).to_bytes(len(selection), "big")


def layer_name(caption: str, limit: int = 40) -> str:
    """Return a caption as a layer's name: one line, not too long."""
    line = " ".join(caption.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
