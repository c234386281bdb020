"""Selections from files, as the command line and the panel read them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nigdt.errors import NigdtError, SelectionError
from nigdt.photo.mask import read_mask

WHERE = np.zeros((30, 40), np.uint8)
WHERE[5:12, 8:20] = 255


def rgba(colour: int, alpha: np.ndarray) -> Image.Image:
    return Image.fromarray(np.dstack([np.full((*alpha.shape, 3), colour, np.uint8), alpha]))


def turned() -> tuple[Image.Image, Image.Exif]:
    exif = Image.Exif()
    exif[0x0112] = 6
    return Image.fromarray(np.ascontiguousarray(np.rot90(WHERE))), exif


MASKS = {
    "grey": Image.fromarray(WHERE),
    "colour": Image.fromarray(np.repeat(WHERE[..., None], 3, 2)),
    "white with alpha": rgba(255, WHERE),
    "black paint on nothing": rgba(0, WHERE),
    "white under a haze": Image.merge("RGBA", [Image.fromarray(WHERE)] * 3 + [Image.new("L", (40, 30), 254)]),
    "white, half transparent": Image.merge(
        "RGBA", [Image.fromarray(WHERE)] * 3 + [Image.new("L", (40, 30), 128)]
    ),
    "opaque": rgba(0, np.full_like(WHERE, 255)),
    "16 bit": Image.fromarray(WHERE.astype(np.uint16) * 257),
    "1 bit": Image.fromarray(WHERE).convert("1"),
}


@pytest.mark.parametrize("name", MASKS)
def test_masks_of_every_kind_select_the_same(name: str, tmp_path: Path) -> None:
    MASKS[name].save(tmp_path / "mask.png")
    if name == "opaque":
        with pytest.raises(SelectionError, match="Nothing is selected"):
            read_mask(tmp_path / "mask.png", 40, 30)
        return
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", 40, 30), WHERE)


def test_a_turned_mask_is_taken_upright(tmp_path: Path) -> None:
    image, exif = turned()
    image.save(tmp_path / "mask.png", exif=exif)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", 40, 30), WHERE)


def test_a_transparent_colour_is_not_selected(tmp_path: Path) -> None:
    Image.fromarray(WHERE).save(tmp_path / "mask.png", transparency=0)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", 40, 30), WHERE)


@pytest.mark.parametrize("size", [(80, 60), (20, 15), (30, 40)])
def test_a_mask_of_another_size_is_refused(size: tuple[int, int], tmp_path: Path) -> None:
    Image.new("L", size, 255).save(tmp_path / "mask.png")
    with pytest.raises(SelectionError, match="pixels, the photo 40 x 30"):
        read_mask(tmp_path / "mask.png", 40, 30)


@pytest.mark.parametrize(
    "labels",
    [
        Image.fromarray((WHERE > 0).astype(np.uint8)),
        Image.fromarray((WHERE > 0).astype(np.uint16)),
        Image.fromarray(np.dstack([WHERE // 2, 0 * WHERE, 0 * WHERE])),
    ],
    ids=["0 and 1", "0 and 1 of 65535", "dark red"],
)
def test_labels_are_not_taken_for_a_mask(labels: Image.Image, tmp_path: Path) -> None:
    labels.save(tmp_path / "mask.png")
    with pytest.raises(NigdtError, match=r"brightest pixel .* white"):
        read_mask(tmp_path / "mask.png", 40, 30)
