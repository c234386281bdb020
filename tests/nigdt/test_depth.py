"""Photos with more bits than are read are opened with a notice."""

from __future__ import annotations

import base64
import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nigdt.photo.depth import avif_bits, jxl_bits
from nigdt.photo.photo import Photo

# Written by libavif and libjxl, deflated: (bits) and (bits, width, height).
AVIFS = {
    8: (
        "eNpjYGBQSCupLEgsy0xjAAIQnZuZZpibmZjm62joCBR6nZtaksgAAYoZKTlFUDZDQWZyCQMa4CvILMkFsxiBWC4zJz8ZxHEB"
        "8RkhoozCQFoeiDUyM/PS4GqlgJxUJigvsczA0Dk/Jx9sV1ZmQVEBkPbOLEjOB9IimcUFqVD7OKBYoCCzIhMkwMzBAeLzJJYZ"
        "OjcqgNUIJ+fnFOUl51QwMAEhWwNQSDyzIBfmJ6DDWBiZmlmATPXclMQSIQYuDguO/blMTGwTjATFm5JZDjB8AtowwS5/z4/6"
        "AwD4JjVd"
    ),
    10: (
        "eNpjYGBQSCupLEgsy0xjAAIQnZuZZpibmZjm62joCBR6nZtaksgAAYoZKTlFUDZDQWZyCQMa4CvILMkFsxiBWC4zJz8ZxHEB"
        "8RkhoozCQFoeiDUyM/PS4GqlgJxUJigvsczA0Dk/Jx9sV1ZmQVEBkPbOLEjOB9IimcUFqVD7OKBYoCCzIhMkwMzFxQWkeBLL"
        "DJ0bFRxAQsLJ+TlFeck5FQxMQMjWABQSzyzIhfkJ6DAWRqZmFiBTPTclsUSIgYvDgmN/PhMT2wQjQfGmZJYDDJ+AkhNs7TaH"
        "9xsAAAttNDk="
    ),
    12: (
        "eNpjYGCQSSupLEgsy0xjAAIQnZuZZpibmQjiv85NLUlkgADFjJScIiiboSAzuYQBDfAVZJbkglmMQCyXmZOfDOK4gPiMEFFG"
        "fpAMEGtkZualwdVKATmpTFBeYpmBoXN+Tj7YrqzMgqICIO2dWZCcD6RFMosLUqH2cUCxQEFmRSZIgJmHhwdI8SSWGTo3OiSA"
        "hIST83OK8pJzKhiYgJCtASgknlmQC/MT0GEsjEzNLECmWm5KYokQAxdHBMf+bIeGxkVGAuJNySwHGD4xMEywEVgccdAHANCK"
        "NOk="
    ),
}
JXLS = {
    (8, 24, 16): ("eNr7z8XsqMLBwshgw+At0S3aIPvjPwODQN0KZUYAUtEGrA=="),
    (10, 24, 16): ("eNr7z8Uc6HBRiYOFkcGGwVuiW7RB9sd/BgaBuhXKjABvmAfL"),
    (12, 24, 17): ("eNr7z9XAoHegYZErBwsjgw2Dt0S3aIPsj/8MDBMOvVFmBACYBgoh"),
    (16, 300, 100): (
        "eNpjYGDg8YrwUeDlaudiYGAQSSupLMiqyFEAshmgNCeQzgFJagMZyf+5JJjDHrEvyBDkYGFk8GHwlugWbZD995+B4ULjH2V+"
        "jvccjAABvhUQ"
    ),
    (16, 8, 8): (
        "eNpjYGDg8YrwUeDlaudiYGAQSSupLMiqyFEAshmgNCeQzgFJqgIZyf+5HD8wB2zh4GBhZLBh8JboFm2QvfKfQeLC+lkKjACPLBNw"
    ),
    (32, 24, 16): (
        "eNpjYGDg8YrwUeDlaudiYGAQSSupLMiqyFEAshmgNCeQzgFJygAZyf+5mE8yiugycbAwMkgweEt0izYxAgDYQw3U"
    ),
}


def unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


@pytest.mark.parametrize("bits", AVIFS)
def test_an_avif_of_more_than_8_bits_is_named(bits: int) -> None:
    data = unpacked(AVIFS[bits])
    photo = Photo.from_bytes(data, "a.avif")
    assert photo.size == (8, 8)
    if bits == 8:
        assert photo.notices == ()
    else:
        (notice,) = photo.notices
        assert f"{bits} bits per channel" in notice
    for box in (b"pixi", b"av1C"):  # one is enough
        assert avif_bits(data.replace(box, b"free")) == bits
    for size in range(0, len(data), 7):
        assert avif_bits(data[:size]) in (8, bits)


def test_what_pillow_writes_as_avif_has_8_bits_whatever_is_beside_it() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(buffer, "AVIF")
    data = buffer.getvalue()
    assert Photo.from_bytes(data).notices == ()
    alpha = data.index(b"pixi", data.index(b"pixi") + 4)
    deep = data[: alpha + 9] + b"\x0a" + data[alpha + 10 :]  # of the second picture, the alpha
    assert avif_bits(deep) == 8


@pytest.mark.parametrize("case", JXLS)
def test_a_jpeg_xl_says_its_bits(case: tuple[int, int, int], tmp_path: Path) -> None:
    bits, *size = case
    data = unpacked(JXLS[case])
    assert jxl_bits(data) == bits
    for cut in range(len(data)):
        jxl_bits(data[:cut])
    pytest.importorskip("pillow_jxl")
    (tmp_path / "a.jxl").write_bytes(data)
    photo = Photo.read(tmp_path / "a.jxl")
    assert photo.size == tuple(size)
    assert any(f"{bits} bits per channel" in notice for notice in photo.notices) == (bits > 8)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_a_heic_of_more_than_8_bits_is_named(bits: int, tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    dtype, mode = (np.uint8, "RGB") if bits == 8 else (np.uint16, "RGB;16")
    heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    heif.from_bytes(mode, (64, 64), np.full((64, 64, 3), 99, dtype).tobytes()).save(tmp_path / "a.heic")
    told = Photo.read(tmp_path / "a.heic").notices
    assert len(told) == (bits > 8)
    assert all(f"{bits} bits per channel" in notice for notice in told)


@pytest.mark.parametrize("mode", ["I;16", "LA"])
def test_a_grey_jpeg_xl_keeps_its_bits_and_its_alpha(mode: str, tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl")
    grey = np.add.outer(np.arange(20) * 1000, np.arange(30) * 1500).astype(np.uint16)
    image = (
        Image.fromarray(grey) if mode == "I;16" else Image.fromarray(grey.view(np.uint8).reshape(20, 30, 2))
    )
    image.save(tmp_path / "a.jxl", lossless=True)
    photo = Photo.read(tmp_path / "a.jxl")
    assert (photo.kind, photo.notices) == (mode, ())
    np.testing.assert_array_equal(photo.samples, np.asarray(image))
