"""The one road between the user's photo and the model's picture, in both directions.

Library, command line, daemon and panel all go it, so that the same photo, selection and recipe give the same
bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.context.blend import blend, hole_of
from nigdt.context.box import Box, check_selection, context_box
from nigdt.context.detail import enlarge
from nigdt.limits import CONTEXT_SIDE_MAX
from nigdt.recipe import Recipe

if TYPE_CHECKING:
    from nigdt.photo.photo import Photo

__all__ = ["Context"]

_OPAQUE = 128  # least alpha at which a pixel's colour is taken for the photo's


@dataclass(frozen=True, eq=False)
class Context:
    """What of a photo the model gets to see for one selection, and the way back.

    Attributes:
        box: Where it lies on the upright photo, inside it.
        crop: (h, w, 3) uint8, the photo.
        selection: (h, w) uint8, 255 = to be filled.
        unknown: (h, w) bool, where the photo is transparent, so that its colour says nothing; None for
            nowhere.
    """

    box: Box
    crop: NDArray[np.uint8]
    selection: NDArray[np.uint8]
    unknown: NDArray[np.bool_] | None = None

    @classmethod
    def of(
        cls,
        rgb8: NDArray[np.uint8],
        selection: NDArray[np.uint8],
        size: int,
        *,
        widen: float = 1.0,
        grow: int = 0,
        alpha: NDArray[np.uint8] | None = None,
    ) -> Context:
        """Cut the context out of a photo.

        Args:
            rgb8: (H, W, 3) uint8, the upright photo (`Photo.rgb8`).
            selection: (H, W) uint8, 255 = to be filled.
            size: Side of the square that the model works at, in pixels.
            widen: As in `Recipe`.
            grow: As in `Recipe`.
            alpha: (H, W) uint8, opacity of the photo (`Photo.alpha8`); None is opaque.

        Raises:
            SelectionError: The selection does not fit the photo, or selects nothing.
        """
        check_selection(selection, rgb8.shape[1], rgb8.shape[0])
        selection = grown(selection, grow)
        return cls.within(context_box(selection, size, widen), rgb8, selection, alpha)

    @classmethod
    def within(
        cls,
        box: Box,
        rgb8: NDArray[np.uint8],
        selection: NDArray[np.uint8],
        alpha: NDArray[np.uint8] | None = None,
    ) -> Context:
        """The context in a box that is known already; arguments as in `of`."""
        unknown = None if alpha is None else alpha[box.slices] < _OPAQUE
        return cls(
            box,
            np.array(rgb8[box.slices], order="C"),
            np.array(selection[box.slices], order="C"),
            unknown if unknown is not None and unknown.any() else None,
        )

    @cached_property
    def hole(self) -> NDArray[np.uint8]:
        """The pixels that the model makes, (h, w) uint8, 255 or 0."""
        hole = hole_of(self.selection)
        return hole if self.unknown is None else np.where(self.unknown, np.uint8(255), hole)

    @property
    def sent_size(self) -> tuple[int, int]:
        """Width and height of what the model gets, in pixels."""
        scale = min(1.0, CONTEXT_SIDE_MAX / max(self.box.width, self.box.height))
        return max(1, round(self.box.width * scale)), max(1, round(self.box.height * scale))

    @cached_property
    def sent(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Crop (h, w, 3) and hole (h, w) as the model gets them, reduced to `sent_size`."""
        if self.sent_size == (self.box.width, self.box.height):
            return self.crop, self.hole
        crop = cv2.resize(self.crop, self.sent_size, interpolation=cv2.INTER_AREA)
        hidden = cv2.resize((self.hole > 0).astype(np.float32), self.sent_size, interpolation=cv2.INTER_AREA)
        return crop.astype(np.uint8), np.where(hidden > 0, 255, 0).astype(np.uint8)

    @property
    def notice(self) -> str | None:
        """What a user should know about the context's size, or None."""
        if self.sent_size == (self.box.width, self.box.height):
            return None
        return (
            f"The region is large: it is filled at {max(self.sent_size)} pixels and enlarged to"
            f" {max(self.box.width, self.box.height)}."
        )

    def enlarged(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """An answer at the context's own resolution, with the photo's fine detail where it was reduced.

        Args:
            picture: (h, w, 3) uint8, the answer at `sent_size`.
        """
        if picture.shape == self.crop.shape:
            return picture
        return enlarge(picture.astype(np.float32), self.crop, self.hole)

    def blended(
        self, picture: NDArray[np.uint8], recipe: Recipe
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Fill and weight to mix into the photo.

        Args:
            picture: (h, w, 3) uint8, from `enlarged`.
            recipe: `feather`, `match_colours` and `strength` count.

        Returns:
            The fill (h, w, 3) uint8 with its colours matched, and its weight (h, w) uint8, 255 = the fill
            alone.
        """
        return blend(self.crop, picture, self.selection, self.hole, recipe)

    def place(
        self, picture: NDArray[np.uint8], recipe: Recipe
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """`enlarged` and `blended` in one: what an answer (at `sent_size`) puts into the photo."""
        return self.blended(self.enlarged(picture), recipe)

    def onto(self, photo: Photo, picture: NDArray[np.uint8], recipe: Recipe) -> Photo:
        """The photo with an answer (at `sent_size`) in its place."""
        fill, weight = self.place(picture, recipe)
        return photo.paste(self.box, fill, weight / np.float32(255))


def grown(selection: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    """A selection that reaches further by a number of pixels in every direction; soft edges stay soft."""
    if pixels == 0 or not selection.any():
        return selection
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(selection, kernel).astype(np.uint8)
