"""Photo pixels as pictures that Qt paints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QColor, QImage

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
    bits = image.bits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    rows = np.frombuffer(bits, np.uint8).reshape(height, image.bytesPerLine())  # type: ignore[call-overload]
    pixels = rows[:, : width * 3].reshape(height, width, 3)  # the picture's own memory
    pyramid.view(scale * ratio, *corner, width, height, pixels)
    image.setDevicePixelRatio(ratio)
    return image


def premultiplied(pixels: NDArray[np.uint8], ratio: float) -> QImage:
    """Wrap a premultiplied BGRA array (h, w, 4) as a picture; the array must outlive it."""
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)  # type: ignore[call-overload]
    image.setDevicePixelRatio(ratio)
    return image
