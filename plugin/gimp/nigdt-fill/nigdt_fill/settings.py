"""What the procedure's arguments say."""

from __future__ import annotations

from dataclasses import fields, replace

from gi.repository import Gimp
from nigdt_backend.protocol import LIMITS

from nigdt_fill.plan import DEFAULT_MODEL, FillSettings
from nigdt_fill.problem import Problem
from nigdt_fill.texts import _

_NAMES = {field.name: field.name.replace("_", "-") for field in fields(FillSettings)}


def read_settings(config: Gimp.ProcedureConfig, start: FillSettings) -> FillSettings:
    """Return the arguments, and for what a procedure has no argument the values of `start`.

    A text never set is None in some versions of GIMP.
    """
    told = {field: config.get_property(name) for field, name in _NAMES.items() if config.find_property(name)}
    settings = replace(start, **{field: value for field, value in told.items() if value is not None})
    return settings if settings.model else replace(settings, model=DEFAULT_MODEL)


def write_settings(config: Gimp.ProcedureConfig, settings: FillSettings) -> None:
    """Set the arguments that a procedure has."""
    for field, name in _NAMES.items():
        if config.find_property(name):
            config.set_property(name, getattr(settings, field))


def check_caption(settings: FillSettings) -> FillSettings:
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
