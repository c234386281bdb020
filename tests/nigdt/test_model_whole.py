"""The model as a whole: sizes, switches and ablations do what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from nigdt.config import ModelConfig
from nigdt.masks import centre_mask, irregular_mask
from nigdt.model import NIGDT, DualPath, Generated
from nigdt.model.encoders import visible_cells
from tests.tiny import ODD_MODEL

torch.set_num_threads(1)
TINY = ModelConfig.from_dict(ODD_MODEL)
VARIED = dict.fromkeys(("plain",), TINY) | {
    "locations": TINY.with_changes(attention_axis="locations"),
    "no text": TINY.with_changes(without="text"),
    "no dual attention": TINY.with_changes(without="dual-attention"),
    "no max-pool": TINY.with_changes(without="max-pool"),
    "prefill": TINY.with_changes(prefill="harmonic"),
    "skip": TINY.with_changes(skip=True),
    "published": TINY.with_changes(network="published"),
    "no norms": TINY.with_changes(generator_norm="none", spectral_norm=False),
}


def build(config: ModelConfig = TINY) -> NIGDT:
    torch.manual_seed(5)
    return NIGDT(config, 20).eval()


def photo(height: int = 64, width: int = 64, batch: int = 1) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def hole(height: int = 64, width: int = 64, batch: int = 1) -> Tensor:
    M = torch.from_numpy((centre_mask(height, width) == 0).astype("float32"))
    return M[None, None].expand(batch, 1, height, width).clone()


def caption(*words: int) -> tuple[Tensor, Tensor]:
    return torch.tensor([words or (0,)]), torch.tensor([len(words)])


@torch.no_grad()
def fill(model: NIGDT, words: tuple[int, ...] = (1, 2, 3), noise: Tensor | None = None) -> Generated:
    return model(photo() * hole(), hole(), *caption(*words), noise)


SIZES = [(64, 64), (64, 512), (512, 64), (96, 160), (224, 128), (320, 288), (512, 512)]


@pytest.mark.parametrize(("height", "width"), SIZES)
@torch.no_grad()
def test_sizes_from_64_to_512_run(height: int, width: int) -> None:
    model, M = build(TINY.with_changes(prefill="harmonic")), hole(height, width)
    answer = model(
        photo(height, width) * M, M, *caption(1, 2), torch.randn(1, *model.latent_shape(height, width))
    )
    assert [p.shape[2:] for p in answer.pyramid] == [(height // n, width // n) for n in (8, 4, 2, 1)]
    assert answer.attention is not None
    assert answer.attention.shape == (1, height * width // 1024, 2)
    assert torch.isfinite(answer.image).all()
    assert answer.image.abs().max() <= 1


@pytest.mark.parametrize(("height", "width"), [(100, 64), (64, 48), (32, 32)])
def test_other_sizes_are_refused(height: int, width: int) -> None:
    M = torch.ones(1, 1, height, width)
    with pytest.raises(ValueError, match=f"{height} x {width}"):
        build().encode_image(torch.zeros(1, 3, height, width), M)


@pytest.mark.parametrize("name", list(VARIED))
def test_every_switch_trains(name: str) -> None:
    torch.manual_seed(5)
    paths = DualPath(NIGDT(VARIED[name], 20)).train()
    noise = torch.randn(2, 2, 3, 2, 2)
    output = paths(
        photo(batch=2),
        hole(batch=2),
        torch.tensor([[1, 2], [0, 0]]),
        torch.tensor([2, 0]),
        noise[0],
        noise[1],
    )
    total = output.generative.image.square().mean() + output.reconstruction[-1].square().mean()
    total = total + output.generative.prior.mu.square().mean() + output.posterior.sigma.mean()
    total.backward()
    learnt = {n: p.grad for n, p in paths.named_parameters()}
    missing = [name for name, gradient in learnt.items() if gradient is None]
    assert missing == []
    assert all(torch.isfinite(g).all() for g in learnt.values() if g is not None)


def test_the_caption_matters() -> None:
    model = build()
    assert not torch.equal(fill(model, (1, 2)).image, fill(model, (3, 4)).image)
    assert not torch.equal(fill(model, (1, 2)).image, fill(model, ()).image)


def test_without_text_the_caption_is_irrelevant() -> None:
    model = build(VARIED["no text"])
    assert torch.equal(fill(model, (1, 2)).image, fill(model, ()).image)
    assert fill(model).attention is None
    assert not any("text" in name or "attention.Q" in name for name, _ in model.named_parameters())


def test_without_dual_attention_only_the_sentence_guides() -> None:
    model = build(VARIED["no dual attention"])
    assert fill(model).attention is None
    assert not torch.equal(fill(model, (1, 2)).image, fill(model, (3, 4)).image)
    picture, text = model.encode_image(photo(), hole()), model.text_encoder(*caption(1, 2))
    other = replace(text, words=text.words + 1)
    with torch.no_grad():
        assert torch.equal(model.generate(picture, text).image, model.generate(picture, other).image)
        whole = build()
        assert not torch.equal(whole.generate(picture, text).image, whole.generate(picture, other).image)


def words_part(model: NIGDT) -> Tensor:
    """t_e in h: the channels between v_h and t_sent."""
    return fill(model).h[:, 8:14].flatten(2)


def test_max_pool_replicates_one_vector_and_without_it_t_e_is_a_map() -> None:
    pooled, mapped = words_part(build()), words_part(build(VARIED["no max-pool"]))
    assert (pooled == pooled[:, :, :1]).all()
    assert not (mapped == mapped[:, :, :1]).all()
    assert torch.allclose(pooled[:, :, 0], mapped.amax(2))


def test_h_is_image_words_sentence_in_that_order() -> None:
    model = build()
    h = fill(model).h
    with torch.no_grad():
        picture, text = model.encode_image(photo() * hole(), hole()), model.text_encoder(*caption(1, 2, 3))
    assert torch.equal(h[:, :8], picture.v_h)
    assert torch.equal(h[:, 14:], text.sentence[:, :, None, None].expand(-1, -1, 2, 2))


def test_the_attention_axis_changes_what_is_shared() -> None:
    words, locations = fill(build()).attention, fill(build(VARIED["locations"])).attention
    assert words is not None
    assert locations is not None
    cells = visible_cells(hole(), torch.empty(1, 1, 2, 2))[0]
    assert torch.allclose(words[0].sum(1), cells.float(), atol=1e-6)
    assert torch.allclose(locations[0].sum(0), torch.ones(3), atol=1e-6)


@torch.no_grad()
def test_with_prefill_the_encoder_sees_where_the_hole_is() -> None:
    grey = torch.zeros(1, 3, 64, 64)  # the same input with and without a hole
    for name, tells in (("plain", False), ("prefill", True)):
        model = build(VARIED[name])
        v_h = [model.encode_image(grey, M).v_h for M in (hole(), torch.ones(1, 1, 64, 64))]
        assert torch.equal(*v_h) != tells


@torch.no_grad()
def test_each_path_is_told_what_is_visible_to_it() -> None:
    paths, noise, seen = DualPath(build(VARIED["prefill"])), torch.zeros(1, 3, 2, 2), []
    paths.model.image_encoder.register_forward_hook(lambda _m, args, _o: seen.append(args[0]))
    paths(photo(), hole(), *caption(1, 2), noise, noise)
    for x, M in zip(seen, (hole(), 1 - hole()), strict=True):
        assert torch.equal(x[:, 3:], M)
        assert torch.allclose(x[:, :3] * M, photo() * M, atol=1e-6)


@torch.no_grad()
def test_with_prefill_the_encoder_sees_the_continued_photo() -> None:
    model, seen = build(VARIED["prefill"]), []
    model.image_encoder.register_forward_hook(lambda _m, args, _o: seen.append(args[0]))
    grey = torch.full((1, 3, 64, 64), 0.5)
    features = model.encode_image(grey * hole(), hole())
    assert features.base is not None
    for continued in (features.base, seen[0][:, :3]):
        assert torch.allclose(continued, grey, atol=1e-5)
    assert build().encode_image(photo(), hole()).base is None


def test_noise_varies_the_answer_and_its_absence_is_the_mean() -> None:
    model = build()
    zero, one = (fill(model, noise=torch.full((1, 3, 2, 2), x)) for x in (0.0, 1.0))
    assert torch.equal(fill(model).image, zero.image)
    assert not torch.equal(zero.image, one.image)


@pytest.mark.parametrize("name", ["plain", "locations", "no max-pool", "prefill"])
@torch.no_grad()
def test_photos_of_a_batch_do_not_mix(name: str) -> None:
    model, count = build(VARIED[name]), 4
    image, tokens = photo(batch=count), torch.tensor([[1, 2, 3, 4], [5, 0, 0, 0], [0] * 4, [7, 8, 9, 0]])
    lengths = torch.tensor([4, 1, 0, 3])
    masks = [irregular_mask(64, 64, np.random.default_rng(i)) == 0 for i in range(count)]
    M = torch.stack([torch.from_numpy(m.astype("float32"))[None] for m in masks])
    noise = torch.randn(count, 3, 2, 2)
    together = model(image * M, M, tokens, lengths, noise).image
    for i in range(count):
        n = max(1, int(lengths[i]))
        row = slice(i, i + 1)
        alone = model(image[row] * M[row], M[row], tokens[row, :n], lengths[row], noise[row]).image
        assert torch.allclose(together[row], alone, atol=2e-5)


@pytest.mark.parametrize("name", list(VARIED))
@torch.no_grad()
def test_all_hidden_all_visible_and_no_words_stay_finite(name: str) -> None:
    model = build(VARIED[name])
    for M in (torch.zeros(1, 1, 64, 64), torch.ones(1, 1, 64, 64)):
        for words in ((), (1, 2)):
            assert torch.isfinite(model(photo() * M, M, *caption(*words)).image).all()
    silent = model(photo(), torch.zeros(1, 1, 64, 64), *caption(1, 2))
    if silent.attention is not None:
        assert (silent.attention == 0).all()


def test_both_paths_read_the_caption_at_the_cells_they_see() -> None:
    """Eq. 3 and 4: hole cells for the positive path, visible ones for the negative."""
    torch.manual_seed(5)
    paths = DualPath(NIGDT(TINY, 20)).eval()
    asked: list[tuple[bool, Tensor]] = []
    paths.model.attention.register_forward_hook(
        lambda _m, args, kwargs, _o: asked.append((kwargs["positive"], args[2])), with_kwargs=True
    )
    M = torch.ones(1, 1, 64, 64)
    M[:, :, :40, :40] = 0
    noise = torch.zeros(1, 3, 2, 2)
    paths(photo(), M, *caption(1, 2), noise, noise)
    assert [positive for positive, _ in asked] == [False, True]
    assert asked[0][1].tolist() == [[False, True, True, True]]
    assert asked[1][1].tolist() == [[True, False, False, False]]


def test_the_skip_changes_nothing_until_it_has_learnt() -> None:
    without, config = build(), TINY.with_changes(skip=True)
    model = build(config)
    model.load_state_dict(without.state_dict(), strict=False)
    before = fill(model).image
    assert torch.equal(before, fill(without).image)
    torch.nn.init.ones_(model.generator.skip.weight)
    assert not torch.equal(before, fill(model).image)


def test_without_the_reconstructive_path_the_answer_is_the_same() -> None:
    paths, noise = DualPath(build()).eval(), torch.randn(2, 1, 3, 2, 2)
    inputs = (photo(), hole(), *caption(1, 2), noise[0], noise[1])
    both, one = paths(*inputs), paths(*inputs, reconstruct=False)
    assert torch.equal(both.generative.image, one.generative.image)
    assert (one.reconstruction, one.posterior) == ([], None)


def test_the_paths_share_everything_but_their_projections() -> None:
    paths = DualPath(NIGDT(TINY, 20))
    shared = {id(parameter) for parameter in paths.model.parameters()}
    own = {name for name, parameter in paths.named_parameters() if id(parameter) not in shared}
    assert own == {f"posterior_projection.{name}" for name, _ in paths.model.projection.named_parameters()}
