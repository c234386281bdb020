"""Large selections keep their detail: the photo's fine texture, carried into the enlarged fill. No torch.

A fill made at the model's size and enlarged is soft. What it lacks is the photo's residual: the photo minus
its own reduction to the model's size. Each cell of the hole takes the residual of the visible cell whose
neighbourhood, at the model's size, looks most like its own in colour, lies near, is as rough as the hole's
surroundings let expect there (or a yellow belly would take yellow lichen), and has no strong edges that the
cell itself lacks. Neighbouring cells are drawn to continue each other's source and pushed away from repeating
it. Between cells the residuals are mixed so that their variance, not only their mean, is kept: plain
averaging would blur again.

Averaging residuals with the generator's own attention weights left a fortieth of the photo's gradient
energy, its best cell alone visible blocks: docs/benchmarks.md has the figures.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.context.membrane import Membrane, push_pull
from nigdt.context.sources import ALTERNATIVES, Floats, Ints, SourceSearch

__all__ = ["Residual", "enlarge"]

GRID = 32  # cells along the longer side
_NEAR = 0.5  # cost of lying far away, per squared fraction of the grid
_EDGE = 0.2  # cost of strong structure in the source that the target lacks
_ALIKE = 0.16  # difference in Lab, of 100, at which 1/e of the texture is left
_OFTEN = 8  # cells that may take the same source before its texture is made weaker
_MARGIN = 0.7  # factors of e by which a source may be rougher than expected
_REACH = 0.2  # fraction of the hole's extent at which 1/e of what the border lacks is left
_SLIGHT = 0.1  # of the detail, what nobody sees
_ZERO = np.zeros(4)  # a scalar to OpenCV
_NO_MAP = np.empty((0, 0), np.uint16)


class Residual:
    """What a reduction of the context to the model's size loses, and where it can be taken from.

    Args:
        crop: (h, w, 3) uint8, the context.
        hole: (h, w) uint8, above 0 where the model makes the pixels.
        height: The model picture's height.
        width: The model picture's width.
    """

    def __init__(self, crop: NDArray[np.uint8], hole: NDArray[np.uint8], height: int, width: int) -> None:
        self.crop = crop
        self.hole = hole > 0
        self.size = (height, width)
        shown = (~self.hole).view(np.uint8)
        visible = cv2.resize(shown.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        seen = cv2.bitwise_and(crop, crop, mask=shown).astype(np.float32)
        low = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
        # Continued into the hole, so that enlarging does not mix emptiness into its surroundings.
        known = (visible > 1e-3).astype(np.float32)
        self.low: Floats = push_pull(
            np.divide(low, np.maximum(visible, 1e-4)[..., None], dtype=np.float32), known
        )
        self.visible: Floats = visible
        self.fine: Floats = cv2.subtract(seen, _up(self.low, *self.hole.shape), mask=shown)

        rows, columns = crop.shape[:2]
        longest = max(rows, columns)
        self.grid = (max(4, round(GRID * rows / longest)), max(4, round(GRID * columns / longest)))
        cells = cv2.resize(shown.astype(np.float32), self.grid[::-1], interpolation=cv2.INTER_AREA)
        whole = (cells > 0.99).astype(np.uint8)
        # A cell's residual reaches into its neighbours, so they must be visible too.
        around = cv2.erode(whole, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=(1,))
        self.sources = around > 0
        self.targets = cells < 0.999
        self._rough = self._roughness(cells)
        self._search = SourceSearch(self.targets, self.sources, self._rough)
        beside = np.argwhere((cv2.dilate(1 - shown, np.ones((3, 3), np.uint8)) > 0) & ~self.hole)
        self._border = _Border(crop, self.hole, beside, self.size) if len(beside) else None
        # The coarser what is carried, the more it costs where it does not fit, so a picture that is only
        # doubled keeps its own finest octave; one enlarged more would look empty between what is carried and
        # what the model drew.
        octaves = np.log2(self.hole.size / (height * width)) / 2
        self.coarse_strength = np.float32(np.clip(octaves - 1, 0, 1))

    @property
    def nbytes(self) -> int:
        """Memory it holds beside the crop."""
        held = sum(array.nbytes for array in (self.hole, self.low, self.visible, self.fine))
        return held + self._search.nbytes + (self._border.nbytes if self._border is not None else 0)

    def _roughness(self, visible: Floats) -> Floats:
        """Log of the residual's strength in each cell, (gh, gw), from its visible part; continued inwards."""
        energy = _cell_mean(cv2.multiply(self.fine, self.fine).mean(2), self.grid)
        strength = energy / np.maximum(visible, 1e-4)
        known = (visible > 0.25).astype(np.float32)
        roughness: Floats = np.log(strength + 1) / 2 * known
        return push_pull(roughness[..., None], known)[..., 0]

    def carry_into(self, picture: Floats, detail: float = 1.0, thing: Floats | None = None) -> Floats:
        """Enlarge the model's picture to the context's size, with the photo's detail in the hole.

        Args:
            picture: (height, width, 3), 0 to 255.
            detail: Factor on the detail; 0 is none.
            thing: As in `enlarge`.

        Returns:
            (h, w, 3), not clipped.
        """
        rows, columns = self.hole.shape
        if self.sources.sum() < ALTERNATIVES or not self.targets.any():
            return _up(picture, rows, columns)
        mixed = np.where((self.visible > 0.5)[..., None], self.low, picture).astype(np.float32)
        taken, alike = self._match(mixed)
        if self.coarse_strength:
            octave = np.float32(detail) * self.coarse_strength * self._missing_octave(mixed, taken, alike)
            picture, mixed = picture + octave, mixed + octave
        enlarged = _up(picture, rows, columns)
        if self._border is not None and thing is None:
            self._border.meet(enlarged, mixed)
        factor = np.float32(detail) * alike * self._expected(taken)
        if thing is not None:  # at its edge the source is like what lies behind it
            factor *= cv2.resize(thing, self.grid[::-1], interpolation=cv2.INTER_AREA) > 0.5
            factor[factor < _SLIGHT] = 0
        gain = _up(factor, rows, columns, cv2.INTER_LINEAR)
        for inside in [selection_box(self.hole).slices] if thing is None else self._reached(factor):
            enlarged[inside] += gain[inside][..., None] * _carry(self.fine, taken, self.targets, inside)
            gain[inside] = 0  # windows may overlap
        return enlarged

    def _reached(self, factor: Floats) -> Iterator[tuple[slice, slice]]:
        """Yield windows of the hole that hold all cells, (gh, gw), whose factor is not 0."""
        cells = cv2.dilate((self.targets & (factor > 0)).astype(np.uint8), np.ones((3, 3), np.uint8))
        down, across = (whole / number for whole, number in zip(self.hole.shape, self.grid, strict=True))
        hole = selection_box(self.hole)
        for left, top, width, height, _ in cv2.connectedComponentsWithStats(cells)[2][1:]:
            yield (
                slice(max(hole.top, int(top * down)), min(hole.bottom, int((top + height) * down) + 1)),
                slice(max(hole.left, int(left * across)), min(hole.right, int((left + width) * across) + 1)),
            )

    def _expected(self, taken: Ints) -> Floats:
        """Return a factor on each cell's texture, (gh, gw): none is to be much rougher than the rest."""
        source = self._rough[taken[..., 0], taken[..., 1]]
        factor: Floats = np.exp(np.minimum(0, self._rough + np.float32(_MARGIN) - source))
        return factor

    def _match(self, mixed: Floats) -> tuple[Ints, Floats]:
        """Find each cell's source.

        Returns:
            Its row and column, (gh, gw, 2), the cell's own outside the targets; and how much of its texture
            to take, (gh, gw), 0 to 1: little where its colour is another one, as leaves make no belly, and
            where many cells take the same.
        """
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
        edge = _root_around(_cell_mean((rough**2).mean(2), self.grid)) / 100

        (ty, tx), (sy, sx) = self._search.target.T, self._search.source.T
        target, source = features[ty, tx], features[sy, sx]
        # OpenCV's product: waking the threads of NumPy's for one so small takes a hundred times the work.
        squares = (target**2).sum(1)[:, None] + (source**2).sum(1)[None]
        cost: Floats = cv2.gemm(target, source, -2, squares, 1, flags=cv2.GEMM_2_T)
        cost += _EDGE * np.maximum(0, edge[sy, sx][None] - edge[ty, tx][:, None])
        cost += self._search.standing

        chosen = self._search.settle(cost)
        taken = np.stack(np.meshgrid(np.arange(gh), np.arange(gw), indexing="ij"), axis=2)
        taken[ty, tx] = np.stack([sy[chosen], sx[chosen]], 1)
        difference = colour - colour[taken[..., 0], taken[..., 1]]
        alike: Floats = np.exp(-((difference / np.float32(_ALIKE)) ** 2).sum(2))
        uses = np.bincount(chosen)[chosen]
        alike[ty, tx] *= np.minimum(1, np.sqrt(_OFTEN / uses))  # rows of it would be a pattern
        return taken, alike

    def _missing_octave(self, mixed: Floats, taken: Ints, alike: Floats) -> Floats:
        """Return detail of the model's own finest octave where its picture has less of it than the source.

        Returns:
            (H, W, 3), to be added to the picture.
        """
        height, width = self.size
        half = cv2.resize(mixed, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        octave = mixed - _up(half, height, width)
        energy = cv2.blur(_cell_mean((octave**2).sum(2), self.grid), (3, 3))
        there = energy[taken[..., 0], taken[..., 1]]
        gain = np.sqrt(np.clip(1 - energy / np.maximum(there, 1e-6), 0, 1)) * self.targets * alike
        everywhere = (slice(0, height), slice(0, width))
        carried = _carry(octave, taken, self.targets, everywhere)
        carried *= _up(gain.astype(np.float32), height, width, cv2.INTER_LINEAR)[..., None]
        return carried * (self.visible <= 0.5)[..., None]


def enlarge(
    picture: Floats,
    crop: NDArray[np.uint8],
    hole: NDArray[np.uint8],
    residual: Residual | None = None,
    detail: float = 1.0,
    thing: Floats | None = None,
) -> NDArray[np.uint8]:
    """Bring the model's picture to the crop's size; when that means enlarging, with the photo's detail.

    Args:
        picture: (H, W, 3), 0 to 255.
        crop: (h, w, 3), the context.
        hole: (h, w), above 0 where the model makes the pixels.
        residual: From an earlier call for the same context, to save its computation.
        detail: Factor on the photo's detail; 0 is none.
        thing: (H, W), 0 to 1, the thing of which alone something is to be seen, before other surroundings
            than those of the picture; None if all of the picture is.

    Returns:
        (h, w, 3) uint8.
    """
    rows, columns = hole.shape
    if (rows, columns) == picture.shape[:2]:
        enlarged = picture
    elif rows * columns < picture.shape[0] * picture.shape[1]:
        enlarged = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA)
    else:
        enlarged = (residual or Residual(crop, hole, *picture.shape[:2])).carry_into(picture, detail, thing)
    return cv2.add(enlarged, _ZERO, dtype=cv2.CV_8U).astype(np.uint8, copy=False)  # rounds and saturates


