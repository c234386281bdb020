#!/usr/bin/env python3
"""GIMP 3 plug-in: Filters > NIGDT, which describes, recolours or removes what is selected."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import gi  # noqa: E402

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")

from gi.repository import Gimp, GLib, GObject  # noqa: E402
from nigdt_fill import plan  # noqa: E402
from nigdt_fill.texts import DOMAIN, _  # noqa: E402

from nigdt import limits  # noqa: E402

DESCRIBE = "nigdt-describe"
RECOLOUR = "nigdt-recolour"
REMOVE = "nigdt-remove"
REMOVE_SELECTED = "nigdt-remove-selected"
FILL_AGAIN = "nigdt-fill-again"
OPEN_PANEL = "nigdt-open-panel"
MODES: dict[str, limits.Mode] = {DESCRIBE: "describe", RECOLOUR: "recolour", REMOVE: "remove"}
"""Procedures with a dialog, and what they do."""

FLAGS = GObject.ParamFlags.READWRITE
KEEPS = _("The result is a new layer with a mask; the photo's own layers stay as they are.")


class NigdtFill(Gimp.PlugIn):
    """Registers the procedures; the work is done in `nigdt_fill`."""

    def do_query_procedures(self) -> list[str]:
        """Name the procedures; called by GIMP."""
        return [*MODES, REMOVE_SELECTED, FILL_AGAIN, OPEN_PANEL]

    def do_set_i18n(self, _name: str) -> tuple[bool, str, str]:
        """Say where the translations are; called by GIMP."""
        return True, DOMAIN, "locale"

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Describe a procedure; called by GIMP."""
        if name in MODES:
            return self._create_mode(name)
        return {
            REMOVE_SELECTED: self._create_remove_selected,
            FILL_AGAIN: self._create_fill_again,
            OPEN_PANEL: self._create_open_panel,
        }[name]()

    def _create(
        self, name: str, run: Callable[..., Gimp.ValueArray], menu: tuple[str, str], about: tuple[str, str]
    ) -> Gimp.Procedure:
        """Create a procedure that takes any image.

        Args:
            name: Of the procedure.
            run: What GIMP calls.
            menu: Label and path in the menu.
            about: One line, then more, about what it does.
        """
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("*")
        procedure.set_sensitivity_mask(
            Gimp.ProcedureSensitivityMask.DRAWABLE
            | Gimp.ProcedureSensitivityMask.DRAWABLES
            | Gimp.ProcedureSensitivityMask.NO_DRAWABLES
        )
        procedure.set_menu_label(menu[0])
        procedure.add_menu_path(f"<Image>/Filters/{menu[1]}")
        procedure.set_documentation(*about, name)
        procedure.set_attribution("The NIGDT maintainers", "The NIGDT maintainers, GPL-3.0-or-later", "2026")
        return procedure

    def _create_mode(self, name: str) -> Gimp.Procedure:
        mode = MODES[name]
        label, about = {
            DESCRIBE: (
                _("_Describe..."),
                (
                    _("Fill the selection with what a caption describes"),
                    _("What the caption describes is drawn so that it fits the photo around it."),
                ),
            ),
            RECOLOUR: (
                _("_Recolour..."),
                (
                    _("Give what is selected the colour that a caption names"),
                    _("Light and texture stay. The caption can name a part, as in “a bird with red wings”."),
                ),
            ),
            REMOVE: (
                _("Re_move..."),
                (
                    _("Remove what is selected and go on with what is around it"),
                    _("The selection may hold some of the surroundings, but should hold the whole thing."),
                ),
            ),
        }[name]
        procedure = self._create(name, run_mode_, (label, "NIGDT"), (about[0], f"{about[1]} {KEEPS}"))
        if mode != "remove":
            _add_caption(procedure, mode)
        if mode != "recolour":
            _add_draws(procedure)
        _add_context(procedure)
        if mode != "recolour":
            _add_border(procedure)
        if mode == "describe":
            _add_words(procedure)
        _add_rest(procedure)
        return procedure

    def _create_remove_selected(self) -> Gimp.Procedure:
        about = (
            _("Heal the selection: remove at once what is selected"),
            _("As Filters > NIGDT > Remove with all choices left to NIGDT, without a dialog."),
        )
        procedure = self._create(
            REMOVE_SELECTED, run_remove_selected, (_("Remove selected _object"), "Enhance"), about
        )
        _add_convert(procedure)
        _add_result(procedure)
        return procedure

    def _create_fill_again(self) -> Gimp.Procedure:
        about = (
            _("Make a fill of NIGDT again, with other choices if you like"),
            _(
                "The active layer must be a fill. It is made again from its recipe; without a dialog, "
                "exactly as it was. The new layer lies above the old one, which is hidden."
            ),
        )
        procedure = self._create(FILL_AGAIN, run_fill_again, (_("Fill _again..."), "NIGDT"), about)
        _add_result(procedure)
        return procedure

    def _create_open_panel(self) -> Gimp.Procedure:
        about = (
            _("Open photo and selection in the NIGDT panel"),
            _("What you apply in the panel comes back as a new layer of this image."),
        )
        procedure = self._create(OPEN_PANEL, run_open_panel, (_("_Open in NIGDT panel..."), "NIGDT"), about)
        procedure.add_string_argument("caption", _("_Caption"), _("What the panel starts with"), "", FLAGS)
        _add_result(procedure)
        return procedure


