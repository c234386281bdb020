"""Large selections keep their detail: the photo's fine texture, carried into the enlarged fill. No torch.

A fill made at the model's size and enlarged is soft. What it lacks is the photo's residual: the photo minus
its own reduction to the model's size. Each cell of the hole takes the residual of the visible cell whose
neighbourhood, at the model's size, looks most like its own in colour, lies near, and has no strong edges that
the cell itself lacks. Neighbouring cells are drawn to continue each other's source and pushed away from
repeating it. Between cells the residuals are mixed so that their variance, not only their mean, is kept:
plain averaging would blur again.

Measured on twenty photographs of 1920 x 1080 pixels, 600 px holes filled at 128 px by a model in training;
median ratio of the gradient energy in the hole to that in a ring around it: enlarging alone 0.001, residuals
averaged with the generator's own attention weights 0.035, taken where its attention is highest 0.34 (with
visible blocks), this method 0.70. Filled with the photo's own reduction to 128 px, a perfect model's answer:
enlarging alone 0.14, this method 1.24, the photo itself 1.50. ``nigdt bench detail`` measures it again.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Residual", "enlarge"]

GRID = 32  # cells along the longer side
_NEAR = 0.5  # cost of lying far away, per squared share of the grid
_EDGE = 0.2  # cost of strong structure in the source that the target lacks
_CHANCE = 0.03  # mean of the random cost that keeps equal sources from being taken in rows
_CONTINUE = 0.1  # reward for continuing a neighbour's source
_REPEAT = 0.4  # cost of repeating a neighbour's source
_PASSES = 6
_ALTERNATIVES = 8
_SIDES = ((0, 1), (0, -1), (1, 0), (-1, 0))
_CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))

Floats = NDArray[Any]  # float32 throughout
Ints = NDArray[np.intp]


class Residual:
    """What a reduction of the context to the model's size loses, and where it can be taken from.

    Args:
        crop: (h, w, 3) uint8, the context.
        hole: (h, w) uint8, above 0 where the model makes the pixels.
        height: The model picture's height.
        width: The model picture's width.
    """

    def __init__(self, crop: NDArray[np.uint8], hole: NDArray[np.uint8], height: int, width: int) -> None:
        self.hole = hole > 0
        self.size = (height, width)
        visible = (~self.hole).astype(np.float32)
        share = cv2.resize(visible, (width, height), interpolation=cv2.INTER_AREA)
        seen = crop * visible[..., None]
        low = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
        self.low: Floats = low / np.maximum(share, 1e-4)[..., None]
        self.share: Floats = share
        self.fine: Floats = seen - _up(self.low, *self.hole.shape)
        self.fine *= visible[..., None]

        rows, columns = crop.shape[:2]
        longest = max(rows, columns)
        self.grid = (max(4, round(GRID * rows / longest)), max(4, round(GRID * columns / longest)))
        cells = cv2.resize(visible, self.grid[::-1], interpolation=cv2.INTER_AREA)
        whole = (cells > 0.99).astype(np.uint8)
        # A cell's residual reaches into its neighbours, so they must be visible too.
        around = cv2.erode(whole, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=(1,))
        self.sources = around > 0
        self.targets = cells < 0.999

    def carry_into(self, picture: Floats) -> Floats:
        """Enlarge the model's picture to the context's size, with the photo's detail in the hole.

        Args:
            picture: (height, width, 3), 0 to 255.

        Returns:
            (h, w, 3), not clipped.
        """
        rows, columns = self.hole.shape
        if self.sources.sum() < _ALTERNATIVES or not self.targets.any():
            return _up(picture, rows, columns)
        mixed = np.where((self.share > 0.5)[..., None], self.low, picture).astype(np.float32)
        taken = self._match(mixed)
        coarse = self._missing_octave(mixed, taken)
        enlarged = _up(picture + coarse, rows, columns)
        inside = _bounds(self.hole)
        enlarged[inside] += _carry(self.fine, taken, self.targets, inside)
        return enlarged

    def _match(self, mixed: Floats) -> Ints:
        """For each cell its source's row and column, (gh, gw, 2); its own outside the targets."""
        gh, gw = self.grid
        area = cv2.resize(mixed, (gw, gh), interpolation=cv2.INTER_AREA)
        colour = cv2.cvtColor(np.clip(area / 255, 0, 1), cv2.COLOR_RGB2Lab) / 100
        padded = np.pad(colour, ((1, 1), (1, 1), (0, 0)), mode="edge")
        looks = [
            padded[i : i + gh, j : j + gw] * np.float32(1.0 if i == j == 1 else 0.5)
            for i in range(3)
            for j in range(3)
        ]
        place = np.stack(np.meshgrid(np.arange(gh) / gh, np.arange(gw) / gw, indexing="ij"), axis=2)
        features = np.concatenate([*looks, _NEAR**0.5 * place], axis=2).astype(np.float32)
        rough = mixed - _up(area, *self.size)
        edge = np.sqrt(cv2.blur(_cell_mean((rough**2).mean(2), self.grid), (3, 3))) / 100

        ty, tx = np.nonzero(self.targets)
        sy, sx = np.nonzero(self.sources)
        target, source = features[ty, tx], features[sy, sx]
        cost = (target**2).sum(1)[:, None] + (source**2).sum(1)[None] - 2 * target @ source.T
        cost += _EDGE * np.maximum(0, edge[sy, sx][None] - edge[ty, tx][:, None])
        # The same photo must give the same bytes, so chance is drawn from a fixed seed.
        cost += _CHANCE * np.random.default_rng(0).standard_exponential(cost.shape, np.float32)

        chosen = _settle(cost, np.stack([ty, tx], 1), np.stack([sy, sx], 1), self.grid)
        taken = np.stack(np.meshgrid(np.arange(gh), np.arange(gw), indexing="ij"), axis=2)
        taken[ty, tx] = np.stack([sy[chosen], sx[chosen]], 1)
        return taken

    def _missing_octave(self, mixed: Floats, taken: Ints) -> Floats:
        """Detail in the model's own finest octave where its picture has less of it than the source.

        Returns:
            (H, W, 3), to be added to the picture.
        """
        height, width = self.size
        half = cv2.resize(mixed, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        octave = mixed - _up(half, height, width)
        energy = cv2.blur(_cell_mean((octave**2).sum(2), self.grid), (3, 3))
        there = energy[taken[..., 0], taken[..., 1]]
        gain = np.sqrt(np.clip(1 - energy / np.maximum(there, 1e-6), 0, 1)) * self.targets
        everywhere = (slice(0, height), slice(0, width))
        carried = _carry(octave, taken, self.targets, everywhere)
        carried *= _up(gain.astype(np.float32), height, width, cv2.INTER_LINEAR)[..., None]
        return carried * (self.share <= 0.5)[..., None]


def enlarge(
    picture: Floats, crop: NDArray[np.uint8], hole: NDArray[np.uint8], residual: Residual | None = None
) -> NDArray[np.uint8]:
    """Bring the model's picture to the crop's size; when that means enlarging, with the photo's detail.

    Args:
        picture: (H, W, 3), 0 to 255.
        crop: (h, w, 3), the context.
        hole: (h, w), above 0 where the model makes the pixels.
        residual: From an earlier call for the same context, to save its computation.

    Returns:
        (h, w, 3) uint8.
    """
    rows, columns = hole.shape
    if (rows, columns) == picture.shape[:2]:
        enlarged = picture
    elif rows * columns < picture.shape[0] * picture.shape[1]:
        enlarged = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    else:
        enlarged = (residual or Residual(crop, hole, *picture.shape[:2])).carry_into(picture)
    return np.clip(np.rint(enlarged), 0, 255).astype(np.uint8)


def _settle(cost: Floats, target: Ints, source: Ints, grid: tuple[int, int]) -> Ints:
    """Choose a source for every target, trading its own cost against its neighbours' choices.

    Args:
        cost: (targets, sources).
        target: (targets, 2), row and column of each.
        source: (sources, 2).
        grid: Rows and columns.

    Returns:
        (targets,), index of the chosen source.
    """
    gh, gw = grid
    count = np.arange(len(target))
    target_at = np.full((gh + 2, gw + 2), -1)
    target_at[target[:, 0] + 1, target[:, 1] + 1] = count
    source_at = np.full((gh + 2, gw + 2), -1)
    source_at[source[:, 0] + 1, source[:, 1] + 1] = np.arange(len(source))
    steps = _SIDES + _CORNERS
    neighbours = [target_at[target[:, 0] + 1 + dy, target[:, 1] + 1 + dx] for dy, dx in steps]
    rewards = [_CONTINUE] * len(_SIDES) + [0.3 * _CONTINUE] * len(_CORNERS)
    alternatives = list(np.argpartition(cost, _ALTERNATIVES - 1, axis=1)[:, :_ALTERNATIVES].T)
    chosen = cost.argmin(1)
    for turn in range(_PASSES):
        theirs = [np.where(near >= 0, chosen[near], -2) for near in neighbours]
        continued = []
        for (dy, dx), taken in zip(steps, theirs, strict=True):
            place = source[np.maximum(taken, 0)] + (1 - dy, 1 - dx)
            continued.append(np.where(taken >= 0, source_at[place[:, 0], place[:, 1]], -1))
        candidates = np.stack([chosen, *continued[: len(_SIDES)], *alternatives])
        total = np.where(candidates >= 0, cost[count, np.maximum(candidates, 0)], np.inf)
        for following, taken, reward in zip(continued, theirs, rewards, strict=True):
            total += _REPEAT * (candidates == taken) - reward * (candidates == following)
        best = candidates[total.argmin(0), count]
        # Half the cells at a time, like the squares of a chessboard, so that neighbours do not swap for ever.
        chosen = np.where((target.sum(1) + turn) % 2 == 0, best, chosen)
    return chosen


def _carry(values: Floats, taken: Ints, targets: NDArray[np.bool_], inside: tuple[slice, slice]) -> Floats:
    """Fetch values from the source cells, bilinear between cell centres with the variance kept.

    Args:
        values: (h, w, 3), zero-mean.
        taken: (gh, gw, 2), each cell's source.
        targets: (gh, gw), cells that take.
        inside: The part of (h, w) that is wanted.

    Returns:
        The wanted part, 0 where no target cell is near.
    """
    gh, gw = targets.shape
    cell_h, cell_w = values.shape[0] / gh, values.shape[1] / gw
    # Whole pixels: interpolation would blur what is carried.
    shift_y = np.rint((taken[..., 0] - np.arange(gh)[:, None]) * cell_h).astype(np.float32)
    shift_x = np.rint((taken[..., 1] - np.arange(gw)[None]) * cell_w).astype(np.float32)
    shifts = np.stack([shift_y, shift_x], 2).reshape(-1, 2)
    shift_id = np.unique(shifts, axis=0, return_inverse=True)[1].reshape(gh, gw).astype(np.int16)
    y = np.arange(inside[0].start, inside[0].stop, dtype=np.float32)
    x = np.arange(inside[1].start, inside[1].stop, dtype=np.float32)
    row, column = (y + 0.5) / cell_h - 0.5, (x + 0.5) / cell_w - 0.5
    row0, column0 = np.floor(row), np.floor(column)
    part_y, part_x = (row - row0).astype(np.float32), (column - column0).astype(np.float32)

    weights, ids = [], []
    carried = np.zeros((len(y), len(x), values.shape[2]), np.float32)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        cells = np.ix_(
            np.clip(row0 + down, 0, gh - 1).astype(np.intp),
            np.clip(column0 + right, 0, gw - 1).astype(np.intp),
        )
        weight = np.outer(part_y if down else 1 - part_y, part_x if right else 1 - part_x) * targets[cells]
        dy, dx = shift_y[cells], shift_x[cells]
        fetched = cv2.remap(
            values, dx + x[None], dy + y[:, None], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
        )
        carried += weight[..., None] * fetched
        weights.append(weight)
        ids.append(shift_id[cells])
    # Equal shifts fetch the same residual and add up; different ones are as good as independent.
    variance = np.full(carried.shape[:2], 1e-12, np.float32)
    for i in range(4):
        variance += weights[i] ** 2
        for j in range(i):
            variance += 2 * weights[i] * weights[j] * (ids[i] == ids[j])
    return carried / np.sqrt(variance)[..., None]


def _up(values: Floats, rows: int, columns: int, interpolation: int = cv2.INTER_CUBIC) -> Floats:
    return cv2.resize(values, (columns, rows), interpolation=interpolation)


def _cell_mean(values: Floats, grid: tuple[int, int]) -> Floats:
    return cv2.resize(values, grid[::-1], interpolation=cv2.INTER_AREA)


def _bounds(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest part of a mask that holds all of it; the mask must not be empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
