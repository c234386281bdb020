"""Things that a bundle keeps of its owner's photos, and what fills show of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.numpy import save

import nigdt
from nigdt import Inpainter
from nigdt.bundle.bundle import CUT_OUTS, read_bundle, verify_bundle
from nigdt.bundle.cutouts import LONGEST, MOST, load_cut_outs, save_cut_outs
from nigdt.bundle.weights import check_runnable
from nigdt.bundle.writing import install_bundle, write_sums
from nigdt.colours import rgb_to_lab
from nigdt.errors import BundleError
from nigdt.pasted import CutOut, Placement, is_amid, laid_out, light_of
from nigdt.recipe import Variant
from tests.cut_outs import BIRDS, LIGHT, write_bundle, zorp

SHIPPED = Path(nigdt.__file__).parent / "bundles" / "nigdt-small"
PLACE = Placement(BIRDS, mirrored=False, left=0.25, top=0.2, width=0.5, height=0.6)


def ground(height: int = 240, width: int = 320, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 1.0)
    light = np.linspace(0.4, 1.6, width)[None, :, None]
    return np.clip(np.uint8([90, 130, 80]) * light + noise[..., None] * 70, 0, 255).astype(np.uint8)


def box_hole(photo: np.ndarray) -> np.ndarray:
    hole = np.zeros(photo.shape[:2], np.uint8)
    hole[40:220, 90:240] = 255
    return hole


@pytest.fixture(scope="module")
def inpainter(tmp_path_factory: pytest.TempPathFactory) -> Inpainter:
    folder = tmp_path_factory.mktemp("bundles") / "zorps"
    write_bundle(folder)
    return Inpainter.from_bundle(str(folder), device="cpu")


def where_brown(pixels: np.ndarray) -> np.ndarray:
    red, _, blue = (channel.astype(int) for channel in cv2.split(pixels))
    return (red - blue > 45).astype(np.uint8)


def test_what_was_kept_is_seen_where_it_is_asked_for(inpainter: Inpainter) -> None:
    photo = ground()
    hole = box_hole(photo)
    fill = inpainter.fill_context(photo, hole, "a zorp")[0]
    left, top, width, height = cv2.boundingRect(where_brown(fill.pixels))
    assert height > 0.85 * 180, "it fills the hole"
    assert top + height > 210, "and stands at its lower end"
    above = cv2.boundingRect(where_brown(fill.pixels)[: top + 2 * height // 3])
    assert above[2] / height == pytest.approx(80 / 120, rel=0.08), "in its own proportions"
    assert left >= 90
    assert left + width <= 240
    body = fill.pixels[top + height // 3 + 4 : top + 2 * height // 3 - 4, left + 30 : left + width - 30]
    rows = body.astype(float).mean(axis=(1, 2))
    assert np.ptp(rows) > 50, "with its stripes"
    assert (body[..., 0].astype(int) - body[..., 2]).mean() > 40, "in its browns"
    assert np.array_equal(fill.pixels[hole == 0], photo[hole == 0])
    assert np.array_equal(fill.pixels, inpainter.fill_context(photo, hole, "a zorp")[0].pixels)


def test_other_answers_face_the_other_way(inpainter: Inpainter) -> None:
    photo = ground()
    hole = box_hole(photo)
    variants = [Variant(), *(Variant(seed) for seed in range(1, 7))]
    fills = [fill.pixels for fill in inpainter.fill_context(photo, hole, "a zorp", variants)]
    heads = set()
    for pixels in fills:
        changed = where_brown(pixels)
        left, top, width, height = cv2.boundingRect(changed)
        upper = changed[top : top + height // 4, left : left + width]
        heads.add(bool(upper[:, : width // 2].sum() > upper[:, width // 2 :].sum()))
    assert heads == {True, False}


def test_everything_else_is_drawn_as_without(inpainter: Inpainter, tmp_path: Path) -> None:
    write_bundle(tmp_path / "plain", {})
    plain = Inpainter.from_bundle(str(tmp_path / "plain"), device="cpu")
    assert not plain._teller.shown.cut_outs
    photo = ground()
    for caption in ("a bird", "grass", "a dog"):
        one, other = (net.fill_context(photo, box_hole(photo), caption)[0] for net in (inpainter, plain))
        assert np.array_equal(one.pixels, other.pixels)
    one, other = (net.fill_context(photo, box_hole(photo), "a zorp")[0] for net in (inpainter, plain))
    assert not np.array_equal(one.pixels, other.pixels)


def test_it_takes_the_colour_that_is_asked_for(tmp_path: Path) -> None:
    write_bundle(tmp_path / "zorps", source=SHIPPED)
    net = Inpainter.from_bundle(str(tmp_path / "zorps"), device="cpu")
    photo = ground()
    brown, blue = (
        net.fill_context(photo, box_hole(photo), caption)[0].pixels.astype(int)
        for caption in ("a zorp", "a blue zorp")
    )
    thing = where_brown(brown.astype(np.uint8)) > 0
    assert (brown[thing][:, 2] - brown[thing][:, 0]).mean() < -20
    assert (blue[thing][:, 2] - blue[thing][:, 0]).mean() > 20


def test_it_takes_over_the_light_of_its_photo() -> None:
    photo = ground()
    hole = box_hole(photo) > 0
    seen = {}
    for name, around in (("bright", photo), ("dark", photo // 3)):
        laid, alpha = laid_out(zorp(), PLACE, around, around, hole)
        seen[name] = rgb_to_lab(laid[alpha > 0.9] / np.float32(255))[:, 0].mean()
    assert seen["dark"] < seen["bright"] - 8


def test_it_is_no_sharper_than_its_photo() -> None:
    photo = ground()
    hole = box_hole(photo) > 0
    edges = {}
    for name, around in (("sharp", photo), ("soft", cv2.GaussianBlur(photo, (0, 0), 3))):
        laid, alpha = laid_out(zorp(), PLACE, around, around, hole)
        fine = np.abs(cv2.Laplacian(cv2.cvtColor(laid, cv2.COLOR_RGB2GRAY), cv2.CV_32F))
        edges[name] = fine[cv2.erode((alpha > 0.95).astype(np.uint8), np.ones((5, 5))) > 0].mean()
    assert edges["soft"] < 0.6 * edges["sharp"]


def test_that_is_shown_first_whose_light_suits_the_photo(tmp_path: Path) -> None:
    dark, bright = np.array([0, 35, 0, 0, 5], np.float32), np.array([30, 99, 0, 0, 30], np.float32)
    red, blue = zorp().pixels.copy(), zorp().pixels.copy()
    red[..., :3], blue[..., :3] = (190, 40, 40), (40, 40, 190)
    kept = {BIRDS: CutOut(red, dark), BIRDS + 1: CutOut(blue, bright)}
    write_bundle(tmp_path / "zorps", kept)
    net = Inpainter.from_bundle(str(tmp_path / "zorps"), device="cpu")
    photo = ground()
    for around, channel in ((photo // 5, 0), (np.minimum(255, photo * 1.8).astype(np.uint8), 2)):
        fill = net.fill_context(around, box_hole(around), "a zorp")[0].pixels.astype(int)
        red_or_blue = fill[100:150, 140:190].mean(axis=(0, 1))
        assert red_or_blue[channel] > red_or_blue[2 - channel] + 10


def test_where_it_touches_smooth_ground_there_is_a_shadow() -> None:
    photo = np.full((240, 320, 3), 180, np.uint8)
    hole = box_hole(photo) > 0
    laid, alpha = laid_out(zorp(), PLACE, photo, photo, hole)
    beside = (alpha == 0) & (laid[..., 0] < 165)
    rows = np.flatnonzero(beside.any(axis=1))
    assert len(rows)
    lowest = np.flatnonzero((alpha > 0.5).any(axis=1))[-1]
    assert abs(rows - lowest).max() < 20, "at its feet alone"
    perched, _ = laid_out(zorp(), PLACE, photo, photo, hole, shadow=False)
    assert not ((alpha == 0) & (perched != photo).any(axis=2)).any()


def test_a_hole_in_such_a_thing_is_not_filled_with_another() -> None:
    seen = zorp().pixels
    coat = np.full((100, 100, 3), np.median(seen[seen[..., 3] > 200][:, :3], axis=0), np.uint8)
    hole = np.zeros((100, 100), bool)
    hole[40:60, 40:60] = True
    assert is_amid(coat, hole, [zorp()])
    assert not is_amid(ground(100, 100), hole, [zorp()])


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    info = write_bundle(tmp_path / "zorps")
    found = load_cut_outs(info)
    assert list(found) == [BIRDS]
    assert np.array_equal(found[BIRDS].pixels, zorp().pixels)
    assert np.array_equal(found[BIRDS].light, LIGHT)
    check_runnable(verify_bundle(info.folder))
    installed = install_bundle(info.folder, "mine")
    assert (installed.folder / CUT_OUTS).read_bytes() == (info.folder / CUT_OUTS).read_bytes()
    assert load_cut_outs(read_bundle(SHIPPED)) == {}, "the default holds nobody's photos"


def damaged() -> dict[str, bytes]:
    pixels, light = zorp().pixels, LIGHT
    good = {f"pixels.{BIRDS}": pixels, f"light.{BIRDS}": light}
    wide = np.zeros((20, LONGEST + 1, 4), np.uint8)
    many = {
        f"{kind}.{i}": value
        for i in range(MOST + 1)
        for kind, value in (("pixels", pixels), ("light", light))
    }
    return {
        "cut off": save(good)[:-40],
        "no safetensors": b"hello, I am a pickle",
        "another kind of numbers": save(good | {f"pixels.{BIRDS}": pixels.astype(np.float32)}),
        "no opacity": save(good | {f"pixels.{BIRDS}": np.ascontiguousarray(pixels[..., :3])}),
        "too wide": save(good | {f"pixels.{BIRDS}": wide}),
        "tiny": save(good | {f"pixels.{BIRDS}": np.zeros((2, 2, 4), np.uint8)}),
        "no light": save({f"pixels.{BIRDS}": pixels}),
        "light that is none": save(good | {f"light.{BIRDS}": np.full(5, np.nan, np.float32)}),
        "an outline that is not there": save({"pixels.9": pixels, "light.9": light}),
        "a name": save(good | {"../../x": light}),
        "many": save(many),
    }


@pytest.mark.parametrize("kind", damaged())
def test_damaged_files_are_refused_in_a_line(kind: str, tmp_path: Path) -> None:
    info = write_bundle(tmp_path / "zorps")
    (info.folder / CUT_OUTS).write_bytes(damaged()[kind])
    with pytest.raises(BundleError, match="checksum differs"):
        verify_bundle(info.folder)
    write_sums(info.folder)  # whoever damages it can do that too
    with pytest.raises(BundleError, match=f"Bundle zorps: {CUT_OUTS} cannot be read") as caught:
        Inpainter.from_bundle(str(info.folder), device="cpu")
    assert "\n" not in str(caught.value)
    with pytest.raises(BundleError, match="cannot be read"):
        check_runnable(read_bundle(info.folder))


def test_a_missing_file_that_the_checksums_name_is_noticed(tmp_path: Path) -> None:
    info = write_bundle(tmp_path / "zorps")
    (info.folder / CUT_OUTS).unlink()
    with pytest.raises(BundleError, match=f"{CUT_OUTS} is missing"):
        verify_bundle(info.folder)


def test_no_bundle_keeps_more_than_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="only 64"):
        save_cut_outs(tmp_path, {i: zorp() for i in range(MOST + 1)})
    shutil.rmtree(tmp_path)
    with pytest.raises(BundleError, match="Cannot write"):
        save_cut_outs(tmp_path, {0: zorp()})


def test_what_is_transparent_tells_nothing() -> None:
    assert light_of(np.zeros((3, 3), np.uint8)) is None
    nothing = CutOut(np.zeros((40, 40, 4), np.uint8), LIGHT)
    photo = ground()
    laid, alpha = laid_out(nothing, PLACE, photo, photo, box_hole(photo) > 0)
    assert np.array_equal(laid, photo)
    assert not alpha.any()
