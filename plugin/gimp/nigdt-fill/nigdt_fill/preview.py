"""Layers that show a fill for the time being: how they are told from the image's own."""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import Gimp

PREVIEW = "nigdt-preview"
"""Name of the parasite of such a layer."""


def is_preview(layer: Gimp.Layer) -> bool:
    """Return whether a layer shows a fill for the time being."""
    return layer.get_parasite(PREVIEW) is not None


def previews(layers: Sequence[Gimp.Layer]) -> list[Gimp.Layer]:
    """Return those layers, and layers in groups, that show a fill for the time being."""
    found = [layer for layer in layers if is_preview(layer)]
    for layer in layers:
        found += previews(layer.get_children()) if layer.is_group() else []
    return found


def duplicate(image: Gimp.Image) -> Gimp.Image:
    """Return a copy of the image without history and previews, which the caller deletes."""
    copy = image.duplicate()
    copy.undo_disable()
    for layer in previews(copy.get_layers()):
        copy.remove_layer(layer)
    return copy
