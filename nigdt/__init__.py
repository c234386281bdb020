"""NIGDT: describe a region of a photo, get it filled.

Importing this package is cheap; torch is loaded when the first name that needs it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nigdt_backend.client import Client, DaemonError

    from nigdt.bundle.weights import load_model
    from nigdt.context import Context
    from nigdt.errors import (
        BundleError,
        CaptionError,
        DeviceError,
        ModelError,
        NigdtError,
        PhotoError,
        SelectionError,
    )
    from nigdt.inpainter import Fill, Inpainter
    from nigdt.photo.photo import Photo
    from nigdt.recipe import Recipe, Variant

__version__ = "0.1.0"

__all__ = [
    "BundleError",
    "CaptionError",
    "Client",
    "Context",
    "DaemonError",
    "DeviceError",
    "Fill",
    "Inpainter",
    "ModelError",
    "NigdtError",
    "Photo",
    "PhotoError",
    "Recipe",
    "SelectionError",
    "Variant",
    "__version__",
    "load_model",
]

_ERRORS = ("Bundle", "Caption", "Device", "Model", "Nigdt", "Photo", "Selection")
_HOME = {
    **{f"{name}Error": "nigdt.errors" for name in _ERRORS},
    "Client": "nigdt_backend.client",
    "Context": "nigdt.context",
    "DaemonError": "nigdt_backend.client",
    "Fill": "nigdt.inpainter",
    "Inpainter": "nigdt.inpainter",
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
