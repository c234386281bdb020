from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from nigdt_training.checkpoint import read_checkpoint
from nigdt_training.commands.train import train as train_command
from nigdt_training.comparison.coherent import CoherentAttention
from nigdt_training.comparison.csa import CSA
from nigdt_training.comparison.model import ComparisonModel
from nigdt_training.comparison.picnet import PICNet
from nigdt_training.comparison.stage import ComparisonTrainer, load_comparison
from nigdt_training.evaluation.cases import Case
from nigdt_training.evaluation.systems import Request, open_system
from nigdt_training.run import Run
from nigdt_training.samples import Batch
from nigdt_training.settings import settings_from
from PIL import Image

from nigdt.errors import NigdtError


def reference(x: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Coherent attention of one map (C, h, w), cell by cell as the paper writes it."""
    channels, height, width = x.shape
    cells, hidden = x.reshape(channels, -1).T, hole.ravel()
    result, before = cells.copy(), None

    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))

    for i in np.flatnonzero(hidden):
        likes = [(cosine(cells[i], cells[j]), j) for j in np.flatnonzero(~hidden)]
        D_max, j = max(likes)
        D_max = max(D_max, 0)
        if before is None:
            result[i] = cells[j]
        else:
            D_ad = max(cosine(cells[i], before), 0)
            result[i] = (D_ad * before + D_max * cells[j]) / (D_ad + D_max + 1e-6)
            result[i] += 1e-6 / (D_ad + D_max + 1e-6) * cells[j]
        before = result[i]
    return result.T.reshape(channels, height, width)


def holes(*rectangles: tuple[int, int, int, int] | None) -> torch.Tensor:
    M = torch.ones(len(rectangles), 1, 64, 64)
    for i, rectangle in enumerate(rectangles):
        if rectangle is not None:
            top, left, height, width = rectangle
            M[i, :, top : top + height, left : left + width] = 0
    return M


def test_coherent_attention_is_the_paper_s_recursion() -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 6, 8, 8, dtype=torch.float64) + 0.5
    M = holes((16, 16, 32, 24), (0, 0, 8, 8), None).double()
    made = CoherentAttention()(x, M).numpy()
    for i in range(3):
        hidden = M[i, 0].reshape(8, 8, 8, 8).mean((1, 3)).numpy() < 0.5
        np.testing.assert_allclose(made[i], reference(x[i].numpy(), hidden), atol=1e-6)
    assert not np.allclose(made[0], x[0].numpy())


def test_coherent_attention_without_anything_visible_changes_nothing() -> None:
    x = torch.randn(2, 4, 8, 8)
    M = holes((0, 0, 64, 64), (16, 16, 16, 16))
    made = CoherentAttention()(x, M)
    torch.testing.assert_close(made[0], x[0])
    assert torch.isfinite(made).all()
    torch.testing.assert_close(CoherentAttention()(x, torch.ones_like(M)), x)


def make_batch(size: int = 64) -> Batch:
    torch.manual_seed(1)
    image = torch.rand(2, 3, size, size) * 2 - 1
    latent = (128, size // 32, size // 32)
    return Batch(
        image=image,
        M=holes((16, 16, 32, 32), (8, 0, 24, 40)),
        tokens=torch.zeros(2, 1, dtype=torch.int64),
        lengths=torch.zeros(2, dtype=torch.int64),
        photo=torch.arange(2),
        prior_noise=torch.randn(2, *latent),
        posterior_noise=torch.randn(2, *latent),
        captions=("", ""),
        objects=torch.zeros(2, 1, size, size),
        outline=torch.zeros(2, 1, size, size),
    )


@pytest.fixture(params=[PICNet, CSA], ids=["picnet", "csa"])
def system(request: pytest.FixtureRequest) -> ComparisonModel:
    torch.manual_seed(0)
    return request.param(64, 4)


def test_answers_do_not_see_hidden_pixels(system: ComparisonModel) -> None:
    batch = make_batch()
    system.eval()
    first = system.answer(batch.image * batch.M, batch.M)
    assert first.shape == batch.image.shape
    assert first.abs().max() <= 1
    changed = batch.image * batch.M + (1 - batch.M) * torch.rand_like(batch.image)
    torch.testing.assert_close(system.answer(changed * batch.M, batch.M), first)
    alone = system.answer(batch.image[:1] * batch.M[:1], batch.M[:1])
    torch.testing.assert_close(alone, first[:1], atol=1e-5, rtol=1e-4)


def test_each_side_trains_its_own_networks(system: ComparisonModel) -> None:
    batch = make_batch()
    drawn = system.draw(batch)
    system.adversary_losses(batch, drawn).total.backward()
    assert all(p.grad is None for p in system.generator.parameters())
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in system.adversary.parameters())
    system.adversary.zero_grad()
    system.adversary.requires_grad_(False)
    losses = system.generator_losses(batch, drawn)
    losses.total.backward()
    assert all(torch.isfinite(value) for value in losses.terms.values())
    untouched = [name for name, p in system.generator.named_parameters() if p.grad is None]
    assert untouched == []


def test_picnet_compares_its_generative_path_with_visible_pixels_only() -> None:
    torch.manual_seed(0)
    system, batch = PICNet(64, 4), make_batch()
    drawn = system.draw(batch)
    before = system.generator_losses(batch, drawn).terms
    # Hidden cells of the coarsest scale (8 px) are wholly hidden: the holes lie on its grid.
    batch.image = batch.image * batch.M + (1 - batch.M) * torch.rand_like(batch.image)
    after = system.generator_losses(batch, drawn).terms
    torch.testing.assert_close(before["visible"], after["visible"])
    assert before["reconstruction"] != after["reconstruction"]


def test_picnet_samples_and_csa_does_not() -> None:
    batch = make_batch()
    picnet = PICNet(64, 4).eval()
    noise = torch.randn(2, *picnet.latent_shape(64))
    I_m = batch.image * batch.M
    assert not torch.equal(picnet.answer(I_m, batch.M, noise), picnet.answer(I_m, batch.M))
    assert CSA(64, 4).latent_shape(64) is None


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for n in range(4):
        rng = np.random.default_rng(n)
        small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        small.resize((96, 72), Image.Resampling.BICUBIC).save(folder / f"{n}.png")
        (folder / f"{n}.txt").write_text("blobs of colour")
    return tmp_path


def make_run(folder: Path, steps: int) -> Run:
    data = [{"path": "photos", "sampling_weight": 1, "validation": 0.0}]
    values = {"data": data, "preset": "small", "size": 64, "batch": 2, "steps": steps}
    return Run.create(folder / "runs", "system", settings_from(values))


@pytest.mark.parametrize("kind", ["picnet", "csa"])
def test_interrupted_training_ends_where_an_uninterrupted_one_does(photos: Path, kind: str) -> None:
    def train(run: Run) -> None:
        ComparisonTrainer(run, kind, 4, photos, photos / "caches", "cpu", lambda _: None).train()

    whole = make_run(photos, 4)
    train(whole)
    first = make_run(photos, 2)
    train(first)
    text = (first.folder / "settings.yaml").read_text()
    (first.folder / "settings.yaml").write_text(text.replace("steps: 2\n", "steps: 4\n"))
    train(Run.open(first.folder))
    one, two = (read_checkpoint(run.folder / "comparison.safetensors").tensors for run in (whole, first))
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, two[name], rtol=0, atol=0, msg=name)
    loaded, name, size = load_comparison(first.folder)
    assert (name, size) == (kind, 64)
    assert not loaded.training


def test_command_trains_and_evaluation_takes_the_run(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(photos / "caches"))
    config = photos / "config.yaml"
    settings = {
        "data": [{"path": "photos", "sampling_weight": 1}],
        "preset": "small",
        "size": 64,
        "batch": 2,
    }
    config.write_text(json.dumps(settings))
    arguments = ["picnet", "--config", str(config), "--data", str(photos), "--width", "4", "--set", "steps=2"]
    monkeypatch.chdir(photos)
    result = CliRunner().invoke(train_command, ["comparison", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    (folder,) = (photos / "runs").iterdir()
    system = open_system(str(folder), "cpu")
    assert (system.name, system.sampled, system.guided) == ("picnet", True, False)
    rng = np.random.default_rng(0)
    hole = np.zeros((96, 96), bool)
    hole[30:60, 20:70] = True
    photo = rng.integers(0, 256, (96, 96, 3), dtype=np.uint8)
    other = np.where(hole[..., None], 255 - photo, photo)
    cases = [Case("a", picture, hole, "c", ("c",), None) for picture in (photo, other)]
    first, second = (system.fill([Request(case, "c")], samples=2)[0] for case in cases)
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, np.where(hole[..., None], two, photo))
    assert (first[0] != first[1]).any()


def test_a_run_killed_at_once_remembers_its_width(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(photos, 2)
    step = ComparisonTrainer.one_step

    def killed(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(ComparisonTrainer, "one_step", killed)
    with pytest.raises(SystemExit):
        ComparisonTrainer(run, "picnet", 4, photos, photos / "caches", "cpu", lambda _: None).train()
    monkeypatch.setattr(ComparisonTrainer, "one_step", step)
    again = ComparisonTrainer(run, "picnet", None, photos, photos / "caches", "cpu", lambda _: None)
    assert (again.width, again.step) == (4, 0)


def test_losses_that_are_not_finite_never_reach_the_checkpoint(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(photos, 3)
    trainer = ComparisonTrainer(run, "picnet", 4, photos, photos / "caches", "cpu", lambda _: None)
    step = trainer.one_step

    def spoilt(batch: Batch) -> dict[str, torch.Tensor]:
        terms = step(batch)
        if trainer.step == 1:
            next(trainer.model.generator.parameters()).data.fill_(torch.nan)
            terms["l1"] = torch.tensor(torch.nan)
        return terms

    monkeypatch.setattr(trainer, "one_step", spoilt)
    with pytest.raises(NigdtError, match="not finite at step 2"):
        trainer.train()
    kept = read_checkpoint(run.folder / "comparison.safetensors").tensors
    assert all(tensor.isfinite().all() for tensor in kept.values())


def test_checkpoint_of_another_system_is_refused(photos: Path) -> None:
    run = make_run(photos, 1)
    ComparisonTrainer(run, "picnet", 4, photos, photos / "caches", "cpu", lambda _: None).train()
    with pytest.raises(NigdtError, match="another system"):
        ComparisonTrainer(run, "csa", 4, photos, photos / "caches", "cpu", lambda _: None)
