"""The reader of captions: what it learns from, and that its attention is what reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from nigdt_training.recolour import reader as training
from nigdt_training.recolour.phrasings import draw_phrasing, phrasing_words
from nigdt_training.recolour.reader_ablation import NoWordsReader, UniformReader, ablated
from nigdt_training.recolour.training import with_reader

from nigdt.bundle.bundle import find_bundle
from nigdt.bundle.recolour import load_recolour, save_recolour
from nigdt.cli import nigdt
from nigdt.model.reader import CaptionReader
from nigdt.model.recolour import RecolourConfig, RecolourNet
from nigdt.part_words import PART_NAMES, parts_of
from nigdt.reading import read_caption
from nigdt.text import Vocabulary

WORDS = Vocabulary(["red", "bird", "wing"])
TINY = RecolourConfig(channels=(8, 8, 8, 8, 8), head_channels=8, embedding=4, text_channels=8)


def test_phrasings_name_parts_and_colours_by_known_words() -> None:
    known = set(phrasing_words())
    rng = np.random.default_rng(0)
    given, kept = set(), 0
    for _ in range(300):
        phrasing = draw_phrasing(rng)
        assert known.issuperset(phrasing.words)
        for word, colour in phrasing.given.items():
            assert parts_of(phrasing.words[word])
            assert colour is None or 0 <= colour < len(phrasing.words)
            given.add(phrasing.words[word])
            kept += colour is None
    assert given == {name for names in PART_NAMES.values() for name in names}
    assert 50 < kept < 300


def test_batches_point_at_words_of_colours() -> None:
    vocabulary = Vocabulary(phrasing_words())
    batch = training.reader_batch(np.random.default_rng(1), vocabulary, 64, 24)
    rows, parts = torch.nonzero(batch.pointed >= 0, as_tuple=True)
    assert batch.colours[rows, batch.pointed[rows, parts]].all()
    assert torch.equal(batch.told, (batch.pointed >= 0).float())
    assert (batch.lengths > 0).all()
    scores = torch.zeros(64, 13, 24)
    right = scores.scatter(2, batch.pointed.clamp(min=0)[..., None], 50)
    told = 100 * batch.told - 50
    assert training.reader_loss(told, right, batch) < 1e-3 < training.reader_loss(told, scores, batch)
    assert training.reader_loss(-told, right, batch) > 50


@pytest.mark.parametrize(
    ("kind", "least", "most"), [(CaptionReader, 0.95, 1), (UniformReader, 0, 0.2), (NoWordsReader, 0, 0.2)]
)
def test_attention_is_what_reads(kind: type[CaptionReader], least: float, most: float) -> None:
    net, _ = load_recolour(find_bundle("nigdt-small").folder)
    assert net.reader is not None
    batch = training.reader_batch(np.random.default_rng(3), net.reader.vocabulary, 500, 24)
    assert least <= training.read_rightly(ablated(net.reader, kind), batch) <= most


def test_reader_is_trained_kept_and_shipped(tmp_path: Path) -> None:
    assert training.trained_reader(tmp_path) is None
    lines: list[str] = []
    made = training.train_reader(tmp_path, 24, lines.append, steps=2)
    assert lines[-1].startswith("step 2/2")
    kept = training.trained_reader(tmp_path)
    assert kept is not None
    net = with_reader(RecolourNet(TINY, len(WORDS)), kept)
    save_recolour(tmp_path, net, WORDS, {})
    loaded, _ = load_recolour(tmp_path)
    assert loaded.reader is not None
    assert loaded.reader.vocabulary.words == made.vocabulary.words
    assert torch.allclose(loaded.reader.queries, made.queries, atol=1e-3)


def test_a_network_without_a_reader_reads_by_order(tmp_path: Path) -> None:
    save_recolour(tmp_path, RecolourNet(TINY, len(WORDS)), WORDS, {})
    net, _ = load_recolour(tmp_path)
    assert net.reader is None
    untrained = CaptionReader(Vocabulary(["red", "wings"]))
    assert read_caption(untrained, "blue tail", 24).given == ()


def test_the_command_trains_the_reader_without_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.train_reader, "__kwdefaults__", {"steps": 1, "seed": 1})
    done = CliRunner().invoke(nigdt, ["train", "recolour", "--reader", "--run", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    assert "step 1/1" in done.output
    assert training.trained_reader(tmp_path / "run") is not None
