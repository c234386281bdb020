from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from nigdt.box import Box
from nigdt.errors import PhotoError
from nigdt.photo.photo import Photo

WIDTH, HEIGHT = 61, 43
BOX = Box(20, 10, 24, 20)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def pixels(channels: int, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    """Noise over all values, so that one changed bit shows."""
    top = np.iinfo(dtype).max + 1
    shape = (HEIGHT, WIDTH, channels) if channels > 1 else (HEIGHT, WIDTH)
    return np.random.default_rng(seed).integers(0, top, shape, dtype=dtype)


def fill_and_weight(box: Box = BOX) -> tuple[np.ndarray, np.ndarray]:
    """A fill of plain colour, weight 1 in the middle, 1/2 around it, 0 in the outermost pixels."""
    fill = np.full((box.height, box.width, 3), (200, 80, 40), np.uint8)
    weight = np.zeros((box.height, box.width), np.float32)
    weight[2:-2, 2:-2] = 0.5
    weight[4:-4, 4:-4] = 1.0
    return fill, weight


def touched(photo: Photo, box: Box = BOX) -> np.ndarray:
    """(H, W) bool: where the upright photo may change."""
    _, weight = fill_and_weight(box)
    width, height = photo.size
    mask = np.zeros((height, width), bool)
    mask[box.top : box.bottom, box.left : box.right] = weight > 0
    return mask


PILLOW_KINDS = {
    "RGB": Image.fromarray(pixels(3)),
    "RGBA": Image.fromarray(pixels(4)),
    "L": Image.fromarray(pixels(1)),
    "LA": Image.fromarray(pixels(2)),
    "I;16": Image.fromarray(pixels(1, np.uint16)),
    "1": Image.fromarray(pixels(1)).convert("1"),
    "P": Image.fromarray(pixels(3)).quantize(40),
    "CMYK": Image.frombytes("CMYK", (WIDTH, HEIGHT), pixels(4).tobytes()),
}
LOSSLESS = [
    (kind, suffix)
    for kind in PILLOW_KINDS
    for suffix in (".png", ".tif", ".webp", ".bmp", ".gif")
    if suffix == ".tif"
    or (suffix == ".png" and kind != "CMYK")
    or (suffix == ".webp" and kind in ("RGB", "RGBA"))
    or (suffix == ".bmp" and kind in ("RGB", "L", "1"))
    or (suffix == ".gif" and kind == "P")
]


@pytest.mark.parametrize(("kind", "suffix"), LOSSLESS)
def test_exact_bytes_outside_the_blend_band(kind: str, suffix: str, tmp_path: Path) -> None:
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    options = {"lossless": True, "exact": True} if suffix == ".webp" else {}
    PILLOW_KINDS[kind].save(source, **options)
    photo = Photo.read(source)
    photo.paste(BOX, *fill_and_weight()).save(target)

    with Image.open(source) as before, Image.open(target) as after:
        assert after.mode == before.mode
        old, new = np.asarray(before), np.asarray(after)
        seen = np.asarray(after.convert("RGB"))
    change = touched(photo)
    np.testing.assert_array_equal(new[~change], old[~change])
    if kind in ("RGBA", "LA"):
        np.testing.assert_array_equal(new[..., -1], old[..., -1])
    assert (new[change] != old[change]).any()
    middle = seen[BOX.top + 6 : BOX.bottom - 6, BOX.left + 6 : BOX.right - 6].astype(int)
    if kind in ("RGB", "RGBA"):
        assert (middle == (200, 80, 40)).all()
    elif kind == "CMYK":
        assert np.abs(middle - (200, 80, 40)).max() <= 2
    elif kind == "P":  # 216 entries were free
        assert (middle == (200, 80, 40)).all()
    elif kind == "1":  # dithered
        assert abs(middle.mean() - 111) < 40
    elif kind != "I;16":
        assert (middle == 111).all()  # luma


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("kind", ["RGB;16", "RGBA;16"])
def test_sixteen_bit_colour_keeps_its_depth(kind: str, suffix: str, tmp_path: Path) -> None:
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    channels = 3 if kind == "RGB;16" else 4
    old = pixels(channels, np.uint16)
    assert cv2.imwrite(str(source), old[..., [2, 1, 0, 3][:channels]])
    photo = Photo.read(source)
    assert photo.kind == kind
    np.testing.assert_array_equal(photo.samples, old)
    assert np.abs(photo.rgb8.astype(float) * 257 - old[..., :3]).max() <= 128.5
    photo.paste(BOX, *fill_and_weight()).save(target)

    new = cv2.imread(str(target), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3][:channels]]
    change = touched(photo)
    np.testing.assert_array_equal(new[~change], old[~change])
    np.testing.assert_array_equal(new[..., 3:], old[..., 3:])
    assert (new[BOX.top + 6, BOX.left + 6, :3] == np.array([200, 80, 40]) * 257).all()
    half = new[BOX.top + 2, BOX.left + 2, :3]
    expected = (old[BOX.top + 2, BOX.left + 2, :3] + np.array([200, 80, 40]) * 257) / 2
    assert np.abs(half - expected).max() <= 0.5
    with Image.open(target) as seen:  # other readers agree
        assert np.abs(np.asarray(seen)[..., :3].astype(int) - (new[..., :3] >> 8)).max() <= 1


