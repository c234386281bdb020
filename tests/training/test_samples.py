import json
import shutil

import numpy as np
import pytest
import torch
from nigdt_training import tints
from nigdt_training.data.cache import build_cache
from nigdt_training.data.data_set import read_records
from nigdt_training.data.recolour import COLOURS
from nigdt_training.evaluation.cases import CaseSettings, draw_cases
from nigdt_training.pools import build_vocabulary, open_pools
from nigdt_training.samples import VALIDATION_SEED, Pool, SampleStream
from nigdt_training.settings import DEFAULT_MASKS, AugmentationSettings, load_settings, settings_from
from PIL import Image

from nigdt.errors import NigdtError
from tests.training.colour_words import colour_words


def stream(folder, cache_folder, seed=0, shares=(1,), **augmentation):
    cache = build_cache(read_records(folder), cache_folder)
    photos = np.arange(len(cache))
    pools = [Pool(cache, photos, share, i * len(cache)) for i, share in enumerate(shares)]
    return SampleStream(
        pools,
        build_vocabulary(pools),
        size=64,
        max_words=8,
        latent_shape=(4, 2, 2),
        masks=DEFAULT_MASKS,
        augmentation=AugmentationSettings(**augmentation),
        seed=seed,
        around_object=True,
    )


def test_a_sample_depends_on_its_number_alone(photo_folder, tmp_path):
    first, second = (stream(photo_folder, tmp_path / "cache", recolour=0.5) for _ in range(2))
    second.batch(range(7, 30))  # what was drawn before must not matter
    one, other = first.batch([3, 41]), second.batch([3, 41])
    for name in ("image", "M", "tokens", "prior_noise", "posterior_noise"):
        assert torch.equal(getattr(one, name), getattr(other, name)), name
    assert one.captions == other.captions
    different = stream(photo_folder, tmp_path / "cache", seed=1, recolour=0.5).batch([3, 41])
    assert not torch.equal(one.image, different.image)


def test_every_photo_once_per_epoch_and_all_captions_drawn(photo_folder, tmp_path):
    samples = stream(photo_folder, tmp_path / "cache")
    for epoch in range(2):
        seen = [samples.sample(epoch * 20 + k).number for k in range(20)]
        assert sorted(seen) == list(range(20))
    first, second = ({(s := samples.sample(e * 20 + k)).number: s.caption for k in range(20)} for e in (0, 1))
    assert all(first[number] != second[number] for number in first)
    assert len({caption for caption in [*first.values(), *second.values()] if "number" in caption}) == 20


def test_weights_decide_how_often_a_pool_is_drawn(photo_folder, tmp_path):
    samples = stream(photo_folder, tmp_path / "cache", shares=(3, 1))
    numbers = np.array([samples.sample(k).number for k in range(80)])
    assert (numbers < 20).sum() == 60


