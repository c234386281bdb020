"""A photo at 1, 1/2, 1/4 ... of its size, so that any zoom draws from about as many pixels as it shows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt_plugin.core.geometry import Region

Pixels = NDArray[np.uint8]

_SMALLEST = 512


def widened(region: Region, width: int, height: int) -> Region:
    """Return a region of a picture of this size, grown to whole pixels of its coarsest level."""
    step = 1
    while max(width, height) > _SMALLEST * step:
        step *= 2
    left, top = region.left // step * step, region.top // step * step
    right, bottom = -(-region.right // step) * step, -(-region.bottom // step) * step
    return Region(left, top, right, bottom).clipped(width, height)


class Levels:
    """A part of a picture at 1, 1/2, 1/4 ... of its size, worked out in any thread.

    Args:
        region: The part, as `widened` gives it.
        rgb: (h, w, 3) uint8, its pixels; kept.
        width: Of the whole picture.
        height: Of the whole picture.
    """

    def __init__(self, region: Region, rgb: Pixels, width: int, height: int) -> None:
        self.region = region
        self.parts = [(region, rgb)]
        while max(width, height) > _SMALLEST:
            width, height = (width + 1) // 2, (height + 1) // 2
            region = _halved_region(region).clipped(width, height)
            self.parts.append((region, _halved(self.parts[-1][1], region.width, region.height)))


class Pyramid:
    """Levels of a picture (H, W, 3) uint8; level 0 is a copy, so that previews can be drawn into it."""

    def __init__(self, rgb: Pixels) -> None:
        self.levels: list[Pixels] = [np.array(rgb)]
        while max(self.levels[-1].shape[:2]) > _SMALLEST:
            last = self.levels[-1]
            height, width = max(1, (last.shape[0] + 1) // 2), max(1, (last.shape[1] + 1) // 2)
            self.levels.append(_halved(last, width, height))

    def update(self, region: Region, rgb: Pixels, level: int = 0) -> None:
        """Replace the pixels of `region`, which are those of a level, by `rgb` (h, w, 3) there and above."""
        self.levels[level][region.slices] = rgb
        self._rebuild(region, level, level + 1)

    def put(self, levels: Levels) -> None:
        """Replace the pixels of a part on every level by those that were worked out."""
        for picture, (region, pixels) in zip(self.levels, levels.parts, strict=True):
            picture[region.slices] = pixels

    def rebuild(self, region: Region, level: int) -> None:
        """Work out a region of level 0 anew on a level (1 or more) and above, from the levels below it."""
        self._rebuild(region, 0, level)

    def _rebuild(self, region: Region, of: int, level: int) -> None:
        for number in range(of + 1, len(self.levels)):
            finer, coarser = self.levels[number - 1], self.levels[number]
            height, width = coarser.shape[:2]
            region = _halved_region(region).clipped(width, height)
            if region.empty:
                return
            if number >= level:
                source = finer[2 * region.top : 2 * region.bottom, 2 * region.left : 2 * region.right]
                coarser[region.slices] = _halved(source, region.width, region.height)

    def level_at(self, scale: float) -> int:
        """Return the level that is drawn at so many screen pixels per photo pixel."""
        level = 0
        while level + 1 < len(self.levels) and scale * 2 ** (level + 1) <= 1.0:
            level += 1
        return level

    def view(self, scale: float, left: float, top: float, width: int, height: int, out: Pixels) -> None:
        """Draw what a window shows.

        Args:
            scale: Window pixels per photo pixel.
            left: Photo column at the window's left edge; may be negative.
            top: Photo row at its upper edge.
            width: Window pixels.
            height: Window pixels.
            out: (height, width, 3) uint8, written where the photo is and left alone elsewhere.
        """
        level = self.level_at(scale)
        picture = self.levels[level]
        factor = self.levels[0].shape[1] / picture.shape[1], self.levels[0].shape[0] / picture.shape[0]
        sx, sy = scale * factor[0], scale * factor[1]
        # Only the part in sight, or an out-of-sight giant costs as much as a visible one.
        x0, y0 = int(max(0, left / factor[0] - 2)), int(max(0, top / factor[1] - 2))
        x1 = int(min(picture.shape[1], (left + width / scale) / factor[0] + 3))
        y1 = int(min(picture.shape[0], (top + height / scale) / factor[1] + 3))
        if x1 <= x0 or y1 <= y0:
            return
        matrix = np.array(
            [
                [sx, 0, (x0 * factor[0] - left) * scale + (sx - 1) / 2],
                [0, sy, (y0 * factor[1] - top) * scale + (sy - 1) / 2],
            ]
        )
        # Beyond 2:1 the user wants to see pixels, not a blur.
        how = cv2.INTER_NEAREST if scale >= 2 else cv2.INTER_LINEAR
        cv2.warpAffine(
            picture[y0:y1, x0:x1],
            matrix,
            (width, height),
            dst=out,
            flags=how,
            borderMode=cv2.BORDER_TRANSPARENT,
        )


def _halved_region(region: Region) -> Region:
    return Region(region.left // 2, region.top // 2, (region.right + 1) // 2, (region.bottom + 1) // 2)


def _halved(picture: Pixels, width: int, height: int) -> Pixels:
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
