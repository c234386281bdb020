"""The chunks of PNG files: what is written is read again, and a cut-off file ends the walk."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image, PngImagePlugin

from nigdt.photo import png


def picture() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "a bird")
    buffer = io.BytesIO()
    Image.new("RGB", (5, 3), (200, 10, 30)).save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


def test_written_again_from_its_chunks_a_file_is_the_same() -> None:
    data = picture()
    chunks = [(name, data[start:end]) for name, start, end in png.walk(data)]
    assert [name for name, _ in chunks] == [b"IHDR", b"tEXt", b"IDAT", b"IEND"]
    assert png.SIGNATURE + b"".join(png.chunk(name, body) for name, body in chunks) == data


@pytest.mark.parametrize("missing", [1, 4, 12, 15])
def test_a_cut_off_chunk_ends_the_walk(missing: int) -> None:
    names = [name for name, _, _ in png.walk(picture()[:-missing])]
    assert names == [b"IHDR", b"tEXt", b"IDAT"][: 3 if missing <= 12 else 2]


def test_a_wrong_checksum_is_wrong() -> None:
    written = png.chunk(b"tEXt", b"Title\0a bird", wrong=True)
    assert int.from_bytes(written[-4:]) != zlib.crc32(written[4:-4])
    assert written[:-4] == png.chunk(b"tEXt", b"Title\0a bird")[:-4]
