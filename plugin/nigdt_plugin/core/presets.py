"""Mode, words and settings under one name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

from nigdt import limits
from nigdt.schema import Meta, Probability

if TYPE_CHECKING:
    from nigdt_plugin.core.settings import Settings

GROW_MAX = 20
"""Most photo pixels that the panel's slider grows a selection by."""


@dataclass(frozen=True)
class Preset:
    """How a fill is asked for and blended; the fields are those of `Settings`.

    Attributes:
        name: What the user calls it.
        caption: The words; empty to keep those that are there.
    """

    name: str
    mode: limits.Mode = "describe"
    caption: str = ""
    feather: Annotated[float, Meta(ge=-1, le=limits.FEATHER_MAX)] = -1.0
    match_colours: Probability = 1.0
    strength: Probability = 1.0
    widen: Annotated[float, Meta(ge=1, le=limits.WIDEN_MAX)] = 1.0
    guidance: Annotated[float, Meta(ge=0, le=limits.GUIDANCE_MAX)] = 1.0
    detail: Annotated[float, Meta(ge=0, le=limits.DETAIL_MAX)] = 1.0
    grow: Annotated[int, Meta(ge=-1, le=GROW_MAX)] = -1

    @classmethod
    def of(cls, name: str, settings: Settings, caption: str) -> Preset:
        """Take what is set now; a removal keeps no words."""
        taken = {key: getattr(settings, key) for key in cls.__dataclass_fields__ if key not in _OWN}
        return cls(name=name, caption="" if settings.mode == "remove" else caption, **taken)

    def put(self, settings: Settings) -> None:
        """Set what the preset holds, apart from its words."""
        for key, value in asdict(self).items():
            if key not in _OWN:
                setattr(settings, key, value)


_OWN = ("name", "caption")
