"""The selection as it is drawn: marching ants and a tint, made for the pixels of the window.

Work grows with the window, not with the photo or the complexity of the selection.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import Mask, Selection

_DASH = 5
_TINT = 0.45
_RAGGED = 100_000
"""Pixels of an edge from which on it is a texture rather than a line."""


class Outline:
    """Keeps what the last drawing worked out, so that ants march without doing it again."""

    def __init__(self) -> None:
        self._phase = 0
        self._key: object = None
        self._edge: tuple[NDArray[np.intp], NDArray[np.intp]] = (np.zeros(0, np.intp), np.zeros(0, np.intp))
        self._pixels: NDArray[np.uint8] = np.zeros((0, 0, 4), np.uint8)
        self._way: NDArray[np.intp] = np.zeros(0, np.intp)
        self._left, self._top = 0, 0

    def clear(self) -> None:
        """Drop the picture: the selection or the view changed."""
        self._key = None

    def step(self) -> None:
        """March one step on."""
        self._phase += 1

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of what was drawn last, device pixels."""
        height, width = self._pixels.shape[:2]
        return self._left, self._top, self._left + width, self._top + height

    def draw(
        self,
        selection: Selection,
        scale: float,
        left: float,
        top: float,
        size: tuple[int, int],
        tint: tuple[int, int, int] | None,
        width: int = 1,
    ) -> tuple[int, int, NDArray[np.uint8]]:
        """Return the picture to lay over the photo.

        Args:
            selection: What is selected.
            scale: Device pixels per photo pixel.
            left: Photo column at the window's left edge.
            top: Photo row at its upper edge.
            size: Width and height of the window, device pixels.
            tint: Red, green and blue of the tint, None for ants alone.
            width: Of the line, device pixels.

        Returns:
            Left and top in device pixels, and (h, w, 4) uint8: blue, green, red, alpha, premultiplied.
        """
        key = (scale, left, top, size, tint, width)
        if key != self._key:
            self._key = key
            self._prepare(selection, scale, left, top, size, tint, width)
        rows, columns = self._edge
        if rows.size:
            dark = ((self._way // width + self._phase) // _DASH % 2).astype(np.uint8) * np.uint8(255)
            self._pixels[rows, columns] = np.stack([dark, dark, dark, np.full_like(dark, 255)], axis=-1)
        return self._left, self._top, self._pixels

    def _prepare(
        self,
        selection: Selection,
        scale: float,
        left: float,
        top: float,
        size: tuple[int, int],
        tint: tuple[int, int, int] | None,
        width: int,
    ) -> None:
        bounds = selection.bounds
        x0 = max(0, int((bounds.left - left) * scale) - width - 1)
        y0 = max(0, int((bounds.top - top) * scale) - width - 1)
        x1 = min(size[0], int(np.ceil((bounds.right - left) * scale)) + width + 2)
        y1 = min(size[1], int(np.ceil((bounds.bottom - top) * scale)) + width + 2)
        self._left, self._top = x0, y0
        if x1 <= x0 or y1 <= y0:
            self._pixels = np.zeros((0, 0, 4), np.uint8)
            self._edge = (np.zeros(0, np.intp), np.zeros(0, np.intp))
            return
        mask = _view(selection, scale, left + x0 / scale, top + y0 / scale, x1 - x0, y1 - y0)
        inside = np.where(mask > 127, 255, 0).astype(np.uint8)
        rim = cv2.subtract(cv2.dilate(inside, np.ones((2 * width + 1,) * 2, np.uint8)), inside)
        self._edge = rows, columns = np.nonzero(rim)  # type: ignore[assignment]
        self._way = rows + columns
        if rows.size < _RAGGED:
            # Dashes lie along one diagonal; where the edge itself does, along the other one.
            soft = cv2.blur(inside, (7, 7))
            rising = (cv2.Sobel(soft, cv2.CV_16S, 1, 0) > 0) == (cv2.Sobel(soft, cv2.CV_16S, 0, 1) > 0)
            self._way = np.where(rising[rows, columns], rows - columns, self._way)
        self._pixels = np.zeros((*mask.shape, 4), np.uint8)
        if tint is not None:
            alpha = mask.astype(np.float32) * (_TINT / 255)
            for channel, value in enumerate((tint[2], tint[1], tint[0], 255)):
                self._pixels[..., channel] = np.rint(alpha * value)


def _view(selection: Selection, scale: float, left: float, top: float, width: int, height: int) -> Mask:
    """Return the mask as the window shows it."""
    step = max(1, int(0.5 / scale))
    x0, y0 = max(0, int(left) - 2), max(0, int(top) - 2)
    region = Region(x0, y0, int(left + width / scale) + 3, int(top + height / scale) + 3).clipped(
        selection.width, selection.height
    )
    part = np.ascontiguousarray(
        selection.mask[region.top : region.bottom : step, region.left : region.right : step]
    )
    if not part.size:
        return np.zeros((height, width), np.uint8)
    s = scale * step
    matrix = np.array(
        [[s, 0, (region.left - left) * scale + (s - 1) / 2], [0, s, (region.top - top) * scale + (s - 1) / 2]]
    )
    how = cv2.INTER_NEAREST if scale >= 2 else cv2.INTER_LINEAR
    return cv2.warpAffine(part, matrix, (width, height), flags=how).astype(np.uint8)
