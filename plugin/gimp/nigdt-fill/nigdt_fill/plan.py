"""What to send for a selection, in plain numbers and bytes: needs neither GIMP nor NumPy.

The rules of the context are those of `nigdt.context.box`: GIMP and the panel show the model the same part.
"""

from __future__ import annotations

from dataclasses import dataclass

from nigdt import limits
from nigdt.recipe import Recipe, Variant, variants_from_seed
from nigdt_fill.texts import _

DEFAULT_MODEL = "default"
USUAL_SIZE = limits.DEFAULT_SIZE
"""Side in pixels that a model works at; for a picture before the service said the real one."""
AUTOMATIC = -1
"""As `grow` or `feather`: NIGDT chooses."""


@dataclass(frozen=True)
class FillSettings:
    """What the user chose.

    Attributes:
        caption: What to put there, or the colour to give; to describe without a word is to remove.
        mode: What is to be done.
        variants: How many answers, 1 to `limits.VARIANTS`.
        seed: Of the first answer; 0 is the model's likeliest answer.
        context: Factor on the side of the context, 1 to `limits.WIDEN_MAX`.
        grow: Photo pixels by which the selection is grown, or `AUTOMATIC`.
        feather: Photo pixels over which the fill fades out, or `AUTOMATIC`.
        match_colours: How far the fill's colours are matched to its surroundings, 0 to 100.
        strength: Opacity of the fill, 0 to 100.
        guidance: How strongly the words count, 0 to `limits.GUIDANCE_MAX`.
        detail: How much of the photo's texture an enlarged fill gets, 100 is what the photo itself has.
        model: Name of the model bundle.
        drawn: Which of the possible answers a fill is that is made again; it counts while `seed` is its own.
    """

    caption: str = ""
    mode: limits.Mode = "describe"
    variants: int = 1
    seed: int = 0
    context: float = 1.0
    grow: int = AUTOMATIC
    feather: int = AUTOMATIC
    match_colours: float = 100.0
    strength: float = 100.0
    guidance: float = 1.0
    detail: float = 100.0
    model: str = DEFAULT_MODEL
    drawn: Variant | None = None

    @classmethod
    def of(cls, recipe: Recipe) -> FillSettings:
        """Return what makes a fill once more."""
        return cls(
            caption=recipe.caption,
            mode=recipe.mode,
            seed=recipe.variant.seed or 0,
            context=recipe.widen,
            grow=AUTOMATIC if recipe.grow is None else recipe.grow,
            feather=AUTOMATIC if recipe.feather is None else recipe.feather,
            match_colours=100 * recipe.match_colours,
            strength=100 * recipe.strength,
            guidance=recipe.guidance,
            detail=100 * recipe.detail,
            model=recipe.bundle,
            drawn=recipe.variant,
        )

    @property
    def recipe(self) -> Recipe:
        """What is asked for, but for the variant."""
        return Recipe(
            self.caption.strip(),
            self.mode,
            bundle=self.model,
            widen=self.context,
            grow=None if self.grow == AUTOMATIC else self.grow,
            feather=None if self.feather == AUTOMATIC else self.feather,
            match_colours=round(self.match_colours / 100, 6),
            strength=round(self.strength / 100, 6),
            guidance=self.guidance,
            detail=round(self.detail / 100, 6),
        )

    @property
    def draws(self) -> list[Variant]:
        """Which of the possible answers to ask for."""
        draws = variants_from_seed(self.variants, self.seed)
        if self.drawn is not None and (self.drawn.seed or 0) == self.seed:
            draws[0] = self.drawn
        return draws


