"""Offsets from the hole's pixels to their sources, and how their borders are moved where they are seen least.

Every pixel of the hole has an offset, down and right, to its source. Pixels that share an offset copy the
photo as it is; where two offsets meet there is a seam. Its cost is how much the two copies differ there, on
both sides (Kwatra et al. 2003). A source that is used more than once costs as well, or the same stone would
be seen twice. The cost is lowered in turns: a pixel may take over a neighbour's offset (`settle`), and all
pixels of one offset may move together by a pixel (`align`).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Shifts"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

_PAD = 4
"""Empty pixels around the picture, so that no step leaves it."""
_SEAM = 0.5
"""What a seam's difference costs, compared to being unlike the plan."""
_BREAK = 8.0
"""What a seam costs even without a difference, in squared Lab units."""
_LIMIT = 400.0
"""A difference above this, in squared Lab units, costs no more: it is an edge."""
_TWICE = 20.0
"""What a source costs for each other pixel that uses it, in squared Lab units, ..."""
_OFTEN = 3
"""... up to so many; beyond it is all the same."""
_TURNS = 3


class Shifts:
    """The offsets of one hole at one size.

    Args:
        offsets: (h, w, 2), down and right; anything outside the hole.
        hole: (h, w).
        usable: (h, w), where sources may lie.
        lab: (h, w, 3), the photo.
    """

    def __init__(self, offsets: Ints, hole: Mask, usable: Mask, lab: Floats) -> None:
        height, width = hole.shape
        self._shape = (height, width)
        self._row = row = width + 2 * _PAD
        self._hole = _padded(hole)
        self._usable = _padded(usable)
        self._lab = cv2.copyMakeBorder(lab, *(_PAD,) * 4, cv2.BORDER_REPLICATE).reshape(-1, 3)
        self._pixels = np.flatnonzero(self._hole).astype(np.int32)
        y, x = self._pixels // row - _PAD, self._pixels % row - _PAD
        offset = offsets[y, x]
        source_y = np.clip(y + offset[:, 0], 0, height - 1) + _PAD
        source_x = np.clip(x + offset[:, 1], 0, width - 1) + _PAD
        # Of each padded pixel the padded source; one number each, so that a step adds to both.
        self._source = np.arange(len(self._hole), dtype=np.int32)
        self._source[self._pixels] = source_y * row + source_x
        self._parity = (self._pixels // row + self._pixels) % 2 == 1
        self._beside = (-row, row, -1, 1)

    def offsets(self) -> Ints:
        """Return the offsets as the constructor takes them; 0 outside the hole."""
        height, width = self._shape
        offsets = np.zeros((height, width, 2), np.int32)
        source, row = self._source[self._pixels], self._row
        y, x = self._pixels // row - _PAD, self._pixels % row - _PAD
        offsets[y, x, 0] = source // row - _PAD - y
        offsets[y, x, 1] = source % row - _PAD - x
        return offsets

    def settle(
        self,
        planned: Floats,
        seen: Floats,
        passes: int,
        far: bool = False,
        sharpness: Floats | None = None,
        sharper: bool = False,
    ) -> None:
        """Let pixels beside a seam take over a neighbour's offset where that lowers the cost.

        Args:
            planned: (h, w, c), what the hole is to look like.
            seen: (h, w, c), what the photo looks like; the squared distance counts as squared Lab units.
            passes: At most so many over the whole hole.
            far: Whether the offsets of pixels diagonally or two pixels away may be taken over too.
            sharpness: (h, w), how sharp the photo is, and in the hole how sharp it is to be; the square of a
                source's difference is a cost too. None does not ask for it.
            sharper: Whether sources that are sharper than that cost nothing.
        """
        plan, look = (
            cv2.copyMakeBorder(values, *(_PAD,) * 4, cv2.BORDER_REPLICATE).reshape(
                len(self._hole), values.shape[2]
            )
            for values in (planned, seen)
        )

        sharp = plan[:, 0]
        if sharpness is not None:
            sharp = cv2.copyMakeBorder(sharpness, *(_PAD,) * 4, cv2.BORDER_REPLICATE).reshape(-1)

        def unlike(pixels: Ints, sources: Ints) -> Floats:
            apart = plan[pixels] - look[sources]
            cost = np.einsum("ij,ij->i", apart, apart)
            if sharpness is not None:
                lack = sharp[pixels] - sharp[sources]
                cost += (np.maximum(lack, 0) if sharper else lack) ** 2
            return cost

        row = self._row
        steps = [0, *self._beside]
        if far:
            steps += [row + 1, row - 1, 1 - row, -row - 1, 2 * row, -2 * row, 2, -2]
        for _ in range(passes):
            changed = sum(self._turn(unlike, steps, turn) for turn in (False, True))
            if changed <= len(self._pixels) // 1000:
                break

    def _turn(self, unlike: Callable[[Ints, Ints], Floats], steps: list[int], turn: bool) -> int:
        """Pass over every second pixel, like a chessboard's; return how many changed."""
        source, hole, lab = self._source, self._hole, self._lab
        pixels = self._pixels[self._parity == turn]
        used = np.bincount(source[self._pixels], minlength=len(hole)).astype(np.float32)
        seam = np.zeros(len(pixels), np.bool_)
        for step in self._beside:
            seam |= hole[pixels + step] & (source[pixels + step] != source[pixels] + step)
        pixels = pixels[seam]
        own = source[pixels]
        neighbours = [(step, source[pixels + step], hole[pixels + step]) for step in self._beside]
        least = np.full(len(pixels), np.inf, np.float32)
        chosen = own.copy()
        for step in steps:
            taken = own if step == 0 else source[pixels + step] - np.int32(step)
            possible = self._usable[taken] if step == 0 else self._usable[taken] & hole[pixels + step]
            taken = np.where(possible, taken, own)
            cost = unlike(pixels, taken)
            cost += np.float32(_TWICE) * np.minimum(used[taken] - (taken == own), _OFTEN)
            here = lab[taken]
            for beside, theirs, within in neighbours:
                apart, there = here - lab[theirs - beside], lab[taken + beside] - lab[theirs]
                seen = np.einsum("ij,ij->i", apart, apart) + np.einsum("ij,ij->i", there, there)
                seen = np.minimum(seen, _LIMIT) + np.float32(_BREAK)
                seen[(theirs == taken + beside) | ~within] = 0
                cost += np.float32(_SEAM) * seen
            better = possible & (cost < least)
            least[better] = cost[better]
            chosen[better] = taken[better]
        source[pixels] = chosen
        return int((chosen != own).sum())

    def align(self, seed: int = 0) -> None:
        """Move all pixels of one offset together by up to a pixel, to continue what lies beside them.

        Offsets that were found at a smaller size are only known to a few pixels.
        """
        row, hole, lab, pixels = self._row, self._hole, self._lab, self._pixels
        offsets, number = np.unique(self._source[pixels] - pixels, return_inverse=True)
        group = np.full(len(hole), -1, np.int32)
        group[pixels] = number
        pairs = [(pixels[group[pixels + step] != group[pixels]], step) for step in self._beside]
        across = np.concatenate([inner + np.int32(step) for inner, step in pairs])
        inner = np.concatenate([group[inner] for inner, _ in pairs])
        outer = group[across]
        moves = [down * row + right for down in (0, -1, 1) for right in (0, -1, 1)]
        random = np.random.default_rng(seed)
        last = len(hole) - 1
        start = offsets.copy()
        for _ in range(_TURNS):
            theirs = lab[np.where(outer >= 0, np.clip(across + offsets[outer], 0, last), across)]
            costs = []
            for move in moves:
                apart = lab[np.clip(across + start[inner] + move, 0, last)] - theirs
                seen = np.minimum(np.einsum("ij,ij->i", apart, apart), _LIMIT)
                costs.append(np.bincount(inner, seen, minlength=len(offsets)))
            best = start + np.array(moves)[np.argmin(costs, axis=0)]
            # Not all at once, or neighbours would move past each other.
            offsets = np.where(random.random(len(offsets)) < 0.6, best, offsets)
        moved = pixels + offsets[number]
        fits = (moved >= 0) & (moved <= last)
        fits[fits] = self._usable[moved[fits]]
        self._source[pixels[fits]] = moved[fits]


def _padded(mask: Mask) -> Mask:
    return np.pad(mask, _PAD).reshape(-1)
