import json

import cv2
import numpy as np
import pytest
from nigdt_training.data.recolour import bytes_to_lab
from nigdt_training.recolour.batches import Store, collate
from nigdt_training.recolour.captions import draw_colour, part_caption, vocabulary_words, whole_caption
from nigdt_training.recolour.checking import detail_kept
from nigdt_training.recolour.cutouts import prepare, read_shard
from nigdt_training.recolour.given_masks import objects_of
from nigdt_training.recolour.samples import draw_sample
from nigdt_training.recolour.selections import draw_selection
from nigdt_training.recolour.tint import tinted

from nigdt.colours import BASIC, NamedColour, find_colours, named_lab, names_part, nearest_basic
from nigdt.part_words import PART_NAMES, PARTS
from nigdt.text import Vocabulary, tokenise
from tests.training.recolour_scene import bird, scene


@pytest.mark.parametrize("name", list(BASIC))
def test_tint_has_the_colour_and_keeps_the_detail(name):
    photo, mask = scene()
    lab = bytes_to_lab(photo)
    after = tinted(lab, mask.astype(np.float32) / 255, NamedColour((name,), named_lab((name,))))
    core = mask > 250
    assert nearest_basic(np.median(after[core], 0)) == name
    assert detail_kept(lab[..., 0], after[..., 0], core) > 0.95


def test_black_is_black_and_white_is_white():
    photo, mask = scene()
    for name, low, high in (("black", 0, 25), ("white", 85, 100)):
        after = tinted(
            bytes_to_lab(photo), mask.astype(np.float32) / 255, NamedColour((name,), named_lab((name,)))
        )
        assert low <= np.median(after[mask > 250][:, 0]) <= high


def test_parts_go_to_the_nearest_place():
    cutout = bird()
    assert cutout.parts[60, 70] == PARTS.index("wing") + 1
    assert cutout.parts[80, 85] == PARTS.index("belly") + 1
    assert cutout.parts[72, 118] == PARTS.index("eye") + 1
    assert cutout.parts[cutout.mask == 0].max() == 0


def test_captions_name_what_was_drawn():
    rng = np.random.default_rng(0)
    known = vocabulary_words()
    for _ in range(200):
        colour, other = draw_colour(rng), draw_colour(rng)
        whole = whole_caption(colour, ["horse"], False, rng)
        assert {c.words for c in find_colours(whole)} == {colour.words}
        assert not names_part(whole)
        part = part_caption([("wing", colour), ("belly", other)], None, ["bird"], rng)
        assert [c.words for c in find_colours(part)] == [colour.words, other.words]
        assert set(tokenise(whole)) | set(tokenise(part)) <= known


def test_every_part_can_be_said():
    assert set(PARTS) <= set(PART_NAMES)


def test_selections_meet_the_object():
    rng = np.random.default_rng(1)
    mask = scene()[1].astype(np.float32) / 255
    for _ in range(100):
        chosen = draw_selection(mask, rng)
        assert chosen.shape == mask.shape
        assert 0 <= chosen.min() <= chosen.max() <= 1
        assert (chosen * mask).max() > 0.3


def test_samples_change_only_what_is_asked():
    rng = np.random.default_rng(2)
    hidden = set()
    for _ in range(60):
        sample = draw_sample(bird(), 64, rng)
        assert sample.start.shape == sample.tint.shape == (64, 64, 3)
        assert find_colours(sample.caption)
        assert sample.alpha.max() > 0
        hidden.add(sample.hidden)
        if names_part(sample.caption) and len(find_colours(sample.caption)) == 1:
            assert (sample.alpha > 0.5).mean() < 0.6
    assert hidden == {True, False}


def test_same_generator_same_sample():
    first, second = (draw_sample(bird(), 64, np.random.default_rng(4)) for _ in range(2))
    assert first.caption == second.caption
    assert np.array_equal(first.tint, second.tint)


def test_batches_stack_samples():
    rng = np.random.default_rng(5)
    vocabulary = Vocabulary(sorted(vocabulary_words()))
    batch = collate([draw_sample(bird(), 64, rng) for _ in range(3)], vocabulary, 12)
    assert batch.start.shape == (3, 3, 64, 64)
    assert batch.alpha.shape == batch.selection.shape == (3, 1, 64, 64)
    assert batch.tokens.shape[0] == 3
    assert (batch.tokens > 0).sum(1).tolist() == batch.lengths.tolist()


