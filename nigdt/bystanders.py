"""Other things beside what is removed: a second camel, a bird on the next branch. They are no sources.

The finder of a bundle sees them. It works on the CPU everywhere, so that a removal gives the same bytes
whatever the models run on.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.bundle.bundle import BundleInfo
from nigdt.errors import NigdtError
from nigdt.surroundings import ring_around

if TYPE_CHECKING:
    from nigdt.recolourer import Recolourer

__all__ = ["Bystanders", "free_of"]

_SEEN, _PART = 0.4, 0.12
"""How sure the finder must be of a thing, and of what hangs together with it: thin legs are seen badly."""
_MOST = 2.0
"""Area of things with their parts, as a multiple of theirs alone: more is the ground that they stand on."""
_LEAST = 0.025
"""Area of a thing as a fraction of the hole's: a smaller piece is of what things stand on."""
_BESIDE = 0.012
"""How far beside a thing places show it too, as a fraction of the context's longest side."""
_RING = 0.15
"""Width of what is called around a hole, as a fraction of the root of its area."""
_WITHIN = 0.35
"""Fraction of what is around a hole from which on the thing there is what the hole lies in."""


@dataclass(frozen=True)
class _Seen:
    """What was found last: variants of a fill share it, and it goes with their context."""

    digest: str
    crop: weakref.ref[NDArray[np.uint8]]
    hole: weakref.ref[NDArray[np.uint8]]
    free: NDArray[np.uint8] | None


class Bystanders:
    """Looks for things around holes. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loaded: tuple[str, Recolourer] | None = None
        self._seen: _Seen | None = None

    def free(
        self, bundle: BundleInfo, crop: NDArray[np.uint8], hole: NDArray[np.uint8]
    ) -> NDArray[np.uint8] | None:
        """Return where a context shows no thing beside the hole's own.

        Args:
            bundle: Whose finder looks.
            crop: (h, w, 3), the context with what is to be removed.
            hole: (h, w), above 0 where it is.

        Returns:
            As `free_of`; None too where the bundle finds no objects or cannot be read.
        """
        if not bundle.recolours:
            return None
        with self._lock:
            seen = self._seen
            same = seen is not None and seen.crop() is crop and seen.hole() is hole
            if seen is not None and same and seen.digest == bundle.digest:
                return seen.free
            free = self._look(bundle, crop, hole)
            self._seen = _Seen(bundle.digest, weakref.ref(crop, self._forget), weakref.ref(hole), free)
            return free

    def _forget(self, crop: weakref.ref[NDArray[np.uint8]]) -> None:
        """Let what was found go with its context, which may be of a hundred megabytes."""
        if self._seen is not None and self._seen.crop is crop:
            self._seen = None

    def _look(
        self, bundle: BundleInfo, crop: NDArray[np.uint8], hole: NDArray[np.uint8]
    ) -> NDArray[np.uint8] | None:
        try:
            sure = self._of(bundle).things(crop)
        except NigdtError:  # a removal needs no model
            return None
        return None if sure is None else free_of(sure, hole)

    def _of(self, bundle: BundleInfo) -> Recolourer:
        if self._loaded is None or self._loaded[0] != bundle.digest:
            from nigdt.bundle.recolour import load_recolour
            from nigdt.recolourer import Recolourer

            self._loaded = bundle.digest, Recolourer(*load_recolour(bundle.folder))
        return self._loaded[1]


def free_of(sure: NDArray[np.float32], hole: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return where sources may be taken from, (h, w) uint8, 255 or 0; None for everywhere.

    A thing that much of the rim touches is what the hole lies in, as a stain lies on a coat: it stays a
    source.

    Args:
        sure: (H, W), 0 to 1, where things are, at any size.
        hole: (h, w), above 0 where pixels are made.
    """
    height, width = sure.shape
    hidden = cv2.resize((hole > 0).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) > 0
    ring = ring_around(hidden, _RING)
    count, names, boxes, _ = cv2.connectedComponentsWithStats(((sure > _SEEN) & ~hidden).astype(np.uint8))
    touching = np.bincount(names[ring], minlength=count) > _WITHIN * max(1, int(ring.sum()))
    small = boxes[:, cv2.CC_STAT_AREA] < _LEAST * float(hidden.sum())
    small[0] = True
    others = ~(touching | small)[names]
    if not others.any():
        return None
    touching[0] = False  # what is no thing for sure, parts of one included
    possible = (sure > _PART) & ~hidden & ~touching[names]
    _, whole = cv2.connectedComponents(possible.astype(np.uint8))
    with_parts = np.isin(whole, np.unique(whole[others]))
    if with_parts.sum() <= _MOST * others.sum():
        others = with_parts
    beside = max(1, round(_BESIDE * max(height, width)))
    others_grown = cv2.dilate(others.astype(np.uint8), np.ones((2 * beside + 1, 2 * beside + 1), np.uint8))
    size = (hole.shape[1], hole.shape[0])
    there = cv2.resize(others_grown * np.uint8(255), size, interpolation=cv2.INTER_LINEAR)
    return np.where((there < 128) & (hole == 0), np.uint8(255), np.uint8(0))
