"""Photo pixels as pictures that Qt paints."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QColor, QImage

from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.pyramid import Pyramid


def rendered(
    pyramid: Pyramid,
    scale: float,
    corner: tuple[float, float],
    size: tuple[int, int],
    ratio: float,
    ground: QColor,
) -> QImage:
    """Draw what a window shows of a photo.

    Args:
        pyramid: The photo.
        scale: Window pixels per photo pixel.
        corner: Photo coordinates of the window's upper left corner.
        size: Width and height of the window, in window pixels.
        ratio: Screen pixels per window pixel.
        ground: Colour where the photo is not.
    """
    width, height = max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))
    image = QImage(width, height, QImage.Format.Format_RGB888)
    image.fill(ground)
    pyramid.view(scale * ratio, *corner, width, height, _pixels(image))
    image.setDevicePixelRatio(ratio)
    return image


def renew(image: QImage, pyramid: Pyramid, scale: float, corner: tuple[float, float], region: Region) -> None:
    """Draw a part of a window's picture again, in place.

    Args:
        image: From `rendered`.
        pyramid: As there, as the next two.
        scale: Window pixels per photo pixel.
        corner: Photo coordinates of the window's upper left corner.
        region: What changed, in the photo's pixels.
    """
    scale *= image.devicePixelRatio()
    (left, top), (width, height) = corner, (image.width(), image.height())
    x0 = min(max(0, math.floor((region.left - left) * scale)), width)
    y0 = min(max(0, math.floor((region.top - top) * scale)), height)
    x1 = max(0, min(width, math.ceil((region.right - left) * scale)))
    y1 = max(0, min(height, math.ceil((region.bottom - top) * scale)))
    if x1 > x0 and y1 > y0:
        part = _pixels(image)[y0:y1, x0:x1]
        pyramid.view(scale, left + x0 / scale, top + y0 / scale, x1 - x0, y1 - y0, part)


def _pixels(image: QImage) -> NDArray[np.uint8]:
    """Return the memory of an RGB picture, (h, w, 3)."""
    bits = image.bits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    width, height = image.width(), image.height()
    rows = np.frombuffer(bits, np.uint8).reshape(height, image.bytesPerLine())  # type: ignore[call-overload]
    pixels: NDArray[np.uint8] = rows[:, : width * 3].reshape(height, width, 3)
    return pixels


def premultiplied(pixels: NDArray[np.uint8], ratio: float) -> QImage:
    """Wrap a premultiplied BGRA array (h, w, 4) as a picture; the array must outlive it."""
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)  # type: ignore[call-overload]
    image.setDevicePixelRatio(ratio)
    return image
