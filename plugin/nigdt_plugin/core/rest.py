"""Whether a selection leaves a part of its object out, looked for in a thread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.selection import Patch


def left_out(rgb: NDArray[np.uint8], mask: NDArray[np.uint8], bounds: Region) -> Patch | None:
    """Return the selection with the part of its object that it leaves out; None where there is none. Slow.

    Args:
        rgb: (H, W, 3) uint8, the picture.
        mask: (H, W) uint8, the selection.
        bounds: Of the selection.
    """
    from nigdt.removal.selection import remainder  # needs the patches' library, so not before it is used

    height, width = mask.shape
    around = max(16, max(bounds.width, bounds.height))
    region = Region(
        bounds.left - around, bounds.top - around, bounds.right + around, bounds.bottom + around
    ).clipped(width, height)
    found = remainder(np.ascontiguousarray(rgb[region.slices]), mask[region.slices])
    return None if found is None else Patch(region.left, region.top, found.selection)
