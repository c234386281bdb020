"""Which visible cell's texture each cell of the hole takes, so that neighbours fit together. No torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALTERNATIVES", "Floats", "Ints", "SourceSearch"]

_ROUGH = 0.35  # cost of being rougher or smoother than expected, per factor of e
_CHANCE = 0.03  # mean of the random cost that keeps equal sources from being taken in rows
_CONTINUE = 0.1  # reward for continuing a neighbour's source
_REPEAT = 0.4  # cost of repeating a neighbour's source
_PASSES = 6
ALTERNATIVES = 8  # sources that a cell chooses among; there must be as many
_SIDES = ((0, 1), (0, -1), (1, 0), (-1, 0))
_CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
_STEPS = _SIDES + _CORNERS
_REWARDS = np.array([_CONTINUE] * len(_SIDES) + [0.3 * _CONTINUE] * len(_CORNERS), np.float32)

Floats = NDArray[Any]  # float32 throughout
Ints = NDArray[np.intp]


class SourceSearch:
    """Choosing a source for every target: what depends on where they lie, worked out once.

    Args:
        targets: (gh, gw), cells that take.
        sources: (gh, gw), cells that can be taken from.
        roughness: (gh, gw), how rough they are or are expected to be.
    """

    def __init__(self, targets: NDArray[np.bool_], sources: NDArray[np.bool_], roughness: Floats) -> None:
        gh, gw = targets.shape
        self.target: Ints = np.argwhere(targets)  # (targets, 2), row and column of each, as the next
        self.source: Ints = np.argwhere(sources)
        target_at = np.full((gh + 2, gw + 2), -1)
        target_at[1:-1, 1:-1][targets] = np.arange(len(self.target))
        self._source_at = np.full((gh + 2, gw + 2), -1)
        self._source_at[1:-1, 1:-1][sources] = np.arange(len(self.source))
        # Half the cells at a time, like the squares of a chessboard, so that neighbours do not swap for ever.
        self._halves = [np.flatnonzero(self.target.sum(1) % 2 == turn) for turn in (0, 1)]
        self._neighbours = [
            np.stack(
                [target_at[self.target[half, 0] + 1 + dy, self.target[half, 1] + 1 + dx] for dy, dx in _STEPS]
            )
            for half in self._halves
        ]
        # The same photo must give the same bytes, so chance is drawn from a fixed seed.
        shape = (len(self.target), len(self.source))
        chance = _CHANCE * np.random.default_rng(0).standard_exponential(shape, np.float32)
        rougher = np.abs(roughness[sources][None] - roughness[targets][:, None])
        self.standing: Floats = (_ROUGH * rougher + chance).astype(np.float32)

    @property
    def nbytes(self) -> int:
        """Memory it holds, but for what is tiny."""
        return self.standing.nbytes + sum(array.nbytes for array in self._neighbours)

    def settle(self, cost: Floats) -> Ints:
        """Trade every target's own cost against its neighbours' choices.

        Args:
            cost: (targets, sources).

        Returns:
            (targets,), index of the chosen source.
        """
        alternatives = _least(cost, ALTERNATIVES)
        chosen = alternatives[0].copy()
        back = (
            1 - np.array(_STEPS)[:, None]
        )  # from a neighbour's source to where it continues, in `_source_at`
        for turn in range(_PASSES):
            half, near = self._halves[turn % 2], self._neighbours[turn % 2]
            theirs = np.where(near >= 0, chosen[near], -2)  # (8, cells), as are the next
            place = self.source[np.maximum(theirs, 0)] + back
            continued = np.where(theirs >= 0, self._source_at[place[..., 0], place[..., 1]], -1)
            candidates = np.concatenate([chosen[None, half], continued[: len(_SIDES)], alternatives[:, half]])
            total = np.where(candidates >= 0, cost[half, np.maximum(candidates, 0)], np.float32(np.inf))
            for following, taken, reward in zip(continued, theirs, _REWARDS, strict=True):
                total += np.float32(_REPEAT) * (candidates == taken)
                total -= reward * (candidates == following)
            chosen[half] = candidates[total.argmin(0), np.arange(len(half))]
        return chosen


def _least(cost: Floats, number: int) -> Ints:
    """Return the columns of the smallest entries of each row, smallest first, (number, rows)."""
    left, rows = cost.copy(), np.arange(len(cost))
    columns = []
    for _ in range(number):
        columns.append(left.argmin(1))
        left[rows, columns[-1]] = np.inf
    return np.stack(columns)