class _Border:
    """Lets an enlarged picture meet the photo's own pixels along the hole's border.

    The model saw the border at its own size; what enlarging misses of the photo there is spread inwards.

    Args:
        crop: (h, w, 3) uint8.
        hole: (h, w) bool.
        beside: (n, 2), row and column of each visible pixel beside the hole; at least one.
        size: Height and width of the model's picture.
    """

    def __init__(
        self,
        crop: NDArray[np.uint8],
        hole: NDArray[np.bool_],
        beside: Ints,
        size: tuple[int, int],
    ) -> None:
        rows, columns = beside.T
        self._photo = crop[rows, columns]
        # Where the border's pixels lie in the picture, cell centre to cell centre.
        y = (rows + 0.5) * (size[0] / hole.shape[0]) - 0.5
        x = (columns + 0.5) * (size[1] / hole.shape[1]) - 0.5
        self._at = (x.astype(np.float32)[:, None], y.astype(np.float32)[:, None])
        top, left = int(rows.min()), int(columns.min())
        shape = (int(rows.max()) + 1 - top, int(columns.max()) + 1 - left)
        self._part = (slice(top, top + shape[0]), slice(left, left + shape[1]))
        self._inside = hole[self._part].astype(np.uint8)
        self._membrane = Membrane(rows - top, columns - left, shape)
        depth = cv2.distanceTransform(self._inside, cv2.DIST_L2, 3)
        self._fade = np.exp(depth / np.float32(-_REACH * max(shape)))[..., None]

    @property
    def nbytes(self) -> int:
        """Memory it holds."""
        arrays = (self._photo, *self._at, self._inside, self._fade)
        return self._membrane.nbytes + sum(array.nbytes for array in arrays)

    def meet(self, enlarged: Floats, picture: Floats) -> None:
        """Add to the hole, in place, what it lacks.

        Args:
            enlarged: (h, w, 3).
            picture: (height, width, 3), what was enlarged into the hole, the photo's reduction around it.
        """
        drawn = cv2.remap(picture, *self._at, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)[:, 0]
        sheet = self._membrane(self._photo - drawn)
        sheet *= self._fade
        cv2.add(enlarged[self._part], sheet, dst=enlarged[self._part], mask=self._inside)


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
    shift_y = np.rint((taken[..., 0] - np.arange(gh)[:, None]) * cell_h).astype(np.int16)
    shift_x = np.rint((taken[..., 1] - np.arange(gw)[None]) * cell_w).astype(np.int16)
    shift_id = shift_y.astype(np.int32) * 2**16 + shift_x
    y = np.arange(inside[0].start, inside[0].stop, dtype=np.int16)
    x = np.arange(inside[1].start, inside[1].stop, dtype=np.int16)
    row, column = (y + 0.5) / cell_h - 0.5, (x + 0.5) / cell_w - 0.5
    row0, column0 = np.floor(row), np.floor(column)
    part_y, part_x = (row - row0).astype(np.float32), (column - column0).astype(np.float32)
    takes = targets.astype(np.float32)

    corners, weights, ids = [], [], []
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        rows = np.clip(row0 + down, 0, gh - 1).astype(np.intp)
        columns = np.clip(column0 + right, 0, gw - 1).astype(np.intp)
        # All pixel rows in a row of cells are alike, so the columns are laid out first.
        across = takes[:, columns] * (part_x if right else 1 - part_x)
        weights.append((part_y if down else 1 - part_y)[:, None] * across[rows])
        ids.append(shift_id[:, columns][rows])
        corners.append((rows, np.stack([shift_x[:, columns] + x, shift_y[:, columns]], 2)))
    # Equal shifts fetch the same residual and add up; different ones are as good as independent.
    variance = np.full(weights[0].shape, 1e-12, np.float32)
    for i in range(4):
        variance += weights[i] ** 2
        for j in range(i):
            variance += 2 * weights[i] * weights[j] * (ids[i] == ids[j])
    scale = 1 / np.sqrt(variance)

    carried = np.zeros((*variance.shape, values.shape[2]), np.float32)
    fetched, place = np.empty_like(carried), np.empty((*variance.shape, 2), np.int16)
    for weight, (rows, across) in zip(weights, corners, strict=True):
        np.take(across, rows, axis=0, out=place, mode="clip")
        place[..., 1] += y[:, None]
        # Places are whole numbers, so this fetches without interpolating.
        cv2.remap(values, place, _NO_MAP, cv2.INTER_NEAREST, fetched, cv2.BORDER_REFLECT_101)
        cv2.accumulateProduct(fetched, cv2.cvtColor(weight * scale, cv2.COLOR_GRAY2RGB), carried)
    return carried


def _up(values: Floats, rows: int, columns: int, interpolation: int = cv2.INTER_CUBIC) -> Floats:
    return cv2.resize(values, (columns, rows), interpolation=interpolation)


def _root_around(squares: Floats) -> Floats:
    """Return the root of the mean over 3 x 3 cells; the running sums of a blur may end a little below 0."""
    return np.sqrt(np.maximum(0, cv2.blur(squares, (3, 3))))


def _cell_mean(values: Floats, grid: tuple[int, int]) -> Floats:
    return cv2.resize(values, grid[::-1], interpolation=cv2.INTER_AREA)
