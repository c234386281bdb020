"""Telling an object from its surroundings by their colours: GrabCut, for the panel, removal and training."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["grab_cut", "largest_piece"]


def grab_cut(pixels: NDArray[Any], labels: NDArray[np.uint8], rounds: int) -> NDArray[np.bool_]:
    """Divide a picture into object and background (Rother et al. 2004).

    Args:
        pixels: (h, w, 3) uint8, in any colour space.
        labels: (h, w), one of `cv2.GC_BGD`, `GC_FGD` (certain), `GC_PR_BGD` and `GC_PR_FGD` (to be found out)
            for each pixel; changed in place. Some pixels of both kinds are needed.
        rounds: How often segmentation and colour models are improved.

    Returns:
        (h, w), True on the object. The same input gives the same answer.
    """
    cv2.setRNGSeed(0)  # k-means inside draws from the thread's generator
    background, object_colours = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(pixels, labels, (0, 0, 0, 0), background, object_colours, rounds, cv2.GC_INIT_WITH_MASK)
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)


def largest_piece(mask: NDArray[np.bool_], connectivity: int = 8) -> NDArray[np.bool_]:
    """Return the largest of a mask's connected pieces, (H, W); nothing of an empty mask.

    Args:
        mask: (H, W).
        connectivity: 8 where pixels that touch at a corner are one piece, 4 where they are two.
    """
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=connectivity)
    if len(facts) < 2:
        return mask
    return np.asarray(pieces == 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA])))
