"""Defects of the research code published with the paper, numbered as there, in training and measuring.

Each test fails when its defect is put back. Those of model and inpainter are in tests/nigdt/test_defects.py.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from nigdt_training import tints
from nigdt_training.checkpoint import read_checkpoint
from nigdt_training.data.cache import Cache, build_cache
from nigdt_training.data.data_set import read_records
from nigdt_training.evaluation import metrics
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.run import Options, evaluate
from nigdt_training.evaluation.systems import Request
from nigdt_training.inpaint.stage import InpaintTrainer
from nigdt_training.inpaint.step import Networks, train_step
from nigdt_training.match import stage as match_stage
from nigdt_training.pools import build_vocabulary
from nigdt_training.run import Run
from nigdt_training.samples import Pool, Sample, SampleStream, collate
from nigdt_training.settings import (
    AugmentationSettings,
    Masks,
    MatchSettings,
    TrainSettings,
    settings_from,
)
from PIL import Image

from nigdt.errors import NigdtError
from nigdt.model.match import MatchNetwork
from nigdt.text import Vocabulary
from tests.tiny import ODD_MODEL
from tests.training.backbone import Backbone

torch.set_num_threads(1)
PHOTOS, CAPTIONS = 4, 5
BOXES = {"object": 1.0}
BRIGHT = 180


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """Dark photos with a bright wedge, thick and brightest on its left, and five captions each."""
    folder = tmp_path_factory.mktemp("collection") / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    rows = []
    y, x = np.mgrid[:96, :128]
    for i in range(PHOTOS):
        pixels = random.integers(20, 60, (96, 128, 3), dtype=np.uint8)
        wedge = np.abs(y - 46) < 12 * (66 - x) / 33
        wedge &= x >= 33
        pixels[wedge] = np.where(x < 48, 250, 215)[wedge, None] + random.integers(-5, 5, (wedge.sum(), 3))
        Image.fromarray(pixels).save(folder / f"{i}.png")
        text = [f"grey-blue bird {i} caption{n}" for n in range(CAPTIONS)]
        rows.append({"file_name": f"{i}.png", "text": text, "box": [30, 32, 38, 28]})
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return build_cache(read_records(folder), folder.parent / "cache", size=96)


def pool(cache: Cache) -> Pool:
    return Pool(cache, np.arange(PHOTOS), 1, 0)


def stream(cache: Cache, masks: Masks = BOXES, **augmentation: float) -> SampleStream:
    return SampleStream(
        [pool(cache)],
        build_vocabulary([pool(cache)]),
        size=64,
        max_words=8,
        latent_shape=(3, 2, 2),
        masks=masks,
        augmentation=AugmentationSettings(**augmentation),
        seed=1,
        around_object=True,
    )


def settings(**changes: object) -> TrainSettings:
    plain = {"data": [{"path": "photos"}], "model": ODD_MODEL, "batch": 2, "steps": 4, "loss": {"match": 0.0}}
    return settings_from({**plain, **changes})


def cpu() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def test_defect_5_every_caption_is_used(cache: Cache) -> None:
    samples = stream(cache)
    used: dict[int, set[str]] = {i: set() for i in range(PHOTOS)}
    for k in range(40 * PHOTOS):
        sample = samples.sample(k)
        used[sample.number].add(sample.caption)
    for i, captions in used.items():
        assert captions == set(cache.captions(i))


def test_defect_5_every_caption_is_used_by_the_match_networks(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(_: MatchSettings, words: int) -> MatchNetwork:
        return MatchNetwork(Backbone(), 8, 8, words, channels=8, embedding=4)

    used: set[str] = set()
    encode = match_stage.encode_captions

    def remember(captions: Sequence[str], vocabulary: Vocabulary) -> tuple[torch.Tensor, torch.Tensor]:
        used.update(captions)
        return encode(captions, vocabulary)

    monkeypatch.setattr(match_stage, "build_match_network", build)
    monkeypatch.setattr(match_stage, "encode_captions", remember)
    run = Run.create(tmp_path, "match", settings(match={"epochs": 30, "size": 32}))
    match_stage.train_match(
        run, [pool(cache)], [pool(cache)], build_vocabulary([pool(cache)]), lambda _: None
    )
    run.close()
    assert used == {caption for i in range(PHOTOS) for caption in cache.captions(i)}


def test_defect_6_photo_and_object_mask_move_together(cache: Cache) -> None:
    samples, left, right = stream(cache, crop=0.6), 0, 0
    for k in range(60):
        sample = samples.sample(k)
        bright = sample.photo.mean(2) > BRIGHT
        assert bright.sum() > 50
        assert (sample.mask[bright] == 255).all()
        # The object's box, a tenth larger at most on each side, and nothing else.
        rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
        assert (sample.mask == 255).sum() <= 1.2**2 * (len(rows) + 10) * (len(columns) + 10)
        middle = round(columns.mean())
        head = sample.photo[rows[0] : rows[-1], columns[0] : middle].mean()
        tail = sample.photo[rows[0] : rows[-1], middle : columns[-1]].mean()
        left, right = left + (head > tail), right + (head < tail)
    assert min(left, right) > 15  # flips did happen


def test_defect_6_photo_and_outline_mask_move_together(cache: Cache) -> None:
    samples = stream(cache, masks={"outline": 1.0})
    shares = []
    for k in range(40):
        sample = samples.sample(k)
        bright = sample.photo.mean(2) > BRIGHT
        assert (sample.mask[bright] == 255).mean() > 0.95
        shares.append((sample.mask == 255).sum() / bright.sum())
    assert min(shares) < 1.3
    assert max(shares) < 2.5


def test_defect_6_the_outline_moves_with_the_photo(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tints, "_IN_HOLE_ONLY", 0.0)
    plain, painted = stream(cache), stream(cache, recolour=1.0)
    seen = 0
    for k in range(40):
        before, after = plain.sample(k).photo, painted.sample(k).photo
        bright = before.mean(2) > BRIGHT
        changed = np.abs(before.astype(int) - after).max(2) > 60
        if changed.sum() < 0.5 * bright.sum():  # painted white
            continue
        seen += 1
        assert (changed & bright).sum() > 0.8 * changed.sum()
        assert (changed & bright).sum() > 0.95 * bright.sum()
    assert seen > 20


def test_defect_7_the_scales_do_not_depend_on_the_batch(cache: Cache) -> None:
    samples = stream(cache)
    networks = Networks(settings(), samples.vocabulary, cpu())
    networks.paths.eval()
    networks.discriminators.eval()
    losses = []
    for size in (1, 2, 3, 4, 6):
        batch = samples.batch([5] * size)
        output = networks.paths(
            batch.image, batch.M, batch.tokens, batch.lengths, batch.prior_noise, batch.posterior_noise
        )
        assert [p.shape[2] for p in output.generative.pyramid] == [8, 16, 32, 64]
        assert [p.shape[2] for p in output.reconstruction] == [8, 16, 32, 64]
        logs = train_step(networks, batch, 0, settings(), cpu(), None, None)
        losses.append({name: value.item() for name, value in logs.items()})
    for other in losses[1:]:
        assert other == pytest.approx(losses[0], rel=1e-3)
    gradients = [head.parametrizations.weight.original.grad for head in networks.plain.model.generator.heads]
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients)


def test_defect_8_differences_of_pixels_do_not_overflow() -> None:
    dark, light = np.full((8, 8, 3), 10, np.uint8), np.full((8, 8, 3), 250, np.uint8)
    for one, other in ((dark, light), (light, dark)):
        assert metrics.l1(one, other) == 240
        assert metrics.psnr(one, other) == pytest.approx(20 * np.log10(255 / 240))
    stripes = dark.copy()
    stripes[:, ::2] = 250
    assert metrics.total_variation(stripes) == 240


def test_defect_9_every_stage_reads_words_alike(cache: Cache) -> None:
    vocabulary = build_vocabulary([pool(cache)])
    assert {"grey", "blue", "caption0"} <= set(vocabulary.words)
    assert not any("-" in word for word in vocabulary.words)
    captions = ["grey-blue bird", "Grey, blue BIRD 1", "", "quagga"]
    expected = [vocabulary.encode(caption, 8) for caption in captions]
    assert len(expected[0]) == 3
    blank = np.zeros((64, 64, 3), np.uint8)
    noise = torch.zeros(4, 3, 2, 2)
    samples = [Sample(blank, blank[..., 0], caption, i) for i, caption in enumerate(captions)]
    batch = collate(samples, vocabulary, 8, noise, noise)
    for tokens, lengths in ((batch.tokens, batch.lengths), match_stage.encode_captions(captions, vocabulary)):
        rows = [row[:n].tolist() for row, n in zip(tokens, lengths.tolist(), strict=True)]
        assert rows == expected


def test_defect_10_captions_without_known_words_and_long_ones_train(cache: Cache) -> None:
    samples = stream(cache)
    made = [samples.sample(k) for k in range(3)]
    for sample, caption in zip(made, ("", "quagga zorilla", "grey bird " * 300), strict=True):
        sample.caption = caption
    noise = torch.randn(3, 3, 2, 2)
    batch = collate(made, samples.vocabulary, 8, noise, noise)
    assert batch.tokens.shape == (3, 8)
    assert batch.lengths.tolist() == [0, 0, 8]
    for rows in (batch, batch.rows(0, 2)):
        networks = Networks(settings(), samples.vocabulary, cpu())
        logs = train_step(networks, rows, 0, settings(), cpu(), None, None)
        assert all(torch.isfinite(value) for value in logs.values())
        for name, parameter in networks.plain.named_parameters():
            assert parameter.grad is None or torch.isfinite(parameter.grad).all(), name


class Lucky:
    """Answers badly first, then with the original."""

    name, guided, sampled = "lucky", False, True

    def fill(self, requests: Sequence[Request], samples: int = 1) -> list[list[np.ndarray]]:
        answers = []
        for request in requests:
            bad = np.where(request.case.hole[..., None], 255 - request.case.photo, request.case.photo)
            answers.append([bad, *[request.case.photo] * (samples - 1)])
        return answers


def test_defect_11_one_answer_is_measured_not_the_best_of_many() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    hole = np.zeros((32, 32), bool)
    hole[8:24, 8:24] = True
    case = Case("one", photo, hole, "a bird", ("a bird",), None)
    one, many = (evaluate(Lucky(), [case], Options(samples=n)).figures for n in (1, 50))
    bad = np.where(hole[..., None], 255 - photo, photo)
    for figures in (one, many):
        assert figures["psnr"] == pytest.approx(metrics.psnr(photo, bad))
        assert figures["l1"] == pytest.approx(metrics.l1(photo, bad))
        assert figures["ssim"] == pytest.approx(metrics.ssim(photo, bad))
        assert figures["tv"] == pytest.approx(metrics.total_variation(bad))
    assert not any(name.startswith("best") for name in one)
    assert many["best_l1"] == 0


def trainer(cache: Cache, folder: Path) -> InpaintTrainer:
    run = (
        Run.open(folder)
        if folder.exists()
        else Run.create(folder.parent, "tiny", settings(learning_rate=1e-2))
    )
    pools = [pool(cache)]
    return InpaintTrainer(run, pools, [], build_vocabulary(pools), None, cpu(), lambda *_, **__: None)


def advance(one: InpaintTrainer, steps: int) -> None:
    for _ in range(steps):
        one._one_step()
        one.step += 1
    one.save(one.run.last)


def test_defect_13_a_checkpoint_holds_all_that_training_needs(cache: Cache, tmp_path: Path) -> None:
    whole = trainer(cache, tmp_path / "a" / "00001-tiny")
    advance(whole, 4)
    advance(trainer(cache, tmp_path / "b" / "00001-tiny"), 2)
    again = trainer(cache, tmp_path / "b" / "00001-tiny")
    assert again.resume()
    assert again.step == 2
    advance(again, 2)
    expected, got = read_checkpoint(whole.run.last), read_checkpoint(again.run.last)
    assert got.facts == expected.facts
    assert got.tensors.keys() == expected.tensors.keys()
    for name, tensor in expected.tensors.items():
        assert torch.equal(got.tensors[name], tensor), name

    assert expected.facts["step"] == 4
    assert expected.facts["words"] == list(whole.vocabulary.words)
    assert settings_from(expected.facts["settings"]) == whole.settings
    for optimiser, trained in (
        ("optimiser_g", whole.networks.plain),
        ("optimiser_d", whole.networks.plain_d),
    ):
        moments = [name for name in expected.part(optimiser) if name.endswith("exp_avg_sq")]
        assert len(moments) == sum(1 for _ in trained.parameters())


class Trap:
    """Unpickling it leaves a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_defect_13_checkpoints_are_never_unpickled(cache: Cache, tmp_path: Path) -> None:
    one = trainer(cache, tmp_path / "a" / "00001-tiny")
    one.save(one.run.last)
    header = int.from_bytes(one.run.last.read_bytes()[:8], "little")
    assert "__metadata__" in json.loads(one.run.last.read_bytes()[8 : 8 + header])
    sprung = tmp_path / "sprung"
    one.run.last.write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(NigdtError, match="Cannot read the checkpoint"):
        one.resume()
    torch.save({"weights": Trap(sprung)}, one.run.last)
    with pytest.raises(NigdtError, match="Cannot read the checkpoint"):
        one.resume()
    assert not sprung.exists()
