"""NIGDT: describe a region of a photo, get it filled.

Importing this package is cheap; torch is loaded when the first name that needs it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nigdt.bundle.weights import load_model
    from nigdt.context import Context
    from nigdt.errors import NigdtError
    from nigdt.inpainter import Fill, Inpainter
    from nigdt.photo.photo import Photo
    from nigdt.recipe import Recipe, Variant

__version__ = "0.1.0"

__all__ = [
    "Context",
    "Fill",
    "Inpainter",
    "NigdtError",
    "Photo",
    "Recipe",
    "Variant",
    "__version__",
    "load_model",
]

_HOME = {
    "Context": "nigdt.context",
    "Fill": "nigdt.inpainter",
    "Inpainter": "nigdt.inpainter",
    "NigdtError": "nigdt.errors",
    "Photo": "nigdt.photo.photo",
    "Recipe": "nigdt.recipe",
    "Variant": "nigdt.recipe",
    "load_model": "nigdt.bundle.weights",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
