"""The match networks and L_T (eq. 11) against plain numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from nigdt.model.encoders import TextFeatures
from nigdt.model.match import (
    MatchNetwork,
    MatchScores,
    match_loss,
    sentence_similarity,
    word_similarity,
)

torch.set_num_threads(1)
B, T, C, N, W = 3, 4, 5, 6, 4
LENGTHS = (4, 1, 3, 0)


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def features() -> tuple[torch.Tensor, TextFeatures]:
    torch.manual_seed(2)
    mask = torch.arange(W)[None] < torch.tensor(LENGTHS)[:, None]
    words = torch.randn(T, W, C) * mask[..., None]
    return torch.randn(B, C, N), TextFeatures(words, torch.randn(T, C) * mask.any(1)[:, None], mask)


def test_word_similarity_against_loops() -> None:
    regions, text = features()
    expected = np.zeros((B, T))
    for b in range(B):
        v = regions[b].numpy()
        for t, length in enumerate(LENGTHS):
            if length == 0:
                continue
            e = text.words[t, :length].numpy()
            attention = softmax(5 * softmax(e @ v, 0), 1)
            c = attention @ v.T
            cosine = (c * e).sum(1) / np.linalg.norm(c, axis=1) / np.linalg.norm(e, axis=1)
            expected[b, t] = np.log(np.exp(5 * cosine).sum()) / 5
    assert np.allclose(word_similarity(regions, text).numpy(), expected, atol=1e-5)


def test_sentence_similarity_is_the_cosine() -> None:
    regions, text = features()
    whole = regions[:, :, 0]
    norm = np.linalg.norm
    for b in range(B):
        for t in range(T - 1):
            a, s = whole[b].numpy(), text.sentence[t].numpy()
            got = sentence_similarity(whole, text.sentence)[b, t].item()
            assert got == pytest.approx(a @ s / norm(a) / norm(s), abs=1e-5)
    assert (sentence_similarity(whole, text.sentence)[:, 3] == 0).all()


def test_scores_are_the_similarities_times_gamma_3() -> None:
    net = network()
    regions, whole, text = (
        torch.randn(B, 6, N),
        torch.randn(B, 6),
        TextFeatures(torch.randn(T, W, 6), torch.randn(T, 6), torch.ones(T, W, dtype=torch.bool)),
    )
    made = net.scores(regions, whole, text)
    assert torch.allclose(made.words, 10 * word_similarity(regions, text))
    assert torch.allclose(made.sentences, 10 * sentence_similarity(whole, text.sentence))


def scores(seed: int, size: int, known: list[bool] | None = None) -> MatchScores:
    torch.manual_seed(seed)
    flags = torch.tensor(known) if known else torch.ones(size, dtype=torch.bool)
    return MatchScores(torch.randn(size, size), torch.randn(size, size), flags)


def by_hand(s: MatchScores, photo: list[int], rows: list[int]) -> float:
    total = 0.0
    for matrix in (s.words.numpy(), s.sentences.numpy()):
        for direction in (matrix, matrix.T):
            terms = []
            for i in rows:
                others = [j for j in rows if j == i or photo[j] != photo[i]]
                terms.append(np.log(sum(np.exp(direction[i, j]) for j in others)) - direction[i, i])
            total += float(np.mean(terms))
    return total


def test_every_other_caption_is_a_negative() -> None:
    s = scores(0, 4)
    assert match_loss(s, torch.arange(4)).item() == pytest.approx(by_hand(s, [0, 1, 2, 3], [0, 1, 2, 3]))


def test_captions_of_the_same_photo_are_not_negatives() -> None:
    s, photo = scores(1, 5), [7, 3, 7, 9, 7]
    loss = match_loss(s, torch.tensor(photo))
    assert loss.item() == pytest.approx(by_hand(s, photo, [0, 1, 2, 3, 4]))
    s.words[0, 2] = s.words[4, 0] = s.sentences[2, 4] = 50.0
    assert match_loss(s, torch.tensor(photo)).item() == pytest.approx(loss.item())
    s.words[0, 3] = 50.0
    assert match_loss(s, torch.tensor(photo)) > loss + 1


def test_captions_without_a_known_word_take_no_part() -> None:
    s, photo = scores(2, 4, [True, False, True, True]), [0, 1, 2, 3]
    assert match_loss(s, torch.tensor(photo)).item() == pytest.approx(by_hand(s, photo, [0, 2, 3]))
    assert match_loss(scores(2, 3, [False] * 3), torch.arange(3)).item() == 0


def test_further_captions_are_negatives_of_every_picture_but_their_own() -> None:
    torch.manual_seed(3)
    B, known = 3, torch.tensor([True, True, False, True, True, False, True])
    photo, further = [4, 5, 6], [9, 4, 8, 7]
    s = MatchScores(torch.randn(B, 7), torch.randn(B, 7), known)
    # Photo 6's own caption says nothing, nor does photo 8's; caption 4 belongs to photo 4, which spares it.
    expected = 0.0
    for m in (s.words.double(), s.sentences.double()):
        pictures = [
            torch.logsumexp(m[0, [0, 1, 3, 6]], 0) - m[0, 0],
            torch.logsumexp(m[1, [0, 1, 3, 4, 6]], 0) - m[1, 1],
        ]
        captions = [torch.logsumexp(m[[0, 1], i], 0) - m[i, i] for i in (0, 1)]
        expected += float(sum(pictures) / 2 + sum(captions) / 2)
    assert match_loss(s, torch.tensor(photo), torch.tensor(further)).item() == pytest.approx(
        expected, rel=1e-5
    )


class Backbone(nn.Module):
    """Small enough to train by accident, which the test would see."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        regions = self.layers(image)
        return regions, regions.mean((2, 3))


