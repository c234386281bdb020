"""Dual multi-modal attention, eq. 3 to 7, against a plain loop over cells and words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nigdt.config import ModelConfig
from nigdt.model.attention import DualAttention, masked_softmax
from nigdt.model.encoders import TextFeatures

torch.set_num_threads(1)
B, C, T, L, SIDE = 3, 6, 4, 5, 3
N = SIDE * SIDE
LENGTHS = (5, 2, 0)


def parts(**changes: object) -> tuple[DualAttention, torch.Tensor, TextFeatures, torch.Tensor]:
    torch.manual_seed(1)
    config = ModelConfig(
        encoder_channels=(4, 4, 4, 4, 4, 4, C), text_channels=T, spectral_norm=False, **changes
    )
    mask = torch.arange(L)[None] < torch.tensor(LENGTHS)[:, None]
    text = TextFeatures(torch.randn(B, L, T) * mask[..., None], torch.randn(B, T), mask)
    cells = torch.rand(B, N) > 0.4
    assert cells.any(1).all()
    return DualAttention(config).eval(), torch.randn(B, C, SIDE, SIDE), text, cells


def by_hand(
    attention: DualAttention, v_h: torch.Tensor, text: TextFeatures, cells: torch.Tensor, sign: float
) -> tuple[np.ndarray, np.ndarray]:
    """t_e before the max, (B, N, T), and beta (B, N, L)."""
    W = attention.Q.weight.detach().numpy()[:, :, 0, 0]  # type: ignore[union-attr]
    v, t = v_h.flatten(2).numpy(), text.words.numpy()
    beta, t_e = np.zeros((B, N, L)), np.zeros((B, N, T))
    for b in range(B):
        words = range(LENGTHS[b])
        seen = [i for i in range(N) if cells[b, i]]
        s = {(i, j): sign * float((W @ v[b, :, i]) @ t[b, j]) for i in seen for j in words}
        for i, j in s:
            if attention.axis == "words":
                total = sum(np.exp(s[i, k]) for k in words)
            else:
                total = sum(np.exp(s[k, j]) for k in seen)
            beta[b, i, j] = np.exp(s[i, j]) / total
            t_e[b, i] += beta[b, i, j] * t[b, j]
    return t_e, beta


@pytest.mark.parametrize("axis", ["words", "locations"])
@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("max_pool", [True, False])
@torch.no_grad()
def test_attention_against_plain_loops(axis: str, positive: bool, max_pool: bool) -> None:
    attention, v_h, text, cells = parts(attention_axis=axis, without="none" if max_pool else "max-pool")
    t_e, beta = attention(v_h, text, cells, positive=positive)
    expected, weights = by_hand(attention, v_h, text, cells, 1.0 if positive else -1.0)
    if max_pool:
        expected = np.broadcast_to(expected.max(1, keepdims=True), expected.shape)
    assert np.allclose(beta.numpy(), weights, atol=1e-6)
    assert np.allclose(t_e.flatten(2).transpose(1, 2).numpy(), expected, atol=1e-6)


@torch.no_grad()
def test_words_share_each_cell_or_cells_share_each_word() -> None:
    attention, v_h, text, cells = parts()
    _, beta = attention(v_h, text, cells, positive=False)
    some = (cells & torch.tensor(LENGTHS)[:, None].bool()).float()
    assert torch.allclose(beta.sum(2), some, atol=1e-6)
    attention, v_h, text, cells = parts(attention_axis="locations")
    _, beta = attention(v_h, text, cells, positive=False)
    assert torch.allclose(beta.sum(1), text.mask.float(), atol=1e-6)


@torch.no_grad()
def test_the_negative_path_prefers_the_word_the_picture_does_not_show() -> None:
    attention, _, _, _ = parts()
    attention.Q.weight.copy_(torch.eye(T, C)[:, :, None, None])  # type: ignore[union-attr]
    v_h = torch.zeros(1, C, 1, 1)
    v_h[0, 0] = 3  # the picture shows the first word
    text = TextFeatures(torch.eye(2, T)[None], torch.zeros(1, T), torch.ones(1, 2, dtype=torch.bool))
    cells = torch.ones(1, 1, dtype=torch.bool)
    positive, negative = (attention(v_h, text, cells, positive=p)[1][0, 0] for p in (True, False))
    assert positive[0] > 0.9 > 0.1 > positive[1]
    assert negative[1] > 0.9 > 0.1 > negative[0]


@pytest.mark.parametrize("axis", ["words", "locations"])
@pytest.mark.parametrize("positive", [True, False])
def test_nothing_to_see_or_nothing_said_gives_zero_and_finite_gradients(axis: str, positive: bool) -> None:
    attention, v_h, text, _ = parts(attention_axis=axis)
    cells = torch.zeros(B, N, dtype=torch.bool)
    cells[1, 0] = cells[2] = True  # photo 0 sees nothing, photo 2 has no word
    v_h.requires_grad_()
    text.words.requires_grad_()
    t_e, beta = attention(v_h, text, cells, positive=positive)
    assert (t_e[0] == 0).all()
    assert (t_e[2] == 0).all()
    assert (beta[0] == 0).all()
    assert (beta[1] != 0).any()
    (t_e.square().sum() + beta.square().sum()).backward()
    for gradient in (v_h.grad, text.words.grad, *(p.grad for p in attention.parameters())):
        assert gradient is not None
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_masked_softmax_takes_huge_scores(dtype: torch.dtype) -> None:
    scores = torch.tensor([[3e4, -3e4, 3e4], [-3e4, -3e4, 0.0]], dtype=dtype)
    allowed = torch.tensor([[True, True, False], [True, True, False]])
    weights = masked_softmax(scores, allowed, 1)
    assert weights.tolist() == [[1, 0, 0], [0.5, 0.5, 0]]


@torch.no_grad()
def test_both_paths_share_one_query_without_bias() -> None:
    attention, v_h, text, cells = parts()
    assert [name for name, _ in attention.named_parameters()] == ["Q.weight"]
    before = [attention(v_h, text, cells, positive=p)[1] for p in (True, False)]
    attention.Q.weight.mul_(2)  # type: ignore[operator, union-attr]
    after = [attention(v_h, text, cells, positive=p)[1] for p in (True, False)]
    assert all(not torch.allclose(x, y) for x, y in zip(before, after, strict=True))
