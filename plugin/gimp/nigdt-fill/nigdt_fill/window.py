"""The dialog's window: what is in it, and what needs nothing but its arguments."""

from __future__ import annotations

from collections.abc import Callable

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import Gdk, Gimp, GimpUi, GLib, Gtk  # noqa: E402

from nigdt.limits import SEED_MAX, Mode  # noqa: E402
from nigdt_fill.inputs import CaptionBox, ModelRow, entry, when_shown  # noqa: E402
from nigdt_fill.manual import open_manual  # noqa: E402
from nigdt_fill.problem import Problem  # noqa: E402
from nigdt_fill.texts import _  # noqa: E402
from nigdt_fill.view import View  # noqa: E402

_NUMBERS = ("variants", "seed")
_SLIDERS = ("context", "grow", "feather", "match-colours", "strength", "guidance", "detail")


class FillWindow:
    """GIMP's dialog for a procedure's arguments, with a view of the photo beside them.

    Attributes:
        dialog: The window itself.
        view: Its left half.
        caption: The text, None where the procedure takes none.
        models: The list of models.
    """

    def __init__(
        self,
        procedure: Gimp.Procedure,
        config: Gimp.ProcedureConfig,
        mode: Mode,
        choose: Callable[[int], None],
        *,
        again: bool,
    ) -> None:
        """Build it, not yet shown.

        Args:
            procedure: Whose arguments are asked for.
            config: The arguments.
            mode: What is to be done.
            choose: Told which of several answers the user clicked on.
            again: Whether a fill that is there already is to be made again.
        """
        self._config = config
        titles = {"describe": _("Describe"), "recolour": _("Recolour"), "remove": _("Remove")}
        labels = {"describe": _("_Fill"), "recolour": _("Rec_olour"), "remove": _("Rem_ove")}
        title = _("Fill again") if again else titles[mode]
        self.dialog = GimpUi.ProcedureDialog.new(procedure, config, f"NIGDT: {title}")
        self.dialog.set_ok_label(labels[mode])
        self.dialog.connect("delete-event", lambda *_arguments: True)
        self._add_help()
        self.caption = CaptionBox(config, mode) if config.find_property("caption") else None
        self._inputs = self._build_inputs()
        self.models = ModelRow(self.dialog, config)
        self._inputs.pack_start(self.models.widget, False, False, 0)
        left = self.dialog.fill_box("view", ["preview", "in-image"])
        self.view = View(left, choose)
        self._growth = 0
        self._grow = Gtk.Button(use_underline=True)
        self._grow.set_no_show_all(True)
        self._grow.connect("clicked", lambda _button: config.set_property("grow", self._growth))
        left.pack_start(self._grow, False, False, 0)
        columns = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12, border_width=12)
        columns.pack_start(left, False, False, 0)
        columns.pack_start(self._inputs, True, True, 0)
        self.dialog.get_content_area().pack_start(columns, True, True, 0)
        columns.show_all()

    def _build_inputs(self) -> Gtk.Box:
        names = [name for name in (*_NUMBERS, *_SLIDERS) if self._config.find_property(name)]
        for name in names:
            if name in _SLIDERS:
                self.dialog.get_spin_scale(name, 1.0)
        inputs = self.dialog.fill_box("inputs", names)
        if "seed" in names:
            dice = Gtk.Button.new_with_mnemonic(_("A_nother seed"))
            dice.connect("clicked", self._on_dice)
            entry(self.dialog, "seed").attach_next_to(dice, None, Gtk.PositionType.RIGHT, 1, 1)
        if self.caption is not None:
            self.caption.put_into(inputs)
            when_shown(self.dialog, lambda: self.focus(select=True))
        return inputs

    def _add_help(self) -> None:
        """Put a button that opens the manual in the place of GIMP's own, which knows nothing of NIGDT."""
        useless = self.dialog.get_widget_for_response(Gtk.ResponseType.HELP)
        if useless is None:
            return
        useless.hide()
        useless.set_no_show_all(True)
        button = Gtk.Button.new_with_label(_("Help"))
        button.connect("clicked", lambda _button: self._show_manual())
        self.dialog.connect("key-press-event", self._on_key)
        row = useless.get_parent()
        row.pack_start(button, False, False, 0)
        row.set_child_secondary(button, True)
        button.show()

    def _on_key(self, _dialog: Gtk.Dialog, event: Gdk.EventKey) -> bool:
        if event.keyval == Gdk.KEY_F1:
            self._show_manual()
        return bool(event.keyval == Gdk.KEY_F1)

    def _show_manual(self) -> None:
        try:
            open_manual()
        except Problem as reason:
            self.view.warn(str(reason))

    def _on_dice(self, _button: Gtk.Button) -> None:
        self._config.set_property("seed", GLib.random_int_range(1, SEED_MAX))

    def focus(self, *, select: bool = False) -> None:
        """Let the user type; with `select`, in place of what is there."""
        if self.caption is not None:
            self.caption.focus(select=select)

    @property
    def unfinished(self) -> str:
        """The word that is still being typed; empty if there is none."""
        return self.caption.unfinished if self.caption is not None else ""

    def suggest_growth(self, pixels: int) -> None:
        """Offer to grow the selection, which leaves out a part of the thing; 0 offers nothing."""
        self._growth = pixels
        self._grow.set_visible(pixels > 0)
        if pixels > 0:
            self._grow.set_label(_("Grow _by {n} pixels").format(n=pixels))
            self.view.warn(_("A part of the thing seems to lie outside the selection."))

    def set_busy(self, busy: bool) -> None:
        """Show that a fill is being made, or is no longer."""
        self._inputs.set_sensitive(not busy)
        self._grow.set_sensitive(not busy)
        self.dialog.set_response_sensitive(Gtk.ResponseType.OK, not busy)
        self.view.bar.set_text(_("Filling…"))
        self.view.show_bar(busy)
        if busy:
            self.view.say("")
