"""Other things beside what is removed are no sources: real photos, the finder that ships."""

from __future__ import annotations

import weakref
from importlib.resources import files

import cv2
import numpy as np
import pytest
from PIL import Image

from nigdt import Inpainter
from nigdt.bundle.bundle import BundleInfo, find_bundle
from nigdt.bystanders import Bystanders, free_of
from nigdt.continuation import Continuation
from nigdt.recipe import Recipe, Variant


def two_birds() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photo with one bird twice, side by side: the photo, a mask of the right and one of the left bird."""
    picture = Image.open(str(files("nigdt") / "data" / "kingfisher.jpg")).convert("RGB")
    photo = np.asarray(picture.resize((640, 640 * picture.height // picture.width)))
    both = np.hstack([photo, photo[:, ::-1]])
    inpainter = Inpainter.from_bundle()
    left = np.zeros(both.shape[:2], np.uint8)
    bird = inpainter.object_at(np.ascontiguousarray(photo), *_middle(photo))
    left[:, : photo.shape[1]] = np.where(bird > 127, np.uint8(255), np.uint8(0))
    return both, np.ascontiguousarray(left[:, ::-1]), left


def _middle(photo: np.ndarray) -> tuple[float, float]:
    """The most colourful place: the bird's breast or back."""
    red, blue = photo[..., 0].astype(int), photo[..., 2].astype(int)
    coloured = cv2.blur((np.abs(red - blue) > 90).astype(np.float32), (25, 25))
    row, column = np.unravel_index(int(coloured.argmax()), coloured.shape)
    return float(column), float(row)


def two_sides() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photo with a red and a green half, a hole between them, and where it is green outside the hole."""
    rng = np.random.default_rng(0)
    photo = rng.integers(60, 90, (160, 320, 3)).astype(np.uint8)
    photo[:, :160, 0] += 100
    photo[:, 160:, 1] += 100
    hole = np.zeros((160, 320), np.uint8)
    hole[60:100, 130:190] = 255
    right = np.where(np.arange(320)[None] >= 160, np.uint8(255), np.uint8(0)) * (hole == 0)
    return photo, hole, right.astype(np.uint8)


def test_sources_are_taken_from_where_no_other_thing_stands() -> None:
    photo, hole, right = two_sides()
    recipe, shown = Recipe("", mode="remove"), []
    with_both = Continuation().fill(photo, hole, recipe, Variant())
    alone = Continuation().fill(
        photo, hole, recipe, Variant(), previewed=lambda fill: shown.append(fill), free=lambda: right
    )
    assert with_both is not None
    assert alone is not None
    red = [(fill.pixels[..., 0] > 140)[hole > 0].mean() for fill in (with_both, alone)]
    assert red[0] > 0.2
    assert red[1] < 0.02
    assert len(shown) == 1  # of a small hole nothing but the soft answer, and that once


def test_a_removal_looks_for_other_things(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, hole, _ = two_sides()

    def green(_: Bystanders, __: BundleInfo, crop: np.ndarray, hole: np.ndarray) -> np.ndarray:
        return np.where((crop[..., 1] > 140) & (hole == 0), np.uint8(255), np.uint8(0))

    monkeypatch.setattr(Bystanders, "free", green)
    (fill,) = Inpainter.from_bundle().fill(Image.fromarray(photo), hole, "", mode="remove", grow=0)
    assert (np.asarray(fill.photo)[..., 0] > 140)[hole > 0].mean() < 0.02


def test_the_finder_sees_the_other_bird_and_variants_share_what_it_saw() -> None:
    photo, right, left = two_birds()
    hole = np.asarray(cv2.dilate(right, np.ones((25, 25), np.uint8)), np.uint8)
    bystanders = Bystanders()
    free = bystanders.free(find_bundle(), photo, hole)
    assert free is not None
    assert (free[left > 0] == 0).mean() > 0.8
    assert free[hole > 0].max() == 0
    assert (free > 0).mean() > 0.4
    assert bystanders.free(find_bundle(), photo, hole) is free


def test_a_context_is_not_kept_for_the_sake_of_what_was_seen_in_it() -> None:
    photo, right, _ = two_birds()
    bystanders = Bystanders()
    bystanders.free(find_bundle(), photo, right)
    gone = weakref.ref(photo)
    del photo
    assert gone() is None
    assert bystanders._seen is None


@pytest.fixture
def hole() -> np.ndarray:
    hole = np.zeros((200, 300), np.uint8)
    hole[80:120, 130:170] = 255
    return hole


def test_sources_are_anywhere_where_nothing_is_seen(hole: np.ndarray) -> None:
    assert free_of(np.zeros((100, 150), np.float32), hole) is None


def test_the_thing_that_a_hole_lies_in_stays_a_source(hole: np.ndarray) -> None:
    coat = np.zeros((100, 150), np.float32)
    coat[20:80, 40:110] = 1
    assert free_of(coat, hole) is None
    coat[3:5, 120:123] = 1  # and a crumb
    assert free_of(coat, hole) is None
    coat[5:15, 130:140] = 1  # and something else
    free = free_of(coat, hole)
    assert free is not None
    assert free[60, 100] == 255
    assert free[20, 270] == 0


def test_faintly_seen_legs_go_with_their_thing(hole: np.ndarray) -> None:
    seen = np.zeros((100, 150), np.float32)
    seen[20:40, 100:120] = 0.9  # a body
    seen[40:60, 102:104] = 0.2  # and one of its legs
    seen[80:95, 10:14] = 0.2  # of nothing
    free = free_of(seen, hole)
    assert free is not None
    assert free[110, 205] == 0
    assert free[175, 24] == 255
