"""The manual, which comes along with the plug-in, so that it opens without a connection."""

from __future__ import annotations

from pathlib import Path

from gi.repository import Gimp, Gio, GLib

from nigdt_fill.markdown import page
from nigdt_fill.problem import Problem
from nigdt_fill.texts import _

SOURCE = Path(__file__).resolve().parent.parent / "manual" / "gimp.md"


def open_manual() -> None:
    """Show the manual in the user's browser.

    Raises:
        Problem: It is not there, or no browser opens.
    """
    made = Path(Gimp.directory()) / "nigdt-manual.html"
    try:
        text = SOURCE.read_text(encoding="utf-8")
        made.write_text(page(text, "NIGDT", f"{SOURCE.parent.as_uri()}/"), encoding="utf-8")
    except OSError as error:
        raise Problem(_("The manual cannot be shown ({reason}).").format(reason=error)) from None
    try:
        opened = Gio.AppInfo.launch_default_for_uri(made.as_uri(), None)
    except GLib.Error:
        opened = False
    if not opened:
        raise Problem(_("No browser opens here. The manual is in {file}.").format(file=made))
