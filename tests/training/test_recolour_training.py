import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from nigdt_training.commands.train import train as train_command
from nigdt_training.recolour import finder, training
from nigdt_training.recolour.batches import Store
from nigdt_training.recolour.captions import vocabulary_words
from nigdt_training.recolour.checking import check, sheet
from nigdt_training.recolour.cutouts import write_shard
from nigdt_training.recolour.losses import RecolourBatch, losses, recoloured
from nigdt_training.recolour.part_teacher import UNKNOWN, attention_loss
from nigdt_training.recolour.training import RecolourSettings, Training, train, with_finder

from nigdt.bundle.recolour import load_recolour, save_recolour
from nigdt.errors import NigdtError
from nigdt.model.finder import FINE_FINDER_SIZE
from nigdt.model.recolour import RecolourConfig, RecolourMaps
from nigdt.recolourer import Recolourer
from nigdt.text import Vocabulary
from tests.training.recolour_scene import bird

TINY = RecolourConfig(size=64, channels=(8, 8, 8, 8, 8), head_channels=8, embedding=8, text_channels=8)
SETTINGS = RecolourSettings(size=32, fine_size=64, fine_from=3, batch=2)
WORDS = Vocabulary(sorted(vocabulary_words()))


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "cutouts"
    folder.mkdir()
    write_shard(folder / "shard-0000.npz", [bird(), bird(places={}), bird(held=True)])
    return Store(folder)


def batch(alpha: torch.Tensor) -> RecolourBatch:
    shape = (1, 3, 8, 8)
    tint = torch.tensor([30.0, 50.0, 40.0])[None, :, None, None].expand(shape)
    return RecolourBatch(
        start=torch.full(shape, 20.0),
        tint=tint,
        alpha=alpha,
        selection=torch.ones(1, 1, 8, 8),
        hidden=torch.zeros(1),
        tokens=torch.ones(1, 1, dtype=torch.long),
        lengths=torch.ones(1, dtype=torch.long),
        captions=["red"],
        labels=torch.full((1, 8, 8), UNKNOWN),
        named=torch.zeros(1, 1, 13).bool(),
    )


def test_perfect_answer_costs_nothing():
    alpha = torch.zeros(1, 1, 8, 8)
    alpha[..., 2:5, 2:5] = 1
    asked = batch(alpha)
    maps = RecolourMaps((alpha * 2 - 1) * 40, asked.tint[:, 1:], asked.tint[:, :1] - asked.start[:, :1])
    assert all(value.item() < 1e-5 for value in losses(maps, asked).values())
    shown = recoloured(asked.start, maps, asked.selection)
    assert torch.allclose(shown[..., 3, 3], asked.tint[..., 3, 3])
    assert torch.allclose(shown[..., 0, 0], asked.start[..., 0, 0])


def test_missing_a_thin_part_costs_nearly_as_much_as_missing_a_thick_one():
    costs = []
    for width in (1, 4):
        alpha = torch.zeros(1, 1, 8, 8)
        alpha[..., :width] = 1
        nothing = RecolourMaps(torch.full_like(alpha, -3.0), torch.zeros(1, 2, 8, 8), torch.zeros(1, 1, 8, 8))
        costs.append(losses(nothing, batch(alpha))["place"].item())
    assert costs[0] > 0.4 * costs[1]


def test_run_goes_on_where_it_stopped(tmp_path, store):
    said = []
    run = Training(tmp_path / "run", SETTINGS, TINY, WORDS)
    train(run, store, said.append, max_steps=4)
    again = Training.open(tmp_path / "run", SETTINGS)
    assert again.step == 4
    assert again.config == TINY
    for name, value in run.net.state_dict().items():
        assert torch.equal(value, again.net.state_dict()[name])
    train(again, store, said.append, max_steps=5)
    assert again.step == 5
    assert any(
        not torch.equal(a, b) for a, b in zip(run.net.parameters(), again.net.parameters(), strict=True)
    )


def test_the_same_command_goes_on(tmp_path, store, monkeypatch):
    monkeypatch.setattr(training, "RecolourSettings", lambda: SETTINGS)
    folder = tmp_path / "run"
    train(Training(folder, SETTINGS, TINY, WORDS), store, lambda _: None, max_steps=4)
    store.folder.rename(folder / training.STORE)
    arguments = ["--data", tmp_path, "--run", folder, "--max-minutes", 1e-9]
    done = CliRunner().invoke(train_command, ["recolour", *map(str, arguments)], catch_exceptions=False)
    assert "Stopped at step 4." in done.output


def test_nothing_to_go_on_with(tmp_path):
    with pytest.raises(NigdtError, match="holds no training"):
        Training.open(tmp_path, SETTINGS)


def test_check_measures_and_draws(tmp_path, store):
    run = Training(tmp_path / "run", SETTINGS, TINY, WORDS)
    figures, answers = check(Recolourer(run.averaged(), WORDS), store.held, objects=1, parts=1)
    assert figures.objects == 11
    assert figures.parts == 1
    assert 0 <= figures.asked_colour <= 1
    assert np.isfinite(figures.detail)
    assert len(answers) == 12
    assert sheet(answers, 4, 64).shape[2] == 3


