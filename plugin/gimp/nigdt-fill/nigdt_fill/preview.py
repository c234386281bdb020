"""Layers that show a fill for the time being: how they are told from the image's own."""

from __future__ import annotations

from gi.repository import Gimp

PREVIEW = "nigdt-preview"
"""Name of the parasite of such a layer."""


def previews(image: Gimp.Image) -> list[Gimp.Layer]:
    """Return the layers that show a fill for the time being."""
    return [layer for layer in image.get_layers() if layer.get_parasite(PREVIEW) is not None]


def duplicate(image: Gimp.Image) -> Gimp.Image:
    """Return a copy of the image without history and previews, which the caller deletes."""
    copy = image.duplicate()
    copy.undo_disable()
    for layer in previews(copy):
        copy.remove_layer(layer)
    return copy
