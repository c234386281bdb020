"""The question whether an image with a palette may become RGB."""

from __future__ import annotations

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import GimpUi, Gtk  # noqa: E402

from nigdt_fill.problem import Cancelled  # noqa: E402
from nigdt_fill.texts import _  # noqa: E402


def ask_to_convert() -> None:
    """Ask whether an image with a palette may become RGB.

    Raises:
        Cancelled: It may not.
    """
    GimpUi.init("nigdt-fill")
    question = Gtk.MessageDialog(
        message_type=Gtk.MessageType.QUESTION,
        text=_("This image uses a palette, and a fill needs more colours than it has."),
        secondary_text=_("Convert the image to RGB? Undoing the fill brings the palette back."),
        title="NIGDT",
    )
    question.add_buttons(_("Cancel"), Gtk.ResponseType.CANCEL, _("Convert to RGB"), Gtk.ResponseType.OK)
    question.set_default_response(Gtk.ResponseType.OK)
    answer = question.run()
    question.destroy()
    if answer != Gtk.ResponseType.OK:
        raise Cancelled
