"""Residual block, image encoder (eq. 1), text encoder (eq. 2), which cells a path may see."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nigdt.config import ModelConfig
from nigdt.model.blocks import ResidualBlock, area, convolution
from nigdt.model.encoders import ImageEncoder, TextEncoder, hidden_cells, visible_cells

torch.set_num_threads(1)
torch.manual_seed(0)


@pytest.mark.parametrize(("resample", "side"), [("none", 8), ("down", 4), ("up", 16)])
def test_residual_block_is_what_the_specification_says(resample: str, side: int) -> None:
    block = ResidualBlock(3, 5, resample=resample, spectral_norm=False)  # type: ignore[arg-type]
    x = torch.randn(2, 3, 8, 8)

    def resize(y: torch.Tensor) -> torch.Tensor:
        if resample == "up":
            return F.interpolate(y, scale_factor=2, mode="nearest")
        return F.avg_pool2d(y, 2) if resample == "down" else y

    y = F.leaky_relu(x, 0.1)
    y = block.conv1(resize(y) if resample == "up" else y)
    y = block.conv2(F.leaky_relu(y, 0.1))
    expected = (y if resample == "up" else resize(y)) + block.shortcut(resize(x))
    assert block(x).shape == (2, 5, side, side)
    assert torch.allclose(block(x), expected, atol=1e-5)


def test_instance_norm_sits_before_each_activation() -> None:
    block = ResidualBlock(3, 5, norm="instance", spectral_norm=False)
    x = torch.randn(2, 3, 8, 8) * 7 + 3
    y = block.conv1(F.leaky_relu(F.instance_norm(x), 0.1))
    expected = block.conv2(F.leaky_relu(F.instance_norm(y), 0.1)) + block.shortcut(x)
    assert torch.allclose(block(x), expected, atol=1e-5)


def test_spectral_norm_leaves_no_singular_value_above_one() -> None:
    layer = convolution(6, 9, 3, spectral_norm=True)
    layer.train()
    layer.parametrizations.weight.original.data.mul_(50)
    for _ in range(30):
        layer(torch.zeros(1, 6, 8, 8))
    layer.eval()
    assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)


def test_area_is_the_mean_over_each_cell() -> None:
    picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert area(picture, torch.zeros(1, 1, 2, 2)).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]


def test_image_encoder_halves_five_times_and_v_l_is_at_one_eighth() -> None:
    config = ModelConfig(encoder_channels=(2, 3, 4, 5, 6, 7, 8))
    encoder = ImageEncoder(config)
    sides = []
    for layer in encoder.layers:
        layer.register_forward_hook(lambda _m, _i, output: sides.append(tuple(output.shape[1:])))
    v_l, middle, v_h = encoder(torch.randn(1, 3, 64, 128))
    assert sides == [(2, 32, 64), (3, 16, 32), (4, 8, 16), (5, 4, 8), (6, 2, 4), (7, 2, 4), (8, 2, 4)]
    assert v_l.shape == (1, 4, 8, 16)
    assert middle.shape == (1, 5, 4, 8)
    assert v_h.shape == (1, 8, 2, 4)


def encode(encoder: TextEncoder, captions: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    length = max(1, *map(len, captions))
    tokens = torch.tensor([caption + [0] * (length - len(caption)) for caption in captions])
    text = encoder(tokens, torch.tensor([len(caption) for caption in captions]))
    assert text.mask.tolist() == [[i < len(caption) for i in range(length)] for caption in captions]
    return text.words, text.sentence


def test_words_and_sentence_are_the_gru_s_states() -> None:
    encoder = TextEncoder(9, 5, 8, dropout=0.0).eval()
    words, sentence = encode(encoder, [[3, 1, 4]])
    output, hidden = encoder.gru(encoder.embedding(torch.tensor([[3, 1, 4]])))
    assert torch.allclose(words, output, atol=1e-6)
    assert torch.allclose(sentence, torch.cat([hidden[0], hidden[1]], 1), atol=1e-6)
    assert torch.equal(sentence[:, :4], words[:, -1, :4])
    assert torch.equal(sentence[:, 4:], words[:, 0, 4:])


def test_a_caption_does_not_feel_its_neighbours_nor_its_padding() -> None:
    encoder = TextEncoder(9, 5, 8, dropout=0.0).eval()
    captions = [[3, 1, 4, 1, 5], [9, 2], [], [6, 5, 3, 5, 8, 9, 7]]
    words, sentence = encode(encoder, captions)
    for row, caption in enumerate(captions):
        alone_words, alone_sentence = encode(encoder, [caption])
        n = len(caption)
        assert torch.allclose(words[row, :n], alone_words[0, :n], atol=1e-6)
        assert (words[row, n:] == 0).all()
        assert torch.allclose(sentence[row], alone_sentence[0], atol=1e-6)


def test_a_caption_without_known_words_is_zero_and_trains() -> None:
    encoder = TextEncoder(9, 5, 8, dropout=0.5)
    words, sentence = encode(encoder, [[], [1, 2]])
    assert (words[0] == 0).all()
    assert (sentence[0] == 0).all()
    (words.square().sum() + sentence.square().sum()).backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters() if p.grad is not None)


def test_dropout_is_on_the_embedding_and_only_in_training() -> None:
    encoder = TextEncoder(9, 50, 8, dropout=0.5).train()
    assert isinstance(encoder.dropout, nn.Dropout)
    assert encoder.dropout.p == 0.5
    assert not torch.equal(encode(encoder, [[1, 2]])[0], encode(encoder, [[1, 2]])[0])
    encoder.eval()
    assert torch.equal(encode(encoder, [[1, 2]])[0], encode(encoder, [[1, 2]])[0])


def test_cells_of_the_two_paths_partition_the_map() -> None:
    M = torch.ones(1, 1, 64, 96)
    M[:, :, :, :32] = 0
    M[:, :, :16, 32:64] = 0  # exactly half of a cell: still visible
    M[:, :, :17, 64:] = 0  # more than half: hole
    cells = visible_cells(M, torch.empty(1, 1, 2, 3))
    assert cells.tolist() == [[False, True, False, False, True, True]]
    random = (torch.rand(4, 1, 64, 64) > 0.5).float()
    seen, hidden = (
        visible_cells(random, torch.empty(1, 1, 2, 2)),
        hidden_cells(random, torch.empty(1, 1, 2, 2)),
    )
    assert (seen ^ hidden).all()


def test_cells_by_samples_are_seen_whole_or_not_at_all() -> None:
    """Corners are sampled, so that two samples of four columns are the first and the last."""
    M = torch.tensor([1.0, 0.0, 0.0, 0.5]).expand(1, 1, 4, 4)
    like = torch.empty(1, 1, 2, 2)
    assert visible_cells(M, like, "samples").tolist() == [[True, False, True, False]]
    assert hidden_cells(M, like, "samples").tolist() == [[False, False, False, False]]
    assert hidden_cells(1 - M, like, "samples").tolist() == [[True, False, True, False]]
