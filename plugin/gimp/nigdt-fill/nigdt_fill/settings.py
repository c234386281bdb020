"""What the procedure's arguments say."""

from __future__ import annotations

from gi.repository import Gimp
from nigdt_backend.protocol import LIMITS

from nigdt_fill.plan import DEFAULT_MODEL, Settings
from nigdt_fill.problem import Problem
from nigdt_fill.texts import _


def read_settings(config: Gimp.ProcedureConfig) -> Settings:
    """Return the arguments; a text never set is None in some versions of GIMP."""
    return Settings(
        caption=config.get_property("caption") or "",
        variants=config.get_property("variants"),
        seed=config.get_property("seed"),
        context=config.get_property("context"),
        grow=config.get_property("grow"),
        feather=config.get_property("feather"),
        match_colours=config.get_property("match-colours"),
        strength=config.get_property("strength"),
        model=config.get_property("model") or DEFAULT_MODEL,
    )


def check_caption(settings: Settings) -> Settings:
    """Return the settings if the caption can be sent.

    Raises:
        Problem: It is too long.
    """
    length = len(settings.caption.strip())
    if length > LIMITS.caption_chars:
        raise Problem(
            _("The description is too long: {length} characters, at most {limit} are allowed.").format(
                length=length, limit=LIMITS.caption_chars
            )
        )
    return settings
