"""Stage 1 within a time, on a stand-in for the backbone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from nigdt_training.checkpoint import read_facts
from nigdt_training.data.cache import build_cache
from nigdt_training.data.crops import square
from nigdt_training.data.data_set import read_records
from nigdt_training.data.decode import Frame
from nigdt_training.match import stage as match_stage
from nigdt_training.match.views import photo_view
from nigdt_training.pools import build_vocabulary
from nigdt_training.run import Run
from nigdt_training.samples import Pool, owners
from nigdt_training.settings import MatchSettings, settings_from
from torch import nn

from nigdt.model.match import MatchNetwork


class Clock:
    """Stands in for the module `time`: a busy machine must not decide what is seen."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """Each look at the clock takes a hundredth of a second."""
        self.now += 0.01
        return self.now


class SlowBackbone(nn.Module):
    """Takes 20 ms for every picture, as a real one may."""

    seen = 0
    clock = Clock()

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 8, 8)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        SlowBackbone.seen += len(image)
        SlowBackbone.clock.now += 0.02 * len(image)
        regions = self.layer(image)
        return regions, regions.mean((2, 3))


@pytest.fixture
def train(photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Trains on 60 entries with 3 to measure on; gives the run and what was said."""

    def build(_: MatchSettings, words: int) -> MatchNetwork:
        return MatchNetwork(SlowBackbone(), 8, 8, words, channels=8, embedding=4)

    monkeypatch.setattr(match_stage, "build_match_network", build)
    monkeypatch.setattr(SlowBackbone, "seen", 0)
    monkeypatch.setattr(match_stage, "time", SlowBackbone.clock)
    cache = build_cache(read_records(photo_folder), tmp_path / "cache", size=64)
    learnt = Pool(cache, np.tile(np.arange(3, 18), 4), 1, 0)
    kept = Pool(cache, np.arange(3), 1, 0)

    def run(seconds: float) -> tuple[Run, list[str]]:
        settings = {"data": [{"path": "photos"}], "match": {"epochs": 500, "batch": 8, "size": 32}}
        run, lines = Run.create(tmp_path / "runs", "match", settings_from(settings)), []
        vocabulary = build_vocabulary([learnt], 1)
        match_stage.train_match(run, [learnt], [kept], vocabulary, lines.append, seconds=seconds)
        run.close()
        return run, lines

    return run


def test_stage_1_ends_within_its_time_with_what_it_has_learnt(train) -> None:
    began = SlowBackbone.clock.now
    run, lines = train(1.2)
    assert 1.2 <= SlowBackbone.clock.now - began < 1.3
    assert match_stage.match_is_trained(run)
    assert read_facts(run.match_checkpoint)["epoch"] >= 1
    assert SlowBackbone.seen - 3 == 48, "those begun within 70 % of the time, three for measuring included"
    assert any(f"time to look at {SlowBackbone.seen - 3} of 60 views of photos" in line for line in lines)
    epochs = sum(line.startswith("match epoch") for line in lines)
    assert 1 <= epochs < 500
    assert lines[-1] == f"match networks: their time is up after {epochs} of 500 epochs"


def test_without_any_time_it_still_learns_from_a_batch(train) -> None:
    run, lines = train(0.0)
    assert SlowBackbone.seen - 3 == 16
    assert read_facts(run.match_checkpoint)["epoch"] == 1
    steps = [line["step"] for line in run.logged()]
    assert steps == [1]
    assert lines[-1].endswith("after 1 of 500 epochs")


def test_every_photo_is_learnt_from_in_as_many_views_as_asked(photo_folder, tmp_path) -> None:
    cache = build_cache(read_records(photo_folder), tmp_path / "cache", size=64)
    pool = Pool(cache, np.arange(4), 1, 0)
    views = match_stage._views([pool], seed=1, number=3)
    assert [i for _, i, _ in views[:4]] == [i for _, i, _ in views[4:8]] == [i for _, i, _ in views[8:]]
    assert [view for _, _, view in views] == [0] * 4 + [1] * 4 + [2] * 4

    settings = MatchSettings(size=32)
    seen = [photo_view(pool, 2, view, settings, 1) for view in range(6)]
    assert all(one.shape == (3, 32, 32) and one.abs().max() <= 1 for one in seen)
    plain = square(Frame(cache.photo(2), None, None), 32, around_object=False).photo
    torch.testing.assert_close(seen[0], torch.from_numpy(plain.copy()).permute(2, 0, 1) / 127.5 - 1)
    for k, one in enumerate(seen):
        assert all((one - other).abs().max() > 0.02 for other in seen[:k]), "views differ"
        torch.testing.assert_close(one, photo_view(pool, 2, k, settings, 1))


def test_captions_of_one_photo_and_on_request_of_one_species_are_no_negatives() -> None:
    species = {0: "wren", 1: "wren", 2: None, 3: None}
    pool = Pool(SimpleNamespace(species=species.get), np.arange(4), 1, 10)  # type: ignore[arg-type]
    views = [(pool, i, view) for view in (0, 1) for i in range(4)]
    assert owners([(pool, i) for pool, i, _ in views], False).tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert owners([(pool, i) for pool, i, _ in views], True).tolist() == [0, 0, 1, 2, 0, 0, 1, 2]
