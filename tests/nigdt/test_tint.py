"""What colour each place of an object takes."""

import numpy as np
import pytest

from nigdt.colours import BASIC, chroma_and_hue, find_colours, lab_of_hue, nearest_basic, rgb_to_lab
from nigdt.tint import material_of, tinted

SIDE = 96


def lab_of(rgb):
    return rgb_to_lab(np.asarray(rgb, np.float32) / np.float32(255))


def painted(lab, colour, weight=None):
    asked = find_colours(colour)[0]
    weight = np.ones(lab.shape[:2], np.float32) if weight is None else weight
    material = material_of(lab, weight, asked)
    return material, tinted(lab, weight, material, asked)


def shaded(rgb, deepest=0.35):
    """A thing of one colour under light that falls off to one side."""
    light = np.linspace(1, deepest, SIDE, dtype=np.float32)[None, :, None]
    grain = np.random.default_rng(0).normal(1, 0.04, (SIDE, SIDE, 1)).astype(np.float32)
    return lab_of(np.clip(np.array(rgb, np.float32) * light * grain, 0, 255))


@pytest.mark.parametrize("own", ["red", "green", "yellow", "brown", "white", "grey", "black"])
@pytest.mark.parametrize("colour", list(BASIC))
def test_the_object_takes_the_asked_colour_whatever_its_own(own, colour):
    material, result = painted(shaded(BASIC[own]), colour)
    share = material.membership > 0.5
    assert nearest_basic(np.median(result[share], 0)) == colour


def test_shade_and_grain_stay():
    before = shaded((180, 40, 30))
    _, after = painted(before, "blue")
    assert np.corrcoef(before[..., 0].ravel(), after[..., 0].ravel())[0, 1] > 0.97
    chroma = np.hypot(after[..., 1], after[..., 2]).mean(0)
    assert chroma[-10:].mean() < 0.8 * chroma[:30].max(), "less colour in deep shade than in the light"


def test_what_has_no_colour_in_a_coloured_object_stays():
    before = shaded((190, 50, 30), 0.7)
    face, eye = np.s_[10:30, 10:30], np.s_[40:46, 20:26]
    before[face], before[eye] = lab_of((225, 225, 228)), lab_of((30, 30, 30))
    _, after = painted(before, "blue")
    for kept in (face, eye):
        assert np.abs(after[kept] - before[kept]).max() < 6
    assert nearest_basic(np.median(after[50:], (0, 1))) == "blue"


def test_black_in_which_the_sky_is_seen_is_black_in_its_shade_too():
    crow = np.zeros((SIDE, SIDE, 3), np.float32) + np.float32((18, 0, -8))
    crow[60:] = (8, 0, 0)
    _, after = painted(crow, "orange")
    assert np.hypot(*after[70:, :, 1:].mean((0, 1))) > 25
    robin = np.zeros((SIDE, SIDE, 3), np.float32) + np.float32((40, 28, 25))
    robin[60:] = (8, 0, 0)
    _, after = painted(robin, "blue")
    assert np.abs(after[70:] - robin[70:]).max() < 6, "its black parts are no shade of red"


def test_a_pattern_of_light_and_dark_stays_one():
    stripes = np.zeros((SIDE, SIDE, 3), np.float32) + lab_of((25, 22, 20))
    stripes[:, np.arange(SIDE) % 12 < 5] = lab_of((235, 235, 238))
    material, after = painted(stripes, "yellow")
    assert nearest_basic(after[0, 2]) == "yellow"
    assert material.membership[0, 2] > 0.9
    assert material.membership[0, 8] < 0.1, "the dark stripes are not painted"
    assert painted(stripes, "black")[0].membership.min() > 0.9, "black covers both"


def test_shade_on_something_white_is_no_pattern():
    assert painted(shaded((240, 240, 240), 0.15), "red")[0].membership.min() > 0.9


def test_an_orange_beak_is_not_of_a_white_bird():
    before = shaded((235, 235, 230), 0.6)
    before[:12, :12] = lab_of((240, 140, 30))
    for colour in ("red", "black"):
        assert painted(before, colour)[0].membership[:12, :12].max() < 0.1


