"""What the finder sees in a selection: the object, its parts, and whether it is a bird."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray

from nigdt.colours import rgb_to_lab
from nigdt.cutout import fine_object, object_in, possible
from nigdt.errors import ModelError
from nigdt.finding import finder_scores, resized, window_around, working_size
from nigdt.model.finder import ObjectFinder
from nigdt.objects import largest_piece
from nigdt.part_words import PARTS
from nigdt.recolouring import enlarged, finer_lab, snapped, tightness
from nigdt.rest import rest_of

__all__ = ["KEPT_PARTS", "LEAST_SURE", "Found", "LookedAt", "Looker", "check_numbers"]

Floats = NDArray[np.float32]

LEAST_SURE = 0.5
"""How sure the finder must be somewhere in the selection for a part, or an object, to be there at all."""
_OBJECT = (0.2, 0.5)
"""How sure it must be for a place to belong to the object a little, and wholly."""
_MARGIN = 0.4
"""How much more than the selection the finder looks at, on each side, as a fraction of it."""
KEPT_PARTS = [PARTS.index(part) for part in ("beak", "leg")]
"""Parts that keep their colour when the whole bird is asked for. Eyes are too small for the finder."""
_BIRD = 0.35
"""How sure the finder must be that an object is a bird: who names one mostly means the one that is there."""
_PART, _REACH = 0.3, 0.02
"""How sure the finder must be of any part for a place to be of a bird, and how far beside such places that
may reach, as a fraction of the context."""
_FINE_REACH = 5
"""Pixels of the guide by which the edge that a finder with a fine one sees may be off."""
_LEG, _BEAK = 0.04, 0.7
"""Half the width of a leg, and the length of a beak, at most, as fractions of the root of the bird's area."""
_HEAD = [PARTS.index(part) for part in ("crown", "forehead", "throat", "eye")]
_CONTEXTS = 2
"""Contexts of which it is kept what is seen there: their captions are being typed."""
_AROUND = 0.12
"""How far a selection is grown before the finder is asked what is around it, as a fraction of the context."""


@dataclass(frozen=True)
class Found:
    """What the finder sees.

    Attributes:
        object: (h, w), 0 to 1, with what a selection that follows the object adds to it.
        parts: (h, w, parts), 0 to 1, how sure it is of each part.
        sure: (h, w), 0 to 1, how sure it is of the object.
        bird: Whether that may be a bird.
        fine: (h', w'), the same before its edge was moved to the photo's, at the finder's own size in `place`
            alone; None from a finder without a fine edge.
        place: Rows and columns of (h, w) that it looked at.
    """

    object: Floats
    parts: Floats
    sure: Floats
    bird: bool
    fine: Floats | None = None
    place: tuple[slice, slice] = (slice(0, 0), slice(0, 0))

    @property
    def kept(self) -> Floats:
        """Where parts are that keep their colour when the whole is asked for, (h, w) in 0..1."""
        return self.parts[..., KEPT_PARTS].sum(-1)


@dataclass(frozen=True)
class LookedAt:
    """What is seen in a selection, whatever the caption.

    Attributes:
        crop: (H, W, 3), the context.
        selection: (H, W).
        lab: (h, w, 3), the context in Lab at the network's size.
        chosen: (h, w) in 0..1, the selection there.
        guide: From `finer_lab`.
        found: What the finder sees, or None.
        thing: At the guide's size, 0 to 1, the object that was cut out, or None.
        kept: The same, where parts of a bird are that keep their colour when the whole is asked for; None
            where it is none.
    """

    crop: NDArray[np.uint8]
    selection: NDArray[np.uint8]
    lab: Floats
    chosen: Floats
    guide: Floats
    found: Found | None
    thing: Floats | None
    kept: Floats | None


