"""OpenRaster files: the photo and each fill as a layer of its own, for GIMP, Krita and others."""

from __future__ import annotations

import html
import io
import zipfile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nigdt_plugin.core.document import Document


def encode(document: Document, names: tuple[str, str]) -> bytes:
    """Return the bytes of an .ora file (8 bits per channel).

    Args:
        document: Photo and layers.
        names: Name of the photo's layer, and of a fill without a caption.
    """
    buffer = io.BytesIO()
    entries: list[str] = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "image/openraster")  # first, and not compressed
        for position, layer in enumerate(document.layers):
            alpha = np.rint(layer.weight * 255).astype(np.uint8)
            name = f"data/layer{position + 1}.png"
            archive.writestr(name, _png(np.dstack([layer.rgb, alpha])))
            visible = "visible" if layer.visible else "hidden"
            entries.append(
                f'<layer name="{html.escape(layer.caption or names[1])}" src="{name}" x="{layer.region.left}"'
                f' y="{layer.region.top}" opacity="1.0" visibility="{visible}"/>'
            )
        archive.writestr("data/photo.png", _png(document.photo.rgb8))
        entries.insert(0, f'<layer name="{html.escape(names[0])}" src="data/photo.png" x="0" y="0"/>')
        stack = "".join(reversed(entries))  # OpenRaster lists the top layer first
        archive.writestr(
            "stack.xml",
            f"<?xml version='1.0' encoding='UTF-8'?><image version='0.0.3' w='{document.width}'"
            f" h='{document.height}'><stack>{stack}</stack></image>",
        )
        archive.writestr("mergedimage.png", _png(document.rgb))
        thumbnail = Image.fromarray(document.rgb)
        thumbnail.thumbnail((256, 256))
        archive.writestr("Thumbnails/thumbnail.png", _png(np.asarray(thumbnail)))
    return buffer.getvalue()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()