@pytest.mark.parametrize("colour", ["black", "white", "grey"])
def test_colours_without_a_hue_keep_fine_detail(colour):
    before = shaded((120, 80, 50))
    _, after = painted(before, colour)
    fine = [lab[..., 0] - lab[..., 0].mean(0) for lab in (before, after)]
    assert np.corrcoef(fine[0].ravel(), fine[1].ravel())[0, 1] > 0.9
    assert np.ptp(after[..., 0].mean(0)) < 0.7 * np.ptp(before[..., 0].mean(0)), "it is one colour"


def test_black_keeps_a_small_part_of_another_hue():
    before = shaded((200, 120, 40), 0.8)
    tongue, wing = np.s_[40:48, 40:48], np.s_[60:90, 20:80]
    before[tongue] = lab_of((230, 110, 170))
    before[wing] = lab_of((60, 90, 200))
    material, _ = painted(before, "black")
    assert material.membership[42:46, 42:46].max() < 0.1
    assert material.membership[65:85, 25:75].min() > 0.9, "a large part is meant"
    assert painted(before, "green")[0].membership[42:46, 42:46].min() > 0.9


def test_what_becomes_white_is_no_plaster():
    before = shaded((70, 40, 20), 0.6)
    _, after = painted(before, "white")
    fine = [float((lab[..., 0] - lab[..., 0].mean(0)).std()) for lab in (before, after)]
    assert 0.3 * fine[0] < fine[1] < 0.85 * fine[0]
    assert after[:, :10, 0].mean() > after[:, -10:, 0].mean() + 3, "its shade is still to be seen"


def test_faded_blue_stays_blue():
    chroma, hue = chroma_and_hue(find_colours("blue")[0].lab)
    lightness = np.array([35.0, 55.0, 70.0], np.float32)
    lab = lab_of_hue(lightness, np.full(3, chroma * 0.6, np.float32), np.full(3, hue, np.float32))
    assert np.array_equal(lab[:, 0], lightness)
    assert np.all(np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360 < 297), "beyond that it is violet"


def test_oklab_is_undone():
    for rgb in BASIC.values():
        lab = lab_of(rgb)
        chroma, hue = chroma_and_hue(tuple(lab))
        back = lab_of_hue(lab[:1], np.float32([chroma]), np.float32([hue]))[0]
        assert np.abs(back - lab).max() < 0.5


def test_light_that_washes_colour_out_is_no_other_material():
    before = shaded((215, 150, 40), 0.8)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    washed = np.exp(-((rows - 50) ** 2 + (columns - 30) ** 2) / (2 * 9.0**2)).astype(np.float32)[..., None]
    before = before + washed * (np.array([99, 0, 2], np.float32) - before)
    material, after = painted(before, "blue")
    spot = np.s_[48:53, 28:33]
    assert material.membership[spot].min() > 0.9
    assert np.abs(after - before)[spot].max() > 20


def test_a_large_white_place_is_no_glare_though_it_fades():
    before = shaded((180, 40, 30), 0.8)
    before[:40] = before[:40] + np.linspace(1, 0, 40, dtype=np.float32)[:, None, None] ** 0.5 * (
        np.array([96, 0, 2], np.float32) - before[:40]
    )
    material, after = painted(before, "blue")
    assert material.membership[:12].max() < 0.4
    assert np.hypot(after[:8, :, 1], after[:8, :, 2]).max() < 20


def test_a_rim_that_mixes_with_the_surroundings_is_of_the_object():
    grey, brown = lab_of((128, 132, 140)), lab_of((150, 75, 30))
    photo, weight = np.zeros((SIDE, SIDE, 3), np.float32) + grey, np.zeros((SIDE, SIDE), np.float32)
    photo[20:70, 20:70], weight[20:70, 20:70] = brown, 1
    photo[20:22, 20:70] = (0.3 * brown + 0.7 * grey).astype(np.float32)
    material, _ = painted(photo, "white", weight)
    assert material.membership[20:70, 20:70].min() > 0.9