def test_sixteen_bit_grey_with_alpha(tmp_path: Path) -> None:
    photo = Photo(pixels(2, np.uint16), "LA;16", info={"dpi": (300, 300)})
    photo.save(tmp_path / "a.png")
    again = Photo.read(tmp_path / "a.png")
    assert again.kind == "LA;16"
    np.testing.assert_array_equal(again.samples, photo.samples)
    assert again.info["dpi"] == pytest.approx((300, 300), rel=1e-3)
    with pytest.raises(PhotoError, match="16-bit LA"):
        photo.save(tmp_path / "a.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sixteen_bit_files_keep_profile_and_orientation(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = Photo(
        pixels(3, np.uint16),
        "RGB;16",
        orientation=orientation,
        info={"icc_profile": ICC, "exif": exif.tobytes()},
    )
    for name in ("a.png", "a.tif"):
        photo.save(tmp_path / name)
        again = Photo.read(tmp_path / name)
        assert again.info["icc_profile"] == ICC
        assert again.size == ((HEIGHT, WIDTH) if orientation >= 5 else (WIDTH, HEIGHT))
        np.testing.assert_array_equal(again.rgb8, photo.rgb8)


@pytest.mark.parametrize("big_endian", [False, True])
def test_sixteen_bit_tiffs_keep_exif_but_for_what_describes_another_file(
    tmp_path: Path, big_endian: bool
) -> None:
    exif = Image.Exif()
    exif[0x0110], exif[0x0100] = "Camera 3", 9999  # the width of the raw picture
    exif[0x8769] = {0x829A: (1, 250), 0x9003: "2026:01:02 03:04:05"}
    exif.endian = ">" if big_endian else "<"
    photo = Photo(pixels(3, np.uint16), "RGB;16", info={"exif": exif.tobytes()})
    photo.save(tmp_path / "a.tif")
    again = Photo.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(again.samples, photo.samples)
    kept = Image.Exif()
    kept.load(again.info["exif"])
    assert kept[0x0110] == "Camera 3"
    assert kept.get_ifd(0x8769)[0x9003] == "2026:01:02 03:04:05"
    with Image.open(tmp_path / "a.tif") as image:
        assert image.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_exif_rotated_photos_are_seen_upright_and_stay_as_stored(
    orientation: int, suffix: str, tmp_path: Path
) -> None:
    source, target = tmp_path / f"in{suffix}", tmp_path / "out.png"
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "A maker"
    Image.fromarray(pixels(3)).save(source, exif=exif, **({"quality": 100} if suffix == ".jpg" else {}))
    with Image.open(source) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))  # Pillow's own reading of the eight cases
    photo = Photo.read(source)
    np.testing.assert_array_equal(photo.rgb8, expected)
    box = Box(5, 3, 24, 20)
    changed = photo.paste(box, *fill_and_weight(box))
    changed.save(target)
    with Image.open(target) as image:
        seen = np.asarray(ImageOps.exif_transpose(image))
        assert image.getexif()[0x010F] == "A maker"
        if suffix != ".tif":  # Pillow turns TIFFs while loading
            assert image.getexif()[0x0112] == orientation
    change = touched(photo, box)
    np.testing.assert_array_equal(seen[~change], expected[~change])
    assert (seen[3 + 6, 5 + 6] == (200, 80, 40)).all()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_profile_and_resolution_survive(suffix: str, tmp_path: Path) -> None:
    Image.fromarray(pixels(3)).save(tmp_path / f"in{suffix}", icc_profile=ICC, dpi=(300, 300))
    Photo.read(tmp_path / f"in{suffix}").paste(BOX, *fill_and_weight()).save(tmp_path / f"out{suffix}")
    with Image.open(tmp_path / f"out{suffix}") as image:
        assert image.info["icc_profile"] == ICC
        if suffix != ".webp":  # WebP has no place for it
            assert image.info["dpi"] == pytest.approx((300, 300), rel=1e-3)


