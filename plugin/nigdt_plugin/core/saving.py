"""Writing a filled photo to a file."""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import itertools
import shutil
from functools import partial
from pathlib import Path

from nigdt.errors import PhotoError
from nigdt.files import beside, check_writable, same_file, write_atomically
from nigdt.photo import provenance
from nigdt.photo.export import exported
from nigdt.photo.photo import Photo, other_names
from nigdt_plugin.core import openraster
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.layers import Layer


def save(
    document: Document,
    layers: tuple[Layer, ...],
    path: Path,
    names: tuple[str, str],
    stamp: bool,
    caption: str = "",
) -> tuple[str, ...]:
    """Write the picture; over the original only with a copy of that put beside it first. Slow.

    Args:
        document: The photo.
        layers: What is drawn over it.
        path: The file; its suffix says the format.
        names: What the photo and a fill without a caption are called in a file with layers.
        stamp: Whether the file says what was filled.
        caption: What is written in the caption; a project keeps it.

    Returns:
        What the format left out, unless it is the photo's own, of which `losses` told when it was opened; and
        whether the file had further names.

    Raises:
        NigdtError: The format is not known, or cannot hold the photo.
        OSError: The disk or the folder refuses.
    """
    check_writable(path)  # before the picture is encoded, which takes long
    told: tuple[str, ...] = ()
    linked = other_names(path)
    if path.suffix.lower() == openraster.SUFFIX:
        data = openraster.encode(document, layers, names, caption)
    else:
        photo, fills = document.result(layers), drawn(layers) if stamp else []
        data = provenance.stamped(photo.encode(path.suffix), fills)
        if document.near is None or document.near.suffix.lower() != path.suffix.lower():
            told = photo.losses(path.suffix, recorded=bool(fills))
    over = document.near is not None and path.exists() and same_file(path, document.near)
    if over:
        keep_original(path, document.written)
    write_atomically(path, data)
    if over:
        document.written = hashlib.sha256(data).digest()
    return (*told, *linked)


def losses(photo: Photo, path: Path, stamp: bool) -> tuple[str, ...]:
    """Return what would be left out if a photo were saved under its own name; nothing if it cannot be."""
    try:
        return photo.losses(path.suffix, recorded=stamp)
    except PhotoError:  # which is said to who tries
        return ()


def export(
    document: Document, layers: tuple[Layer, ...], path: Path, *, quality: int, longest: int, stamp: bool
) -> tuple[str, ...]:
    """Write a picture to give away; the document counts as unsaved as before. Slow.

    Args:
        document: The photo.
        layers: What is drawn over it.
        path: The file; its suffix says the format.
        quality: 1 to 100.
        longest: Most pixels of the longer side, 0 for any.
        stamp: Whether the file says what was filled.

    Returns:
        What the file lacks that the photo has, and whether it had further names.

    Raises:
        NigdtError: The format is not one for exports, or the file is the photo itself.
        OSError: The disk or the folder refuses.
    """
    check_writable(path)
    if document.near is not None and path.exists() and same_file(path, document.near):
        raise PhotoError(f"{path.name} is the photo itself.", "Choose another name.")
    data, told = exported(document.result(layers), path.suffix, quality=quality, longest=longest or None)
    linked = other_names(path)
    write_atomically(path, provenance.stamped(data, drawn(layers)) if stamp else data)
    return (*told, *linked)


def drawn(layers: tuple[Layer, ...]) -> list[provenance.DrawnFill]:
    """Return what the visible layers are made of."""
    return [
        provenance.DrawnFill(origin.region.box, origin.recipe, origin.selection)
        for layer in layers
        if layer.visible
        for origin in layer.origins
    ]


def keep_original(path: Path, written: bytes | None = None) -> Path | None:
    """Copy a photo that is about to be replaced to `name.original.ext`, whole and on disk.

    Where a file of that name holds something else (the original of another photo, or a part of one), the copy
    becomes `name.original-2.ext`, and so on. A copy that is there already serves again.

    Args:
        path: The photo; a link is followed.
        written: SHA-256 of what this panel wrote there itself, which is no original.

    Returns:
        The copy, or None where the file is what this panel wrote.

    Raises:
        OSError: It cannot be copied; then nothing may replace it.
    """
    path = path.resolve()
    if written is not None and _digest(path) == written:
        return None
    for number in itertools.count(1):
        copy = beside(path, ".original" if number == 1 else f".original-{number}")
        if not copy.exists() and not copy.is_symlink():
            break
        if copy.is_file() and filecmp.cmp(path, copy, shallow=False):
            return copy
    with path.open("rb") as file:
        write_atomically(copy, partial(shutil.copyfileobj, file))
    with contextlib.suppress(OSError):  # the date is a convenience; the pixels are what counts
        shutil.copystat(path, copy)
    return copy


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()
