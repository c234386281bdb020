"""One fill from beginning to end, with and without the dialog."""

from __future__ import annotations

from gi.repository import Gimp

from nigdt_fill import plan
from nigdt_fill.capture import capture, check
from nigdt_fill.install import read_install
from nigdt_fill.place import place
from nigdt_fill.plan import Settings
from nigdt_fill.problem import Problem
from nigdt_fill.service import Service
from nigdt_fill.texts import _


def read_settings(config: Gimp.ProcedureConfig) -> Settings:
    """Return what the procedure's arguments say; a text never set is None in some versions of GIMP."""
    return Settings(
        caption=config.get_property("caption") or "",
        variants=config.get_property("variants"),
        seed=config.get_property("seed"),
        context=config.get_property("context"),
        grow=config.get_property("grow"),
        feather=config.get_property("feather"),
        model=config.get_property("model") or plan.DEFAULT_MODEL,
    )


def fill(
    procedure: Gimp.Procedure, run_mode: Gimp.RunMode, image: Gimp.Image, config: Gimp.ProcedureConfig
) -> Gimp.Layer:
    """Fill the image's selection.

    Returns:
        The new layer, or the group of several.

    Raises:
        Problem: With the reason, for the user.
        Cancelled: The user closed the dialog.
    """
    check(image)
    if run_mode == Gimp.RunMode.INTERACTIVE:
        from nigdt_fill.dialog import run_dialog

        return run_dialog(procedure, image, config)
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED and not config.get_property("convert-indexed"):
        raise Problem(_("This image uses a palette. Convert it first with Image > Mode > RGB."))
    return fill_with_progress(image, read_settings(config))


def fill_with_progress(image: Gimp.Image, settings: Settings) -> Gimp.Layer:
    """Fill without asking anything, with GIMP's own progress bar."""
    Gimp.progress_init(_("NIGDT: starting…"))
    try:
        with Service.reach(read_install()) as service:
            captured = capture(image, settings, service.size_of(settings.model))

            def pulse() -> bool:
                Gimp.progress_pulse()
                return not image.is_valid()  # nobody waits for this fill any more: have it dropped

            result = service.fill(captured, settings, Gimp.progress_set_text, pulse)
        return place(image, captured, result.fills, settings)
    finally:
        Gimp.progress_end()
