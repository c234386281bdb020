"""Views of photos for the match networks: as evaluation cuts them, or changed by chance."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from nigdt_training.data.crops import crop_square, square
from nigdt_training.data.decode import Frame
from nigdt_training.samples import Pool

_SMALLEST = 0.8  # side of a new cut of a photo without a box, as a fraction of the short side
_BLURRED = 0.5  # how often a changed view is blurred
_LEAST_BLUR, _MOST_BLUR = 0.006, 0.04  # standard deviation of the blur as a fraction of the side


def photo_view(pool: Pool, i: int, view: int, size: int, around_object: bool, seed: int) -> Tensor:
    """Cut one view of a photo.

    View 0 is the square that evaluation would cut. Any other is cut anew, mirrored half the time, and half
    the time blurred, so that networks learn to read colours and shapes where there is no sharp detail.

    Args:
        pool: Where the photo is.
        i: Its number in the pool's cache.
        view: Which view; equal numbers give equal views.
        size: Side of the view in pixels.
        around_object: Cut it around the object, where its box is known.
        seed: Of the changes.

    Returns:
        (3, size, size) in [-1, 1].
    """
    photo, box = pool.cache.photo(i), pool.cache.box(i)
    if view == 0:
        seen = square(Frame(photo, box, None), size, around_object).photo
    else:
        random = np.random.default_rng([seed, 6, pool.first + i, view])
        around = box if around_object else None
        height, width = photo.shape[:2]
        left, top, side = crop_square(height, width, around, _SMALLEST, random)
        seen = photo[top : top + side, left : left + side]
        seen = cv2.resize(seen, (size, size), interpolation=cv2.INTER_AREA)
        if random.random() < 0.5:
            seen = cv2.flip(seen, 1)
        if random.random() < _BLURRED:
            seen = cv2.GaussianBlur(seen, (0, 0), size * random.uniform(_LEAST_BLUR, _MOST_BLUR))
    return torch.from_numpy(np.ascontiguousarray(seen)).permute(2, 0, 1).float() / 127.5 - 1
