"""An OpenRaster file from the panel, opened in the real GIMP: each fill a layer, where and as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gimp_session import GimpSession
from nigdt_plugin.core import openraster
from nigdt_plugin.core.document import Document, Layer
from nigdt_plugin.core.geometry import Region
from PIL import Image

from nigdt.photo.photo import Photo
from nigdt.recipe import Recipe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_the_panels_file_opens_with_its_layers(gimp: GimpSession, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (80, 96, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    document = Document(Photo.read(tmp_path / "photo.png"))
    soft = np.linspace(0, 1, 200, dtype=np.float32).reshape(10, 20)
    red = np.full((10, 20, 3), (255, 0, 0), np.uint8)
    document.apply(Layer(Region(40, 30, 60, 40), red, soft, Recipe('a "red" bird & <more>')), "apply")
    blue = np.full((8, 8, 3), (0, 0, 255), np.uint8)
    document.apply(Layer(Region(5, 6, 13, 14), blue, np.ones((8, 8), np.float32)), "apply")
    hidden = Layer(Region(50, 2, 58, 10), blue, np.ones((8, 8), np.float32), visible=False, name="Möwe")
    document.apply(hidden, "apply")
    half = Layer(Region(70, 60, 78, 68), blue, np.ones((8, 8), np.float32), opacity=0.5, name="half")
    document.apply(half, "apply")
    (gimp.work / "panel.ora").write_bytes(openraster.encode(document, document.layers, ("Photo", "Fill")))
    said = gimp.run(
        """
    file = Gio.File.new_for_path("/mnt/work/panel.ora")
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    layers = image.get_layers()
    result = {
        "size": [image.get_width(), image.get_height()],
        "names": [layer.get_name() for layer in layers],
        "boxes": [[*layer.get_offsets()[1:], layer.get_width(), layer.get_height()] for layer in layers],
        "opacities": [round(layer.get_opacity(), 1) for layer in layers],
        "shown": [layer.get_visible() for layer in layers],
        "weight": list(read(layers[3], "A u8")),
        "photo": list(read(layers[-1], "R'G'B' u8")),
        "seen": list(composite(image, "R'G'B' u8")),
    }
"""
    )
    assert said["size"] == [96, 80]
    assert said["names"] == ["half", "Möwe", "Fill", 'a "red" bird & <more>', "Photo"]
    assert said["boxes"] == [[70, 60, 8, 8], [50, 2, 8, 8], [5, 6, 8, 8], [40, 30, 20, 10], [0, 0, 96, 80]]
    assert said["opacities"] == [50.0, 100.0, 100.0, 100.0, 100.0]
    assert said["shown"] == [True, False, True, True, True]
    assert said["weight"] == np.rint(soft * 255).ravel().tolist()
    assert said["photo"] == pixels.ravel().tolist()
    # GIMP blends such layers in linear light, the panel in sRGB: the same where a fill is opaque.
    seen = np.array(said["seen"]).reshape(80, 96, 3)
    opaque = np.ones((80, 96), bool)
    opaque[30:40, 40:60] = (soft == 0) | (soft == 1)
    opaque[60:68, 70:78] = False
    assert opaque.sum() > 80 * 96 - 300
    assert np.abs(seen - document.rgb)[opaque].max() == 0
    light = np.where(seen < 11, seen / 3294.6, ((seen / 255 + 0.055) / 1.055) ** 2.4)[30:40, 40:60]
    photo = pixels[30:40, 40:60] / 255
    photo = np.where(photo < 0.0404, photo / 12.92, ((photo + 0.055) / 1.055) ** 2.4)
    alpha = np.rint(soft * 255)[..., None] / 255
    assert np.abs(light - (photo + alpha * (np.array([1, 0, 0]) - photo))).max() < 0.01
