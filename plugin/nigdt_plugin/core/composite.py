"""What is seen of a photo: pixels and how opaque they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nigdt_plugin.core.geometry import Region

_CHECK = 8


@dataclass(frozen=True, eq=False)
class Composite:
    """What is seen of a region.

    Attributes:
        region: Where.
        pixels: (h, w, 3) uint8.
        opacity: (h, w) uint8, 255 = opaque; None for a photo without transparency.
    """

    region: Region
    pixels: NDArray[np.uint8]
    opacity: NDArray[np.uint8] | None = None

    def within(self, mask: NDArray[np.uint8] | None) -> NDArray[np.uint8] | None:
        """Return its opacity (h, w) within a mask (h, w) if there is one; None if all is opaque."""
        if self.opacity is None or mask is None:
            return mask if self.opacity is None else self.opacity
        return np.rint(self.opacity * (mask / 255.0)).astype(np.uint8)

    @property
    def rgba(self) -> NDArray[np.uint8]:
        """The pixels with their opacity, (h, w, 4) uint8, or (h, w, 3) where all are opaque."""
        return self.pixels if self.opacity is None else np.dstack([self.pixels, self.opacity])

    @property
    def on_checks(self) -> NDArray[np.uint8]:
        """The pixels (h, w, 3) as the screen shows them: on chequered ground where they are clear."""
        if self.opacity is None:
            return self.pixels
        rows = (np.arange(self.region.top, self.region.bottom) // _CHECK)[:, None]
        columns = (np.arange(self.region.left, self.region.right) // _CHECK)[None]
        ground = np.where((rows + columns) % 2, 204, 153).astype(np.float32)[..., None]
        alpha = self.opacity.astype(np.float32)[..., None] / 255
        return np.rint(ground + alpha * (self.pixels - ground)).astype(np.uint8)
