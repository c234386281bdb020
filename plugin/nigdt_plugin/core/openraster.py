"""OpenRaster files: projects of the panel, and pictures with layers for GIMP, Krita and others.

Every layer is a PNG with its weight as alpha, so that other programs show what the panel shows. What they do
not know (recipes, the photo's own file, the selection) lies in `nigdt/`, which they leave out when they save.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt.errors import NigdtError, PhotoError, printable
from nigdt.photo.opening import MAX_BYTES, MAX_PIXELS, opened, read_file, reason
from nigdt.photo.photo import Photo
from nigdt_plugin.core import layer_record
from nigdt_plugin.core.document import Document
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.layers import Layer

SUFFIX = ".ora"
_FORMAT = 1
_PROJECT, _SELECTION, _ORIGINAL = "nigdt/project.json", "nigdt/selection.png", "nigdt/original"
_THUMBNAIL, _LARGEST_THUMBNAIL = "Thumbnails/thumbnail.png", 4 * 2**20
_OVER = "svg:src-over"
_LARGEST_TEXT = 64 * 2**20
_MOST_LAYERS = 1000
_LONGEST_NAME = 255
_DENSEST, _LEAST_DENSE = 200, 64 * 2**20
"""How many bytes one packed byte may become, and from which size on; PNGs are packed already."""
_PIXELS_PER_BYTE = 100
"""More of a photo's pixels than this no PNG packs into a byte."""


@dataclass(frozen=True)
class Project:
    """What a project file holds.

    Attributes:
        document: Photo, layers and selection; its path is that of the photo's own file, where that is still
            the same.
        caption: What was written in the caption.
        flattened: Whether its layers were opened as one picture.
    """

    document: Document
    caption: str
    flattened: bool = False


def encode(document: Document, layers: tuple[Layer, ...], names: tuple[str, str], caption: str = "") -> bytes:
    """Return the bytes of an .ora file. Slow.

    Args:
        document: The photo; what other programs see of it has 8 bits per channel.
        layers: From the lowest to the topmost.
        names: Name of the photo's layer, and of a fill without a caption.
        caption: What is written in the caption.
    """
    buffer = io.BytesIO()
    root = ElementTree.Element("image", version="0.0.3", w=str(document.width), h=str(document.height))
    stack = ElementTree.SubElement(root, "stack")
    sources = [f"data/layer{number + 1}.png" for number in range(len(layers))]
    for layer, source in reversed(list(zip(layers, sources, strict=True))):  # the topmost comes first
        ElementTree.SubElement(
            stack,
            "layer",
            {
                "name": printable(layer.name or layer.caption or names[1]),  # XML has no control characters
                "src": source,
                "x": str(layer.region.left),
                "y": str(layer.region.top),
                "opacity": f"{layer.opacity:.4g}",
                "visibility": "visible" if layer.visible else "hidden",
                "composite-op": _OVER,
            },
        )
    ElementTree.SubElement(stack, "layer", name=printable(names[0]), src="data/photo.png", x="0", y="0")
    whole = document.selection.whole
    photo, seen = document.original.rgba, document.drawn(whole, layers).rgba
    thumbnail = Image.fromarray(seen)
    thumbnail.thumbnail((256, 256))
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "image/openraster")  # first; PNGs are compressed already
        archive.writestr("stack.xml", ElementTree.tostring(root, "utf-8", xml_declaration=True))
        for layer, source in zip(layers, sources, strict=True):
            alpha = np.rint(layer.kept * 255).astype(np.uint8)
            archive.writestr(source, _png(np.dstack([layer.rgb, alpha])))
        archive.writestr("data/photo.png", _png(photo))
        archive.writestr("mergedimage.png", _png(seen))
        archive.writestr(_THUMBNAIL, _png(np.asarray(thumbnail)))
        _write_own(archive, document, layers, sources, caption)
    return buffer.getvalue()


