"""What outlines are learnt from photos, and what training tells the model of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from nigdt_training.data.cache import build_cache
from nigdt_training.data.data_set import read_records
from nigdt_training.inpaint.outlines import keep_outlines, learn_outlines
from nigdt_training.inpaint.step import Networks
from nigdt_training.inpaint.weights import begin_with_model
from nigdt_training.pools import build_vocabulary
from nigdt_training.samples import Pool, SampleStream
from nigdt_training.settings import AugmentationSettings, settings_from
from nigdt_training.told import what_is_told

from nigdt.errors import NigdtError
from nigdt.model import NIGDT
from nigdt.model.outlines import SIDE
from nigdt.text import Vocabulary
from tests.tiny import TINY_MODEL

VOCABULARY = Vocabulary(["a", "this", "has", "bird", "dog", "wren", "belly", "red", "the"])


def bent_drop(random: np.random.Generator) -> np.ndarray:
    """A head, a body and a tail that sticks out, somewhere in a photo, facing either way."""
    mask = np.zeros((160, 200), np.uint8)
    x, y = random.integers(60, 90), random.integers(60, 90)
    cv2.ellipse(mask, (int(x), int(y)), (32, 20), 20, 0, 360, 255, -1)
    cv2.circle(mask, (int(x) - 26, int(y) - 20), 13, 255, -1)
    cv2.line(mask, (int(x) + 20, int(y) + 8), (int(x) + 62, int(y) + 30), 255, int(random.integers(8, 11)))
    return mask[:, ::-1].copy() if random.random() < 0.5 else mask


@dataclass
class Photos:
    """As much of a cache as outlines are learnt from."""

    masks: list[np.ndarray | None]
    captions_of: list[list[str]]
    name: str | None
    standing: int = 1000
    """How many of the first show their legs."""

    def object_mask(self, i: int) -> np.ndarray | None:
        return self.masks[i]

    def captions(self, i: int) -> list[str]:
        return self.captions_of[i]

    def species(self, i: int) -> str | None:
        return self.name

    def places(self, i: int) -> dict[str, tuple[float, float]]:
        if self.masks[i] is None or self.name is None:
            return {}
        # The head is the end that the thin tail is not at.
        x, y, w, h = cv2.boundingRect(self.masks[i])
        part = self.masks[i][y : y + h, x : x + w] > 0
        facing_right = part[:, : w // 2].sum() < part[:, w // 2 :].sum()
        parts = {
            "left_eye": (0.15, 0.15),
            "beak": (0.02, 0.2),
            "left_wing": (0.5, 0.4),
            "tail": (0.9, 0.7),
            "left_leg": (0.4, 1.1),
            "right_leg": (0.3, 1.1),
        }
        if i >= self.standing:
            parts = {part: at for part, at in parts.items() if not part.endswith("leg")}
        return {
            part: (x + (1 - across if facing_right else across) * w, y + down * h)
            for part, (across, down) in parts.items()
        }


def pools(birds: int = 120, standing: int = 1000) -> list[Pool]:
    random = np.random.default_rng(0)
    cut: list[Any] = [bent_drop(random) for _ in range(birds)]
    named = Photos([*cut, None], [["this bird has a red belly"]] * (birds + 1), "House_Wren", standing)
    others = Photos([bent_drop(random) for _ in range(40)], [["the dog has a red belly"]] * 40, None)
    return [
        Pool(named, np.arange(birds + 1), 1, 0),  # type: ignore[arg-type]
        Pool(others, np.arange(40), 1, birds + 1),  # type: ignore[arg-type]
    ]


def test_an_outline_is_what_most_objects_look_like() -> None:
    learnt = learn_outlines(pools(), 1, VOCABULARY)
    assert learnt.shapes.shape[0] == 1
    mask = bent_drop(np.random.default_rng(7))
    x, y, w, h = cv2.boundingRect(mask)
    seen = (
        cv2.resize(mask[y : y + h, x : x + w], learnt.shapes.shape[2:0:-1], interpolation=cv2.INTER_AREA)
        > 127
    )
    shape = learnt.shapes[0] > 0.5
    overlaps = [float((shape & one).sum() / (shape | one).sum()) for one in (seen, seen[:, ::-1])]
    assert max(overlaps) > 0.85
    assert learnt.aspects[0] == pytest.approx(w / h, rel=0.12)
    assert learnt.numbers[0] >= 15


def test_the_words_are_what_things_of_the_class_alone_are_called() -> None:
    assert learn_outlines(pools(), 1, VOCABULARY).words == ("bird", "wren")
    called = pools()
    called[0].cache.name = "Prairie_Dog"  # type: ignore[union-attr]
    assert learn_outlines(called, 1, VOCABULARY).words == ("bird",)


def networks(**changes: Any) -> Networks:
    settings = settings_from({"data": [{"path": "photos"}], "model": {**TINY_MODEL, **changes}})
    return Networks(settings, VOCABULARY, Fabric(accelerator="cpu", devices=1))


def test_a_model_is_given_them_once() -> None:
    one = networks(outlines=1)
    keep_outlines(one, pools(), VOCABULARY)
    kept = one.plain.model.outlines.shapes.clone()
    assert kept.amax() > 0.9
    assert torch.equal(one.averaged["outlines.shapes"], kept)
    assert one.plain.model.outlines.words.tolist() == [
        float(word in ("bird", "wren")) for word in VOCABULARY.words
    ]
    one.plain.model.outlines.shapes.mul_(0.5)
    keep_outlines(one, pools(), VOCABULARY)
    assert torch.equal(one.plain.model.outlines.shapes, kept * 0.5)


def test_marks_are_where_most_objects_have_them() -> None:
    one = networks(outlines=1, marks=True)
    keep_outlines(one, pools(), VOCABULARY)
    eye, beak, wing, tail, front, hind = one.plain.model.outlines.marks[0].tolist()
    shape = one.plain.model.outlines.shapes[0]
    assert shape[:, : SIDE // 2].sum() > shape[:, SIDE // 2 :].sum()
    assert eye == pytest.approx([0.15, 0.15], abs=0.01)
    assert beak == pytest.approx([0.02, 0.2], abs=0.01)
    assert wing == pytest.approx([0.5, 0.4], abs=0.01)
    assert tail == pytest.approx([0.9, 0.7], abs=0.01)
    assert front == pytest.approx([0.3, 1.1], abs=0.01)
    assert hind == pytest.approx([0.4, 1.1], abs=0.01)
    assert torch.equal(one.averaged["outlines.marks"], one.plain.model.outlines.marks)


def test_legs_that_few_objects_show_are_given_to_none() -> None:
    one = networks(outlines=1, marks=True)
    keep_outlines(one, pools(standing=0), VOCABULARY)
    marks = one.plain.model.outlines.marks[0]
    assert (marks[4:] == -1).all()
    assert (marks[:4] > 0).all()


def test_a_model_that_is_told_fewer_parts_learns_their_places_again() -> None:
    before = networks(outlines=1, marks=True)
    keep_outlines(before, pools(), VOCABULARY)
    before.plain.model.outlines.marks = torch.full((1, 2, 2), 0.5)
    after = networks(outlines=1, marks=True)
    begin_with_model(after, before.plain.model)
    assert (after.plain.model.outlines.marks == -1).all()
    keep_outlines(after, pools(), VOCABULARY)
    assert after.plain.model.outlines.marks[0, 5].tolist() == pytest.approx([0.4, 1.1], abs=0.01)


def test_marks_come_to_a_model_that_has_outlines() -> None:
    before = networks(outlines=1)
    keep_outlines(before, pools(), VOCABULARY)
    after = networks(outlines=1, marks=True)
    begin_with_model(after, before.plain.model)
    keep_outlines(after, pools(), VOCABULARY)
    assert torch.equal(after.plain.model.outlines.shapes, before.plain.model.outlines.shapes)
    assert (after.plain.model.outlines.marks > 0).all()


def test_photos_without_places_cannot_teach_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Photos, "places", lambda *_: {})
    with pytest.raises(NigdtError, match=r"The data sets do not tell where eyes and beaks are\."):
        keep_outlines(networks(outlines=1, marks=True), pools(), VOCABULARY)


def test_too_few_are_refused() -> None:
    with pytest.raises(NigdtError, match=r"The photos show 0 clear outlines of named classes, not 3\."):
        keep_outlines(networks(outlines=3), pools(birds=5), VOCABULARY)


@pytest.mark.parametrize("marks", [False, True])
def test_weights_without_outlines_go_on_as_they_were(marks: bool) -> None:
    torch.manual_seed(3)
    before = NIGDT(networks(prefill="harmonic").settings.model_config, len(VOCABULARY)).eval()
    after = networks(prefill="harmonic", outlines=2, marks=marks)
    begin_with_model(after, before)
    picture, M = torch.rand(2, 3, 64, 64) * 2 - 1, torch.ones(2, 1, 64, 64)
    M[:, :, 16:48, 16:48] = 0
    tokens, lengths = torch.tensor([[4, 8], [4, 0]]), torch.tensor([2, 1])
    outline = torch.zeros(2, 1 + marks, 64, 64)
    outline[:, :, 24:40, 24:40] = 1
    with torch.inference_mode():
        old = before(picture, M, tokens, lengths).image
        for told in (None, outline):
            assert torch.equal(after.plain.model.eval()(picture, M, tokens, lengths, outline=told).image, old)


@pytest.mark.parametrize("told", [0, 1, 2])
def test_the_model_is_told_outlines_that_the_hole_hides(told: int, photo_folder: Any, tmp_path: Any) -> None:
    cache = build_cache(read_records(photo_folder), tmp_path / "cache")
    pool = [Pool(cache, np.arange(len(cache)), 1, 0)]
    stream = SampleStream(
        pool,
        build_vocabulary(pool),
        size=64,
        max_words=8,
        latent_shape=(4, 2, 2),
        masks={"centre": 1, "rectangle": 1, "irregular": 1, "object": 3},
        augmentation=AugmentationSettings(),
        seed=0,
        around_object=True,
        told=told,
    )
    batch = stream.batch(range(80))
    given = batch.outline.amax((1, 2, 3)) > 0
    assert given.any() == (told > 0)
    assert batch.outline.shape[1] == max(1, told)
    hidden = (batch.objects * (1 - batch.M)).sum((1, 2, 3)) / batch.objects.sum((1, 2, 3)).clamp(min=1)
    assert not given[hidden < 0.8].any()
    outline = batch.outline[:, :1]
    overlap = (outline * batch.objects).sum((1, 2, 3)) / outline.sum((1, 2, 3)).clamp(min=1)
    assert (overlap[given] > 0.85).all()


def disc() -> np.ndarray:
    return cv2.circle(np.zeros((64, 64), np.uint8), (32, 32), 20, 255, -1)


def test_the_model_is_told_where_parts_are_most_times() -> None:
    hole = np.full((64, 64), 255, np.uint8)
    places = {
        "left_eye": (24.0, 26.0),
        "beak": (12.0, 28.0),
        "left_wing": (36.0, 32.0),
        "tail": (50.0, 40.0),
        "left_leg": (32.0, 56.0),
    }
    told = [what_is_told(disc(), places, hole, 2, np.random.default_rng(k)) for k in range(300)]
    outlined = [one for one in told if one is not None]
    marked = [one for one in outlined if one[1].any()]
    assert 0.75 < len(outlined) / len(told) < 0.95
    assert 0.75 < len(marked) / len(outlined) < 0.95
    with_head = [one for one in marked if one[1, 26, 24] == 255]
    for one in with_head:
        assert one[1, 28, 12] > 200
        assert one[0, 28, 8] > one[0, 40, 8], "the beak is part of the outline"
    with_legs = [one for one in marked if one[1, 56, 32] > 200]
    assert all(one[0, 56, 32] > 200 for one in with_legs), "legs are part of the outline"
    with_wings = [one for one in marked if 80 < one[1, 33, 38] < 120]
    for some in (with_head, with_legs, with_wings):
        assert 0.8 < len(some) / len(marked) < 0.98
    alone = what_is_told(disc(), places, hole, 1, np.random.default_rng(2))
    assert alone is not None
    assert alone.shape == (1, 64, 64)


def test_what_is_seen_is_not_told() -> None:
    hole = np.zeros((64, 64), np.uint8)
    assert all(what_is_told(disc(), {}, hole, 2, np.random.default_rng(k)) is None for k in range(20))