def test_jpeg_is_encoded_with_its_own_tables(tmp_path: Path) -> None:
    smooth = Image.fromarray(cv2.GaussianBlur(pixels(3), (0, 0), 4))
    smooth.save(tmp_path / "in.jpg", quality=77)
    photo = Photo.read(tmp_path / "in.jpg")
    photo.save(tmp_path / "out.jpg")
    with Image.open(tmp_path / "in.jpg") as before, Image.open(tmp_path / "out.jpg") as after:
        assert after.quantization == before.quantization
        assert np.abs(np.asarray(after).astype(int) - np.asarray(before)).mean() < 1


def test_full_palette_takes_the_nearest_colours(tmp_path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8), "L")
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette(np.random.default_rng(1).integers(0, 256, 768, dtype=np.uint8).tobytes())
    image.save(tmp_path / "in.png")
    photo = Photo.read(tmp_path / "in.png")
    changed = photo.paste(BOX, *fill_and_weight())
    change = touched(photo)
    np.testing.assert_array_equal(changed.samples[~change], photo.samples[~change])
    colours = np.asarray(image.getpalette("RGB")).reshape(-1, 3)
    best = np.abs(colours - (200, 80, 40)).astype(float) ** 2
    assert (changed.rgb8[BOX.top + 8, BOX.left + 8] == colours[best.sum(1).argmin()]).all()


def test_transparent_palette_entries_stay(tmp_path: Path) -> None:
    image = Image.fromarray(pixels(3)).quantize(200)
    image.save(tmp_path / "in.png", transparency=bytes([0] * 100 + [255] * 100))
    photo = Photo.read(tmp_path / "in.png")
    photo.paste(BOX, *fill_and_weight()).save(tmp_path / "out.png")
    with Image.open(tmp_path / "in.png") as before, Image.open(tmp_path / "out.png") as after:
        assert after.mode == "P"
        np.testing.assert_array_equal(
            np.asarray(after.convert("RGBA"))[..., 3], np.asarray(before.convert("RGBA"))[..., 3]
        )


def test_a_palette_without_an_opaque_entry_is_left_alone(tmp_path: Path) -> None:
    Image.fromarray(pixels(3)).quantize(200).save(tmp_path / "in.png", transparency=bytes(range(200)))
    photo = Photo.read(tmp_path / "in.png")
    photo.paste(BOX, *fill_and_weight()).save(tmp_path / "out.png")
    with Image.open(tmp_path / "in.png") as before, Image.open(tmp_path / "out.png") as after:
        np.testing.assert_array_equal(np.asarray(after.convert("RGBA")), np.asarray(before.convert("RGBA")))


@pytest.mark.parametrize(("kind", "key"), [("L", 111), ("L", 77), ("RGB", (200, 80, 40)), ("RGB", (1, 2, 3))])
def test_one_transparent_colour_stays_where_it_was(
    kind: str, key: int | tuple[int, ...], tmp_path: Path
) -> None:
    """The fill's own grey or colour may be the one that the file calls transparent."""
    values = pixels(1 if kind == "L" else 3).copy()
    values[BOX.top : BOX.bottom : 2, BOX.left : BOX.right : 2] = key
    Image.fromarray(values).save(tmp_path / "in.png", transparency=key)
    photo = Photo.read(tmp_path / "in.png")
    photo.paste(BOX, *fill_and_weight()).save(tmp_path / "out.png")
    with Image.open(tmp_path / "in.png") as before, Image.open(tmp_path / "out.png") as after:
        old, new = (np.asarray(image.convert("RGBA")) for image in (before, after))
    np.testing.assert_array_equal(new[..., 3], old[..., 3])
    seen = touched(photo) & (old[..., 3] == 255)
    assert (new[seen] != old[seen]).any(axis=1).mean() > 0.9
    middle = new[BOX.top + 7, BOX.left + 7, :3].astype(int)
    assert np.abs(middle - (111 if kind == "L" else (200, 80, 40))).max() <= 1


def test_fill_that_leaves_the_photo_is_cut() -> None:
    photo = Photo.from_image(PILLOW_KINDS["RGB"])
    box = Box(-10, -5, 24, 20)
    changed = photo.paste(box, *fill_and_weight(box))
    assert (changed.rgb8[3, 3] == (200, 80, 40)).all()
    assert photo.paste(Box(500, 500, 24, 20), *fill_and_weight(box)) is photo
    nothing = np.zeros((20, 24), np.float32)
    np.testing.assert_array_equal(photo.paste(box, fill_and_weight(box)[0], nothing).samples, photo.samples)
    with pytest.raises(ValueError, match="do not fit"):
        photo.paste(Box(0, 0, 10, 10), *fill_and_weight(box))


def test_photos_do_not_change_and_cannot_be_written_into() -> None:
    photo = Photo.from_image(PILLOW_KINDS["RGB"])
    before = photo.samples.copy()
    photo.paste(BOX, *fill_and_weight())
    np.testing.assert_array_equal(photo.samples, before)
    for array in (photo.samples, photo.rgb8):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 0