class Looker:
    """Looks at selections. Not safe to use from several threads at once.

    Args:
        finder: Sees objects and parts; None sees nothing.
        size: Side in pixels of the square, of equal area, that contexts are reduced to.
        device: Where the finder is.
    """

    def __init__(self, finder: ObjectFinder | None, size: int, device: str) -> None:
        self._finder, self._size, self._device = finder, size, device
        self._kept: deque[LookedAt] = deque(maxlen=_CONTEXTS)
        self._around: deque[tuple[NDArray[np.uint8], NDArray[np.uint8], Found | None]] = deque(
            maxlen=_CONTEXTS
        )
        self._rest: deque[tuple[LookedAt, Floats]] = deque(maxlen=_CONTEXTS)

    def look(self, crop: NDArray[np.uint8], selection: NDArray[np.uint8], exact: bool = False) -> LookedAt:
        """Look for the object in a selection; while only the caption changes, what was seen is kept.

        Args:
            crop: (H, W, 3), the context.
            selection: (H, W), above 0 where selected.
            exact: Whether the selection is the object itself, which is then not looked for.
        """
        for seen in self._kept:
            if seen.crop is crop and seen.selection is selection and not exact:
                return seen
        lab, chosen = self.reduced(crop, selection)
        guide = finer_lab(crop, chosen.shape)
        found = None if exact else self.find(crop, selection, lab, chosen)
        thing = None if found is None else _thing(found, crop, chosen, guide)
        kept = None if found is None or thing is None or not found.bird else _kept(found, thing)
        seen = LookedAt(crop, selection, lab, chosen, guide, found, thing, kept)
        if not exact:
            self._kept.append(seen)
        return seen

    def find(
        self, crop: NDArray[np.uint8], selection: NDArray[np.uint8], lab: Floats, chosen: Floats
    ) -> Found | None:
        """Ask the finder; None if there is none or it sees no object in the selection.

        Args:
            crop: (H, W, 3), the context.
            selection: (H, W).
            lab: (h, w, 3), the context at the network's size.
            chosen: (h, w) in 0..1, the selection there.
        """
        if self._finder is None:
            return None
        place = window_around(chosen, _MARGIN)
        window = larger(place, chosen.shape, crop.shape)
        scores = finder_scores(self._finder, self._device, crop[window], selection[window])
        seen, objects = (
            F.interpolate(one, size=chosen[place].shape, mode="bilinear", align_corners=False)
            for one in (scores.parts, scores.objects)
        )
        parts = np.zeros((*chosen.shape, len(PARTS)), np.float32)
        parts[place] = seen.softmax(1)[0, 1:].float().cpu().numpy().transpose(1, 2, 0)
        sure = np.zeros_like(chosen)
        sure[place] = snapped(objects[0, 0].sigmoid().float().cpu().numpy(), lab[place])
        check_numbers(sure, parts)
        if (sure * chosen).max() < LEAST_SURE:
            return None
        low, high = _OBJECT
        found = np.clip((sure - low) / (high - low), 0, 1).astype(np.float32)
        # In a selection that follows the object, thin limbs beside what the finder sees are meant too, but
        # not the ground between them.
        meant_too = tightness(found, chosen) * (1 - chosen * (1 - possible(lab, found, chosen)))
        bird = scores.bird is None or float(scores.bird.sigmoid()) > _BIRD
        fine = None
        if self._finder.fine is not None:
            fine = scores.objects[0, 0].sigmoid().float().cpu().numpy()
        return Found(np.maximum(found, meant_too), parts, sure, bird, fine, place)

    def around(self, crop: NDArray[np.uint8], selection: NDArray[np.uint8]) -> Found | None:
        """Ask the finder for the thing in a selection and around it; what it saw last is kept, as by `look`.

        Told the selection alone, it would look for a thing in it.

        Args:
            crop: (H, W, 3), the context.
            selection: (H, W), above 0 where selected.
        """
        for seen_crop, seen_selection, seen in self._around:
            if seen_crop is crop and seen_selection is selection:
                return seen
        reach = round(_AROUND * max(selection.shape))
        square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        grown = np.asarray(cv2.dilate(selection, square), np.uint8)
        found = self.find(crop, grown, *self.reduced(crop, grown))
        self._around.append((crop, selection, found))
        return found

    def rest(self, seen: LookedAt) -> Floats | None:
        """Return where the rest of a thing lies that its selection leaves out (`nigdt.rest`).

        Args:
            seen: What `look` saw.

        Returns:
            (H, W) in 0..1 at the guide's size; None where the finder sees no fine edge, or nothing.
        """
        for known, rest in self._rest:
            if known is seen:
                return rest
        around = self.around(seen.crop, seen.selection)
        if seen.found is None or seen.thing is None or around is None:
            return None
        sure, further = (_fine_sure(found, seen.chosen, seen.guide) for found in (seen.found, around))
        if sure is None or further is None:
            return None
        rest = rest_of(seen.guide, enlarged(seen.chosen, seen.guide), seen.thing, sure, further)
        self._rest.append((seen, rest))
        return rest

    def reduced(self, crop: NDArray[np.uint8], selection: NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Return a context in Lab, (h, w, 3), and its selection, (h, w) in 0 to 1, at the network's size."""
        size = working_size(crop.shape[1], crop.shape[0], self._size)
        lab = rgb_to_lab(resized(crop, *size) / np.float32(255))
        return lab, resized(selection * np.float32(1 / 255), *size)


def _thing(found: Found, crop: NDArray[np.uint8], chosen: Floats, guide: Floats) -> Floats:
    """Return the object in a selection at the guide's size, (H, W) in 0..1.

    Args:
        found: What the finder sees.
        crop: The context.
        chosen: (h, w), 0 to 1, the selection.
        guide: (H, W, 3), from `finer_lab`.
    """
    within = enlarged(chosen, guide)
    sure = _fine_sure(found, chosen, guide)
    if sure is not None:
        return fine_object(guide, within, sure, snapped(sure, guide, _FINE_REACH))
    thing = object_in(crop, guide, within, enlarged(found.sure, guide))
    return thing * enlarged(_near(found.parts.sum(-1)), guide) if found.bird else thing


def _fine_sure(found: Found, chosen: Floats, guide: Floats) -> Floats | None:
    """Return how sure a finder with a fine edge is, (H, W) in 0..1; arguments as of `_thing`."""
    if found.fine is None:
        return None
    sure = np.zeros(guide.shape[:2], np.float32)
    place = larger(found.place, chosen.shape, guide.shape)
    sure[place] = cv2.resize(found.fine, sure[place].shape[::-1], interpolation=cv2.INTER_LINEAR)
    return sure


def _kept(found: Found, thing: Floats) -> Floats:
    """Return where parts are that keep their colour, of an object (H, W) at the guide's size.

    The finder's legs reach into the belly: what is of the body is wider than a leg. And the tip of a tail may
    look like a beak: that has a head behind it.
    """
    beak, leg = (enlarged(found.parts[..., part], thing) for part in KEPT_PARTS)
    head = enlarged(np.minimum(1, found.parts[..., _HEAD].sum(-1)), thing) > LEAST_SURE
    size = float((thing > 0.5).sum()) ** 0.5
    body = cv2.morphologyEx((thing > 0.5).astype(np.float32), cv2.MORPH_OPEN, _disc(_LEG * size))
    behind = cv2.dilate(largest_piece(head).astype(np.float32), _disc(_BEAK * size))
    return beak * behind + leg * (1 - cv2.GaussianBlur(body, (0, 0), max(0.5, _LEG * size / 3)))


def _disc(radius: float) -> NDArray[np.uint8]:
    side = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _near(parts: Floats) -> Floats:
    """Return how near each place is to a bird's parts, (h, w) in 0..1: most ground and leaves are not."""
    reach = max(2, round(_REACH * max(parts.shape)))
    near = cv2.dilate((parts > _PART).astype(np.float32), _disc(reach))
    return np.asarray(cv2.GaussianBlur(near, (0, 0), reach / 3), np.float32)


def check_numbers(*maps: Floats) -> None:
    """Refuse maps that hold values that are not numbers.

    Raises:
        ModelError: One does.
    """
    if not all(np.isfinite(one).all() for one in maps):
        raise ModelError(
            "The model's answer is not a colour: it holds values that are not numbers.",
            "Use another bundle; this one is damaged or was trained badly.",
        )


def larger(place: tuple[slice, slice], shape: tuple[int, ...], large: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the same window of a picture at another size.

    Args:
        place: Rows and columns.
        shape: Height and width of the picture that they are of.
        large: Height and width of the other.
    """
    windows = []
    for axis, part in enumerate(place):
        scale = large[axis] / shape[axis]
        start = round(part.start * scale)
        windows.append(slice(start, max(start + 1, round(part.stop * scale))))
    return windows[0], windows[1]
