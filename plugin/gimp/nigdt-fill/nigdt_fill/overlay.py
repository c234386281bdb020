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

from nigdt_fill.capture import Capture
from nigdt_fill.place import build_fill
from nigdt_fill.preview import PREVIEW, previews
from nigdt_fill.texts import _


class Overlay:
    """At most one preview in an image; what the user has selected among layers and channels stays so."""

    def __init__(self, image: Gimp.Image) -> None:
        self._image = image
        self.remove()  # what a plug-in that was killed has left

    def show(self, capture: Capture, picture: FillPicture) -> None:
        """Show an answer on top of the image, in place of the one before."""
        fill = build_fill(self._image, capture, picture, _("NIGDT: preview"))
        with self._outside_undo():
            self._take_out()
            layer = fill.insert(None, 0)
            layer.attach_parasite(Gimp.Parasite.new(PREVIEW, 0, [1]))
        Gimp.displays_flush()

    def remove(self) -> None:
        """Show the image as it is."""
        if self._image.is_valid() and previews(self._image):
            with self._outside_undo():
                self._take_out()
            Gimp.displays_flush()

    def _take_out(self) -> None:
        for layer in previews(self._image):
            self._image.remove_layer(layer)

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
