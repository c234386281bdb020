"""Fills that know no text and learnt nothing: what a model has to beat."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

RADIUS = 3
"""Neighbourhood, in pixels, that OpenCV's methods look at."""
PATCH_RADIUS = 3
"""PatchMatch compares patches of 7 x 7 pixels."""


def telea(photo: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Inpaint by OpenCV's fast marching (Telea 2004).

    Args:
        photo: (H, W, 3) uint8 RGB; what lies in the hole is not looked at.
        hole: (H, W) bool.

    Returns:
        The photo with its hole filled.
    """
    return cv2.inpaint(_emptied(photo, hole), hole.astype(np.uint8), RADIUS, cv2.INPAINT_TELEA)


def navier_stokes(photo: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Inpaint by OpenCV's fluid dynamics (Bertalmio et al. 2001); arguments as for `telea`."""
    return cv2.inpaint(_emptied(photo, hole), hole.astype(np.uint8), RADIUS, cv2.INPAINT_NS)


def harmonic(photo: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Solve Laplace's equation in the hole with the photo's pixels around it as boundary values.

    That is smoothing until nothing changes: each hole pixel equals the mean of its neighbours. At the
    picture's edge the missing neighbour is left out of the mean. A hole over the whole picture becomes
    mid-grey.

    Args:
        photo: (H, W, 3) uint8 RGB; what lies in the hole is not looked at.
        hole: (H, W) bool.

    Returns:
        The photo with its hole filled, rounded to uint8.
    """
    result = photo.copy()
    if not hole.any():
        return result
    if hole.all():
        result[:] = 128
        return result
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(hole.sum())
    rows, columns = np.nonzero(hole)
    height, width = hole.shape
    degree = np.zeros(len(rows))
    known = np.zeros((len(rows), 3))
    entries: list[tuple[np.ndarray, np.ndarray]] = []
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        i, j = rows + down, columns + right
        exists = (i >= 0) & (i < height) & (j >= 0) & (j < width)
        degree += exists
        here, i, j = np.flatnonzero(exists), i[exists], j[exists]
        neighbour = number[i, j]
        inner = neighbour >= 0
        known[here[~inner]] += photo[i[~inner], j[~inner]]
        entries.append((here[inner], neighbour[inner]))
    own = np.arange(len(rows))
    row = np.concatenate([own, *(pair[0] for pair in entries)])
    column = np.concatenate([own, *(pair[1] for pair in entries)])
    value = np.concatenate([degree, np.full(len(row) - len(own), -1.0)])
    laplacian = csc_matrix((value, (row, column)), shape=(len(own), len(own)))
    result[hole] = np.rint(np.clip(splu(laplacian).solve(known), 0, 255)).astype(np.uint8)
    return result


def patchmatch(photo: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Fill with patches of the visible part, found by PatchMatch (Barnes et al. 2009), coarse to fine.

    Takes seconds, and the same photo and hole give the same answer. A hole over the whole picture becomes
    mid-grey. Arguments as for `telea`.
    """
    import patchmatch as library

    if hole.all():
        return np.full_like(photo, 128)
    library.set_random_seed(0)
    filled = library.inpaint(_emptied(photo, hole), hole, patch_size=PATCH_RADIUS)
    return np.asarray(filled, np.uint8)


def _emptied(photo: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Return the photo with its hole blackened, so that no method can see what is hidden."""
    return np.where(hole[..., None], np.uint8(0), photo)


BASELINES = {"telea": telea, "ns": navier_stokes, "harmonic": harmonic, "patchmatch": patchmatch}
"""The baselines by the names that `--compare` takes."""
