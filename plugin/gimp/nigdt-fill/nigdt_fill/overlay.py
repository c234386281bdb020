"""The preview in the image itself: a layer outside the undo history, which goes with the dialog.

GIMP's own filters draw their previews without a layer, by the GEGL graph of the image's display; in GIMP 3.0
and 3.2 a plug-in cannot hang one of its own in there. So a layer is put in while undo is frozen: no step is
recorded, undoing and redoing pass it by, and an unchanged image stays unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gi.repository import Gimp
from nigdt_backend.protocol import FillPicture

from nigdt_fill.again import Drawn, set_visible
from nigdt_fill.capture import Capture
from nigdt_fill.place import build_fill
from nigdt_fill.preview import PREVIEW, previews
from nigdt_fill.texts import _


class Overlay:
    """At most one preview in an image; what the user has selected among layers and channels stays so.

    Of a fill that is made again it lies above the old one, which is hidden meanwhile.
    """

    def __init__(self, image: Gimp.Image, drawn: Drawn | None = None) -> None:
        self._image, self._drawn = image, drawn
        self._hidden: Gimp.Layer | None = None
        self.remove()  # what a plug-in that was killed has left

    def show(self, capture: Capture, picture: FillPicture) -> None:
        """Show an answer on top of the image, in place of the one before."""
        fill = build_fill(self._image, capture, picture, _("NIGDT: preview"))
        with self._outside_undo():
            self._take_out()
            layer = fill.insert(*self._place())
            # Kept in files, too, so that one that was saved is found again.
            layer.attach_parasite(Gimp.Parasite.new(PREVIEW, Gimp.PARASITE_PERSISTENT, [1]))
        Gimp.displays_flush()

    def remove(self) -> None:
        """Show the image as it is."""
        if self._image.is_valid() and previews(self._image.get_layers()):
            with self._outside_undo():
                self._take_out()
            Gimp.displays_flush()

    def _place(self) -> tuple[Gimp.Layer | None, int]:
        """Return group and position for the preview, and hide what it replaces."""
        if self._drawn is None or not self._drawn.there:
            return None, 0
        old = self._drawn.item
        if old.get_visible():
            set_visible(old, False)
            self._hidden = old
        return old.get_parent(), self._image.get_item_position(old)

    def _take_out(self) -> None:
        for layer in previews(self._image.get_layers()):
            self._image.remove_layer(layer)
        if self._hidden is not None and self._hidden.is_valid():
            set_visible(self._hidden, True)
        self._hidden = None

    @contextmanager
    def _outside_undo(self) -> Iterator[None]:
        dirty = self._image.is_dirty()
        layers, channels = self._image.get_selected_layers(), self._image.get_selected_channels()
        self._image.undo_freeze()
        try:
            yield
        finally:
            # GIMP takes an empty selection for an error, and tells the user so.
            if channels:
                self._image.set_selected_channels(channels)
            elif kept := [layer for layer in layers if layer.is_valid()]:
                self._image.set_selected_layers(kept)
            self._image.undo_thaw()
            if not dirty:
                self._image.clean_all()
