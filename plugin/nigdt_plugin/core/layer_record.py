"""What a layer is beside its pixels, as plain values: for the autosave and for project files."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nigdt.photo.provenance import DrawnSelection
from nigdt.recipe import Recipe
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer, Origin, Pixels

_ROUNDING = 1e-3


def to_dict(layer: Layer) -> dict[str, Any]:
    """Convert all but the pixels and their weight to plain values, for JSON."""
    return {
        "id": layer.id,
        "region": list(layer.region),
        "recipe": layer.recipe.to_dict(),
        "visible": layer.visible,
        "name": layer.name,
        "opacity": layer.opacity,
        "round": layer.round,
        "fill": layer.fill,
        "selection": layer.selection and layer.selection.to_dict(),
        "merged": [
            {
                "region": list(origin.region),
                "recipe": origin.recipe.to_dict(),
                "selection": origin.selection and origin.selection.to_dict(),
            }
            for origin in layer.merged
        ],
    }


def layer_of(
    values: dict[str, Any], rgb: Pixels, weight: NDArray[np.float32], mask: Pixels | None = None
) -> Layer:
    """Read what `to_dict` gave.

    Args:
        values: The record.
        rgb: (h, w, 3) uint8.
        weight: (h, w) float32.
        mask: (h, w) uint8, None for none.

    Raises:
        ValueError: A value is out of range, or the pixels are not those of the region.
        KeyError: One is missing.
    """
    region = Region(*(int(value) for value in values["region"]))
    if rgb.shape != (region.height, region.width, 3) or weight.shape != rgb.shape[:2]:
        raise ValueError("A layer's pixels do not fill its region.")
    whole = rgb.dtype == np.uint8 and weight.dtype.kind == "f"
    if not whole or not -_ROUNDING <= weight.min() <= weight.max() <= 1 + _ROUNDING:  # NaN is neither
        raise ValueError("A layer's pixels or weights are out of range.")
    if mask is not None and (mask.shape != weight.shape or mask.dtype != np.uint8):
        raise ValueError("A layer's mask does not fill its region.")
    opacity = float(values["opacity"])
    if not 0 <= opacity <= 1:
        raise ValueError("A layer's opacity is not between 0 and 1.")
    return Layer(
        region,
        rgb,
        weight.astype(np.float32, copy=False).clip(0, 1),
        Recipe.from_dict(values["recipe"]),
        bool(values["visible"]),
        round=str(values["round"]),
        fill=str(values["fill"]),
        selection=_selection(values["selection"]),
        merged=tuple(
            Origin(
                Region(*(int(value) for value in origin["region"])),
                Recipe.from_dict(origin["recipe"]),
                _selection(origin["selection"]),
            )
            for origin in values["merged"]
        ),
        name=str(values["name"]),
        opacity=opacity,
        mask=mask,
    )


def _selection(data: Any) -> DrawnSelection | None:
    return None if data is None else DrawnSelection.from_dict(data)