def test_what_was_black_keeps_its_form():
    before = np.zeros((SIDE, SIDE, 3), np.float32) + lab_of((16, 16, 17))
    before[..., 0] += 22 * np.exp(-(((np.arange(SIDE) - 40) / 16.0) ** 2)).astype(np.float32)
    _, after = painted(before, "orange")
    assert np.ptp(after[..., 0]) > 0.8 * np.ptp(before[..., 0])
    assert nearest_basic(np.median(after, (0, 1))) == "orange"


def test_a_small_light_part_does_not_keep_a_dark_thing_dark():
    before = np.zeros((SIDE, SIDE, 3), np.float32) + lab_of((30, 30, 32))
    before[:, :14] = lab_of((235, 235, 230))
    assert painted(before, "purple")[0].membership.min() > 0.9


def test_a_red_web_in_the_shade_is_not_of_a_white_bird():
    before = shaded((240, 238, 232))
    web = np.s_[70:90, 60:80]
    before[web] = lab_of((78, 22, 8))
    material, _ = painted(before, "black")
    assert material.membership[75:85, 65:75].max() < 0.1
    assert material.membership[:60].min() > 0.9, "its own shade is"


def test_under_black_shade_is_a_factor():
    light = np.ones((SIDE, SIDE), np.float32)
    light[:, SIDE // 2 :] = 0.25
    before = lab_of(light[..., None] * np.array((236, 236, 236), np.float32))
    _, after = painted(before, "black")
    lit, dark = after[SIDE // 2, 10, 0], after[SIDE // 2, -10, 0]
    assert 0.2 * lit < dark < 0.5 * lit, "neither as light as the lit side nor a hole"


def test_a_white_thing_made_black_keeps_its_form():
    light = np.tile(np.linspace(0.45, 1, SIDE, dtype=np.float32), (SIDE, 1))
    before = lab_of(light[..., None] * np.array((240, 240, 236), np.float32))
    _, after = painted(before, "black")
    L = after[SIDE // 2, :, 0]
    assert nearest_basic(np.median(after, (0, 1))) == "black"
    assert 8 < np.median(L) < 18, "black, not a grey cut-out"
    assert L.max() > 3 * L.min(), "not flat"
    assert (np.diff(L) > 0).all()
    patches = before.copy()
    patches[:, : SIDE // 3] = lab_of((20, 20, 20))
    _, pied = painted(patches, "black")
    lit = np.s_[:, SIDE // 2 :, 0]
    assert np.median(pied[lit]) > np.median(after[lit]) + 1, "a pattern is covered"


def test_fine_relief_of_a_white_thing_shows_more_where_it_is_black():
    stripes = np.where(np.arange(SIDE) % 8 < 4, 200, 225)[None, :, None].repeat(SIDE, 0)
    before = lab_of(np.repeat(stripes, 3, axis=2).astype(np.float32))
    _, after = painted(before, "black")
    inner = np.s_[20:-20, 20:-20, 0]
    assert np.ptp(after[inner]) > np.ptp(before[inner])
    assert np.median(after[inner]) < 20


@pytest.mark.parametrize("colour", ["white", "black", "grey"])
def test_a_large_dark_patch_takes_a_colour_without_hue_and_an_eye_does_not(colour):
    dog = shaded((190, 120, 60), 0.8)
    saddle, eye = np.s_[8:50, 20:70], np.s_[70:78, 20:28]
    dog[saddle], dog[eye] = lab_of((40, 38, 36)), lab_of((30, 30, 30))
    material, after = painted(dog, colour)
    assert material.membership[saddle][8:-8, 8:-8].min() > 0.9
    assert material.membership[eye].max() < 0.5
    blue, _ = painted(dog, "blue")
    assert blue.membership[saddle][8:-8, 8:-8].max() < 0.1, "a blue dog keeps its saddle"
    if colour == "white":
        assert after[saddle][8:-8, 8:-8, 0].mean() > 55
