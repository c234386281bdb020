"""Writing a filled photo to a file."""

from __future__ import annotations

import shutil
from pathlib import Path

from nigdt.photo import provenance
from nigdt_plugin.core import files, openraster
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.layers import Layer


def save(
    document: Document, layers: tuple[Layer, ...], path: Path, names: tuple[str, str], stamp: bool
) -> None:
    """Write the picture; over the original only with a copy of that put beside it first. Slow.

    Args:
        document: The photo.
        layers: What is drawn over it.
        path: The file; its suffix says the format.
        names: What the photo and a fill without a caption are called in a file with layers.
        stamp: Whether the file says what was filled.

    Raises:
        NigdtError: The format is not known, or cannot hold the photo.
        OSError: The disk or the folder refuses.
    """
    if path.suffix.lower() == ".ora":
        data = openraster.encode(document, names)
    else:
        data = document.result(layers).encode(path.suffix)
        data = provenance.stamped(data, drawn(layers)) if stamp else data
    if document.path is not None and path.exists() and path.samefile(document.path):
        keep_original(path)
    mode = path.stat().st_mode if path.exists() else None
    files.write_atomically(path, data)
    if mode is None:
        files.public(path)
    else:
        path.chmod(mode)


def drawn(layers: tuple[Layer, ...]) -> list[provenance.DrawnFill]:
    """What the visible layers are made of."""
    return [
        provenance.DrawnFill(origin.region.box, origin.recipe, origin.selection)
        for layer in layers
        if layer.visible
        for origin in layer.origins
    ]


def keep_original(path: Path) -> Path:
    """Copy a photo that is about to be replaced to ``name.original.ext``, unless that exists already."""
    copy = path.with_name(f"{path.stem}.original{path.suffix}")
    if not copy.exists():
        shutil.copy2(path, copy)
    return copy