def test_photos_become_a_store(tmp_path):
    folder = tmp_path / "data" / "birds"
    folder.mkdir(parents=True)
    lines = []
    for i in range(4):
        photo, _ = scene(i)
        cv2.imwrite(str(folder / f"{i}.png"), photo[..., ::-1])
        split = "test" if i == 3 else "train"
        lines.append(
            {"file_name": f"{i}.png", "text": ["a bird"], "box": [30, 20, 100, 80], "cub_split": split}
        )
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    (tmp_path / "data" / "birds-parts.json").write_text(json.dumps({"0.png": {"belly": [80, 60]}}))
    said = []
    assert prepare(tmp_path / "data", tmp_path / "store", said.append) == 4
    assert said == ["4 of 4 photos looked at"]
    store = Store(tmp_path / "store")
    assert (len(store.plain), len(store.parted), len(store.held)) == (2, 1, 1)
    overlap = (store.plain[0].mask > 127) & (scene()[1] > 127)
    assert overlap.sum() > 0.9 * (scene()[1] > 127).sum()
    prepare(tmp_path / "data", tmp_path / "store", said.append)
    assert len(said) == 1, "photos looked at before are not looked at again"
    assert len(read_shard(tmp_path / "store" / "shard-0000.npz")) == 4


def masked(tmp_path, mask, box=None, one=True):
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    return objects_of(tmp_path / "mask.png", (120, 160), box, one)


def test_a_given_mask_is_the_object(tmp_path):
    mask = np.zeros((240, 320), np.uint8)
    cv2.ellipse(mask, (160, 120), (80, 50), 0, 0, 360, 255, -1)
    (found,) = masked(tmp_path, mask)
    assert found.shape == (120, 160)
    assert np.array_equal(found, cv2.resize(mask, (160, 120), interpolation=cv2.INTER_AREA))


def test_masks_that_know_nothing_are_left_out(tmp_path):
    nothing = np.zeros((120, 160), np.uint8)
    assert masked(tmp_path, nothing) == []
    assert masked(tmp_path, nothing + 255) == []
    undecided = nothing.copy()
    undecided[20:100, 20:140] = 140
    assert masked(tmp_path, undecided) == []
    assert objects_of(tmp_path / "none.png", (120, 160), None, True) == []
    (tmp_path / "damaged.png").write_bytes(b"no picture")
    assert objects_of(tmp_path / "damaged.png", (120, 160), None, True) == []


def test_one_thing_is_whole_and_several_are_several(tmp_path):
    mask = np.zeros((120, 160), np.uint8)
    mask[20:100, 10:60] = mask[20:80, 90:150] = 255
    assert masked(tmp_path, mask) == []
    first, second = masked(tmp_path, mask, one=False)
    assert first[50, 30] == second[50, 120] == 255
    assert first[50, 120] == second[50, 30] == 0
    (bird,) = masked(tmp_path, mask, box=(10, 20, 50, 80))
    assert bird[50, 30] == 255
    assert bird[50, 120] == 0


def test_masks_beside_photos_are_used(tmp_path):
    folder = tmp_path / "data" / "things"
    folder.mkdir(parents=True)
    (tmp_path / "data" / "things-masks").mkdir()
    photo, _ = scene(0)
    for name in ("a.jpg", "b.jpg"):
        cv2.imwrite(str(folder / name), photo[..., ::-1])
    lines = [{"file_name": name, "text": ["a thing"]} for name in ("a.jpg", "b.jpg")]
    (folder / "metadata.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[30:70, 40:90] = 255
    cv2.imwrite(str(tmp_path / "data" / "things-masks" / "a.png"), mask)
    prepare(tmp_path / "data", tmp_path / "store", lambda line: None)
    (cutout,) = read_shard(tmp_path / "store" / "shard-0000.npz")
    assert cutout.file == "a.jpg"
    assert np.array_equal(cutout.mask, mask)