@dataclass(frozen=True)
class Rect:
    """A rectangle in photo pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    def grown(self, by: int, width: int, height: int) -> Rect:
        """Return the box around everything that is at most `by` pixels away, inside a photo of that size."""
        left, top = max(0, self.left - by), max(0, self.top - by)
        right, bottom = min(width, self.left + self.width + by), min(height, self.top + self.height + by)
        return Rect(left, top, right - left, bottom - top)


def covered(selection: bytes, width: int) -> int:
    """Count the pixels from each row's first selected one to its last.

    Args:
        selection: 0 to 255 per pixel, row by row.
        width: Pixels of a row.
    """
    rows = (selection[start : start + width] for start in range(0, len(selection), width))
    return sum(len(row.strip(b"\0")) for row in rows)


def context_box(
    inner: Rect,
    width: int,
    height: int,
    minimum: int,
    widen: float = 1.0,
    mode: limits.Mode = "describe",
    drawn: int = 0,
    grown: int = 0,
) -> Rect:
    """Return the part of the photo that the model gets to see; it lies inside the photo.

    Args:
        inner: Smallest box around the selected pixels, grown.
        width: Of the photo, pixels.
        height: Of the photo, pixels.
        minimum: Least side, the model's working size, pixels.
        widen: Factor on the padded side, 1 or more.
        mode: What is to be done.
        drawn: What the selection covers before it is grown, from `covered`; a removal needs it.
        grown: Pixels by which it is grown.
    """
    longest = max(inner.width, inner.height)
    padded = longest + 2 * limits.padding(longest, mode, drawn, grown)
    side = max(round(padded * widen), minimum)
    left, columns = _place(inner.left, inner.width, side, width)
    top, rows = _place(inner.top, inner.height, side, height)
    return Rect(left, top, columns, rows)


def _place(start: int, length: int, side: int, available: int) -> tuple[int, int]:
    side = min(side, available)
    return min(max(round(start + length / 2 - side / 2), 0), available - side), side


def touched(weight: bytes, width: int) -> Rect | None:
    """Return the smallest box around the bytes above 0 of a picture with rows of `width`, or None."""
    rows = [weight[start : start + width] for start in range(0, len(weight), width)]
    used = [index for index, row in enumerate(rows) if row.strip(b"\0")]
    if not used:
        return None
    inside = rows[used[0] : used[-1] + 1]
    left = min(width - len(row.lstrip(b"\0")) for row in inside)
    right = max(len(row.rstrip(b"\0")) for row in inside)
    return Rect(left, used[0], right - left, len(inside))


def cut(pixels: bytes, width: int, box: Rect, channels: int) -> bytes:
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


def paste(pixels: bytes, box: Rect, around: Rect) -> bytes:
    """Return a picture of one byte a pixel, of the size of `around`: `pixels` in `box`, elsewhere 0."""
    before, left = box.top - around.top, bytes(box.left - around.left)
    right = bytes(around.width - box.width - len(left))
    starts = range(0, len(pixels), box.width)
    rows = b"".join(left + pixels[start : start + box.width] + right for start in starts)
    return bytes(before * around.width) + rows + bytes((around.height - box.height - before) * around.width)


def scaled(box: Rect, size: tuple[int, int], to: tuple[int, int]) -> Rect:
    """Return a box of a picture of `size` (width, height) in the same picture at another size."""
    left, right = (round(x * to[0] / size[0]) for x in (box.left, box.left + box.width))
    top, bottom = (round(y * to[1] / size[1]) for y in (box.top, box.top + box.height))
    return Rect(left, top, max(1, right - left), max(1, bottom - top))


def greyed(pixels: bytes) -> bytes:
    """Take the colour out of RGB pixels for an image that holds none, one byte a pixel.

    It is the luma of ITU-R BT.601, rounded as `nigdt.context.blend.greyed` has it.
    """
    channels = zip(pixels[0::3], pixels[1::3], pixels[2::3], strict=True)
    return bytes((9798 * red + 19235 * green + 3735 * blue + 16384) >> 15 for red, green, blue in channels)


def _light(value: float) -> float:
    """Return the light, 0 to 1, of an sRGB value from 0 to 1."""
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _value(light: float) -> float:
    return light * 12.92 if light <= 0.0031308 else 1.055 * float(light ** (1 / 2.4)) - 0.055


_LIGHT = [round(65535 * _light(value / 255)) for value in range(256)]
_VALUES = bytes(round(255 * _value(light / 65535)) for light in range(65536))


def blended_in_light(over: bytes, weight: bytes, under: bytes) -> bytes:
    """Blend bytes of sRGB in linear light, as GIMP does in some images.

    Args:
        over: What is drawn.
        weight: How far it hides what is under it, 0 to 255 for each byte.
        under: What is there.
    """
    return bytes(
        _VALUES[(share * _LIGHT[drawn] + (255 - share) * _LIGHT[there]) // 255]
        for drawn, share, there in zip(over, weight, under, strict=True)
    )


def drawn_in_light(
    pixels: bytes, weight: bytes, size: tuple[int, int], under: bytes, channels: int
) -> tuple[bytes, bytes]:
    """Return pixels and weight that look without linear light as the given ones do with it.

    Where what is under them is half transparent they stay as they are.

    Args:
        pixels: RGB.
        weight: 0 to 255 per pixel.
        size: Columns and rows.
        under: What is there, of the same size.
        channels: Of `under`, 3 or 4.
    """
    width, height = size
    box, whole = touched(weight, width), Rect(0, 0, width, height)
    if box is None:
        return pixels, weight
    part, share = cut(pixels, width, box, 3), cut(weight, width, box, 1)
    there = cut(under, width, box, channels)
    opaque = there[3::4] if channels == 4 else b"\xff" * len(share)
    known = bytes(255 if alpha == 255 and own else own for alpha, own in zip(opaque, share, strict=True))
    made = bytearray(3 * width * height)
    for channel in range(3):
        over = part[channel::3]
        mixed = blended_in_light(over, share, there[channel::channels])
        kept = bytes(
            new if alpha == 255 else old for new, old, alpha in zip(mixed, over, opaque, strict=True)
        )
        made[channel::3] = paste(kept, box, whole)
    return bytes(made), paste(known, box, whole)


_SELECTED = bytes([0] + [255] * 255)
_TRANSPARENT = bytes([255] * 128 + [0] * 128)


def shows_nothing(selection: bytes, alpha: bytes) -> bool:
    """Return whether every pixel is selected or mostly transparent, so that a fill has nothing to go by.

    Args:
        selection: 0 to 255 per pixel.
        alpha: Opacity of the photo, 0 to 255 per pixel.
    """
    selected = int.from_bytes(selection.translate(_SELECTED), "big")
    unknown = int.from_bytes(alpha.translate(_TRANSPARENT), "big")
    return (selected | unknown).to_bytes(len(selection), "big").count(0) == 0


def model_title(name: str) -> str:
    """Return what a model is called of which the service has not told, or not yet."""
    return _("The default one") if name == DEFAULT_MODEL else name


def layer_name(caption: str, limit: int = 40) -> str:
    """Return a caption as a layer's name: one line, not too long."""
    line = " ".join(caption.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
