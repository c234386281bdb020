"""The dialog's left half: the picture, the variants to choose from, and what is being done or in the way."""

from __future__ import annotations

from collections.abc import Callable

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
gi.require_version("Pango", "1.0")
from gi.repository import Gdk, GdkPixbuf, GLib, Gtk, Pango  # noqa: E402
from nigdt_backend.protocol import FillPicture  # noqa: E402

from nigdt_fill.capture import Capture  # noqa: E402
from nigdt_fill.plan import Rect, drawn_in_light, greyed, scaled, touched  # noqa: E402
from nigdt_fill.texts import _  # noqa: E402

SIDE = 320
"""Of the picture, pixels."""
THUMBNAIL = 58
"""Side of a variant's picture, pixels: four of them fit below the picture."""
KEPT_SIDE = 2048
"""A larger context is kept at this size, which is enough to zoom into."""
ZOOM_MAX = 16.0
LINES = 4
"""Of a message; what is longer ends in an ellipsis and is whole in the tooltip."""
_TINT = bytes([0] * 128 + [140] * 128)


class View:
    """Shows the region, then its fill; while the mouse is held down on it, the photo as it is.

    The wheel zooms.
    """

    def __init__(self, box: Gtk.Box, choose: Callable[[int], None]) -> None:
        """Put the widgets into `box`, the picture above what is there already, the rest below.

        Args:
            box: Where to.
            choose: Told which variant the user clicked on.
        """
        self._choose = choose
        self._shown: GdkPixbuf.Pixbuf | None = None
        self._before: GdkPixbuf.Pixbuf | None = None
        self._captured: Capture | None = None
        self._is_fill = False
        self._zoom, self._middle = 1.0, (0.5, 0.5)
        self._picture = Gtk.Image()
        self._picture.set_size_request(SIDE, SIDE)
        press = Gtk.EventBox()
        press.add(self._picture)
        press.add_events(Gdk.EventMask.SCROLL_MASK | Gdk.EventMask.SMOOTH_SCROLL_MASK)
        press.set_tooltip_text(
            _("Hold the mouse button down to see the photo as it is; the mouse wheel zooms")
        )
        press.connect("button-press-event", lambda *_arguments: self._draw(self._before))
        press.connect("button-release-event", lambda *_arguments: self._draw(self._shown))
        press.connect("scroll-event", self._on_scroll)
        frame = Gtk.Frame(shadow_type=Gtk.ShadowType.IN)
        frame.add(press)
        box.pack_start(frame, False, False, 0)
        box.reorder_child(frame, 0)
        self._row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=4)
        self._strip = Gtk.ScrolledWindow(vscrollbar_policy=Gtk.PolicyType.NEVER)
        self._strip.set_size_request(SIDE, THUMBNAIL + 22)
        self._strip.add(self._row)
        self._strip.set_no_show_all(True)
        box.pack_start(self._strip, False, False, 0)
        box.reorder_child(self._strip, 1)
        self._buttons: list[Gtk.RadioButton] = []
        self.bar = Gtk.ProgressBar(show_text=True)
        self.show_bar(False)
        box.pack_start(self.bar, False, False, 0)
        self._warning = Gtk.Image.new_from_icon_name("dialog-warning-symbolic", Gtk.IconSize.MENU)
        self._warning.set_no_show_all(True)
        self._warning.set_valign(Gtk.Align.START)
        self._words = Gtk.Label(xalign=0.0, yalign=0.0, wrap=True, max_width_chars=44)
        self._words.set_ellipsize(Pango.EllipsizeMode.END)
        self._words.set_lines(LINES)
        self._words.connect("style-updated", lambda _label: self._make_room())
        self._make_room()
        words = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        words.set_size_request(SIDE, -1)
        words.pack_start(self._warning, False, False, 0)
        words.pack_start(self._words, True, True, 0)
        box.pack_start(words, False, False, 0)

    def _make_room(self) -> None:
        """Keep as much room as a message may need, so that the dialog keeps its size."""
        lines = self._words.create_pango_layout("\n" * (LINES - 1))
        self._words.set_size_request(-1, lines.get_pixel_size()[1])

    def show_bar(self, shown: bool) -> None:
        """Show or hide the progress bar, which keeps its place so that the dialog keeps its size."""
        self.bar.set_opacity(1.0 if shown else 0.0)

    def say(self, text: str) -> None:
        """Say what is being done."""
        self._words.set_text(text)
        self._words.set_tooltip_text(text or None)
        self._warning.hide()

    def warn(self, text: str) -> None:
        """Say what is in the way; nothing for an empty text."""
        self.say(text)
        self._warning.set_visible(bool(text))

    def show_region(self, captured: Capture) -> None:
        """Show the photo with the region tinted."""
        size, count = captured.size, captured.size[0] * captured.size[1]
        tint = bytearray(b"\xff" * (4 * count))
        tint[1::4] = b"\x40" * count
        tint[3::4] = captured.selection.translate(_TINT)
        self._captured = captured
        self._before = _kept(_pixbuf(captured.crop, *size, captured.channels))
        self._shown = _over(self._before, _kept(_pixbuf(bytes(tint), *size, 4)))
        self._is_fill = False
        self._draw(self._shown)

    def show_fill(self, picture: FillPicture) -> None:
        """Show an answer in its place."""
        self._shown = self._with(picture)
        self._is_fill = True
        self._draw(self._shown)

    def show_variants(self, count: int) -> None:
        """Make room for so many variants to choose from; none for a single one."""
        self._strip.set_visible(count > 1)
        if self._buttons and len(self._buttons) == count:
            self._buttons[0].set_active(True)
            return
        for button in self._buttons:
            button.destroy()
        self._buttons.clear()
        for index in range(count if count > 1 else 0):
            button = Gtk.RadioButton(draw_indicator=False)
            button.join_group(self._buttons[0] if self._buttons else None)
            image = Gtk.Image()
            image.set_size_request(THUMBNAIL, THUMBNAIL)
            button.set_image(image)
            button.set_sensitive(False)
            button.set_tooltip_text(_("Show this one, and let it be the one that is seen"))
            button.connect("toggled", self._on_toggled, index)
            self._row.pack_start(button, False, False, 0)
            self._buttons.append(button)
        self._row.show_all()

    def show_variant(self, index: int, picture: FillPicture) -> None:
        """Show an answer among the variants."""
        if index < len(self._buttons):
            small = _fitted(_around(self._with(picture), picture), THUMBNAIL)
            self._buttons[index].get_image().set_from_pixbuf(small)
            self._buttons[index].set_sensitive(True)

    def grey_out(self) -> None:
        """Mark the fill that is shown as no longer what would come."""
        for button in self._buttons:
            button.set_sensitive(False)
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

    def _with(self, picture: FillPicture) -> GdkPixbuf.Pixbuf:
        """Return the photo with an answer in its place."""
        captured = self._captured
        assert captured is not None
        assert self._before is not None
        pixels, weight, size = picture.pixels, picture.weight, (picture.width, picture.height)
        if captured.grey:
            pixels = bytes(value for grey in greyed(pixels) for value in (grey, grey, grey))
        if captured.linear:
            pixels, weight = drawn_in_light(pixels, weight, size, captured.crop, captured.channels)
        fill = bytearray(4 * picture.width * picture.height)
        for channel in range(3):
            fill[channel::4] = pixels[channel::3]
        fill[3::4] = weight
        return _over(self._before, _kept(_pixbuf(bytes(fill), *size, 4)))

    def _on_toggled(self, button: Gtk.RadioButton, index: int) -> None:
        if button.get_active():
            self._choose(index)

    def _on_scroll(self, _widget: Gtk.Widget, event: Gdk.EventScroll) -> bool:
        smooth, _across, down = event.get_scroll_deltas()
        if not smooth:
            down = {Gdk.ScrollDirection.UP: -1.0, Gdk.ScrollDirection.DOWN: 1.0}.get(event.direction, 0.0)
        if self._shown is None or not down:
            return False
        before, self._zoom = self._zoom, min(ZOOM_MAX, max(1.0, self._zoom * 2.0**-down))
        # What is under the pointer stays there.
        pull = 1 / before - 1 / self._zoom
        self._middle = tuple(
            at + (where / SIDE - 0.5) * pull
            for at, where in zip(self._middle, (event.x, event.y), strict=True)
        )
        self._draw(self._shown)
        return True

    def _draw(self, pixbuf: GdkPixbuf.Pixbuf | None) -> None:
        """Show the part of a picture that the zoom leaves."""
        if pixbuf is None:
            return
        sides = (pixbuf.get_width(), pixbuf.get_height())
        whole = max(sides)
        spans = [min(side, max(1, round(whole / self._zoom))) for side in sides]
        starts = [
            min(max(0, round(middle * side - span / 2)), side - span)
            for middle, side, span in zip(self._middle, sides, spans, strict=True)
        ]
        self._middle = tuple(
            (start + span / 2) / side for start, span, side in zip(starts, spans, sides, strict=True)
        )
        self._picture.set_from_pixbuf(_fitted(pixbuf.new_subpixbuf(*starts, *spans), SIDE))


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


