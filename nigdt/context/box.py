"""Where the context lies: the part of the photo around the selection that the model gets to see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nigdt.box import Box, selection_box
from nigdt.limits import Mode, padding

__all__ = ["context_box"]


def context_box(
    selection: NDArray[np.uint8],
    minimum: int,
    widen: float = 1.0,
    mode: Mode = "describe",
    drawn: NDArray[np.uint8] | None = None,
    grown: int = 0,
) -> Box:
    """Return the part of the photo that the model gets to see.

    The selection's box is padded on each side by a fraction of its longest side, or of what a narrow removal
    has in its place (`nigdt.limits.padding`), made square, multiplied by `widen`, made at least `minimum`
    wide, and shifted into the photo. Where the photo is smaller, the context ends with the photo and need not
    be square.

    Args:
        selection: (H, W), 255 = to be filled.
        minimum: Least side in pixels, the model's working size.
        widen: Factor on the padded side, 1 or more; more shows the model more of the surroundings.
        mode: What is to be done; a removal looks further around for what it can take.
        drawn: (H, W), the selection before it was grown; None where it was not.
        grown: Pixels by which it was grown.

    Returns:
        A box that lies inside the photo and holds the selection.

    Raises:
        SelectionError: Nothing is selected.
        ValueError: `widen` is below 1.
    """
    if not widen >= 1.0:
        raise ValueError(f"widen is {widen}, below 1.")
    inner = selection_box(selection)
    longest = max(inner.width, inner.height)
    covered = _covered(selection if drawn is None else drawn) if mode == "remove" else 0
    padded = longest + 2 * padding(longest, mode, covered, grown)
    side = max(round(padded * widen), minimum)
    left, width = _place(inner.left, inner.width, side, selection.shape[1])
    top, height = _place(inner.top, inner.height, side, selection.shape[0])
    return Box(left, top, width, height)


def _covered(selection: NDArray[np.uint8]) -> int:
    """Count the pixels from each row's first selected one to its last."""
    part = selection[selection_box(selection).slices] > 0
    width = part.shape[1] - part.argmax(1) - part[:, ::-1].argmax(1)
    return int(width[part.any(1)].sum())


def _place(start: int, length: int, side: int, available: int) -> tuple[int, int]:
    """Return first pixel and length of a span of `side` around start..start+length, in 0..available."""
    side = min(side, available)
    return min(max(round(start + length / 2 - side / 2), 0), available - side), side
