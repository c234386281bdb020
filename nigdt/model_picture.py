"""What the model itself draws, at its own size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nigdt.answers import EncodedContext
from nigdt.errors import ModelError
from nigdt.outlines import Silhouette

__all__ = ["ModelPicture", "to_picture", "without_weave"]

_HALF_BAND = np.array([-1, 4, 10, 4, -1], np.float32) / 16  # 0 at the highest frequency


@dataclass(frozen=True)
class ModelPicture:
    """What the model draws.

    Attributes:
        picture: (H, W, 3) in 0 to 255.
        wordless: The same without words, where it was needed, else None.
        beta: Beta of eq. 5, (h * w, L), or None.
        told: What the model was told to draw; None where it was told nothing.
    """

    picture: NDArray[np.float32]
    wordless: NDArray[np.float32] | None
    beta: Tensor | None
    told: Silhouette | None

    @property
    def outline(self) -> NDArray[np.float32] | None:
        """Where the model was told to draw, (H, W) in 0 to 1."""
        return None if self.told is None else self.told.outline


def without_weave(picture: NDArray[np.float32], context: EncodedContext) -> NDArray[np.float32]:
    """Take out of what was drawn in the hole the pattern of every second pixel that doubling layers weave.

    Where nothing is enlarged it is too fine to be seen, and stays.
    """
    if context.residual is None:
        return picture
    smooth = cv2.sepFilter2D(picture, -1, _HALF_BAND, _HALF_BAND, borderType=cv2.BORDER_REFLECT)
    return np.where(context.visible[..., None] < 0.5, smooth, picture).astype(np.float32)


def to_picture(image: Tensor) -> NDArray[np.float32]:
    """Convert (C, H, W) in [-1, 1] to (H, W, C) in 0 to 255."""
    picture = (image.float().permute(1, 2, 0).cpu().numpy() * 127.5 + 127.5).astype(np.float32)
    if not np.isfinite(picture).all():
        raise ModelError(
            "The model's answer is not a picture: it holds values that are not numbers.",
            "Use another bundle; this one is damaged or was trained badly.",
        )
    return picture