def test_averaged_weights_can_be_shipped(tmp_path, store):
    run = Training(tmp_path / "run", SETTINGS, TINY, WORDS)
    train(run, store, lambda _: None, max_steps=2)
    save_recolour(tmp_path, run.averaged(), WORDS, {"steps": run.step})
    net, vocabulary = load_recolour(tmp_path)
    assert vocabulary.words == WORDS.words
    for name, value in net.state_dict().items():
        assert torch.allclose(value, run.average[name], atol=1e-3, rtol=1e-3)


def test_teacher_asks_for_known_parts_alone(tmp_path):
    run = Training(tmp_path, SETTINGS, TINY, WORDS)
    teacher = run.teacher
    asked = (torch.rand(1, 3, 64, 64), torch.ones(1, 1, 64, 64), torch.zeros(1), torch.ones(1, 1).long())
    labels = torch.full((1, 64, 64), UNKNOWN)
    run.net(*asked, torch.ones(1).long())
    assert teacher.loss(labels).item() == 0
    labels[:, 8:24, 8:24] = 3
    run.net(*asked, torch.ones(1).long())
    teacher.loss(labels).backward()
    assert run.net.stem.weight.grad.abs().sum() > 0


def test_attention_of_a_part_belongs_to_its_word():
    labels = torch.zeros(1, 4, 4).long()
    labels[:, :2] = 12  # wings above, nothing below
    named = torch.zeros(1, 3, 13).bool()
    named[0, 2, 12] = True
    right = torch.zeros(1, 4, 3)
    right[0, :2, 2], right[0, 2:, 0] = 1, 1
    assert attention_loss([right], labels, named).item() == 0
    assert attention_loss([right.flip(1)], labels, named).item() > 10
    assert attention_loss([right], torch.full_like(labels, UNKNOWN), named).item() == 0


def test_finder_goes_on_and_is_shipped_with_the_network(tmp_path, store, monkeypatch):
    monkeypatch.setattr(finder, "_BATCH", 2)
    folder = tmp_path / "run"
    run = Training(folder, SETTINGS, TINY, WORDS)
    run.save()
    assert finder.averaged_finder(folder) is None
    finder.train_finder(store, folder, lambda _: None, steps=1)
    first = finder.averaged_finder(folder)
    finder.train_finder(store, folder, lambda _: None, steps=2)
    second = finder.averaged_finder(folder)
    assert not torch.equal(first.head.weight, second.head.weight)
    kept = torch.load(folder / finder.STATE, weights_only=True)
    assert kept["step"] == 2
    save_recolour(tmp_path, with_finder(run.averaged(), second), WORDS, {})
    net, _ = load_recolour(tmp_path)
    assert net.config.finds_finely
    assert torch.allclose(net.finder.head.weight, second.head.weight, atol=1e-3)
    assert torch.allclose(net.finder.fine[1].weight, second.fine[1].weight, atol=1e-3)
    assert torch.allclose(net.head.weight, run.average["head.weight"], atol=1e-3)


def test_finder_samples_are_labelled_where_the_bird_is(store):
    batch = finder.finder_batch([store.parted[0], store.plain[0]], np.random.default_rng(0))
    assert batch.rgb.shape == (2, 3, FINE_FINDER_SIZE, FINE_FINDER_SIZE)
    assert -1 <= batch.rgb.min() < batch.rgb.max() <= 1
    assert batch.selection.amax((1, 2, 3)).eq(1).all()
    assert set(batch.labels[0].unique().tolist()) > {0}
    assert batch.labels[1].eq(UNKNOWN).all()
    assert batch.objects.shape == (2, 1, FINE_FINDER_SIZE // 2, FINE_FINDER_SIZE // 2)
    coarse = F.interpolate(batch.objects, scale_factor=0.5, mode="area")[0, 0]
    assert (coarse[batch.labels[0] > 0] > 0).float().mean() > 0.95


def test_finder_is_asked_about_the_selection_and_known_parts_alone(store):
    batch = finder.finder_batch([store.plain[0]], np.random.default_rng(0))
    batch.selection[:] = 0
    batch.selection[..., :64, :64] = 1
    right = (batch.objects * 2 - 1) * 30
    wrong_outside = right.clone()
    wrong_outside[..., 48:, :] *= -1
    assert finder.object_loss(wrong_outside, batch) == finder.object_loss(right, batch)
    assert finder.object_loss(-right, batch) > 1
    assert finder.part_loss(torch.randn(1, 13, 56, 56), batch.labels) == 0


def test_nothing_to_find(tmp_path):
    (tmp_path / "cutouts").mkdir()
    with pytest.raises(NigdtError, match="no objects yet"):
        finder.train_finder(Store(tmp_path / "cutouts"), tmp_path, print)
