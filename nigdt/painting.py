"""Painting with colours that are known: a whole object, the body around its parts, a part.

No network is asked here: what is known is where things are, and which colours they take.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from nigdt.box import selection_box
from nigdt.colours import NamedColour
from nigdt.cutout import smooth_step
from nigdt.fringe import edge_by_hue
from nigdt.recolouring import PAINTED, Recolouring, guided_colour, guided_place
from nigdt.tint import Material, material_of, tinted

__all__ = ["on_one_grid", "tinted_body", "tinted_place", "tinted_whole", "with_body"]

Floats = NDArray[np.float32]

_BESIDE = 0.06
"""Margin around the selection in which a tint is worked out, as a fraction of the context's longer side."""
_SURE = (0.5, 0.8)
"""How sure the finder must be of a beak or a leg for it to keep its colour though it has the body's."""
_OTHER = (0.5, 0.8)
"""Fraction of a beak or a leg with another colour than the body: from the first on, places of the body's
colour are taken for it less, and from the second on not at all."""
_TINY = 1e-6


def tinted_body(
    thing: Floats, within: Floats, kept: Floats | None, guide: Floats, asked: NamedColour
) -> tuple[Floats, Floats]:
    """Return where an object takes a colour, (h, w) in 0..1, and its change of L, its a and b, (h, w, 3)."""
    material, target = tinted_place(guide, thing * within, asked)
    # The target itself leaves what is uncoloured as it is, unless the asked colour has no hue.
    by_target = material.coloured and not asked.neutral
    membership = np.ones_like(thing) if by_target else material.membership
    if material.pale is not None:
        membership = np.maximum(membership, material.pale)
    if kept is not None:
        sure = smooth_step(kept, *_SURE)
        sure = sure * (1 - material.alike * _of_another_colour(sure, material.alike))
        membership = membership * (1 - np.maximum(kept * (1 - material.alike), sure))
    return thing * membership, target


def _of_another_colour(sure: Floats, alike: Floats) -> Floats:
    """Return how far each beak and leg differs from the body in colour, (h, w) in 0..1 where it is.

    Args:
        sure: (h, w), 0 to 1, where they surely are.
        alike: (h, w), 0 to 1, where the body's colour is.
    """
    count, names = cv2.connectedComponents((sure > 0).astype(np.uint8))
    sizes, differing = (
        np.bincount(names.ravel(), values.ravel(), count) for values in (sure, sure * (1 - alike))
    )
    differs = np.interp(differing / np.maximum(sizes, _TINY), _OTHER, (0, 1)).astype(np.float32)
    return np.asarray(differs[names])


def with_body(
    wanted: Floats,
    target: Floats,
    tint: tuple[Floats, Floats],
    within: Floats,
    guide: Floats,
    finer: float,
    selection: NDArray[np.uint8],
) -> Recolouring:
    """Tint the body of an object whose parts have colours of their own.

    The network reaches what is of another material, the tint reaches the edge.

    Args:
        wanted: (h, w), 0 to 1, what the network colours.
        target: Its change of L, its a and b, at its own size.
        tint: From `tinted_body`.
        within: (h, w), 0 to 1, the selection.
        guide: (h, w, 3), the context.
        finer: How many times finer that is than the network's maps.
        selection: (H, W).
    """
    body, tinted_target = tint
    reached = cv2.resize(target, guide.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    both = np.asarray(reached + body[..., None] * (tinted_target - reached), np.float32)
    place = np.maximum(wanted, body)
    return Recolouring(
        guided_place(place, within, guide, finer), guided_colour(both, place * within, guide), selection
    )


def tinted_place(lab: Floats, place: Floats, colour: NamedColour) -> tuple[Material, Floats]:
    """Return the material at a place (h, w) in 0..1, and a colour's change of L, its a and b, (h, w, 3)."""
    material = material_of(lab, place, colour)
    target = tinted(lab, place, material, colour)
    target[..., 0] -= lab[..., 0]
    return material, target


def on_one_grid(place: Floats, colour: Floats, selection: NDArray[np.uint8]) -> Recolouring:
    """Return the recolouring of a place (h, w, 4), and of a colour (h', w', 6) that is not as fine."""
    enlarged_colour = cv2.resize(colour, place.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return Recolouring(place, enlarged_colour.astype(np.float32), selection)


def tinted_whole(
    thing: Floats,
    chosen: Floats,
    kept: Floats | None,
    lab: Floats,
    finer: float,
    asked: NamedColour,
    wide: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Give a whole object one colour.

    Args:
        thing: (h, w), 0 to 1, where the object is.
        chosen: (h, w), 0 to 1, the selection.
        kept: (h, w), 0 to 1, where parts are that keep their colour if it is another than the object's.
        lab: (h, w, 3), the context.
        finer: How many times finer that is than the network's maps.
        asked: The colour.
        wide: (h, w), 0 to 1, the selection with its rim, if that may take colour too.

    Returns:
        A recolouring's alpha (h, w, 4) and colour (h, w, 6).
    """
    height, width = chosen.shape
    used = selection_box(chosen if wide is None else wide)
    window = used.grown(round(_BESIDE * max(height, width)), width, height).slices
    guide, within = lab[window], chosen[window]
    place, target = tinted_body(thing[window], within, None if kept is None else kept[window], guide, asked)
    alphas, colours = np.zeros((*lab.shape[:2], 4), np.float32), np.zeros((*lab.shape[:2], 6), np.float32)
    alpha, coloured = guided_place(place, within, guide, finer), within
    if wide is not None:
        # Inside the selection nothing changes: what lies beside it must not pull at its edge.
        coloured = wide[window]
        beside = guided_place(place, coloured, guide, finer)
        alpha = beside + within[..., None] * (alpha - beside)
    alphas[window] = edge_by_hue(alpha, place * coloured, target, guide, *PAINTED)
    colours[window] = guided_colour(target, place * coloured, guide)
    return alphas, colours
