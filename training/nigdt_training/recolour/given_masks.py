"""Objects that another program has cut out: one grey picture beside each photo."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

__all__ = ["masks_folder", "objects_of"]

_LEAST, _MOST = 0.02, 0.8
"""Fractions of the photo, or of the box known, that an object may cover."""
_GREY = 0.35
"""Pixels that are neither object nor surroundings, as a fraction of the object's, above which the program
that made the mask did not know what it saw."""
_WHOLE = 0.8
"""Fraction of a single object that its largest piece must hold."""
_SPECK = 200
"""Pixels of an edge that even the smallest object may have."""


def masks_folder(photos: Path) -> Path | None:
    """Return the folder `NAME-masks` beside a photo folder `NAME`, or None."""
    folder = photos.with_name(f"{photos.name}-masks")
    return folder if folder.is_dir() else None


def objects_of(
    path: Path, shape: tuple[int, int], box: tuple[float, float, float, float] | None, one: bool
) -> list[np.ndarray]:
    """Return the believable objects of a mask.

    Args:
        path: The mask, 255 on the object, of any size; a missing or damaged file holds no object.
        shape: Height and width of the photo.
        box: The object's x, y, w, h in the photo's pixels, or None. What lies further from it than a
            fifth of its longer side is left out.
        one: Whether the photo shows one thing. Otherwise the two largest pieces are two things.

    Returns:
        (H, W) uint8 masks, 255 on the object, soft at its edge.
    """
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if path.is_file() else None
    if mask is None:
        return []
    mask = cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_AREA)
    room = float(mask.size)
    if box is not None:
        x, y, w, h = box
        beside = 0.2 * max(w, h)
        kept = np.zeros_like(mask)
        window = (
            slice(max(0, int(y - beside)), int(y + h + beside)),
            slice(max(0, int(x - beside)), int(x + w + beside)),
        )
        kept[window] = mask[window]
        mask, room = kept, float(mask[window].size)
    area = float((mask > 127).sum())
    grey = float(((mask > 25) & (mask < 230)).sum())
    if not _LEAST * room < area < _MOST * room or grey > _GREY * area + _SPECK:
        return []
    _, pieces, facts, _ = cv2.connectedComponentsWithStats((mask > 76).astype(np.uint8))
    largest = 1 + np.argsort(-facts[1:, cv2.CC_STAT_AREA])[:2]
    if one:
        # Small pieces of it, cut off by a twig, belong to it.
        return [mask] if facts[largest[0], cv2.CC_STAT_AREA] >= _WHOLE * area else []
    return [
        np.where(pieces == piece, mask, 0).astype(np.uint8)
        for piece in largest
        if facts[piece, cv2.CC_STAT_AREA] > _LEAST * room
    ]
