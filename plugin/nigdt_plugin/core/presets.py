"""Mode, words and settings under one name."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

from nigdt import limits
from nigdt.schema import Meta, Probability

GROW_MAX = 20
"""Most photo pixels that the panel's slider grows a selection by."""


@dataclass(kw_only=True)
class FillChoices:
    """How a fill is asked for and blended.

    Attributes:
        mode: What a person wants: one of `nigdt.limits.MODES`.
        feather: Width of the blend band in photo pixels, -1 to fit it to the selection.
        match_colours: How far colours are matched at the seam, 0..1.
        strength: How opaque the fill is, 0..1.
        widen: Factor on the context, 1..8.
        guidance: How strongly the words of a described fill count, 0..3.
        detail: Factor on the texture that a described fill carries, 0..2.
        grow: Photo pixels by which a selection is grown before what it holds is removed; -1 is automatic.
    """

    mode: limits.Mode = "describe"
    feather: Annotated[float, Meta(ge=-1, le=limits.FEATHER_MAX)] = -1.0
    match_colours: Probability = 1.0
    strength: Probability = 1.0
    widen: Annotated[float, Meta(ge=1, le=limits.WIDEN_MAX)] = 1.0
    guidance: Annotated[float, Meta(ge=0, le=limits.GUIDANCE_MAX)] = 1.0
    detail: Annotated[float, Meta(ge=0, le=limits.DETAIL_MAX)] = 1.0
    grow: Annotated[int, Meta(ge=-1, le=GROW_MAX)] = -1

    def put(self, other: FillChoices) -> None:
        """Make the same choices in another place."""
        for field in fields(FillChoices):
            setattr(other, field.name, getattr(self, field.name))


@dataclass
class Preset(FillChoices):
    """Choices and words under a name.

    Attributes:
        name: What the user calls it.
        caption: The words; empty to keep those that are there.
    """

    name: str
    caption: str = ""

    @classmethod
    def of(cls, name: str, choices: FillChoices, caption: str) -> Preset:
        """Take what is chosen now; a removal keeps no words."""
        preset = cls(name, "" if choices.mode == "remove" else caption)
        choices.put(preset)
        return preset
