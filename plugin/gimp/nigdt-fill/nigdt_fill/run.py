"""One fill from beginning to end, with and without the dialog."""

from __future__ import annotations

from dataclasses import replace

from gi.repository import Gimp

from nigdt_fill.capture import capture, check
from nigdt_fill.install import read_install
from nigdt_fill.place import place, still_open, was_closed
from nigdt_fill.plan import Settings
from nigdt_fill.problem import Cancelled, Problem
from nigdt_fill.service import Service
from nigdt_fill.settings import check_caption, read_settings
from nigdt_fill.texts import _


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
    return _fill_with_progress(image, check_caption(read_settings(config)))


def _fill_with_progress(image: Gimp.Image, settings: Settings) -> Gimp.Layer:
    """Fill without asking anything, with GIMP's own progress bar."""
    Gimp.progress_init(_("NIGDT: starting…"))
    try:
        with Service.reach(read_install()) as service:
            model = service.model(settings.model)
            settings = replace(settings, model=model["name"])
            captured = capture(image, settings, model["size_px"])

            def pulse() -> bool:
                Gimp.progress_pulse()
                return was_closed(image)  # nobody waits for this fill any more: have it dropped

            try:
                result = service.fill(captured, settings, Gimp.progress_set_text, pulse)
            except Cancelled:
                still_open(image)
                raise
        return place(image, captured, result.fills)
    finally:
        Gimp.progress_end()
