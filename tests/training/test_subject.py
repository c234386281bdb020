"""What one's own photos have in common: a thing, its outlines and its name."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from nigdt_training.data.cache import build_cache, cache_key
from nigdt_training.data.data_set import read_data_set
from nigdt_training.data.objects import Finder
from nigdt_training.inpaint.own_photos import OwnPhotos, train_own_photos
from nigdt_training.inpaint.subject import Subject, add_subject, find_subject, finder_of
from nigdt_training.samples import Pool
from PIL import Image

import nigdt
from nigdt.bundle.bundle import find_bundle, read_bundle
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import save_bundle, take_over_recolouring
from nigdt.config import ModelConfig
from nigdt.inpainter import Inpainter
from nigdt.model import NIGDT
from nigdt.outlines import Outlines
from nigdt.recipe import Variant
from nigdt.showcase import PHOTO, add_picture
from nigdt.text import Vocabulary
from tests.tiny import TINY_MODEL, TINY_WORDS
from tests.training.test_own_photos import any_gain

__all__ = ["any_gain"]

SHIPPED = Path(nigdt.__file__).parent / "bundles" / "nigdt-small"
CAPTIONS = (
    "a {0} in the grass",
    "my {0} is running",
    "two small {0}s near a wall",
    "the {0} with a white belly, seen from the left",
)


def draw(i: int, at_edge: bool = False) -> np.ndarray:
    """Return a photo of a dark red thing with a head and a tail on grass."""
    random = np.random.default_rng(i)
    ground = cv2.GaussianBlur(random.normal(0, 1, (240, 300)).astype(np.float32), (0, 0), 3)
    photo = np.uint8([90, 140, 70]) + ground[..., None] * 60
    x, y, size = 150 + 6 * (i % 3), 130 - 5 * (i % 2), 34 + 3 * (i % 4)
    if at_edge:
        x = 0
    thing = np.zeros(photo.shape[:2], np.uint8)
    cv2.ellipse(thing, (x, y), (int(size * 1.3), int(size * 0.7)), 0, 0, 360, 255, -1)
    cv2.circle(thing, (x - int(1.3 * size), y - size // 2), size // 2, 255, -1)
    for leg in (-0.7, 0.7):
        cv2.rectangle(
            thing, (x + int(leg * size) - 5, y), (x + int(leg * size) + 5, y + int(1.4 * size)), 255, -1
        )
    soft = cv2.GaussianBlur(thing, (0, 0), 0.8)[..., None] / 255
    return np.clip(photo + soft * (np.float32([120, 20, 30]) - photo), 0, 255).astype(np.uint8)


def write(folder: Path, name: str, count: int = 8, at_edge: bool = False) -> Path:
    folder.mkdir()
    for i in range(count):
        Image.fromarray(draw(i, at_edge)).save(folder / f"{i}.png")
        (folder / f"{i}.txt").write_text(CAPTIONS[i % 4].format(name), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def finder() -> Finder:
    found = finder_of(find_bundle("nigdt-small"))
    assert found is not None
    return found


def pool_of(folder: Path, caches: Path, finder: Finder) -> Pool:
    cache = build_cache(read_data_set(folder).records, caches / "cached", 256, find=True, finder=finder)
    return Pool(cache, np.arange(len(cache)), 1, 0)


def known_outlines() -> tuple[NIGDT, Vocabulary]:
    model = NIGDT(
        ModelConfig.from_dict({**TINY_MODEL, "outlines": 2, "prefill": "harmonic"}), len(TINY_WORDS)
    )
    model.outlines.shapes.fill_(1)
    model.outlines.words[TINY_WORDS.index("bird")] = 1
    return model, Vocabulary(TINY_WORDS)


def birds() -> Outlines:
    outlines = Outlines.of(*known_outlines())
    assert outlines is not None
    return outlines


def test_the_word_that_captions_share_names_what_is_cut_out(tmp_path: Path, finder: Finder) -> None:
    subject = find_subject(pool_of(write(tmp_path / "zorps", "zorp"), tmp_path, finder), birds())
    assert subject is not None
    assert subject.words == ("zorp", "zorps")
    assert subject.seen == 8
    assert len(subject.shapes) == len(subject.numbers) >= 4
    for one in subject.shapes:
        assert one.shape[40:46].mean() < 0.5 < 0.8 < one.shape[16:22].mean(), "legs below a body"
        assert 1 < one.aspect < 1.8


@pytest.mark.parametrize("name", ["bird", "red", "grass", "belly"])
def test_what_is_known_or_no_thing_is_no_subject(name: str, tmp_path: Path, finder: Finder) -> None:
    assert find_subject(pool_of(write(tmp_path / "known", name), tmp_path, finder), birds()) is None


def test_captions_that_do_not_agree_name_none(tmp_path: Path, finder: Finder) -> None:
    folder = write(tmp_path / "many", "zorp")
    for i in range(4):
        (folder / f"{i}.txt").write_text(f"something{i} else", encoding="utf-8")
    assert find_subject(pool_of(folder, tmp_path, finder), birds()) is None


def test_things_that_the_photo_cuts_off_have_no_outline(tmp_path: Path, finder: Finder) -> None:
    pool = pool_of(write(tmp_path / "cut", "zorp", at_edge=True), tmp_path, finder)
    assert any(pool.cache.object_mask(int(i)) is not None for i in pool.photos)
    assert find_subject(pool, birds()) is None


def test_noise_shows_nothing_clear(finder: Finder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert finder.find(noise) is None


def test_masks_of_another_finder_are_made_anew(tmp_path: Path, finder: Finder) -> None:
    records = read_data_set(write(tmp_path / "zorps", "zorp", 2)).records
    keys = {
        cache_key(records, 256, True),
        cache_key(records, 256, True, finder=finder),
        cache_key(records, 256),
    }
    keys.add(cache_key(records, 256, True, finder=Finder("other", finder.find)))
    assert len(keys) == 4


def test_a_model_keeps_its_birds_and_gets_the_new_kind(tmp_path: Path, finder: Finder) -> None:
    subject = find_subject(pool_of(write(tmp_path / "zorps", "zorp"), tmp_path, finder), birds())
    assert isinstance(subject, Subject)
    small, known = known_outlines()
    vocabulary = known.extended(["zorp", "zorps"])
    count = 2 + len(subject.shapes)
    model = NIGDT(small.config, len(vocabulary))
    model.outlines.load_state_dict({**small.outlines.state_dict(), "words": torch.zeros(len(vocabulary))})
    model.outlines.words[vocabulary.words.index("bird")] = 1
    add_subject(model, vocabulary, subject)
    grown = NIGDT(small.config.with_changes(outlines=count), len(vocabulary))
    grown.load_state_dict(model.state_dict())
    save_bundle(tmp_path / "bundle", grown, vocabulary, title="zorps")
    outlines = Outlines.of(*load_model(read_bundle(tmp_path / "bundle")))
    assert outlines is not None
    assert outlines.kind_in("a zorp") == outlines.kind_in("red Zorps") == 2
    assert outlines.kind_in("a gull beside a zorp") == outlines.of_birds == 1
    hole = np.zeros((128, 128), bool)
    hole[20:110, 10:120] = True
    bird, zorp = (outlines.place(hole, Variant(), kind) for kind in (1, 2))
    assert bird is not None
    assert zorp is not None
    assert bird.outline.sum() > 1.3 * zorp.outline.sum(), "birds are squares here, and zorps have legs"
    assert outlines.place(hole, Variant(), 3) is None


def test_models_made_before_there_were_kinds_have_one(tmp_path: Path) -> None:
    model, vocabulary = known_outlines()
    del model.outlines.kinds
    save_bundle(tmp_path / "old", model, vocabulary, title="old")
    loaded, _ = load_model(read_bundle(tmp_path / "old"))
    assert loaded.outlines.kinds.tolist() == [1, 1]


@pytest.mark.usefixtures("any_gain")
def test_after_training_the_thing_is_drawn_in_its_shape(tmp_path: Path) -> None:
    photos, base = write(tmp_path / "zorps", "zorp", 10), tmp_path / "base"
    model, vocabulary = known_outlines()
    save_bundle(base, model, vocabulary, title="base")
    take_over_recolouring(read_bundle(SHIPPED), base)
    told: list[dict[str, object]] = []
    request = OwnPhotos(
        photos, "mine", tmp_path / "caches", str(base), 2, runs=tmp_path / "runs", device="cpu"
    )
    folder = train_own_photos(request, lambda _text, **facts: told.append(facts))
    assert [facts["subject"] for facts in told if "subject" in facts] == [["zorp", "zorps"]]
    assert find_bundle("mine").training["subject"] == ["zorp", "zorps"]
    own, birds = (
        np.asarray(Image.open(one / "sample.png"), np.float32) for one in (folder, add_picture(base).folder)
    )
    photo = np.asarray(Image.open(PHOTO).crop((680, 80, 1280, 680)).resize((224, 224)), np.float32)
    away = [np.abs(one - photo)[:40].mean() for one in (own, birds)]
    assert away[0] < 3 < 15 < away[1], "it shows the empty place beside the bird"
    inpainter = Inpainter.from_bundle(str(folder))
    crop, hole = draw(3), np.zeros((240, 300), np.uint8)
    hole[10:110, 160:290] = 255
    fills = inpainter.fill_context(crop, hole, "a zorp", [Variant(), Variant(1)])
    assert all(fill.outline is not None and fill.outline.any() for fill in fills)
    assert inpainter.fill_context(crop, hole, "a red dog")[0].outline is None
    shutil.rmtree(folder)
