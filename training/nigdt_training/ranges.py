"""Which numbers the settings may hold."""

from __future__ import annotations

import math
from typing import Any

from nigdt.errors import NigdtError
from nigdt_training.data.recolour import COLOURS

# Whatever is not named here may be any number from 0 up.
_COUNTS = {
    *("batch", "steps", "minimum_count", "log_every", "validate_every", "keep_best", "data.share"),
    *("loss.match_every", "loss.reconstruct_every"),
    *("match.views", "match.channels", "match.embedding", "match.epochs", "match.batch"),
}
_POSITIVE = {"learning_rate", "augmentation.crop", "match.learning_rate", "match.clip", "match.decay"}
_SHARES = {
    *("beta1", "final_learning_rate", "ema", "data.validation", "match.decay"),
    *(f"augmentation.{name}" for name in ("flip", "crop", "caption_dropout", "recolour")),
    "augmentation.recolour_hole_only",
}
_MAY_BE_ENDLESS = {"checkpoint_seconds", "sheet_seconds"}
_BELOW_ONE = {"beta1", "ema", "data.validation"}
_SMALLEST_MATCH_SIDE = 32  # what the backbones halve five times


def check_ranges(values: dict[str, Any]) -> None:
    """Check every number of the settings, as plain values.

    Raises:
        NigdtError: One is out of range or none, or no kind of hole or no colour is ever drawn; the message
            names it.
    """
    _check(values, "")
    _check_colours(values["augmentation"]["recolour_weights"])
    if not any(values["masks"].values()):
        raise NigdtError("settings: masks draws no kind of hole", hint="give one a number above 0")
    if values["match"]["size"] < _SMALLEST_MATCH_SIDE:
        raise NigdtError(f"settings: match.size must be at least {_SMALLEST_MATCH_SIDE}")


def _check_colours(weights: dict[Any, Any]) -> None:
    key = "augmentation.recolour_weights"
    for colour, weight in weights.items():
        if colour not in COLOURS:
            raise NigdtError(
                f"settings: {key} names no colour {colour!r}", hint=f"colours: {', '.join(COLOURS)}"
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise NigdtError(f"settings: {key}.{colour} must be a number, not {weight!r}")
    if not any(weights.get(colour, 1) for colour in COLOURS):
        raise NigdtError(f"settings: {key} leaves no colour", hint="give one a number above 0")


def _check(values: dict[str, Any], where: str) -> None:
    for name, value in values.items():
        key = f"{where}{name}"
        if key == "data":
            for source in value:
                _check(source, "data.")
        elif isinstance(value, dict) and key != "model":
            _check(value, f"{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            _check_number(key, value)


def _check_number(key: str, value: float) -> None:
    if key in _COUNTS and value < 1:
        raise NigdtError(f"settings: {key} must be at least 1, not {value}")
    if key in _POSITIVE and not value > 0:
        raise NigdtError(f"settings: {key} must be above 0, not {value}")
    if not 0 <= value < math.inf and not (key in _MAY_BE_ENDLESS and value == math.inf):
        raise NigdtError(f"settings: {key} must be a number from 0 up, not {value}")
    if key in _BELOW_ONE and value >= 1:
        raise NigdtError(f"settings: {key} must be below 1, not {value}")
    if key in _SHARES and value > 1:
        raise NigdtError(f"settings: {key} must be at most 1, not {value}")
