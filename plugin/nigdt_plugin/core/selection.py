"""The selection: a soft mask (H, W) uint8, 255 = selected = to be filled, and what edits it.

Shapes are rasterised into a `Patch` no larger than themselves, so that dragging a small shape on a
24-megapixel photo touches only the pixels under it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.files import write_atomically
from nigdt_plugin.core.geometry import EMPTY, Region

Mask = NDArray[np.uint8]
Point = tuple[float, float]

_SUBPIXEL_BITS = 4
_SUBPIXEL = 1 << _SUBPIXEL_BITS
_SMOOTH_PIXELS = 4_000_000
_STROKE_PIXELS = 400_000


class Combine(Enum):
    """How a new shape meets the selection that is there."""

    REPLACE = "replace"
    ADD = "add"
    SUBTRACT = "subtract"
    INTERSECT = "intersect"


@dataclass(frozen=True)
class Patch:
    """A rasterised shape: `mask` (h, w) uint8 with its top left pixel at `left`, `top`."""

    left: int
    top: int
    mask: Mask

    @property
    def region(self) -> Region:
        """Where the patch lies on the photo."""
        height, width = self.mask.shape
        return Region(self.left, self.top, self.left + width, self.top + height)

    def clipped(self, width: int, height: int) -> Patch:
        """Return the part of the patch inside a photo of the given size."""
        region = self.region.clipped(width, height)
        top, left = region.top - self.top, region.left - self.left
        return Patch(
            region.left, region.top, self.mask[top : top + region.height, left : left + region.width]
        )


class Selection:
    """The soft mask of one photo, with its bounds kept."""

    def __init__(self, width: int, height: int) -> None:
        self.mask: Mask = np.zeros((height, width), np.uint8)
        self.revision = 0  # grows with every change
        self._bounds: Region | None = EMPTY

    @property
    def width(self) -> int:
        """Columns of the photo."""
        return self.mask.shape[1]

    @property
    def height(self) -> int:
        """Rows of the photo."""
        return self.mask.shape[0]

    @property
    def whole(self) -> Region:
        """The whole photo."""
        return Region(0, 0, self.width, self.height)

    @property
    def bounds(self) -> Region:
        """The smallest rectangle around every pixel that is selected at all."""
        if self._bounds is None:
            left, top, width, height = cv2.boundingRect(self.mask)
            self._bounds = Region(left, top, left + width, top + height) if width else EMPTY
        return self._bounds

    @property
    def empty(self) -> bool:
        """Whether nothing is selected."""
        return self.bounds.empty

    def patch(self) -> Patch:
        """Copy what is selected."""
        bounds = self.bounds
        return Patch(bounds.left, bounds.top, self.mask[bounds.slices].copy())

    def write(self, region: Region, values: Mask) -> Mask:
        """Replace the pixels of `region` by `values` (h, w); returns what was there."""
        before = self.mask[region.slices].copy()
        self.put(region, values)
        return before

    def put(self, region: Region, values: Mask) -> None:
        """Replace the pixels of `region` by `values` (h, w); one of the whole photo is taken as it is."""
        if region == self.whole and values.flags.writeable:
            self.mask = values
        else:
            self.mask[region.slices] = values
        self.revision += 1
        self._bounds = None

    def combined(self, patch: Patch, how: Combine) -> tuple[Region, Mask]:
        """Return what `write` needs to let `patch` meet the selection in the given way."""
        patch = patch.clipped(self.width, self.height)
        region = patch.region
        if how is Combine.ADD:
            return region, np.maximum(self.mask[region.slices], patch.mask)
        if how is Combine.SUBTRACT:
            return region, np.minimum(self.mask[region.slices], 255 - patch.mask)
        whole = self.bounds.union(region)
        values = np.zeros((whole.height, whole.width), np.uint8)
        if not region.empty:
            inside = Region(
                region.left - whole.left,
                region.top - whole.top,
                region.right - whole.left,
                region.bottom - whole.top,
            )
            values[inside.slices] = (
                np.minimum(self.mask[region.slices], patch.mask) if how is Combine.INTERSECT else patch.mask
            )
        return whole, values


def _blank(region: Region) -> Mask:
    return np.zeros((region.height, region.width), np.uint8)


def _around(points: Sequence[Point], margin: float = 0.0) -> Region:
    xs = [point[0] for point in points]
    ys = [point[1] for point in points]
    return Region(
        int(np.floor(min(xs) - margin)),
        int(np.floor(min(ys) - margin)),
        int(np.ceil(max(xs) + margin)) + 1,
        int(np.ceil(max(ys) + margin)) + 1,
    )


def rectangle(start: Point, end: Point) -> Patch:
    """Return the rectangle between two corners, rounded to whole pixels."""
    left, right = sorted((round(start[0]), round(end[0])))
    top, bottom = sorted((round(start[1]), round(end[1])))
    return Patch(left, top, np.full((bottom - top, right - left), 255, np.uint8))


def ellipse(start: Point, end: Point) -> Patch:
    """Return the ellipse inside the rectangle between two corners, with a smooth edge."""
    left, right = sorted((start[0], end[0]))
    top, bottom = sorted((start[1], end[1]))
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    xs = (left + right) / 2 + (right - left) / 2 * np.cos(angles)
    ys = (top + bottom) / 2 + (bottom - top) / 2 * np.sin(angles)
    return polygon(list(zip(xs.tolist(), ys.tolist(), strict=True)))


def polygon(points: Sequence[Point]) -> Patch:
    """Return the closed polygon through the points (pixel edges at whole numbers), with a smooth edge."""
    if len(points) < 3:
        return Patch(0, 0, np.zeros((0, 0), np.uint8))
    region = _around(points)
    # OpenCV's own smooth edge is half a pixel too wide, so pixels are split instead, as far as that is cheap.
    parts = 4 if region.width * region.height < _SMOOTH_PIXELS else 1
    mask = np.zeros((region.height * parts, region.width * parts), np.uint8)
    shifted = ((np.asarray(points, np.float64) - (region.left, region.top)) * parts - 0.5) * _SUBPIXEL
    cv2.fillPoly(mask, [np.rint(shifted).astype(np.int32)], 255, cv2.LINE_8, _SUBPIXEL_BITS)
    if parts > 1:
        size = (region.width, region.height)
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return Patch(region.left, region.top, mask)


def stroke(points: Sequence[Point], size: float, hardness: float) -> Patch:
    """Return a brush drawn along the points.

    Args:
        points: The way of the brush, photo pixels.
        size: Diameter in photo pixels.
        hardness: 1 for a crisp edge, 0 for one that fades from the middle.
    """
    radius = max(0.5, size / 2)
    region = _around(points, radius + 1)
    inner = radius * min(max(hardness, 0.0), 1.0)
    # A giant brush is drawn small and enlarged: drawing must keep up with the hand.
    scale = min(1.0, (_STROKE_PIXELS / (region.width * region.height)) ** 0.5)
    path = np.full((max(1, round(region.height * scale)), max(1, round(region.width * scale))), 255, np.uint8)
    shifted = ((np.asarray(points, np.float64) - (region.left, region.top)) * scale - 0.5) * _SUBPIXEL
    cv2.polylines(path, [np.rint(shifted).astype(np.int32)], False, 0, 1, cv2.LINE_8, _SUBPIXEL_BITS)
    distance = cv2.distanceTransform(path, cv2.DIST_L2, 5)
    fade = max(1.0, (radius - inner) * scale)
    slope = 255 / fade
    mask = cv2.convertScaleAbs(np.maximum((radius + 0.5) * scale - distance, 0), alpha=slope).astype(np.uint8)
    if scale < 1:
        mask = cv2.resize(mask, (region.width, region.height), interpolation=cv2.INTER_LINEAR).astype(
            np.uint8
        )
    return Patch(region.left, region.top, mask)


def _disc(radius: int) -> NDArray[np.uint8]:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)).astype(np.uint8)


def grown(selection: Selection, pixels: int) -> tuple[Region, Mask]:
    """Return the selection with a rim of `pixels` more; what `Selection.write` needs."""
    region = selection.bounds.grown(pixels).clipped(selection.width, selection.height)
    if region.empty:
        return region, _blank(region)
    return region, cv2.dilate(selection.mask[region.slices], _disc(pixels)).astype(np.uint8)


def shrunk(selection: Selection, pixels: int) -> tuple[Region, Mask]:
    """Return the selection without its outer `pixels`; the photo's own border does not eat into it."""
    region = selection.bounds
    if region.empty:
        return region, _blank(region)
    outer = region.grown(1).clipped(selection.width, selection.height)
    values = cv2.erode(selection.mask[outer.slices], _disc(pixels), borderValue=255)
    inside = values[
        region.top - outer.top : region.bottom - outer.top,
        region.left - outer.left : region.right - outer.left,
    ]
    return region, np.ascontiguousarray(inside, np.uint8)


def feathered(selection: Selection, pixels: float) -> tuple[Region, Mask]:
    """Return the selection with its edge blurred by a Gaussian of that standard deviation."""
    region = selection.bounds.grown(int(np.ceil(3 * pixels))).clipped(selection.width, selection.height)
    if region.empty:
        return region, _blank(region)
    blurred = cv2.GaussianBlur(
        selection.mask[region.slices], (0, 0), max(pixels, 0.1), borderType=cv2.BORDER_REPLICATE
    )
    return region, blurred.astype(np.uint8)


def inverted(selection: Selection) -> tuple[Region, Mask]:
    """Select everything that was not selected."""
    return selection.whole, 255 - selection.mask


def everything(selection: Selection) -> tuple[Region, Mask]:
    """Return the whole photo."""
    return selection.whole, np.full_like(selection.mask, 255)


def nothing(selection: Selection) -> tuple[Region, Mask]:
    """Select no pixel."""
    return selection.bounds, _blank(selection.bounds)


def save_mask(mask: Mask, path: Path) -> None:
    """Write the selection as a grey PNG of the photo's size, white = selected.

    Raises:
        OSError: The disk or the folder refuses.
    """
    write_atomically(path, lambda file: Image.fromarray(mask).save(file, "PNG"))
