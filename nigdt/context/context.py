"""The one road between the user's photo and the model's picture, in both directions.

Library, command line, daemon and panel all go it, so that the same photo, selection and recipe give the same
bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import Box, check_selection, selection_box
from nigdt.context.blend import blend, blend_weight, greyed, hole_of
from nigdt.context.box import context_box
from nigdt.context.crumbs import with_crumbs
from nigdt.context.detail import enlarge
from nigdt.context.membrane import push_pull
from nigdt.errors import TransparentError
from nigdt.limits import Mode, sent_size
from nigdt.notices import ENLARGED, WITHOUT_WORDS
from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe
from nigdt.recolouring import Recolouring

__all__ = ["Context"]

_NOT_BY_CHANCE = 5  # side in pixels of a square that no answer leaves as it is by chance
_HIDDEN_SIDE = 512  # longest side at which colours are continued into transparent pixels
_OPAQUE = 128  # least alpha at which a pixel's colour is taken for the photo's


@dataclass(frozen=True, eq=False)
class Context:
    """What of a photo the model gets to see for one selection, and the way back.

    Attributes:
        box: Where it lies on the upright photo, inside it.
        crop: (h, w, 3) uint8, the photo; where it is transparent, what is around goes on.
        selection: (h, w) uint8, 255 = to be filled.
        unknown: (h, w) bool, where the photo is transparent, so that its colour says nothing; None for
            nowhere.
        mode: What is to be done (`Recipe.effective_mode`).
    """

    box: Box
    crop: NDArray[np.uint8]
    selection: NDArray[np.uint8]
    unknown: NDArray[np.bool_] | None = None
    mode: Mode = "describe"

    @classmethod
    def of(
        cls,
        rgb8: NDArray[np.uint8],
        selection: NDArray[np.uint8],
        size: int,
        recipe: Recipe,
        alpha: NDArray[np.uint8] | None = None,
    ) -> Context:
        """Cut the context out of a photo.

        Args:
            rgb8: (H, W, 3) uint8, the upright photo (`Photo.rgb8`).
            selection: (H, W) uint8, 255 = to be filled.
            size: Side of the square that the model works at, in pixels.
            recipe: `effective_mode`, `widen` and `grown` count.
            alpha: (H, W) uint8, opacity of the photo (`Photo.alpha8`); None is opaque.

        Raises:
            SelectionError: The selection does not fit the photo, or selects nothing.
        """
        check_selection(selection, rgb8.shape[1], rgb8.shape[0])
        drawn, selection = selection, prepared(selection, recipe)
        mode = recipe.effective_mode
        box = context_box(selection, size, recipe.widen, mode, drawn, recipe.grown)
        return cls.within(box, rgb8, selection, alpha, mode, exact=recipe.grow == 0)

    @classmethod
    def within(
        cls,
        box: Box,
        rgb8: NDArray[np.uint8],
        selection: NDArray[np.uint8],
        alpha: NDArray[np.uint8] | None = None,
        mode: Mode = "describe",
        *,
        exact: bool = False,
    ) -> Context:
        """Cut the context of a box that is known already.

        To what is removed belong the ends that the selection leaves out (`with_crumbs`), unless it is exact.

        Args:
            box: Where, inside the photo.
            rgb8: As in `of`.
            selection: (H, W) uint8, 255 = to be filled, grown already.
            alpha: As in `of`.
            mode: What is to be done (`Recipe.effective_mode`).
            exact: Whether nothing beside the selection may change.

        Raises:
            TransparentError: What is to be recoloured is transparent.
        """
        unknown = None if alpha is None else alpha[box.slices] < _OPAQUE
        chosen = np.array(selection[box.slices], order="C")
        if unknown is not None and mode == "recolour":  # colours that nobody sees stay as they are
            chosen[unknown] = 0
            if not chosen.any():
                raise TransparentError(
                    "What is selected is transparent: there is nothing to recolour.",
                    "Select something that can be seen.",
                )
        crop = np.array(rgb8[box.slices], order="C")
        if unknown is not None and not unknown.any():
            unknown = None
        if unknown is not None and mode != "recolour":
            _cover_hidden(crop, unknown)
        if mode == "remove" and not exact:
            chosen = with_crumbs(crop, chosen)
        return cls(box, crop, chosen, unknown, mode)

    @cached_property
    def hole(self) -> NDArray[np.uint8]:
        """The pixels that the model makes, (h, w) uint8, 255 or 0.

        To a removal, transparent pixels belong to it, for nothing can be copied from there. What is described
        is drawn into the selection alone, as long as anything beside it can be seen.
        """
        hole = hole_of(self.selection)
        if self.unknown is None or (self.mode == "describe" and (~self.unknown & (hole == 0)).any()):
            return hole
        return np.where(self.unknown, np.uint8(255), hole)

    @property
    def sent_size(self) -> tuple[int, int]:
        """Width and height of what the model gets, in pixels."""
        return sent_size(self.box.width, self.box.height, self.mode)

    @property
    def reduced(self) -> bool:
        """Whether the model gets less than the photo's own resolution."""
        return self.sent_size != (self.box.width, self.box.height)

    @cached_property
    def sent(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Crop (h, w, 3) and mask (h, w) as the model gets them, reduced to `sent_size`.

        The mask is the hole; of what is recoloured it is the selection.
        """
        mask = self.selection if self.mode == "recolour" else self.hole
        if not self.reduced:
            return self.crop, mask
        crop = cv2.resize(self.crop, self.sent_size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        if self.mode == "recolour":
            chosen = cv2.resize(mask, self.sent_size, interpolation=cv2.INTER_AREA).astype(np.uint8)
            return crop, chosen if chosen.any() else _touched(mask, self.sent_size)
        return crop, _touched(mask, self.sent_size)

    def notices(self, recipe: Recipe) -> list[str]:
        """List what a user should know about a recipe in this context, one sentence each."""
        told = []
        if recipe.effective_mode != recipe.mode:
            told.append(WITHOUT_WORDS)
        if self.reduced and self.mode != "recolour":
            told.append(ENLARGED.format(max(self.sent_size), max(self.box.width, self.box.height)))
        return told

    def enlarged(
        self, picture: NDArray[np.uint8], maps: NDArray[np.float32] | None = None
    ) -> NDArray[np.uint8]:
        """Return an answer at the context's own resolution.

        Args:
            picture: (h, w, 3) uint8, the answer at `sent_size`. Where that is smaller than the context it is
                enlarged, with the photo's fine detail.
            maps: Of a recolouring, which is painted anew instead.
        """
        if maps is not None and (picture.shape != self.crop.shape or self.unknown is not None):
            return Recolouring.of(maps, self.selection, self.unknown).apply(self.crop)[0]
        if picture.shape == self.crop.shape:
            return picture
        made = enlarge(picture.astype(np.float32), self.crop, self.hole)
        return made if self.mode != "describe" else self._with_own_pixels(made, picture)

    def _with_own_pixels(self, made: NDArray[np.uint8], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give places that an answer leaves as they are in the photo the photo's own pixels.

        Args:
            made: (H, W, 3), the answer at the context's own resolution.
            picture: (h, w, 3), the answer.
        """
        sent, hole = self.sent
        left = _left(picture, sent, hole)
        if not left[hole > 0].any():
            return made
        size = made.shape[1::-1]
        inner = cv2.erode(left.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        own = cv2.resize(inner, size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.blendLinear(self.crop, made, own, 1 - own), np.uint8)

    def blended(
        self, picture: NDArray[np.uint8], recipe: Recipe
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Fill and weight to mix into the photo.

        Args:
            picture: (h, w, 3) uint8, from `enlarged`.
            recipe: `feather`, `match_colours` and `strength` count; of a recolouring the last alone.

        Returns:
            The fill (h, w, 3) uint8 with its colours matched, and its weight (h, w) uint8, 255 = the fill
            alone.
        """
        if self.mode != "recolour":
            weight = self._weight(recipe.feather)
            if self.mode == "describe" and self.unknown is not None:
                # Around what is drawn the photo stays as it is, and so does what is transparent.
                weight = np.where(self.unknown & _left(picture, self.crop), np.uint8(0), weight)
            return blend(self.crop, picture, weight, self.hole, recipe)
        changed = (picture != self.crop).any(axis=2)
        return picture, np.where(changed, np.uint8(round(255 * recipe.strength)), np.uint8(0))

    def _weight(self, feather: int | None) -> NDArray[np.uint8]:
        """Return `blend_weight`, which is not worked out again for the next fill of the same context."""
        kept: dict[int | None, NDArray[np.uint8]] = vars(self).setdefault("_weights", {})
        weight = kept.get(feather)
        if weight is None:
            weight = blend_weight(self.selection, feather)
            kept.clear()
            kept[feather] = weight
        return weight

    def place(
        self, picture: NDArray[np.uint8], recipe: Recipe, maps: NDArray[np.float32] | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Do `enlarged` and `blended` in one: return what an answer (at `sent_size`) puts into the photo."""
        return self.blended(self.enlarged(picture, maps), recipe)

    def onto(
        self,
        photo: Photo,
        picture: NDArray[np.uint8],
        recipe: Recipe,
        maps: NDArray[np.float32] | None = None,
    ) -> Photo:
        """Return the photo with an answer (at `sent_size`) in its place.

        A recolouring keeps what 16-bit samples hold beyond 8 bits.
        """
        fill, weight = self.place(picture, recipe, maps)
        if maps is not None and photo.deep:
            exact = photo.rgb16[self.box.slices].astype(np.float32) / np.float32(65535)
            painted = Recolouring.of(maps, self.selection, self.unknown).apply(exact)[0] * np.float32(255)
            return photo.paste(self.box, painted, weight / np.float32(255))
        if photo.grey:
            fill = greyed(fill)
        return photo.paste(self.box, fill, weight / np.float32(255), covers=self.mode != "recolour")


def prepared(selection: NDArray[np.uint8], recipe: Recipe) -> NDArray[np.uint8]:
    """Return what a recipe makes of a drawn selection: grown, and for a removal with its holes closed.

    Args:
        selection: (H, W) uint8, 255 = to be filled.
        recipe: `effective_mode` and `grown` count.
    """
    closes, pixels = recipe.effective_mode == "remove", recipe.grown
    if not (closes or pixels) or not selection.any():
        return selection
    box = selection_box(selection)
    # Nothing changes farther away; all of a large photo takes a fifth of a second.
    top, left = max(box.top - pixels, 0), max(box.left - pixels, 0)
    near = np.s_[top : box.bottom + pixels, left : box.right + pixels]
    frames = (box.height, box.width) == selection.shape  # along all sides, which no outline of a thing is
    most = selection.size // 2 if frames else selection.size
    part = closed(selection[near], most) if closes else selection[near]
    result = selection.copy()
    result[near] = grown(np.ascontiguousarray(part), pixels)
    return result


def closed(selection: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    """Close a selection's holes: what cannot be reached from outside it is selected too.

    Args:
        selection: (H, W) uint8, 255 = to be filled.
        most: Pixels of the largest hole that is closed.
    """
    outside = np.pad((selection < _OPAQUE).astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(outside, None, (0, 0), 2)
    holes = (outside[1:-1, 1:-1] == 1).astype(np.uint8)
    if np.count_nonzero(holes) > most:
        _, labels, figures, _ = cv2.connectedComponentsWithStats(holes, connectivity=4)
        small = figures[:, cv2.CC_STAT_AREA] <= most
        small[0] = False  # what is no hole
        holes = small[labels].astype(np.uint8)
    return np.where(holes == 1, np.uint8(255), selection)


def _cover_hidden(crop: NDArray[np.uint8], unknown: NDArray[np.bool_]) -> None:
    """Continue what can be seen into transparent pixels, in place.

    Their own colours, often black, would show at the soft edge of what is drawn over them.
    """
    scale = min(1.0, _HIDDEN_SIDE / max(unknown.shape))
    size = max(1, round(unknown.shape[1] * scale)), max(1, round(unknown.shape[0] * scale))
    known = (~unknown).astype(np.uint8)
    share = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    seen = cv2.resize(crop * known[..., None], size, interpolation=cv2.INTER_AREA).astype(np.float32)
    weight = np.minimum(1, 4 * share).astype(np.float32)
    mean = (seen / np.maximum(share, 1e-3)[..., None]).astype(np.float32)
    sheet = push_pull(mean, weight)
    whole = cv2.resize(np.rint(sheet).clip(0, 255).astype(np.uint8), crop.shape[1::-1])
    crop[unknown] = whole[unknown]


def _left(
    picture: NDArray[np.uint8], crop: NDArray[np.uint8], hole: NDArray[np.uint8] | None = None
) -> NDArray[np.bool_]:
    """Return where an answer leaves the photo as it is, (h, w); places outside the hole count as left."""
    same = ~(picture != crop).any(axis=2)
    if hole is not None:
        same |= hole == 0
    side = np.ones((_NOT_BY_CHANCE, _NOT_BY_CHANCE), np.uint8)
    return cv2.morphologyEx(same.astype(np.uint8), cv2.MORPH_OPEN, side) > 0


def _touched(mask: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Reduce a mask to a smaller size (width, height), 255 in every pixel that it reaches into."""
    part = cv2.resize((mask > 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.where(part > 0, 255, 0).astype(np.uint8)


def grown(selection: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    """Grow a selection by a number of pixels in every direction; soft edges stay soft."""
    if pixels == 0 or not selection.any():
        return selection
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(selection, kernel).astype(np.uint8)
