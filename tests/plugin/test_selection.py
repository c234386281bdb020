from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nigdt_plugin.core import find, selection
from nigdt_plugin.core.find_object import object_at, object_in
from nigdt_plugin.core.geometry import Region
from nigdt_plugin.core.outline import Outline
from nigdt_plugin.core.selection import Combine, Patch, Selection

from nigdt.photo.mask import read_mask


def chosen(*patches: Patch) -> Selection:
    mask = Selection(60, 40)
    for patch in patches:
        mask.write(*mask.combined(patch, Combine.ADD))
    return mask


@given(
    st.sampled_from(list(Combine)),
    *(st.integers(-20, 80) for _ in range(4)),
    *(st.integers(-20, 80) for _ in range(4)),
)
def test_combining_agrees_with_sets_of_pixels(how, a, b, c, d, e, f, g, h):
    first, second = selection.rectangle((a, b), (c, d)), selection.rectangle((e, f), (g, h))
    mask = chosen(first)
    one, two = (chosen(patch).mask > 0 for patch in (first, second))
    mask.write(*mask.combined(second, how))
    expected = {
        Combine.REPLACE: two,
        Combine.ADD: one | two,
        Combine.SUBTRACT: one & ~two,
        Combine.INTERSECT: one & two,
    }[how]
    assert np.array_equal(mask.mask > 0, expected)
    rows, columns = np.nonzero(expected)
    if rows.size:
        assert mask.bounds == Region(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    else:
        assert mask.empty


def test_a_rectangle_covers_exactly_its_pixels():
    mask = chosen(selection.rectangle((10.2, 5.4), (19.8, 30.1))).mask
    assert (mask[5:30, 10:20] == 255).all()
    assert mask.sum() == 25 * 10 * 255


def test_an_ellipse_has_the_area_of_one():
    mask = chosen(selection.ellipse((5, 5), (55, 35))).mask
    assert mask.sum() / 255 == pytest.approx(np.pi * 25 * 15, rel=0.02)
    assert mask[20, 30] == 255
    assert mask[6, 6] == 0


def test_a_soft_brush_fades_and_a_hard_one_does_not():
    hard = chosen(selection.stroke([(30, 20), (30, 20)], 20, 1.0)).mask
    soft = chosen(selection.stroke([(30, 20), (30, 20)], 20, 0.0)).mask
    assert hard.sum() / 255 == pytest.approx(np.pi * 100, rel=0.1)
    assert 0 < soft[20, 36] < soft[20, 31] <= 255
    assert hard[20, 36] == 255


def test_growing_then_shrinking_gives_the_rectangle_back():
    mask = chosen(selection.rectangle((20, 15), (40, 25)))
    before = mask.mask.copy()
    mask.write(*selection.grown(mask, 4))
    assert mask.bounds == Region(16, 11, 44, 29)
    mask.write(*selection.shrunk(mask, 4))
    assert np.array_equal(mask.mask, before)


def test_shrinking_leaves_the_photos_border_alone():
    mask = chosen(selection.rectangle((0, 0), (60, 20)))
    mask.write(*selection.shrunk(mask, 3))
    assert mask.bounds == Region(0, 0, 60, 17)


def test_feathering_keeps_the_middle_and_softens_the_edge():
    mask = chosen(selection.rectangle((10, 10), (50, 30)))
    mask.write(*selection.feathered(mask, 2.0))
    assert mask.mask[20, 30] == 255
    assert 0 < mask.mask[20, 9] < 128 < mask.mask[20, 11] < 255


def test_inverting_twice_changes_nothing():
    mask = chosen(selection.ellipse((5, 5), (30, 30)))
    before = mask.mask.copy()
    mask.write(*selection.inverted(mask))
    assert np.array_equal(mask.mask, 255 - before)
    mask.write(*selection.inverted(mask))
    assert np.array_equal(mask.mask, before)


def test_a_saved_selection_loads_again(tmp_path: Path):
    mask = chosen(selection.ellipse((5, 5), (50, 35))).mask
    selection.save_mask(mask, tmp_path / "mask.png")
    assert np.array_equal(read_mask(tmp_path / "mask.png", 60, 40), mask)


def test_the_wand_stays_in_its_patch_unless_told_otherwise():
    photo = np.full((40, 60, 3), 50, np.uint8)
    photo[10:20, 10:20] = photo[10:20, 40:50] = (200, 30, 30)
    near = chosen(find.similar_colour(photo, 12, 12, 20)).mask
    assert (near[10:20, 10:20] == 255).all()
    assert not near[:, 30:].any()
    everywhere = chosen(find.similar_colour(photo, 12, 12, 20, connected=False)).mask
    assert (everywhere[10:20, 40:50] == 255).all()
    assert everywhere.sum() == 200 * 255


def test_the_object_in_a_box_is_found():
    y, x = np.mgrid[0:200, 0:300]
    photo = np.dstack([x // 3, y // 2, 255 - x // 3]).astype(np.uint8)
    disc = (x - 150) ** 2 + (y - 100) ** 2 < 50**2
    photo[disc] = (210, 60, 40)
    patch = object_in(photo, Region(85, 35, 215, 165))
    found = np.zeros((200, 300), bool)
    found[patch.region.slices] = patch.mask > 127
    assert (found & disc).sum() / (found | disc).sum() > 0.93


def of_two_colours() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a noisy photo of a red body with a blue head, and where they are."""
    y, x = np.mgrid[0:400, 0:600]
    noise = np.random.default_rng(2).normal(0, 4, (400, 600, 3))
    photo = np.dstack([90 + x / 20, 120 + y / 20, 90 - x / 20]) + noise
    body = ((x - 250) / 80) ** 2 + ((y - 220) / 60) ** 2 < 1
    head = (x - 350) ** 2 + (y - 150) ** 2 < 40**2
    photo[body] = noise[body] + (210, 60, 40)
    photo[head] = noise[head] + (50, 70, 200)
    photo = np.clip(photo, 0, 255).astype(np.uint8)
    return photo, body, head


def test_the_object_under_a_click_is_found_and_grows_and_shrinks_by_further_clicks():
    photo, body, head = of_two_colours()

    def overlap(patch: selection.Patch, thing: np.ndarray) -> float:
        found = np.zeros(thing.shape, bool)
        found[patch.region.slices] = patch.mask > 127
        return (found & thing).sum() / (found | thing).sum()

    assert overlap(object_at(photo, [(250, 220)]), body & ~head) > 0.9
    both = object_at(photo, [(250, 220), (350, 150)])
    assert overlap(both, body | head) > 0.9
    dented = object_at(photo, [(250, 220), (350, 150)], [(350, 130)])
    row, column = 130 - dented.region.top, 350 - dented.region.left
    assert dented.mask[row, column] < 128 < dented.mask[row + 25, column]
    assert overlap(object_at(photo, [(250, 220)], [(350, 150)]), body & ~head) > 0.9


def test_an_object_of_two_colours_is_found_whole_where_the_model_sees_it():
    photo, body, head = of_two_colours()
    thing = body | head
    roughly = cv2.GaussianBlur(np.where(thing, 235, 5).astype(np.uint8), (0, 0), 9)
    small = cv2.resize(roughly, (150, 100), interpolation=cv2.INTER_AREA)

    def overlap(seen: np.ndarray | None) -> float:
        patch, found = object_at(photo, [(250, 220)], seen=seen), np.zeros(thing.shape, bool)
        found[patch.region.slices] = patch.mask > 127
        return (found & thing).sum() / (found | thing).sum()

    assert overlap(small) > 0.95
    assert overlap(None) < 0.8, "by its colours it ends at the neck"
    assert overlap(np.zeros((100, 150), np.uint8)) == overlap(None), "seen nowhere"


def test_in_a_box_what_the_model_sees_is_the_object():
    photo, body, head = of_two_colours()
    thing = body | head
    box = Region(150, 90, 410, 300)
    twig = np.zeros(thing.shape, bool)
    twig[225:235, 150:410] = True
    twig &= ~thing
    photo[twig] = (205, 62, 42)  # of the body's colour, from edge to edge

    def found(seen: np.ndarray | None) -> np.ndarray:
        patch, found = object_in(photo, box, seen), np.zeros(thing.shape, bool)
        found[patch.region.slices] = patch.mask > 127
        return found

    small = cv2.resize(np.where(thing, 250, 0).astype(np.uint8), (300, 200), interpolation=cv2.INTER_AREA)
    seen = found(small)
    assert (seen & thing).sum() / (seen | thing).sum() > 0.95
    assert (seen & twig).sum() < 0.1 * twig[box.slices].sum()
    by_colours = found(None)
    assert (by_colours & twig).sum() > 0.5 * twig[box.slices].sum()
    assert np.array_equal(found(np.zeros((200, 300), np.uint8)), by_colours), "seen nowhere"


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 5), (4, 4), (30, 40), (12, 500)])
def test_a_click_on_any_photo_finds_something(size: tuple[int, int]):
    photo = np.random.default_rng(0).integers(0, 255, (*size, 3)).astype(np.uint8)
    last = size[1] - 0.5, size[0] - 0.5
    for seen in (None, np.zeros(size, np.uint8), np.full(size, 255, np.uint8)):
        patch = object_at(photo, [last], seen=seen)
        assert patch.mask[size[0] - 1 - patch.top, size[1] - 1 - patch.left] > 0


def test_a_further_click_changes_an_object_only_near_it():
    generator = np.random.default_rng(4)
    patches = np.kron(generator.integers(40, 215, (25, 38, 3)), np.ones((16, 16, 1)))[:400, :600]
    photo = np.full((400, 600, 3), (90, 120, 80)) + generator.normal(0, 4, (400, 600, 3))
    y, x = np.mgrid[0:400, 0:600]
    thing = ((x - 300) / 200) ** 2 + ((y - 200) / 110) ** 2 < 1
    photo[thing] = patches[thing]
    photo = np.clip(photo, 0, 255).astype(np.uint8)

    def found(*points: list[tuple[float, float]]) -> np.ndarray:
        patch, mask = object_at(photo, *points), np.zeros(thing.shape, bool)
        mask[patch.region.slices] = patch.mask > 127
        return mask

    first, away = found([(200, 200)]), x < 300
    for more in (found([(200, 200), (450, 200)]), found([(200, 200)], [(470, 200)])):
        assert (first ^ more)[away].mean() < 0.02
    assert found([(200, 200), (450, 200)])[200, 450]
    assert not found([(200, 200)], [(470, 200)])[200, 470]


@pytest.mark.parametrize("width", [1, 2])
def test_the_ants_are_dashed_along_every_edge(width: int):
    diamond = Selection(200, 200)
    corners = [(100.0, 20.0), (180.0, 100.0), (100.0, 180.0), (20.0, 100.0)]
    diamond.write(*diamond.combined(selection.polygon(corners), Combine.REPLACE))
    outline = Outline()
    for _ in range(3):
        left, top, pixels = outline.draw(diamond, 1.0, 0, 0, (200, 200), None, width)
        rows, columns = np.nonzero(pixels[..., 3])
        assert np.count_nonzero(pixels[80, :, 3]) == 4 * width, "both sides of a row"
        bright = pixels[rows, columns, 0] > 0
        for below in (True, False):
            for right in (True, False):
                edge = ((rows + top > 100) == below) & ((columns + left > 100) == right)
                assert 0.3 < bright[edge].mean() < 0.7, (below, right)
        outline.step()