def _add_caption(procedure: Gimp.Procedure, mode: limits.Mode) -> None:
    if mode == "describe":
        label = _("_Describe what should be there")
        about = _("In English; without a word, what is selected is removed")
    else:
        label = _("_Name the colour")
        about = _("In English: “a red bird”, “dark green wings”, or just “turquoise”")
    procedure.add_string_argument("caption", label, about, "", FLAGS)


def _add_draws(procedure: Gimp.Procedure) -> None:
    procedure.add_int_argument(
        "variants", _("_Variants"), _("How many different fills to make"), 1, limits.VARIANTS, 1, FLAGS
    )
    procedure.add_int_argument(
        "seed",
        _("S_eed"),
        _("0 gives the likeliest fill; every other number another one, the same each time"),
        0,
        limits.SEED_MAX,
        0,
        FLAGS,
    )


def _add_context(procedure: Gimp.Procedure) -> None:
    procedure.add_double_argument(
        "context",
        _("Conte_xt"),
        _("How much of the photo around the selection the fill goes by; 1 is the usual amount"),
        1.0,
        limits.WIDEN_MAX,
        1.0,
        FLAGS,
    )


def _add_border(procedure: Gimp.Procedure) -> None:
    procedure.add_int_argument(
        "grow",
        _("_Grow (px)"),
        _("Pixels by which to grow the selection first; -1 chooses by itself"),
        plan.AUTOMATIC,
        limits.GROW_MAX,
        plan.AUTOMATIC,
        FLAGS,
    )
    procedure.add_int_argument(
        "feather",
        _("Fea_ther (px)"),
        _("Pixels over which the fill fades out at its border; -1 chooses by itself"),
        plan.AUTOMATIC,
        limits.FEATHER_MAX,
        plan.AUTOMATIC,
        FLAGS,
    )
    procedure.add_double_argument(
        "match-colours",
        _("Match colo_urs (%)"),
        _("How far the fill's colours are matched to what surrounds it"),
        0.0,
        100.0,
        100.0,
        FLAGS,
    )


def _add_words(procedure: Gimp.Procedure) -> None:
    procedure.add_double_argument(
        "guidance",
        _("_Words count"),
        _("How strongly the words count; 1 is as much as the model has learned"),
        0.0,
        limits.GUIDANCE_MAX,
        1.0,
        FLAGS,
    )
    procedure.add_double_argument(
        "detail",
        _("Det_ail (%)"),
        _("How much of the photo's texture a fill gets that had to be enlarged"),
        0.0,
        100.0 * limits.DETAIL_MAX,
        100.0,
        FLAGS,
    )


