"""The dialog's left half: the picture, and under it what is being done or in the way."""

from __future__ import annotations

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, GLib, Gtk  # noqa: E402
from nigdt_backend.protocol import FillPicture  # noqa: E402

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
        self._is_fill = False
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
        self.show_bar(False)
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

    def show_bar(self, shown: bool) -> None:
        """Show or hide the progress bar, which keeps its place so that the dialog keeps its size."""
        self.bar.set_opacity(1.0 if shown else 0.0)

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
        context = captured.context
        size, count = (context.width, context.height), context.pixels
        tint = bytearray(b"\xff" * (4 * count))
        tint[1::4] = b"\x40" * count
        tint[3::4] = captured.selection.translate(_TINT)
        self._before = _scaled(_pixbuf(captured.crop, *size, captured.channels))
        self._shown = _over(self._before, _scaled(_pixbuf(bytes(tint), *size, 4)))
        self._is_fill = False
        self._draw(self._shown)

    def show_fill(self, picture: FillPicture) -> None:
        """Show an answer in its place."""
        assert self._before is not None
        fill = bytearray(4 * picture.width * picture.height)
        for channel in range(3):
            fill[channel::4] = picture.pixels[channel::3]
        fill[3::4] = picture.weight
        over = _scaled(_pixbuf(bytes(fill), picture.width, picture.height, 4))
        self._shown = _over(self._before, over)
        self._is_fill = True
        self._draw(self._shown)

    def grey_out(self) -> None:
        """Mark the fill that is shown as no longer what would come."""
        if self._is_fill and self._shown is not None:
            self._is_fill = False
            pale = self._shown.copy()
            pale.fill(0x80808000)
            grey = self._shown.copy()
            self._shown.saturate_and_pixelate(grey, 0.0, False)
            grey.composite(
                pale, 0, 0, grey.get_width(), grey.get_height(), 0, 0, 1, 1, GdkPixbuf.InterpType.NEAREST, 110
            )
            self._shown = pale
            self._draw(pale)

    def _draw(self, pixbuf: GdkPixbuf.Pixbuf | None) -> None:
        if pixbuf is not None:
            self._picture.set_from_pixbuf(pixbuf)


def _pixbuf(pixels: bytes, width: int, height: int, channels: int) -> GdkPixbuf.Pixbuf:
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(pixels),
        GdkPixbuf.Colorspace.RGB,
        channels == 4,
        8,
        width,
        height,
        channels * width,
    ).copy()


def _scaled(pixbuf: GdkPixbuf.Pixbuf) -> GdkPixbuf.Pixbuf:
    """Fit a picture into the view."""
    width, height = pixbuf.get_width(), pixbuf.get_height()
    scale = SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return pixbuf.scale_simple(*size, GdkPixbuf.InterpType.BILINEAR)


def _over(under: GdkPixbuf.Pixbuf, over: GdkPixbuf.Pixbuf) -> GdkPixbuf.Pixbuf:
    """Draw one picture over another of the same size."""
    made = under.copy()
    over.composite(
        made, 0, 0, made.get_width(), made.get_height(), 0, 0, 1, 1, GdkPixbuf.InterpType.NEAREST, 255
    )
    return made