def network() -> MatchNetwork:
    torch.manual_seed(0)
    return MatchNetwork(Backbone(), 8, 8, 9, channels=6, embedding=5, dropout=0.0)


def test_the_loss_is_minimised_by_matching_and_the_backbone_stays_frozen() -> None:
    net = network().train()
    images = torch.rand(4, 3, 16, 16) * 2 - 1
    tokens, lengths = torch.tensor([[1, 2], [3, 4], [5, 0], [6, 7]]), torch.tensor([2, 2, 1, 2])
    before = {key: value.clone() for key, value in net.backbone.state_dict().items()}  # type: ignore[attr-defined]
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 0.02)
    losses = []
    for _ in range(60):
        loss = match_loss(net(images, net.text_encoder(tokens, lengths)), torch.arange(4))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    own = net(images, net.text_encoder(tokens, lengths))
    assert (own.words + own.sentences).argmax(1).tolist() == [0, 1, 2, 3]
    for key, value in net.backbone.state_dict().items():  # type: ignore[attr-defined]
        assert torch.equal(value, before[key]), key


def test_the_picture_gets_a_gradient_through_the_frozen_backbone() -> None:
    net = network().eval().requires_grad_(False)
    images = (torch.rand(3, 3, 16, 16) * 2 - 1).requires_grad_()
    text = net.text_encoder(torch.tensor([[1], [2], [0]]), torch.tensor([1, 1, 0]))
    match_loss(net(images, text), torch.arange(3)).backward()
    assert images.grad is not None
    assert torch.isfinite(images.grad).all()
    assert images.grad[:2].abs().sum() > 0
    assert images.grad[2].abs().sum() == 0  # nothing was said about it, and others are told apart by words


def test_undivided_words_weigh_gamma_2_times_as_much() -> None:
    """Two pictures and captions, by hand: words tell them apart by 0.2, sentences not at all."""
    words = torch.tensor([[0.2, 0.0], [0.0, 0.2]])
    scores = MatchScores(words, torch.zeros(2, 2), torch.ones(2, dtype=torch.bool))
    photo = torch.arange(2)
    for undivided, gap in ((False, 0.2), (True, 1.0)):
        expected = 2 * math.log(1 + math.exp(-gap)) + 2 * math.log(2)
        assert match_loss(scores, photo, undivided=undivided).item() == pytest.approx(expected, rel=1e-5)
