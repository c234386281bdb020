"""One fill from beginning to end, with and without the dialog."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gi.repository import Gimp

from nigdt.limits import Mode
from nigdt_fill.again import Drawn, find_drawn
from nigdt_fill.capture import capture, check
from nigdt_fill.install import read_install
from nigdt_fill.place import place, was_closed, while_open
from nigdt_fill.plan import FillSettings
from nigdt_fill.problem import Problem
from nigdt_fill.service import Service
from nigdt_fill.settings import check_caption, read_settings, write_settings
from nigdt_fill.texts import _
from nigdt_fill.told import about_finished


def fill(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    config: Gimp.ProcedureConfig,
    start: FillSettings,
) -> Gimp.Layer:
    """Fill the image's selection.

    Args:
        procedure: Whose arguments the dialog asks for.
        run_mode: Whether there is a dialog.
        image: Any kind of image.
        config: The arguments.
        start: What counts where there is no argument.

    Returns:
        The new layer, or the group of several.

    Raises:
        Problem: With the reason, for the user.
        Cancelled: The user closed the dialog.
    """
    check(image, start)
    if run_mode == Gimp.RunMode.INTERACTIVE:
        from nigdt_fill.dialog import run_dialog

        return run_dialog(procedure, image, config, start)
    return fill_at_once(run_mode, image, config, start)


def fill_at_once(
    run_mode: Gimp.RunMode, image: Gimp.Image, config: Gimp.ProcedureConfig, start: FillSettings
) -> Gimp.Layer:
    """Fill the image's selection without a dialog; arguments and errors as of `fill`."""
    check(image, start)
    if image.get_base_type() == Gimp.ImageBaseType.INDEXED and not config.get_property("convert-indexed"):
        if run_mode != Gimp.RunMode.INTERACTIVE:
            raise Problem(_("This image uses a palette. Convert it first with Image > Mode > RGB."))
        from nigdt_fill.convert import ask_to_convert

        ask_to_convert()
    return _fill_with_progress(image, check_caption(read_settings(config, start)))


def fill_again(
    of_mode: Callable[[Mode], Gimp.Procedure],
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: Sequence[Gimp.Drawable],
) -> Gimp.Layer:
    """Make a fill again that is in the image already.

    Args:
        of_mode: Returns the procedure of a mode, whose arguments the dialog asks for.
        run_mode: Whether there is a dialog.
        image: Any kind of image.
        drawables: The layer of the fill, or its group.

    Raises:
        Problem: No fill is active, or as of `fill`.
        Cancelled: The user closed the dialog.
    """
    drawn = find_drawn(image, drawables)
    settings = FillSettings.of(drawn.recipe)
    if run_mode != Gimp.RunMode.INTERACTIVE:
        return _fill_with_progress(image, settings, drawn)
    from nigdt_fill.dialog import run_dialog

    procedure = of_mode(settings.mode)
    config = procedure.create_config()
    write_settings(config, settings)
    return run_dialog(procedure, image, config, settings, drawn)


def _fill_with_progress(image: Gimp.Image, settings: FillSettings, drawn: Drawn | None = None) -> Gimp.Layer:
    """Fill without asking anything, with GIMP's own progress bar."""
    Gimp.progress_init(_("NIGDT: starting…"))
    try:
        with while_open(image), Service.reach(read_install()) as service:
            model = service.model(settings.model)
            settings = replace(settings, model=model["name"])
            captured = capture(image, settings, model["size_px"], drawn)

            def pulse() -> bool:
                Gimp.progress_pulse()
                return was_closed(image)  # nobody waits for this fill any more: have it dropped

            result = service.fill(captured, settings, Gimp.progress_set_text, pulse)
        layer = place(image, captured, result.fills, drawn=drawn)
        if said := about_finished(result.fills, result.notices):
            Gimp.message(said)
        return layer
    finally:
        Gimp.progress_end()
