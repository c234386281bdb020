"""A daemon's answer as arrays, for clients with NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nigdt.recipe import Recipe
from nigdt_backend.events import MAP_CHANNELS, FillPicture

__all__ = ["answer_arrays"]


def answer_arrays(
    picture: FillPicture,
) -> tuple[NDArray[np.uint8], Recipe, NDArray[np.float32] | None]:
    """Return what `nigdt.Context.place` and `onto` take: picture (h, w, 3), recipe, recolouring's maps."""
    pixels = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 3)
    if not picture.maps:
        return pixels, picture.recipe, None
    maps = np.frombuffer(picture.maps, "<f4").reshape(*picture.map_size, MAP_CHANNELS)
    return pixels, picture.recipe, maps.astype(np.float32, copy=False)