def _write_own(
    archive: zipfile.ZipFile,
    document: Document,
    layers: tuple[Layer, ...],
    sources: list[str],
    caption: str,
) -> None:
    """Write what only the panel reads: the photo as it was opened, the recipes, the selection."""
    path = document.path
    records = []
    for number, (layer, source) in enumerate(zip(layers, sources, strict=True), 1):
        record = {"src": source, **layer_record.to_dict(layer)}
        if layer.mask is not None:  # what it hides is in no picture
            record["mask"], record["weight"] = (f"nigdt/{name}{number}.png" for name in ("mask", "weight"))
            archive.writestr(record["mask"], _png(layer.mask))
            archive.writestr(record["weight"], _png(np.rint(layer.weight * 255).astype(np.uint8)))
        records.append(record)
    header = {
        "format": _FORMAT,
        "photo": str(path.absolute()) if path is not None else "",
        "colour": not document.photo.grey,
        "caption": caption,
        "layers": records,
    }
    archive.writestr(_PROJECT, json.dumps(header))
    archive.writestr(_ORIGINAL, _original(document))
    archive.writestr(_SELECTION, _png(document.selection.mask))


def _original(document: Document) -> bytes:
    """Return the photo's own file, or one that holds as much where that has changed."""
    photo = document.photo
    if document.path is not None and photo is document.opened_photo:
        with contextlib.suppress(NigdtError):
            data = read_file(document.path)
            if np.array_equal(Photo.from_bytes(data).samples, photo.samples):
                return data
    return photo.encode(photo.lossless_suffix)


def decode(path: Path, budget: int) -> Project:
    """Read an .ora file, of the panel or of another program. Slow.

    Args:
        path: The file.
        budget: Bytes of memory for undo.

    Raises:
        PhotoError: It is damaged, or no OpenRaster file.
        OSError: It cannot be read.
    """
    if not path.is_file():
        raise PhotoError(f"{path.name} is a folder or a device, not a picture.")
    try:
        with zipfile.ZipFile(path) as archive:
            if _read(archive, "mimetype", _LARGEST_TEXT).strip() != b"image/openraster":
                raise ValueError("it is not an OpenRaster file")
            if _PROJECT in archive.namelist():
                return _own(archive, budget)
            return _foreign(archive, budget)
    except OSError as error:
        if error.errno is not None:
            raise
        raise PhotoError(f"{path.name} cannot be read as layers ({reason(error)}).") from None
    except Exception as error:  # what a damaged archive makes its readers raise has a dozen types
        raise PhotoError(f"{path.name} cannot be read as layers ({reason(error)}).") from None


def _read(archive: zipfile.ZipFile, name: str, most: int = MAX_BYTES) -> bytes:
    """Read a member of so many bytes at most.

    Raises:
        ValueError: It is larger, or unpacks to far more than pictures do.
        KeyError: There is none.
    """
    entry = archive.getinfo(name)
    if entry.file_size > most:
        raise ValueError(f"{name} is too large")
    if entry.file_size > max(_LEAST_DENSE, _DENSEST * entry.compress_size):
        raise ValueError(f"{name} looks like a decompression bomb")
    return archive.read(entry)


def thumbnail(path: Path) -> bytes:
    """Return the small PNG of an .ora file.

    Raises:
        OSError: The file cannot be read.
        Exception: It is damaged, or no OpenRaster file; archives raise a dozen types then.
    """
    with zipfile.ZipFile(path) as archive:
        return _read(archive, _THUMBNAIL, _LARGEST_THUMBNAIL)


def _own(archive: zipfile.ZipFile, budget: int) -> Project:
    header = json.loads(_read(archive, _PROJECT, _LARGEST_TEXT))
    if header["format"] != _FORMAT:
        raise ValueError("it comes from another version")
    original = _read(archive, _ORIGINAL)
    document = Document(Photo.from_bytes(original), _same_file(str(header["photo"]), original), budget)
    if header["colour"]:
        document.photo = document.photo.in_colour()
    layers: list[Layer] = []
    for record in header["layers"]:
        _check_room(archive, layers)
        rgba = _pixels(archive, record["src"])
        mask = _pixels(archive, record["mask"], "L") if "mask" in record else None
        drawn = rgba[..., 3] if mask is None else _pixels(archive, record["weight"], "L")
        weight = drawn.astype(np.float32) / np.float32(255)
        rgb = np.ascontiguousarray(rgba[..., :3])
        layers.append(layer_record.layer_of(record, rgb, weight, mask))
        if not layers[-1].region.within(document.selection.whole):
            raise ValueError("a layer lies outside the photo")
    _show(document, tuple(layers))
    mask = _pixels(archive, _SELECTION, "L")
    if mask.shape == document.selection.mask.shape:
        document.selection.write(document.selection.whole, mask)
    return Project(document, str(header["caption"]))


