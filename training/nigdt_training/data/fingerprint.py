"""Perceptual fingerprints: finding photos that show the same picture, whatever their size or compression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

DUPLICATE_BITS, DUPLICATE_LEVELS = 4, 4.0
NEAR_BITS, NEAR_LEVELS = 7, 12.0
_BANDS = 8


@dataclass(frozen=True)
class Fingerprint:
    """A photo in brief.

    Attributes:
        bits: (16,) uint8, 128 packed bits of a difference hash, rows and columns.
        thumbnail: (16, 16) uint8 grey thumbnail, which tells apart flat photos whose bits agree by chance.
    """

    bits: np.ndarray
    thumbnail: np.ndarray


def fingerprint(image: Image.Image) -> Fingerprint:
    """Return an upright RGB image's fingerprint: signs of brightness differences (dHash) along both axes."""
    grey = image.convert("L")
    across = np.asarray(grey.resize((9, 8), Image.Resampling.BOX), np.int16)
    down = np.asarray(grey.resize((8, 9), Image.Resampling.BOX), np.int16)
    signs = np.concatenate([(np.diff(across, axis=1) > 0).ravel(), (np.diff(down, axis=0) > 0).ravel()])
    return Fingerprint(np.packbits(signs), np.asarray(grey.resize((16, 16), Image.Resampling.BOX)))


def find_alike(prints: Sequence[Fingerprint]) -> list[tuple[int, int, bool]]:
    """Find pairs of photos that look alike.

    Hashes within `NEAR_BITS` of each other agree in at least one of 8 bands of 16 bits, so only photos that
    share a band are compared.

    Returns:
        Triples (i, j, same): i < j look alike; `same` when they are the same picture and not merely much
        alike.
    """
    if len(prints) < 2:
        return []
    bits = np.stack([one.bits for one in prints])
    thumbnails = np.stack([one.thumbnail for one in prints]).astype(np.int16)
    bands = bits.reshape(len(prints), _BANDS, 2).astype(np.uint16)
    keys = bands[..., 0] << 8 | bands[..., 1]
    ones = np.array([bin(value).count("1") for value in range(256)], np.uint8)
    found: dict[tuple[int, int], bool] = {}
    for band in range(_BANDS):
        order = np.argsort(keys[:, band], kind="stable")
        starts = np.flatnonzero(np.diff(keys[order, band], prepend=-1))
        for members in np.split(order, starts[1:]):
            for position, i in enumerate(members[:-1]):
                others = members[position + 1 :]
                distance = ones[bits[others] ^ bits[i]].sum(1)
                close = others[distance <= NEAR_BITS]
                levels = np.abs(thumbnails[close] - thumbnails[i]).mean((1, 2))
                for j, bit, level in zip(close, distance[distance <= NEAR_BITS], levels, strict=True):
                    if level <= NEAR_LEVELS:
                        pair = (min(int(i), int(j)), max(int(i), int(j)))
                        found[pair] = bool(bit <= DUPLICATE_BITS and level <= DUPLICATE_LEVELS)
    return [(i, j, same) for (i, j), same in sorted(found.items())]
