"""R-precision: how often a picture's own caption scores above captions of other photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

OTHERS = 99
"""R-precision is the chance of being first among the own caption and so many others."""


@dataclass(frozen=True)
class Retrieval:
    """How one picture's own caption fares among captions that do not describe it.

    Attributes:
        precision: Chance that it scores above 99 negatives drawn without replacement from all those scored,
            or above all where there are fewer.
        percentile: Fraction of the negatives that it scores above; chance is one half.
    """

    precision: float
    percentile: float


def first_among(beaten: int, negatives: int, others: int = OTHERS) -> float:
    """Return the chance that `others` of the negatives, drawn without replacement, are all beaten.

    Args:
        beaten: How many of the negatives score lower.
        negatives: How many there are.
        others: How many are drawn; all where there are fewer.
    """
    drawn = np.arange(min(others, negatives))
    return float(np.prod(np.clip(beaten - drawn, 0, None) / (negatives - drawn)))