def _same_file(name: str, original: bytes) -> Path | None:
    """Return the photo's own file, if it is still what was opened."""
    path = Path(name)
    try:
        return path if path.is_absolute() and read_file(path) == original else None
    except (NigdtError, ValueError):  # a name with a zero byte
        return None


def _foreign(archive: zipfile.ZipFile, budget: int) -> Project:
    """Read another program's layers; where they do what the panel cannot, all of them as one picture."""
    described = _read(archive, "stack.xml", _LARGEST_TEXT)
    _refuse_document_type(described)
    root = ElementTree.fromstring(described)  # noqa: S314 - checked above
    size = int(root.attrib["w"]), int(root.attrib["h"])
    stack = root.find("stack")
    entries = list(reversed(list(stack))) if stack is not None else []
    base = _read(archive, entries[0].attrib["src"]) if entries and entries[0].tag == "layer" else b""
    if not base or not all(_plain(entry) for entry in entries) or not _is_ground(entries[0], base, size):
        document = Document(Photo.from_bytes(_read(archive, "mergedimage.png")), None, budget)
        return Project(document, "", flattened=True)
    document = Document(Photo.from_bytes(base), None, budget)
    layers: list[Layer] = []
    for entry in entries[1:]:
        _check_room(archive, layers)
        layer = _foreign_layer(archive, entry, document)
        if layer is not None:
            layers.append(layer)
    _show(document, tuple(layers))
    return Project(document, "")


def _plain(entry: ElementTree.Element) -> bool:
    """Return whether an entry is a layer that is simply drawn over those below."""
    return entry.tag == "layer" and entry.get("composite-op", _OVER) == _OVER


def _is_ground(entry: ElementTree.Element, data: bytes, size: tuple[int, int]) -> bool:
    """Return whether the lowest layer covers the whole picture, as a photo does."""
    with opened(data) as image:
        whole = image.size == size and _place(entry) == (0, 0)
    return whole and entry.get("visibility") != "hidden" and _opacity(entry) == 1


def _foreign_layer(archive: zipfile.ZipFile, entry: ElementTree.Element, document: Document) -> Layer | None:
    """Return a layer cut to the photo; None where nothing of it lies there."""
    rgba = _pixels(archive, entry.attrib["src"])
    left, top = _place(entry)
    region = Region(left, top, left + rgba.shape[1], top + rgba.shape[0])
    inside = region.clipped(document.width, document.height)
    if inside.empty:
        return None
    part = rgba[inside.top - top : inside.bottom - top, inside.left - left : inside.right - left]
    return Layer(
        inside,
        np.ascontiguousarray(part[..., :3]),
        part[..., 3].astype(np.float32) / np.float32(255),
        visible=entry.get("visibility") != "hidden",
        name=printable(entry.get("name", ""))[:_LONGEST_NAME],
        opacity=_opacity(entry),
    )


def _opacity(entry: ElementTree.Element) -> float:
    opacity = float(entry.get("opacity", 1))
    if math.isnan(opacity):
        raise ValueError("the opacity of a layer is not a number")
    return min(max(opacity, 0.0), 1.0)


def _refuse_document_type(described: bytes) -> None:
    """Refuse a description with entities, which could grow without bound, in whatever encoding."""

    def refuse(*_: object) -> None:
        raise ValueError("its description declares a document type")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(described, True)


def _check_room(archive: zipfile.ZipFile, layers: Sequence[Layer]) -> None:
    """Refuse more layers when those that there are hold far more pixels than the file can tell of."""
    pixels = sum(layer.region.width * layer.region.height for layer in layers)
    packed = sum(entry.compress_size for entry in archive.infolist())
    if len(layers) >= _MOST_LAYERS or pixels > max(2 * MAX_PIXELS, _PIXELS_PER_BYTE * packed):
        raise ValueError("its layers are too many")


def _place(entry: ElementTree.Element) -> tuple[int, int]:
    return int(float(entry.get("x", 0))), int(float(entry.get("y", 0)))


def _show(document: Document, layers: tuple[Layer, ...]) -> None:
    document.set_layers(layers)
    document.mark_saved(layers)


def _pixels(archive: zipfile.ZipFile, name: str, mode: str = "RGBA") -> NDArray[np.uint8]:
    """Decode one PNG of the archive."""
    try:
        with opened(_read(archive, name), name) as image:
            if image.format != "PNG":
                raise ValueError(f"{name} is not a PNG")
            return np.array(image.convert(mode), np.uint8)
    except NigdtError as error:
        raise ValueError(error.message) from None


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
