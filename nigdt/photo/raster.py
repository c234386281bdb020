"""The samples of a photo: how they are seen, and changes that keep the exact values of all others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.box import Box
from nigdt.errors import PhotoError
from nigdt.photo.metadata import without_orientation
from nigdt.photo.opening import MAX_PIXELS
from nigdt.photo.samples import (
    SIXTEEN_BIT,
    Palette,
    claim_entries,
    keep_key,
    key_of,
    mix,
    opacity_of,
    share_over,
    to_alpha8,
    to_rgb8,
    upright,
)

__all__ = ["Raster"]


class Raster:
    """A whole picture in memory. Objects do not change; `paste` gives a new one.

    Attributes:
        kind: Kind of the samples, as in `nigdt.photo.samples`.
        orientation: EXIF orientation of the samples, 1 to 8.
        info: Metadata, as in `nigdt.photo.metadata`.
        source: The file it came from, if any.
        notices: What the user should know of it.
        stored_orientation: EXIF orientation of the picture in its file.
        stored_size: Width and height of the picture in its file, before any turning.
    """

    def __init__(
        self,
        samples: NDArray,
        kind: str,
        *,
        palette: Palette | None = None,
        orientation: int = 1,
        info: Mapping[str, Any] | None = None,
        source: Path | None = None,
    ) -> None:
        self._samples = samples
        self._palette = palette
        self._rgb8: NDArray[np.uint8] | None = None
        self.kind = kind
        self.orientation = orientation
        self.info: dict[str, Any] = dict(info or {})
        self.source = source
        self.notices: tuple[str, ...] = ()
        self.stored_orientation = orientation
        self.stored_size: tuple[int, int] = (samples.shape[1], samples.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as the photo is seen, EXIF orientation applied."""
        height, width = upright(self._samples, self.orientation).shape[:2]
        return width, height

    @property
    def samples(self) -> NDArray:
        """Read-only samples as they lie in the file: (H, W) or (H, W, channels) of uint8, uint16 or bool."""
        return self._samples

    @property
    def rgb8(self) -> NDArray[np.uint8]:
        """What the model and the screen see: (H, W, 3) uint8, upright, without alpha. Read-only."""
        if self._rgb8 is None:
            seen = upright(to_rgb8(self._samples, self.kind, self._palette), self.orientation)
            self._rgb8 = np.ascontiguousarray(seen)
            self._rgb8.setflags(write=False)
        return self._rgb8

    @property
    def deep(self) -> bool:
        """Whether its samples have 16 bits."""
        return self.kind in SIXTEEN_BIT

    @property
    def grey(self) -> bool:
        """Whether it can hold no colour."""
        return self.kind.split(";")[0] in ("1", "L", "LA", "I")

    @property
    def rgb16(self) -> NDArray[np.uint16]:
        """What the model and the screen see, with 16 bits: (H, W, 3) uint16, upright, without alpha."""
        if not self.deep:
            return self.rgb8.astype(np.uint16) * 257
        samples = upright(self._samples, self.orientation)
        if samples.ndim == 2:
            samples = samples[..., None]
        channels = 3 if samples.shape[2] >= 3 else 1
        return np.broadcast_to(samples[..., :channels], (*samples.shape[:2], 3))

    def in_colour(self) -> Self:
        """Return the photo in a kind that holds colour, with the same samples, alpha and metadata."""
        if not self.grey:
            return self
        samples, kind = self._samples, self.kind
        if kind == "1":
            samples, kind = samples.astype(np.uint8) * 255, "L"
        deep = ";16" if self.deep else ""
        channels = samples[..., None] if samples.ndim == 2 else samples
        colour = np.concatenate([np.repeat(channels[..., :1], 3, axis=2), channels[..., 1:]], axis=2)
        colour.setflags(write=False)
        info = {key: value for key, value in self.info.items() if key not in ("transparency", "icc_profile")}
        kind = ("RGBA" if colour.shape[2] == 4 else "RGB") + deep
        return type(self)(colour, kind, orientation=self.orientation, info=info, source=self.source)

    @property
    def alpha8(self) -> NDArray[np.uint8] | None:
        """Opacity (H, W) uint8, upright, 255 = opaque; None for a photo without transparency."""
        alpha = to_alpha8(self._samples, self.kind, self._palette, self.key)
        return None if alpha is None else np.ascontiguousarray(upright(alpha, self.orientation))

    @property
    def on_white(self) -> NDArray[np.uint8]:
        """`rgb8` over white, as viewers show it: transparent pixels hold arbitrary colours."""
        alpha = self.alpha8
        if alpha is None:
            return self.rgb8
        opacity = alpha[..., None].astype(np.uint16)
        mixed = (self.rgb8 * opacity + 255 * (255 - opacity) + 127) // 255
        return mixed.astype(np.uint8)

    def paste(self, box: Box, fill_rgb8: NDArray, weight: NDArray, *, covers: bool = False) -> Self:
        """Mix a fill into a copy: `(1 - weight) * photo + weight * fill`, in the photo's own depth.

        Every pixel of weight 0 keeps its exact value.

        Args:
            box: Where, in upright pixels; what reaches beyond the photo is dropped.
            fill_rgb8: (box.height, box.width, 3), 0 to 255, colours matched but not yet blended.
            weight: (box.height, box.width), 0 to 1.
            covers: Whether the fill lies over the photo and makes transparent pixels opaque, as a layer does;
                otherwise, and in 1-bit photos, alpha keeps its exact value.

        Raises:
            ValueError: Fill or weight do not have the size of the box.
        """
        if fill_rgb8.shape != (box.height, box.width, 3) or weight.shape != (box.height, box.width):
            raise ValueError(f"The fill {fill_rgb8.shape} and the weight {weight.shape} do not fit {box}.")
        width, height = self.size
        top, bottom = max(box.top, 0), min(box.bottom, height)
        left, right = max(box.left, 0), min(box.right, width)
        if top >= bottom or left >= right:
            return self
        inside = np.s_[top - box.top : bottom - box.top, left - box.left : right - box.left]
        fill, weight = fill_rgb8[inside], np.clip(weight[inside].astype(np.float64), 0, 1)

        samples = self._samples.copy()
        region = upright(samples, self.orientation)[top:bottom, left:right]
        before = upright(self._samples, self.orientation)[top:bottom, left:right]
        palette = self._palette
        covers = covers and self.kind != "1"  # whose one opaque value would be all there is to see
        opacity = opacity_of(before, self.kind, palette, self.key) if covers else None
        if palette is not None:
            used = np.bincount(self._samples.ravel(), minlength=256) > 0
            share = weight if opacity is None else share_over(weight, opacity)
            palette = claim_entries(palette, used, _mixed_rgb8(palette.colours[before], fill, share))
        mix(region, fill, weight, self.kind, palette, opacity)
        if self.key is not None:
            keep_key(before, region, self.key, weight >= 0.5 if covers else None)
        return self.with_samples(samples, palette)

    def with_samples(self, samples: NDArray, palette: Palette | None = None) -> Self:
        """Return the same photo with other samples of its kind, and another palette if one is given."""
        samples.setflags(write=False)
        photo = type(self)(
            samples,
            self.kind,
            palette=palette or self._palette,
            orientation=self.orientation,
            info=self.info,
            source=self.source,
        )
        photo.notices = self.notices
        return photo

    def recut(self, left: int, top: int, right: int, bottom: int) -> Self:
        """Return another part of the photo, upright, in its own kind and depth; it may reach beyond it.

        Args:
            left: First column, below 0 beyond the left edge.
            top: First row.
            right: Column after the last.
            bottom: Row after the last.

        Returns:
            A photo of right - left by bottom - top pixels; beyond the edges, the edge's pixels are repeated.

        Raises:
            PhotoError: It would have no pixel, or too many.
        """
        width, height = self.size
        if right <= left or bottom <= top or right <= 0 or bottom <= 0 or left >= width or top >= height:
            raise PhotoError("Nothing of the photo would be left.")
        if (right - left) * (bottom - top) > MAX_PIXELS:
            raise PhotoError(
                f"{right - left} x {bottom - top} pixels are too many.", f"At most {MAX_PIXELS:,}."
            )
        whole = self.turned_upright()
        inside = whole.samples[max(0, top) : bottom, max(0, left) : right]
        beyond = [(max(0, -top), max(0, bottom - height)), (max(0, -left), max(0, right - width))]
        if any(any(pair) for pair in beyond):
            inside = np.pad(inside, [*beyond, *[(0, 0)] * (inside.ndim - 2)], mode="edge")
        return whole.with_samples(np.ascontiguousarray(inside))

    def turned_upright(self) -> Self:
        """Turn the samples as they are seen, and let the EXIF no longer say how to turn them."""
        photo = self.with_samples(np.ascontiguousarray(upright(self._samples, self.orientation)))
        photo.orientation = 1
        photo.info = without_orientation(self.info)
        return photo

    @property
    def palette(self) -> Palette | None:
        """Colours of a palette photo."""
        return self._palette

    @property
    def key(self) -> int | tuple[int, ...] | None:
        """The one sample value that is transparent, for kinds with such a key; None without one."""
        return key_of(self.info, self.kind)

    def to_image(self) -> Image.Image:
        """Convert to a Pillow picture of the same mode, samples as in the file, metadata in `info`.

        Pillow holds no 16-bit colour; such photos come as their 8-bit view, in the same layout.
        """
        image = self.as_pillow()
        for key in ("icc_profile", "dpi", "transparency", "exif"):
            if key in self.info:
                image.info[key] = self.info[key]
        return image

    def as_pillow(self) -> Image.Image:
        """Return its samples and palette as a Pillow picture, without metadata."""
        samples, kind = self._samples, self.kind
        height, width = samples.shape[:2]
        if kind in SIXTEEN_BIT and kind != "I;16":
            samples = ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
            kind = kind.removesuffix(";16")
        if kind == "1":
            return Image.fromarray(samples.astype(np.uint8) * 255).convert("1", dither=Image.Dither.NONE)
        if kind == "I;16":
            samples = samples.astype("<u2")
        # A view: a copy of all pixels would keep every other thread waiting.
        image = Image.frombytes(kind, (width, height), np.ascontiguousarray(samples).data.cast("B"))
        if self._palette is not None:
            image.putpalette(self._palette.colours[: self._palette.length].tobytes())
        return image


def _mixed_rgb8(before: NDArray[np.uint8], fill: NDArray, weight: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the colours (n, 3) that a fill wants to show where its weight is above 0."""
    touched = weight > 0
    old = before[touched].astype(np.float64)
    mixed = old + weight[touched][:, None] * (fill[touched] - old)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