def test_recoloured_objects_carry_their_colour_in_the_caption(photo_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(tints, "_IN_HOLE_ONLY", 1.0)
    plain = stream(photo_folder, tmp_path / "cache")
    painted = stream(photo_folder, tmp_path / "cache", recolour=1.0)
    names = set()
    for k in range(40):
        before, after = plain.sample(k), painted.sample(k)
        outside = before.mask == 0
        assert np.array_equal(before.photo[outside], after.photo[outside])
        words = set(colour_words(after.caption))
        assert len(words) == 1
        names |= words
    assert len(names & set(COLOURS)) >= 5


def test_without_boxes_squares_are_plain_and_never_enlarged(photo_folder, tmp_path):
    """The short side, whole, at a random place along the long one."""
    cache = build_cache(read_records(photo_folder), tmp_path / "cache")
    pool = Pool(cache, np.arange(len(cache)), 1, 0)
    plain = SampleStream(
        [pool],
        build_vocabulary([pool]),
        size=cache.size,
        max_words=8,
        latent_shape=(4, 2, 2),
        masks={"centre": 1.0},
        augmentation=AugmentationSettings(crop=1.0),
        seed=0,
    )
    for k in range(20):
        sample = plain.sample(k)
        photo = cache.photo(sample.number)
        height, width = photo.shape[:2]
        assert min(height, width) == cache.size
        squares = [
            photo[top : top + cache.size, left : left + cache.size, ::]
            for top in range(height - cache.size + 1)
            for left in range(width - cache.size + 1)
        ]
        seen = (sample.photo, sample.photo[:, ::-1])
        assert any(np.array_equal(square, one) for square in squares for one in seen)


def long_photos(folder):
    """Photos of 512 x 128 whose red is their column halved, with the object at the left end."""
    folder.mkdir()
    ramp = np.repeat(np.arange(256, dtype=np.uint8), 2)
    rows = []
    for name in ("a.png", "b.png"):
        Image.fromarray(np.broadcast_to(ramp[None, :, None], (128, 512, 3)).copy()).save(folder / name)
        rows.append({"file_name": name, "text": "a red bird", "box": [0, 20, 60, 60], "group": name})
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def test_section_4_2_cuts_the_central_square_wherever_the_object_is(tmp_path):
    """Columns 192 to 320 of 512, that is red 96 to 159.5, in training and in what is measured."""
    folder = long_photos(tmp_path / "photos")
    settings = {"data": [{"path": "photos", "validation": 0.0}], "squares": "centre"}
    training, _ = open_pools(settings_from(settings), tmp_path, tmp_path / "caches")
    drawn = SampleStream(
        training,
        build_vocabulary(training),
        size=128,
        max_words=8,
        latent_shape=(4, 2, 2),
        masks=DEFAULT_MASKS,
        augmentation=AugmentationSettings(crop=1.0),
        seed=0,
    )
    seen = [drawn.sample(k).photo for k in range(4)]
    (case, _) = draw_cases(read_records(folder), CaseSettings("centre", size=128))
    for photo in (*seen, case.photo):
        assert photo.shape == (128, 128, 3)
        columns = photo[:, :, 0].mean(0)
        # Training mirrors half of the photos.
        np.testing.assert_allclose(np.sort(columns), 96 + np.arange(128) / 2, atol=1.5)
    around, _ = draw_cases(read_records(folder), CaseSettings("object", size=128, around_object=True))
    assert around.photo.max() < 96, "around the object all the same where that is asked for"


def test_papers_settings_cut_as_section_4_2_says():
    for name in ("paper-cub", "paper-coco"):
        settings = load_settings(name)
        assert settings.squares == "centre"
        assert settings.augmentation.crop == 1


def test_validation_shows_photos_as_they_are_and_never_what_training_draws(photo_folder, tmp_path):
    cache = build_cache(read_records(photo_folder), tmp_path / "cache")
    pool = Pool(cache, np.arange(len(cache)), 1, 0)

    def drawn(augmentation, seed):
        return SampleStream(
            [pool],
            build_vocabulary([pool]),
            size=64,
            max_words=8,
            latent_shape=(4, 2, 2),
            masks=DEFAULT_MASKS,
            augmentation=augmentation,
            seed=seed,
        )

    kept = drawn(None, VALIDATION_SEED)
    assert not any(kept.mirrored for _ in range(3))
    with pytest.raises(NigdtError, match="seed"):
        settings_from({"data": [{"path": "photos"}], "seed": VALIDATION_SEED})
    for seed in (0, 1):
        learnt = drawn(AugmentationSettings(), seed)
        pairs = [(kept.sample(k), learnt.sample(k)) for k in range(20)]
        assert any(not np.array_equal(one.mask, other.mask) for one, other in pairs)
        assert not torch.equal(kept.batch([0]).prior_noise, learnt.batch([0]).prior_noise)


def test_match_networks_are_given_the_batch_and_further_captions(photo_folder, tmp_path):
    folder = tmp_path / "photos"
    shutil.copytree(photo_folder, folder)
    index = folder / "metadata.jsonl"
    rows = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["species"] = row["text"][0]
    index.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    samples = stream(folder, tmp_path / "cache", shares=(2, 1))
    batch, vocabulary = samples.batch(range(4)), samples.vocabulary
    found = samples.match_captions(batch, 5, 60, vocabulary, mask_same_class=False)
    assert torch.equal(found.tokens[:4, : batch.tokens.shape[1]], batch.tokens)
    assert len(found.tokens) == len(found.lengths) == len(found.negative_groups) == 64
    again = samples.match_captions(batch, 5, 60, vocabulary, mask_same_class=True)
    assert torch.equal(again.tokens, found.tokens)
    assert not torch.equal(samples.match_captions(batch, 6, 60, vocabulary, False).tokens, found.tokens)
    names = [" ".join(vocabulary.words[t - 1] for t in row if t) for row in found.tokens.tolist()]
    species = [next(colour for colour in COLOURS if colour in name) for name in names]
    alike = again.negative_groups[:, None] == again.negative_groups[None]
    assert alike.tolist() == [[one == other for other in species] for one in species]
    assert 20 < len(found.negative_groups.unique()) <= 40, "one of each photo of both pools"
    assert len(samples.match_captions(batch, 5, 0, vocabulary, False).negative_groups) == 4


def test_batch_ranges_and_polarity(photo_folder, tmp_path):
    batch = stream(photo_folder, tmp_path / "cache").batch(range(12))
    assert batch.image.shape == (12, 3, 64, 64)
    assert batch.image.min() >= -1
    assert batch.image.max() <= 1
    assert set(batch.M.unique().tolist()) == {0.0, 1.0}
    hidden = 1 - batch.M.mean((1, 2, 3))
    assert ((hidden > 0.01) & (hidden < 0.8)).all()
    assert ((batch.tokens > 0).sum(1) == batch.lengths).all()
    assert batch.objects.shape == (12, 1, 64, 64)
    assert batch.objects.min() == 0
    assert batch.objects.max() == 1
    share = batch.objects.mean((1, 2, 3))  # discs of 22 px radius, cut out with 1.3 to 2.2 times their box
    assert ((share > 0.05) & (share < 0.6)).float().mean() > 0.7
