"""Defects of the research code published with the paper, numbered as there, in model and inpainter.

Each test fails when its defect is put back. Those of training and measuring are in
tests/training/test_defects.py.
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from nigdt.bundle.writing import save_bundle
from nigdt.config import ModelConfig
from nigdt.inpainter import Inpainter
from nigdt.model import NIGDT, Discriminator, DualPath
from nigdt.recipe import Variant
from nigdt.text import Vocabulary
from tests.tiny import ODD_MODEL

torch.set_num_threads(1)
TINY = ModelConfig.from_dict(ODD_MODEL | {"text_dropout": 0.5})
SWITCHES: dict[str, dict[str, object]] = {
    "paper": {},
    "prefill": {"prefill": "harmonic"},
    "locations": {"attention_axis": "locations"},
    "no max-pool": {"without": "max-pool"},
    "no dual attention": {"without": "dual-attention"},
    "skip": {"skip": True},
}


def paths(**changes: object) -> DualPath:
    torch.manual_seed(3)
    result = DualPath(NIGDT(TINY.with_changes(**changes), 20))
    with torch.no_grad():  # start where every part matters
        result.model.generator.attention.gamma.fill_(0.5)
        result.model.generator.attention.alpha.fill_(0.5)
        if result.model.generator.skip is not None:
            result.model.generator.skip.weight.fill_(0.1)
        for projection in (result.model.projection, result.posterior_projection):
            projection.last.weight.mul_(50)  # type: ignore[operator]
    return result


def step_inputs() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(4)
    M = torch.ones(2, 1, 64, 64)
    M[0, :, 16:48, 16:60] = 0
    M[1, :, :, :32] = 0
    return {
        "image": torch.rand(2, 3, 64, 64, generator=generator) * 2 - 1,
        "M": M,
        "tokens": torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0]]),
        "lengths": torch.tensor([4, 2]),
        "prior_noise": torch.randn(2, 3, 2, 2, generator=generator),
        "posterior_noise": torch.randn(2, 3, 2, 2, generator=generator),
    }


@pytest.mark.parametrize("switches", list(SWITCHES))
def test_defect_1_hidden_pixels_do_not_reach_the_generative_path(switches: str) -> None:
    inputs = step_inputs()
    changed = {**inputs, "image": inputs["image"] * inputs["M"] - 0.9 * (1 - inputs["M"])}
    outputs = []
    for case in (inputs, changed):
        torch.manual_seed(0)  # the same dropout
        outputs.append(paths(**SWITCHES[switches]).train()(**case))
    for a, b in zip(outputs[0].generative.pyramid, outputs[1].generative.pyramid, strict=True):
        assert torch.equal(a, b)
    assert torch.equal(outputs[0].generative.h, outputs[1].generative.h)
    assert torch.equal(outputs[0].generative.prior.mu, outputs[1].generative.prior.mu)
    # The comparison would notice: what may see the hidden pixels does.
    assert not torch.equal(outputs[0].posterior.mu, outputs[1].posterior.mu)
    assert not torch.equal(outputs[0].reconstruction[-1], outputs[1].reconstruction[-1])


def test_defect_1_no_gradient_flows_from_the_answer_to_hidden_pixels() -> None:
    inputs = step_inputs()
    inputs["image"].requires_grad_()
    output = paths().eval()(**inputs)
    hidden = (inputs["M"] == 0).expand(-1, 3, -1, -1)
    (gradient,) = torch.autograd.grad(output.generative.image.sum(), inputs["image"], retain_graph=True)
    assert (gradient[hidden] == 0).all()
    assert (gradient[~hidden] != 0).any()
    (gradient,) = torch.autograd.grad(output.reconstruction[-1].sum(), inputs["image"])
    assert (gradient[hidden] != 0).any()


def test_defect_1_both_paths_decode_from_the_same_guidance() -> None:
    dual = paths().eval()
    seen: list[Tensor] = []
    dual.model.representation.register_forward_hook(lambda _m, args, _o: seen.append(args[0]))
    dual(**step_inputs())
    assert len(seen) == 2
    assert torch.equal(seen[0], seen[1])


@torch.no_grad()
def test_defect_2_an_answer_does_not_depend_on_its_neighbours_captions() -> None:
    model, inputs = paths().eval().model, step_inputs()
    image, M = (inputs[name][:1].expand(4, -1, -1, -1) for name in ("image", "M"))
    captions = [[1, 2, 3, 4, 5, 6], [7], [8, 9, 10], []]
    tokens = torch.tensor([caption + [0] * (6 - len(caption)) for caption in captions])
    lengths = torch.tensor([len(caption) for caption in captions])
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]):
        answers = model(image * M, M, tokens[order], lengths[order])
        assert answers.attention is not None
        for row, caption in enumerate(order):
            n = max(1, len(captions[caption]))
            alone = model(image[:1] * M[:1], M[:1], tokens[caption, None, :n], lengths[caption, None])
            assert torch.allclose(answers.h[row], alone.h[0], atol=1e-5)
            assert torch.allclose(answers.image[row], alone.image[0], atol=1e-4)
            assert torch.allclose(answers.attention[row, :, :n], alone.attention[0], atol=1e-5)
            assert (answers.attention[row, :, len(captions[caption]) :] == 0).all()


def test_defect_3_every_layer_starts_orthogonal() -> None:
    torch.manual_seed(0)
    for module in (paths(), Discriminator(TINY)):
        convolutions = {n: m for n, m in module.named_modules() if isinstance(m, nn.Conv2d)}
        assert len(convolutions) > 15
        for name, layer in convolutions.items():
            raw = (
                layer.parametrizations.weight.original if hasattr(layer, "parametrizations") else layer.weight
            )
            values = torch.linalg.svdvals(raw.detach().flatten(1))
            assert torch.allclose(values, values.mean().expand_as(values), rtol=1e-4), name
            if not name.endswith("projection.last"):
                assert values.mean().item() == pytest.approx(1, abs=1e-4), name
    for name, weight in paths().model.text_encoder.gru.named_parameters():
        if name.startswith("weight"):
            values = torch.linalg.svdvals(weight.detach())
            assert torch.allclose(values, torch.ones_like(values), atol=1e-4), name


@torch.no_grad()
def test_defect_4_no_power_iteration_outside_training() -> None:
    model, inputs = paths().eval().model, step_inputs()
    arguments = (inputs["image"] * inputs["M"], inputs["M"], inputs["tokens"], inputs["lengths"])
    before = copy.deepcopy(model.state_dict())
    first, second = model(*arguments).image, model(*arguments).image
    assert torch.equal(first, second)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    model.train()(*arguments)
    assert any(not torch.equal(value, before[name]) for name, value in model.state_dict().items())


@torch.no_grad()
def test_defect_4_the_exported_model_has_sigma_in_its_weights(tmp_path: Path) -> None:
    model, inputs = paths().model, step_inputs()
    arguments = (inputs["image"] * inputs["M"], inputs["M"], inputs["tokens"], inputs["lengths"])
    for name, parameter in model.named_parameters():
        if "parametrizations" in name:
            parameter.mul_(3)  # orthogonal weights have sigma 1, which would hide a forgotten division
    expected = model.eval()(*arguments).image
    vocabulary = Vocabulary([f"w{i}" for i in range(20)])
    save_bundle(tmp_path / "plain", model, vocabulary, title="Plain", half=False)
    loaded = Inpainter.from_bundle(str(tmp_path / "plain"), device="cpu")._model
    assert not any("parametrizations" in name for name in loaded.state_dict())
    assert torch.allclose(loaded(*arguments).image, expected, atol=1e-5)


@pytest.fixture(scope="module")
def inpainter(tiny_bundle: Path) -> Inpainter:
    return Inpainter.from_bundle(str(tiny_bundle), device="cpu")


def noisy_photo(seed: int, height: int = 150, width: int = 220) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_defect_4_the_same_seed_gives_the_same_bytes(inpainter: Inpainter) -> None:
    photo, mask = noisy_photo(0, 64, 64), np.zeros((64, 64), np.uint8)
    mask[20:44, 20:44] = 255
    wanted = [Variant(), Variant(seed=1), Variant(seed=2)]
    first, second = (inpainter.fill_context(photo, mask, "a red bird", wanted) for _ in range(2))
    assert [fill.pixels.tobytes() for fill in first] == [fill.pixels.tobytes() for fill in second]
    assert len({fill.pixels.tobytes() for fill in first}) == 3


def test_defect_8_pixels_are_rounded_not_cut_off(
    inpainter: Inpainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[20:44, 20:44] = 255
    generate, exact = inpainter._model.generate, []

    def remember(*args: object) -> object:
        answer = generate(*args)  # type: ignore[arg-type]
        exact.append((answer.image[0].permute(1, 2, 0).double().numpy() + 1) * 127.5)
        return answer

    monkeypatch.setattr(inpainter._model, "generate", remember)
    pixels = inpainter.fill_context(noisy_photo(0, 64, 64), mask, "a bird")[0].pixels
    assert np.abs(pixels - exact[0]).max() <= 0.5 + 1e-3
    assert abs((pixels - exact[0]).mean()) < 0.02


def test_defect_9_the_parts_of_a_hyphenated_word_are_known() -> None:
    vocabulary = Vocabulary.from_captions(["A grey-blue bird; white-bellied."])
    assert vocabulary.unknown("grey-blue, white-bellied BIRD") == []
    assert vocabulary.known("a grey-blue bird", 9) == vocabulary.known("a grey blue bird", 9)
    assert "grey-blue" not in vocabulary


@pytest.mark.parametrize("caption", ["", "   ...  ", "xylophone quagga", "-" * 500])
def test_defect_10_a_caption_without_known_words_is_empty_guidance(
    inpainter: Inpainter, caption: str
) -> None:
    photo, mask = noisy_photo(0, 64, 64), np.zeros((64, 64), np.uint8)
    mask[20:44, 20:44] = 255
    empty, other = (inpainter.fill_context(photo, mask, c)[0].pixels for c in ("", caption))
    assert np.array_equal(empty, other)
    # Nothing stands in for the missing words: no single word gives the same picture.
    for word in inpainter.vocabulary.words:
        assert not np.array_equal(empty, inpainter.fill_context(photo, mask, word)[0].pixels), word


def test_defect_10_a_long_caption_is_cut_off(inpainter: Inpainter) -> None:
    photo, mask = noisy_photo(0, 64, 64), np.zeros((64, 64), np.uint8)
    mask[20:44, 20:44] = 255
    words = 4 * ["a", "bird", "with", "red", "belly", "the", "blue", "sky"]
    assert len(words) == inpainter._model.config.max_words
    kept, cut = (
        inpainter.fill_context(photo, mask, c)[0].pixels
        for c in (" ".join(words), " ".join(words) + " dog grass" * 400)
    )
    assert np.array_equal(kept, cut)


@pytest.mark.parametrize("feather", [None, 0])
@pytest.mark.parametrize("scale", [1, 3])
def test_defect_12_the_hidden_pixels_do_not_influence_the_fill(
    inpainter: Inpainter, scale: int, feather: int | None
) -> None:
    """What the selection covers is replaced as a whole: any photo under it gives the same result.

    Without a feather the model's cells straddle the selection's edge; at scale 3 the fill is enlarged with
    the photo's own detail, which must not come from under the selection either.
    """
    selection = np.zeros((150 * scale, 220 * scale), np.uint8)
    selection[50 * scale : 90 * scale + 1, 100 * scale : 150 * scale + 1] = 255
    photo = noisy_photo(1, *selection.shape)
    results = []
    for hidden in (photo, 255 - photo, np.zeros_like(photo), noisy_photo(2, *selection.shape)):
        shown = np.where(selection[..., None] > 0, hidden, photo)
        fills = inpainter.fill(
            Image.fromarray(shown), selection, "a red bird", variants=2, seed=1, feather=feather
        )
        results.append([np.asarray(fill.photo) for fill in fills])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert np.array_equal(a, b)
    assert not np.array_equal(results[0][0], photo)
