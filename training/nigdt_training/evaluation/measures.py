"""Figures beyond Table 1's, by the names that `nigdt evaluate --measure` and plans give them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nigdt.errors import NigdtError
from nigdt_training.evaluation.features import FEATURES, Features

NAMES = ("colour-swap", "by-ratio", "lpips", "clip=MODEL", "fid=NETWORK")
_PLAIN = ("colour-swap", "by-ratio", "lpips")
_OF_A_NETWORK = ("clip", "fid")


@dataclass(frozen=True)
class Measures:
    """What is measured beyond Table 1.

    Attributes:
        colour_swap: Colour-swap accuracy.
        by_ratio: Figures by hole-to-picture ratio too.
        lpips: LPIPS.
        clip: CLIP model (folder, or name on the Hub) for the CLIP score.
        fid: Network on whose features FID, KID, U-IDS and P-IDS are measured.
    """

    colour_swap: bool = False
    by_ratio: bool = False
    lpips: bool = False
    clip: str | None = None
    fid: Features | None = None

    @classmethod
    def named(cls, names: Iterable[str]) -> Measures:
        """Read names such as "lpips" and "fid=inception-v3".

        Raises:
            NigdtError: A name is unknown, or stands with or without "=" where it must not.
        """
        values: dict[str, Any] = {}
        for name in names:
            kind, _, which = name.partition("=")
            if kind not in (_OF_A_NETWORK if which else _PLAIN):
                raise NigdtError(f"There is no measure {name!r}.", f"Measures: {', '.join(NAMES)}.")
            if kind == "fid" and which not in FEATURES:
                raise NigdtError(
                    f"There are no features of {which!r} to measure FID on.",
                    f"Networks: {', '.join(FEATURES)}.",
                )
            values[kind.replace("-", "_")] = which or True
        return cls(**values)
