from __future__ import annotations

import struct
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from nigdt.photo import jpeg_xmp
from nigdt.photo.photo import Photo

WIDTH, HEIGHT = 61, 43
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/">Größe</x:xmpmeta>'.encode()
STRIP_OFFSETS, ROWS_PER_STRIP, COMPRESSION, PREDICTOR = 273, 278, 259, 317


def picture(depth: int = 8) -> Image.Image:
    shape = (HEIGHT, WIDTH, 3) if depth == 8 else (HEIGHT, WIDTH)
    kind = np.uint8 if depth == 8 else np.uint16
    return Image.fromarray(np.random.default_rng(0).integers(0, 2**depth, shape, dtype=kind))


def saved(path: Path, **options: Any) -> Photo:
    picture().save(path, **options)
    return Photo.read(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("depth", [8, 16])
def test_a_turned_tiff_is_written_as_tiff_and_png(orientation: int, depth: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "A maker"
    picture(depth).save(tmp_path / "in.tif", exif=exif)
    photo = Photo.read(tmp_path / "in.tif")
    for name in ("out.tif", "out.png"):
        photo.save(tmp_path / name)
        again = Photo.read(tmp_path / name)
        np.testing.assert_array_equal(again.samples, photo.samples)
        assert again.orientation == 1  # Pillow turned the samples
        with Image.open(tmp_path / name) as image:
            assert image.getexif()[0x010F] == "A maker"


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "tiff_lzw", "tiffinfo": {PREDICTOR: 2}},
        {"compression": "jpeg", "quality": 95},
        {"compression": "packbits"},
        {"tiffinfo": {ROWS_PER_STRIP: 7}},
        {"icc_profile": ICC, "tiffinfo": {270: "A picture"}},
    ],
    ids=lambda options: "-".join(options),  # the profile's bytes hold the time, and workers must agree
)
def test_how_a_tiff_stored_its_samples_is_not_said_of_another_file(
    options: dict[str, Any], tmp_path: Path
) -> None:
    photo = saved(tmp_path / "in.tif", **options)
    exif = Image.Exif()
    exif.load(photo.info.get("exif", b""))
    assert not {STRIP_OFFSETS, ROWS_PER_STRIP, COMPRESSION, PREDICTOR} & set(exif)
    photo.save(tmp_path / "out.tif")
    with Image.open(tmp_path / "out.tif") as image:
        np.testing.assert_array_equal(np.asarray(image), photo.samples)
        assert image.info.get("icc_profile") == options.get("icc_profile")
        assert image.getexif().get(270) == options.get("tiffinfo", {}).get(270)


def test_reading_leaves_the_callers_picture_as_it_was(tmp_path: Path) -> None:
    picture().save(tmp_path / "in.tif")
    with Image.open(tmp_path / "in.tif") as image:
        before = dict(image.getexif())
        Photo.from_image(image)
        assert dict(image.getexif()) == before


@pytest.mark.parametrize("target", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("source", ["png", "jpg", "webp", "tif"])
def test_xmp_goes_from_every_format_to_every_format(source: str, target: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"xmp": XMP}
    if source == "png":
        options = {"pnginfo": PngImagePlugin.PngInfo()}
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    elif source == "tif":
        options = {"tiffinfo": {700: XMP}}
    saved(tmp_path / f"in.{source}", **options).save(tmp_path / f"out.{target}")
    with Image.open(tmp_path / f"out.{target}") as image:
        assert image.info["xmp"] == XMP


def png_chunks(data: bytes) -> dict[bytes, bytes]:
    chunks, at = {}, 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunks[data[at + 4 : at + 8]] = data[at + 8 : at + 8 + length]
        at += length + 12
    return chunks


@pytest.mark.parametrize("depth", [8, 16])
def test_what_the_samples_of_a_png_mean_survives(depth: int, tmp_path: Path) -> None:
    meaning = {
        b"gAMA": struct.pack(">I", 100_000),
        b"cHRM": struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6001),
        b"sRGB": b"\x01",
    }
    info = PngImagePlugin.PngInfo()
    for name, body in meaning.items():
        info.add(name, body)
    photo = saved(tmp_path / "in.png", pnginfo=info)
    if depth == 16:
        photo = Photo(photo.samples.astype(np.uint16) * 257, "RGB;16", info=photo.info)
    photo.save(tmp_path / "out.png")
    chunks = png_chunks((tmp_path / "out.png").read_bytes())
    assert {name: chunks[name] for name in meaning} == meaning
    np.testing.assert_array_equal(Photo.read(tmp_path / "out.png").samples, photo.samples)


