"""Does the fill follow the caption's colour word, and does the colour go to the object and nowhere else?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nigdt_training.data.recolour import has_colour_word, recolour_caption
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.metrics import (
    SWAP_COLOURS,
    lab_distance,
    ratio_error,
    shown_colour,
    standard_error,
)
from nigdt_training.evaluation.systems import Bundle, Request, System

LEAST_OBJECT = 64
"""Pixels of the object that the hole must cover for its median colour to mean something."""

NOT_ASKED = dict.fromkeys(("obeyed", "swapped_beside", "true_beside"), float("nan"))
"""Figures of a photo that cannot be asked about."""


@dataclass(frozen=True)
class ColourSwap:
    """Answers to swapped colour words.

    Attributes:
        photos: How many photos were asked about, each with all seven colours.
        accuracy: Fraction of answers whose object shows the colour asked for; chance is 1/7.
        accuracy_error: Its standard error over the photos.
        per_colour: The same for each colour word.
        shown: Colour asked for -> colour shown -> how often.
        background: In the hole outside the object, mean Lab distance to the original with swapped captions,
            over the same with the true caption; near 1 when the colour goes to the object alone. NaN when no
            hole has such pixels.
        background_error: Its standard error over the photos.
        background_swapped: The ratio's numerator, CIE 1976 units.
        background_true: The ratio's denominator.
    """

    photos: int
    accuracy: float
    accuracy_error: float
    per_colour: dict[str, float]
    shown: dict[str, dict[str, int]]
    background: float
    background_error: float
    background_swapped: float
    background_true: float


def askable(case: Case) -> bool:
    """Tell whether a colour can be swapped: the caption names one and the hole covers the known object."""
    if case.object_mask is None or not has_colour_word(case.caption):
        return False
    return int((case.hole & (case.object_mask > 127)).sum()) >= LEAST_OBJECT


class ColourSwapMeter:
    """Collects the answers of one system, case by case."""

    def __init__(self) -> None:
        """Start empty."""
        self._shown: dict[str, dict[str, int]] = {
            asked: dict.fromkeys(SWAP_COLOURS, 0) for asked in SWAP_COLOURS
        }
        self._swapped: list[float] = []
        self._true: list[float] = []
        self._obeyed: list[float] = []  # of each photo, the part of the colours asked for that it shows
        self._photos = 0

    def add(
        self, system: System, case: Case, true_fill: np.ndarray
    ) -> tuple[dict[str, np.ndarray], dict[str, float]]:
        """Ask one system for all seven colours of one case.

        Args:
            system: The system.
            case: An `askable` case.
            true_fill: The system's answer to the true caption, (S, S, 3) uint8.

        Returns:
            The seven answers, by colour; figures of this photo, as of `count`.
        """
        requests = [Request(case, recolour_caption(case.caption, colour)) for colour in SWAP_COLOURS]
        answers = {
            colour: answer[0] for colour, answer in zip(SWAP_COLOURS, system.fill(requests), strict=True)
        }
        place = system.drawn_at(requests[0]) if isinstance(system, Bundle) else None
        return answers, self.count(case, true_fill, answers, place)

    def count(
        self,
        case: Case,
        true_fill: np.ndarray,
        answers: dict[str, np.ndarray],
        place: np.ndarray | None = None,
    ) -> dict[str, float]:
        """Count the seven answers to one case.

        Args:
            case: The case.
            true_fill: The answer to the true caption, (S, S, 3) uint8.
            answers: By colour.
            place: (S, S) in 0 to 1, where the object was drawn; None takes it to be where it is in the photo.

        Returns:
            "obeyed", the fraction of colours shown; "swapped_beside" and "true_beside", the distances in the
            hole outside the object with swapped captions and with the true one.
        """
        assert case.object_mask is not None
        self._photos += 1
        obeyed = 0
        distances = []
        object_there = case.object_mask / 255 if place is None else place
        target = case.hole & (object_there > 0.5)
        # The soft edge belongs to neither side.
        beside = case.hole & (object_there <= 0)
        for asked, answer in answers.items():
            shown = shown_colour(answer, target)
            self._shown[asked][shown] += 1
            obeyed += shown == asked
            distances.append(lab_distance(case.photo, answer, beside))
        self._obeyed.append(obeyed / len(answers))
        self._swapped.append(float(np.mean(distances)))
        self._true.append(lab_distance(case.photo, true_fill, beside))
        found = (self._obeyed[-1], self._swapped[-1], self._true[-1])
        return dict(zip(NOT_ASKED, found, strict=True))

    def result(self) -> ColourSwap | None:
        """Return the figures, or None when nothing was asked."""
        if not self._photos:
            return None
        per_colour = {asked: counts[asked] / self._photos for asked, counts in self._shown.items()}
        swapped, true = _mean(self._swapped), _mean(self._true)
        return ColourSwap(
            photos=self._photos,
            accuracy=float(np.mean(list(per_colour.values()))),
            accuracy_error=standard_error(self._obeyed),
            per_colour=per_colour,
            shown=self._shown,
            background=swapped / true if true > 0 else float("nan"),
            background_error=ratio_error(self._swapped, self._true),
            background_swapped=swapped,
            background_true=true,
        )


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