def _add_rest(procedure: Gimp.Procedure) -> None:
    procedure.add_double_argument(
        "strength", _("Strengt_h (%)"), _("How opaque the fill is"), 0.0, 100.0, 100.0, FLAGS
    )
    procedure.add_string_argument(
        "model", _("_Model"), _("Which model makes the fill"), plan.DEFAULT_MODEL, FLAGS
    )
    _add_convert(procedure)
    procedure.add_boolean_aux_argument(
        "preview", _("_Preview"), _("Show the fill here while you choose"), True, FLAGS
    )
    procedure.add_boolean_aux_argument(
        "in-image",
        _("Preview in the _image"),
        _("Show the fill in the image, too, by a layer that goes when this window closes"),
        False,
        FLAGS,
    )
    _add_result(procedure)


def _add_convert(procedure: Gimp.Procedure) -> None:
    procedure.add_boolean_argument(
        "convert-indexed",
        _("Convert inde_xed images"),
        _("Turn an image with a palette into RGB, which the new layer needs"),
        False,
        FLAGS,
    )


def _add_result(procedure: Gimp.Procedure) -> None:
    procedure.add_layer_return_value("layer", "Layer", "The new layer, or the group of several", False, FLAGS)


def run_mode_(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    _drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Do with the selection what the procedure's name says; called by GIMP."""

    def work() -> Gimp.Layer:
        from nigdt_fill.run import fill

        return fill(procedure, run_mode, image, config, plan.FillSettings(mode=MODES[procedure.get_name()]))

    return _answer(procedure, work)


def run_remove_selected(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    _drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Remove what is selected without a dialog; called by GIMP."""

    def work() -> Gimp.Layer:
        from nigdt_fill.run import fill_at_once

        return fill_at_once(run_mode, image, config, plan.FillSettings(mode="remove"))

    return _answer(procedure, work)


def run_fill_again(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    _config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Make the fill of the active layer again; called by GIMP."""

    def work() -> Gimp.Layer:
        from nigdt_fill.run import fill_again

        def of_mode(mode: limits.Mode) -> Gimp.Procedure:
            """Return the procedure whose dialog has a mode's choices."""
            name = next(name for name, its in MODES.items() if its == mode)
            return procedure.get_plug_in().do_create_procedure(name)

        return fill_again(of_mode, run_mode, image, drawables)

    return _answer(procedure, work)


def run_open_panel(
    procedure: Gimp.Procedure,
    _run_mode: Gimp.RunMode,
    image: Gimp.Image,
    _drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Open the panel; called by GIMP."""

    def work() -> Gimp.Layer:
        from nigdt_fill.panel import open_panel

        return open_panel(image, config)

    return _answer(procedure, work)


def _answer(procedure: Gimp.Procedure, work: Callable[[], Gimp.Layer]) -> Gimp.ValueArray:
    """Run `work` and turn its outcome into what GIMP expects; nobody would see an exception that escapes.

    The parts are imported in here, so that an installation that lacks one says so.
    """
    try:
        from nigdt_fill.problem import Cancelled, Problem

        # Otherwise GIMP shows what a call says that fails, for example since the image was closed just now.
        procedure.get_plug_in().set_pdb_error_handler(Gimp.PDBErrorHandler.PLUGIN)
        try:
            layer = work()
        except Cancelled:
            return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
        except Problem as reason:
            return _failure(procedure, str(reason))
    except ImportError as missing:
        text = _("This plug-in is incomplete ({reason}). Run NIGDT's installer again.")
        return _failure(procedure, text.format(reason=missing))
    except Exception as defect:
        text = _("The NIGDT plug-in failed: {reason}. Please report this.")
        return _failure(procedure, text.format(reason=f"{type(defect).__name__}: {defect}"))
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Layer, layer))
    return values


def _failure(procedure: Gimp.Procedure, text: str) -> Gimp.ValueArray:
    error = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)


Gimp.main(NigdtFill.__gtype__, sys.argv)