@pytest.mark.parametrize("kind", PILLOW_KINDS)
def test_pillow_pictures_come_back_equal(kind: str) -> None:
    image = PILLOW_KINDS[kind]
    back = Photo.from_image(image).to_image()
    assert back.mode == image.mode
    np.testing.assert_array_equal(np.asarray(back), np.asarray(image))
    if kind == "P":
        np.testing.assert_array_equal(np.asarray(back.convert("RGB")), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("kind", ["RGB", "P"])
def test_tall_fills_are_mixed_alike_in_every_row(kind: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (700, 40, 3), dtype=np.uint8))
    photo = Photo.from_image(image if kind == "RGB" else image.quantize(100))
    fill = np.broadcast_to(np.array([200, 80, 40], np.uint8), (700, 40, 3))
    changed = photo.paste(Box(0, 0, 40, 700), fill, np.full((700, 40), 0.5, np.float32))
    expected = (photo.rgb8.astype(float) + fill) / 2
    assert np.abs(changed.rgb8 - expected).max() <= (0.5 if kind == "RGB" else 30)
    weight = np.zeros((700, 40), np.float32)
    weight[600:] = 1
    lower = photo.paste(Box(0, 0, 40, 700), fill, weight)
    np.testing.assert_array_equal(lower.rgb8[:600], photo.rgb8[:600])
    assert (lower.rgb8[600:] == (200, 80, 40)).all()


def test_input_is_not_overwritten_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    PILLOW_KINDS["RGB"].save(path)
    photo = Photo.read(path)
    (tmp_path / "link.png").symlink_to(path)
    before = path.read_bytes()
    changed = photo.paste(BOX, *fill_and_weight())
    for name in ("in.png", "link.png"):
        with pytest.raises(PhotoError, match="the photo itself"):
            changed.save(tmp_path / name)
    assert path.read_bytes() == before
    changed.save(path, overwrite=True)
    assert path.read_bytes() != before


def test_writes_are_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"precious")
    path.chmod(0o640)
    photo = Photo.from_image(PILLOW_KINDS["RGB"])

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(PhotoError, match="No space left"):
            photo.save(path)
    assert path.read_bytes() == b"precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.png"]
    photo.save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.png"]
    assert path.stat().st_mode & 0o777 == 0o640
    with pytest.raises(PhotoError, match="No such file"):
        photo.save(tmp_path / "nowhere" / "out.png")


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [("RGBA", ".jpg"), ("LA", ".jpg"), ("I;16", ".jpg"), ("I;16", ".webp"), ("CMYK", ".png"), ("RGB", ".gif"),
     ("RGB", ".docx"), ("RGB", "")],
)  # fmt: skip
def test_formats_that_would_lose_something_are_refused(kind: str, suffix: str, tmp_path: Path) -> None:
    with pytest.raises(PhotoError) as caught:
        Photo.from_image(PILLOW_KINDS[kind]).save(tmp_path / f"out{suffix}")
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["RGB", "L", "1", "P", "CMYK"])
def test_jpeg_takes_what_it_can_hold(kind: str, tmp_path: Path) -> None:
    Photo.from_image(PILLOW_KINDS[kind]).save(tmp_path / "out.jpg")
    assert Photo.read(tmp_path / "out.jpg").size == (WIDTH, HEIGHT)


def test_damaged_and_unfit_files_give_clear_errors(tmp_path: Path) -> None:
    whole = io.BytesIO()
    PILLOW_KINDS["RGB"].save(whole, "PNG")
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "moving.avif", save_all=True, append_images=frames[1:])
    (tmp_path / "cut.png").write_bytes(whole.getvalue()[:2000])
    (tmp_path / "words.png").write_text("not a picture")
    (tmp_path / "empty.jpg").write_bytes(b"")
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "float.tif")
    Image.fromarray(np.zeros((4, 4), np.int32)).save(tmp_path / "integer.tif")
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    huge = bytearray(whole.getvalue())
    huge[16:29] = header
    huge[29:33] = struct.pack(">I", zlib.crc32(b"IHDR" + header))
    (tmp_path / "huge.png").write_bytes(bytes(huge))
    expected = {
        "moving.gif": "several pictures",
        "moving.avif": "several pictures",
        "cut.png": "damaged",
        "words.png": "not a picture of a format",
        "empty.jpg": "not a picture",
        "float.tif": "mode F",
        "integer.tif": "signed",
        "huge.png": "too many",
        "missing.png": "No such file",
    }
    for name, words in expected.items():
        with pytest.raises(PhotoError) as caught:
            Photo.read(tmp_path / name)
        assert words in str(caught.value), name
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)
