#!/usr/bin/env python3
"""GIMP 3 plug-in: Filters > NIGDT, which fills the selection with what a caption describes."""

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

FILL = "nigdt-fill"
OPEN_PANEL = "nigdt-open-panel"


class NigdtFill(Gimp.PlugIn):
    """Registers the procedures; the work is done in `nigdt_fill`."""

    def do_query_procedures(self) -> list[str]:
        """Name the procedures; called by GIMP."""
        return [FILL, OPEN_PANEL]

    def do_set_i18n(self, _name: str) -> tuple[bool, str, str]:
        """Say where the translations are; called by GIMP."""
        return True, DOMAIN, "locale"

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Describe a procedure; called by GIMP."""
        if name == FILL:
            return self._create_fill(name)
        return self._create_open_panel(name)

    def _create_fill(self, name: str) -> Gimp.Procedure:
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run_fill, None)
        procedure.set_image_types("*")
        procedure.set_sensitivity_mask(
            Gimp.ProcedureSensitivityMask.DRAWABLE
            | Gimp.ProcedureSensitivityMask.DRAWABLES
            | Gimp.ProcedureSensitivityMask.NO_DRAWABLES
        )
        procedure.set_menu_label(_("_Fill described region..."))
        procedure.add_menu_path("<Image>/Filters/NIGDT")
        procedure.set_documentation(
            _("Fill the selection with what a caption describes"),
            _(
                "Makes a new layer over the selection, filled with what the caption describes so that it "
                "fits the photo around it. The photo's own layers stay as they are."
            ),
            name,
        )
        procedure.set_attribution("The NIGDT maintainers", "The NIGDT maintainers, GPL-3.0-or-later", "2026")
        flags = GObject.ParamFlags.READWRITE
        procedure.add_string_argument("caption", _("_Describe what should be there"), "", "", flags)
        procedure.add_int_argument(
            "variants", _("_Variants"), _("How many different fills to make"), 1, limits.VARIANTS, 1, flags
        )
        procedure.add_int_argument(
            "seed",
            _("S_eed"),
            _("0 gives the likeliest fill; every other number another one, the same each time"),
            0,
            limits.SEED_MAX,
            0,
            flags,
        )
        procedure.add_double_argument(
            "context",
            _("Conte_xt"),
            _("How much of the photo around the selection the fill goes by; 1 is the usual amount"),
            1.0,
            limits.WIDEN_MAX,
            1.0,
            flags,
        )
        procedure.add_int_argument(
            "grow",
            _("_Grow (px)"),
            _("Pixels by which to grow the selection first; -1 chooses by itself"),
            plan.AUTOMATIC,
            limits.GROW_MAX,
            plan.AUTOMATIC,
            flags,
        )
        procedure.add_int_argument(
            "feather",
            _("Fea_ther (px)"),
            _("Pixels over which the fill fades out at its border; -1 chooses by itself"),
            plan.AUTOMATIC,
            limits.FEATHER_MAX,
            plan.AUTOMATIC,
            flags,
        )
        procedure.add_double_argument(
            "match-colours",
            _("Match colo_urs (%)"),
            _("How far the fill's colours are matched to what surrounds it"),
            0.0,
            100.0,
            100.0,
            flags,
        )
        procedure.add_double_argument(
            "strength", _("Strengt_h (%)"), _("How opaque the fill is"), 0.0, 100.0, 100.0, flags
        )
        procedure.add_string_argument(
            "model", _("_Model"), _("Which model makes the fill"), plan.DEFAULT_MODEL, flags
        )
        procedure.add_boolean_argument(
            "convert-indexed",
            _("Convert _indexed images"),
            _("Turn an image with a palette into RGB, which the new layer needs"),
            False,
            flags,
        )
        procedure.add_boolean_aux_argument(
            "preview", _("_Preview"), _("Show the fill here while you type"), True, flags
        )
        procedure.add_layer_return_value(
            "layer", "Layer", "The new layer, or the group of several", False, flags
        )
        return procedure

    def _create_open_panel(self, name: str) -> Gimp.Procedure:
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run_open_panel, None)
        procedure.set_image_types("*")
        procedure.set_sensitivity_mask(
            Gimp.ProcedureSensitivityMask.DRAWABLE
            | Gimp.ProcedureSensitivityMask.DRAWABLES
            | Gimp.ProcedureSensitivityMask.NO_DRAWABLES
        )
        procedure.set_menu_label(_("_Open in NIGDT panel..."))
        procedure.add_menu_path("<Image>/Filters/NIGDT")
        procedure.set_documentation(
            _("Open photo and selection in the NIGDT panel"),
            _("What you apply in the panel comes back as a new layer of this image."),
            name,
        )
        procedure.set_attribution("The NIGDT maintainers", "The NIGDT maintainers, GPL-3.0-or-later", "2026")
        procedure.add_string_argument(
            "caption", _("_Caption"), _("What the panel starts with"), "", GObject.ParamFlags.READWRITE
        )
        return procedure


def run_fill(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    _drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Fill the selection; called by GIMP."""

    def work() -> Gimp.Layer:
        from nigdt_fill.run import fill

        return fill(procedure, run_mode, image, config)

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
