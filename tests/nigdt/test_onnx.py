"""A bundle as ONNX graphs: equal pictures, by ONNX Runtime alone and through the library."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from nigdt.answers import CompletionJob
from nigdt.bundle.bundle import find_bundle
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import save_bundle, write_sums
from nigdt.commands.onnx_check import export_and_compare
from nigdt.config import ModelConfig
from nigdt.errors import BundleError
from nigdt.inpainter import Inpainter
from nigdt.masks import centre_mask
from nigdt.model import NIGDT
from nigdt.recipe import variants_from_seed
from nigdt.text import Vocabulary
from tests.tiny import TINY_MODEL, TINY_WORDS

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def graphs(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graphs")
    found = export_and_compare(find_bundle(str(tiny_bundle)), folder, rounds=1)
    assert found.levels < 0.05
    return folder


@pytest.mark.parametrize("length", [1, 2, 7])
def test_the_graphs_alone_draw_what_the_model_draws(graphs: Path, tiny_bundle: Path, length: int) -> None:
    model, _ = load_model(find_bundle(str(tiny_bundle)))
    random = torch.Generator().manual_seed(length)
    picture = torch.rand(1, 3, 64, 64, generator=random) * 2 - 1
    visible = torch.ones(1, 1, 64, 64)
    visible[:, :, 10:40, 20:60] = 0
    noise = torch.randn(1, *model.latent_shape(64, 64), generator=random)
    tokens = torch.arange(1, length + 1)[None]

    def run(name: str, **inputs: torch.Tensor) -> dict[str, np.ndarray]:
        session = onnxruntime.InferenceSession(str(graphs / name))
        given = {key: value.numpy() for key, value in inputs.items()}
        return dict(zip([one.name for one in session.get_outputs()], session.run(None, given), strict=True))

    picture = picture * visible
    features = run("image.onnx", picture=picture, visible=visible)
    text = run("words.onnx", tokens=tokens)
    features |= text | {"mask": (tokens > 0).numpy()}
    given = {name: torch.from_numpy(value) for name, value in features.items()}
    drawn = run("fill.onnx", visible=visible, noise=noise, **given)
    with torch.no_grad():
        expected = model(picture, visible, tokens, torch.tensor([length]), noise)
    np.testing.assert_allclose(drawn["filled"], expected.image.numpy(), atol=1e-5)
    np.testing.assert_allclose(drawn["attention"], expected.attention.numpy(), atol=1e-5)


def test_another_size_is_filled_by_pytorch(graphs: Path, tiny_bundle: Path) -> None:
    plain = Inpainter.from_bundle(str(tiny_bundle), "cpu")
    fast = Inpainter.from_bundle(str(tiny_bundle), onnx=graphs)
    crop = np.random.default_rng(0).integers(0, 256, (64, 128, 3), dtype=np.uint8)
    one, other = (
        runner.pictures(
            CompletionJob(runner.encode(crop, centre_mask(64, 128), 96), "a bird", variants_from_seed(1, 0))
        )[0]
        for runner in (plain, fast)
    )
    assert one.shape != (64, 64, 3)
    np.testing.assert_array_equal(one, other)


def test_outlines_are_drawn_into_by_the_graphs_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = NIGDT(
        ModelConfig.from_dict({**TINY_MODEL, "outlines": 2, "prefill": "harmonic"}), len(TINY_WORDS)
    )
    with torch.no_grad():
        model.outlines.shapes[:, 8:40, 4:44] = 1
        model.outlines.words.fill_(1)
        for layer in model.generator.outline:  # begins at no effect
            layer.weight.normal_()
    save_bundle(tmp_path / "outlined", model, Vocabulary(TINY_WORDS), title="outlined")
    found = export_and_compare(find_bundle(str(tmp_path / "outlined")), tmp_path / "graphs", rounds=1)
    assert found.levels < 0.05
    plain = Inpainter.from_bundle(str(tmp_path / "outlined"), "cpu")
    fast = Inpainter.from_bundle(str(tmp_path / "outlined"), onnx=tmp_path / "graphs")
    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    one, other, unnamed = (
        runner.pictures(CompletionJob(runner.encode(crop, centre_mask(64, 64)), text))[0]
        for runner, text in ((plain, "a bird"), (fast, "a bird"), (fast, "zzz"))
    )
    np.testing.assert_allclose(one, other, atol=0.1)
    assert np.abs(one - unnamed).max() > 1


def test_graphs_of_another_bundle_are_refused(graphs: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny_bundle, other)
    (other / "README.md").write_text("# Another\n", encoding="utf-8")
    write_sums(other)
    with pytest.raises(BundleError, match="another bundle's"):
        Inpainter.from_bundle(str(other), onnx=graphs)