def _fitted(pixbuf: GdkPixbuf.Pixbuf, side: int) -> GdkPixbuf.Pixbuf:
    """Scale a picture so that its longest side has a length."""
    width, height = pixbuf.get_width(), pixbuf.get_height()
    scale = side / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return pixbuf.scale_simple(*size, GdkPixbuf.InterpType.BILINEAR)


def _around(pixbuf: GdkPixbuf.Pixbuf, picture: FillPicture) -> GdkPixbuf.Pixbuf:
    """Return the part of a picture that holds its fill and a little more, where variants differ."""
    box = touched(picture.weight, picture.width) or Rect(0, 0, picture.width, picture.height)
    box = box.grown(4 + max(box.width, box.height) // 8, picture.width, picture.height)
    box = scaled(box, (picture.width, picture.height), (pixbuf.get_width(), pixbuf.get_height()))
    return pixbuf.new_subpixbuf(box.left, box.top, box.width, box.height)


def _kept(pixbuf: GdkPixbuf.Pixbuf) -> GdkPixbuf.Pixbuf:
    """Reduce a large picture to what is worth being kept."""
    longest = max(pixbuf.get_width(), pixbuf.get_height())
    return _fitted(pixbuf, KEPT_SIDE) if longest > KEPT_SIDE else pixbuf


def _over(under: GdkPixbuf.Pixbuf, over: GdkPixbuf.Pixbuf) -> GdkPixbuf.Pixbuf:
    """Draw one picture over another of the same size."""
    made = under.copy()
    over.composite(
        made, 0, 0, made.get_width(), made.get_height(), 0, 0, 1, 1, GdkPixbuf.InterpType.NEAREST, 255
    )
    return made
