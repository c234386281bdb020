"""The dialog's left half: the picture, and under it what is being done or in the way."""

from __future__ import annotations

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, GLib, Gtk  # noqa: E402

from nigdt_fill.capture import Capture  # noqa: E402
from nigdt_fill.texts import _  # noqa: E402

SIDE = 320
"""Of the picture, pixels."""
_TINT = bytes([0] * 128 + [140] * 128)


class View:
    """Shows the region, then its fill; while the mouse is held down on it, the photo as it is."""

    def __init__(self, box: Gtk.Box) -> None:
        """Put the widgets into `box`, the picture above what is there already, the rest below."""
        self._shown: GdkPixbuf.Pixbuf | None = None
        self._before: GdkPixbuf.Pixbuf | None = None
        self._picture = Gtk.Image()
        self._picture.set_size_request(SIDE, SIDE)
        press = Gtk.EventBox()
        press.add(self._picture)
        press.set_tooltip_text(_("Hold the mouse button down to see the photo as it is"))
        press.connect("button-press-event", lambda *_arguments: self._draw(self._before))
        press.connect("button-release-event", lambda *_arguments: self._draw(self._shown))
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN)
        frame.add(press)
        box.pack_start(frame, False, False, 0)
        box.reorder_child(frame, 0)
        self.bar = Gtk.ProgressBar(show_text=True)
        self.bar.set_no_show_all(True)
        box.pack_start(self.bar, False, False, 0)
        self._warning = Gtk.Image.new_from_icon_name("dialog-warning-symbolic", Gtk.IconSize.MENU)
        self._warning.set_no_show_all(True)
        self._warning.set_valign(Gtk.Align.START)
        self._words = Gtk.Label(xalign=0.0, yalign=0.0, wrap=True, max_width_chars=36)
        words = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        words.set_size_request(SIDE, 54)
        words.pack_start(self._warning, False, False, 0)
        words.pack_start(self._words, True, True, 0)
        box.pack_start(words, False, False, 0)

    def say(self, text: str) -> None:
        """Say what is being done."""
        self._words.set_text(text)
        self._warning.hide()

    def warn(self, text: str) -> None:
        """Say what is in the way; nothing for an empty text."""
        self.say(text)
        self._warning.set_visible(bool(text))

    def show_region(self, captured: Capture) -> None:
        """Show the photo with the region tinted."""
        side, count = captured.side, captured.side**2
        tint = bytearray(b"\xff" * (4 * count))
        tint[1::4] = b"\x40" * count
        tint[3::4] = captured.hole.translate(_TINT)
        photo = _pixbuf(captured.crop, side, side)
        self._before = _scaled(photo)
        over = GdkPixbuf.Pixbuf.new_from_bytes(
            GLib.Bytes.new(bytes(tint)), GdkPixbuf.Colorspace.RGB, True, 8, side, side, 4 * side
        )
        over.composite(photo, 0, 0, side, side, 0, 0, 1, 1, GdkPixbuf.InterpType.NEAREST, 255)
        self._shown = _scaled(photo)
        self._draw(self._shown)

    def show_fill(self, pixels: bytes, width: int, height: int) -> None:
        """Show an answer: RGB, row by row."""
        self._shown = _scaled(_pixbuf(pixels, width, height))
        self._draw(self._shown)

    def _draw(self, pixbuf: GdkPixbuf.Pixbuf | None) -> None:
        if pixbuf is not None:
            self._picture.set_from_pixbuf(pixbuf)


def _pixbuf(pixels: bytes, width: int, height: int) -> GdkPixbuf.Pixbuf:
    data = GLib.Bytes.new(pixels)
    return GdkPixbuf.Pixbuf.new_from_bytes(
        data, GdkPixbuf.Colorspace.RGB, False, 8, width, height, 3 * width
    ).copy()


def _scaled(pixbuf: GdkPixbuf.Pixbuf) -> GdkPixbuf.Pixbuf:
    return pixbuf.scale_simple(SIDE, SIDE, GdkPixbuf.InterpType.BILINEAR)
