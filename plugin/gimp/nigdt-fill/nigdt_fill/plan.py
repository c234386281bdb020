"""What to send for a selection, in plain numbers and bytes: needs neither GIMP nor NumPy.

The rules of the context are those of `nigdt.context.box`: GIMP and the panel show the model the same part.
"""

from __future__ import annotations

from dataclasses import dataclass

from nigdt import limits
from nigdt.recipe import Recipe, Variant, variants_from_seed

DEFAULT_MODEL = "default"
USUAL_SIZE = 128
"""Working size of the model that comes along, pixels; for a picture before the service said the real one."""
AUTOMATIC = -1
"""As `grow` or `feather`: NIGDT chooses."""


@dataclass(frozen=True)
class Settings:
    """What the user chose.

    Attributes:
        caption: What to put there; without a word, what is selected is removed.
        variants: How many answers, 1 to `limits.VARIANTS`.
        seed: Of the first answer; 0 is the model's likeliest answer.
        context: Factor on the side of the context, 1 to `limits.WIDEN_MAX`.
        grow: Photo pixels by which the selection is grown, or `AUTOMATIC`.
        feather: Photo pixels over which the fill fades out, or `AUTOMATIC`.
        match_colours: How far the fill's colours are matched to its surroundings, 0 to 100.
        strength: Opacity of the fill, 0 to 100.
        model: Name of the model bundle.
    """

    caption: str
    variants: int = 1
    seed: int = 0
    context: float = 1.0
    grow: int = AUTOMATIC
    feather: int = AUTOMATIC
    match_colours: float = 100.0
    strength: float = 100.0
    model: str = DEFAULT_MODEL

    @property
    def recipe(self) -> Recipe:
        """What is asked for, but for the variant."""
        return Recipe(
            self.caption.strip(),
            bundle=self.model,
            widen=self.context,
            grow=None if self.grow == AUTOMATIC else self.grow,
            feather=None if self.feather == AUTOMATIC else self.feather,
            match_colours=self.match_colours / 100,
            strength=self.strength / 100,
        )

    @property
    def draws(self) -> list[Variant]:
        """Which of the possible answers to ask for."""
        return variants_from_seed(self.variants, self.seed)


@dataclass(frozen=True)
class Box:
    """A rectangle in photo pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.width * self.height


def context_box(
    inner: Box, width: int, height: int, minimum: int, widen: float = 1.0, mode: limits.Mode = "describe"
) -> Box:
    """Return the part of the photo that the model gets to see; it lies inside the photo.

    Args:
        inner: Smallest box around the selected pixels.
        width: Of the photo, pixels.
        height: Of the photo, pixels.
        minimum: Least side, the model's working size, pixels.
        widen: Factor on the padded side, 1 or more.
        mode: What is to be done.
    """
    longest = max(inner.width, inner.height)
    fraction, least = limits.PADDING[mode]
    padded = longest + 2 * max(round(longest * fraction), least)
    side = max(round(padded * widen), minimum)
    left, columns = _place(inner.left, inner.width, side, width)
    top, rows = _place(inner.top, inner.height, side, height)
    return Box(left, top, columns, rows)


def _place(start: int, length: int, side: int, available: int) -> tuple[int, int]:
    side = min(side, available)
    return min(max(round(start + length / 2 - side / 2), 0), available - side), side


def touched(weight: bytes, width: int) -> Box | None:
    """Return the smallest box around the bytes above 0 of a picture with rows of `width`, or None."""
    rows = [weight[start : start + width] for start in range(0, len(weight), width)]
    used = [index for index, row in enumerate(rows) if row.strip(b"\0")]
    if not used:
        return None
    inside = rows[used[0] : used[-1] + 1]
    left = min(width - len(row.lstrip(b"\0")) for row in inside)
    right = max(len(row.rstrip(b"\0")) for row in inside)
    return Box(left, used[0], right - left, len(inside))


def cut(pixels: bytes, width: int, box: Box, channels: int) -> bytes:
    """Return the part `box` of a picture with rows of `width` pixels; the box lies inside."""
    stride = width * channels
    if (
        box.left < 0
        or box.top < 0
        or box.left + box.width > width
        or (box.top + box.height) * stride > len(pixels)
    ):
        raise ValueError(f"{box} is not inside a picture of {width} columns.")
    first = box.top * stride + box.left * channels
    starts = range(first, first + box.height * stride, stride)
    return b"".join(pixels[start : start + box.width * channels] for start in starts)


_SELECTED = bytes([0] + [255] * 255)
_TRANSPARENT = bytes([255] * 128 + [0] * 128)


def shows_nothing(selection: bytes, alpha: bytes) -> bool:
    """Whether every pixel is selected or mostly transparent, so that a fill has nothing to go by.

    Args:
        selection: 0 to 255 per pixel.
        alpha: Opacity of the photo, 0 to 255 per pixel.
    """
    selected = int.from_bytes(selection.translate(_SELECTED), "big")
    unknown = int.from_bytes(alpha.translate(_TRANSPARENT), "big")
    return (selected | unknown).to_bytes(len(selection), "big").count(0) == 0


def layer_name(caption: str, limit: int = 40) -> str:
    """Return a caption as a layer's name: one line, not too long."""
    line = " ".join(caption.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