def test_the_preview_that_shows_what_was_there_before_is_left_out(tmp_path: Path) -> None:
    preview = BytesIO()
    Image.new("RGB", (16, 12), "red").save(preview, "JPEG")

    def directory(entries: list[tuple[int, int, int]], following: int) -> bytes:
        rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
        return struct.pack("<H", len(entries)) + rows + struct.pack("<I", following)

    second = 8 + 2 + 12 + 4
    at = second + 2 + 3 * 12 + 4
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + directory([(0x0112, 3, 6)], second)
    exif += directory([(0x0103, 3, 6), (0x0201, 4, at), (0x0202, 4, len(preview.getvalue()))], 0)
    photo = saved(tmp_path / "in.jpg", exif=exif + preview.getvalue())
    assert preview.getvalue() in (tmp_path / "in.jpg").read_bytes()
    assert photo.orientation == 6
    for name in ("out.jpg", "out.png", "out.webp", "out.tif"):
        photo.save(tmp_path / name)
        assert preview.getvalue() not in (tmp_path / name).read_bytes()


def _segment(body: bytes, marker: bytes = b"\xff\xe1") -> bytes:
    return marker + struct.pack(">H", len(body) + 2) + body


def test_a_jpegs_iptc_and_comment_are_kept_or_what_lacks_them_is_told() -> None:
    """Captions and rights of press photos are there."""
    iptc = b"\x1c\x02\x78\x00\x05Hello"
    resource = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(iptc)) + iptc
    buffer = BytesIO()
    extra = _segment(b"Photoshop 3.0\0" + resource, b"\xff\xed")
    Image.new("RGB", (40, 30), "navy").save(buffer, "JPEG", extra=extra, comment=b"by me")
    photo = Photo.from_bytes(buffer.getvalue())
    assert photo.losses(".jpg") == ()
    again = Image.open(BytesIO(photo.encode(".jpg")))
    assert again.info["photoshop"][0x0404] == iptc
    assert again.info["comment"] == b"by me"
    for suffix in (".png", ".tif", ".webp"):
        assert any("IPTC" in told for told in photo.losses(suffix)), suffix


@pytest.mark.parametrize("own", [False, True])
def test_an_extension_of_anothers_xmp_is_told_before_the_work(own: bool) -> None:
    """Phones keep the picture as it was before there; one with a record of fills is written anew."""
    namespace = "urn:nigdt:provenance" if own else "http://ns.google.com/photos/1.0/image/"
    data = jpeg_xmp_document(f'xmlns:d="{namespace}" d:Data="{"A" * 100_000}"')
    packet = jpeg_xmp_document(
        f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="{jpeg_xmp.digest(data)}"'
    )
    buffer = BytesIO()
    Image.new("RGB", (40, 30), "navy").save(buffer, "JPEG")
    plain = buffer.getvalue()
    photo = Photo.from_bytes(plain[:2] + jpeg_xmp.segments(packet, data) + plain[2:])
    told = photo.losses(".jpg")
    assert [("XMP extension" in one) for one in told] == ([] if own else [True])
    assert b"AAAAAAAA" not in photo.encode(".jpg")


def jpeg_xmp_document(attributes: str) -> bytes:
    head = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    return f'{head}<rdf:Description rdf:about="" {attributes}/></rdf:RDF></x:xmpmeta>'.encode()


@pytest.mark.parametrize("depth", [8, 16])
def test_what_a_jpeg_says_of_a_tiff_it_was_made_from_is_not_said_of_a_new_one(depth: int) -> None:
    told = Image.Exif()  # as editors write them into a JPEG that was a TIFF, and was cut since
    told.update({257: 9, 262: 1, 266: 2, 284: 2, 317: 2, 338: 1, 339: 2, 340: 7, 271: "A maker", 274: 6})
    samples = np.random.default_rng(0).integers(0, 2**depth, (HEIGHT, WIDTH, 3), f"uint{depth}")
    photo = Photo(samples, "RGB" if depth == 8 else "RGB;16", orientation=6, info={"exif": told.tobytes()})
    assert photo.losses(".tif") == ()
    again = Photo.from_bytes(photo.encode(".tif"), "a.tif")
    np.testing.assert_array_equal(again.rgb8, photo.rgb8)
    kept = Image.Exif()
    kept.load(again.info["exif"])
    assert dict(kept) == {271: "A maker"}


def test_thousands_of_exif_tags_keep_nobody_waiting() -> None:
    many = Image.Exif()
    for tag in range(1, 3000):
        many[tag] = 1
    photo = Photo(np.asarray(picture()), "RGB", info={"exif": many.tobytes()})
    started = time.process_time()
    told = photo.losses(".tif")
    assert time.process_time() - started < 4
    assert told == () or "EXIF" in told[0]
    np.testing.assert_array_equal(Photo.from_bytes(photo.encode(".tif")).rgb8, photo.rgb8)
