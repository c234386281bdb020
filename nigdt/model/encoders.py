"""Image encoder (eq. 1) and text encoder (eq. 2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nigdt.config import Cell, MaskCells, ModelConfig
from nigdt.model.blocks import ResidualBlock, area, samples

HALVINGS = 5
CELLS: dict[Cell, int] = {"gru": 3, "lstm": 4}
"""Recurrent cells by their number of gates."""
LOW_LEVEL = 3  # v_l is what the third halving leaves: one eighth of the size


@dataclass
class TextFeatures:
    """What the text encoder gives.

    Attributes:
        words: t_wrd, (B, L, text_channels); rows of padding are 0.
        sentence: t_sent, (B, text_channels); 0 for a caption without known words.
        mask: (B, L) bool, True where there is a word.
    """

    words: Tensor
    sentence: Tensor
    mask: Tensor


class ImageEncoder(nn.Module):
    """Eq. 1: seven residual layers (the published code: five), of which the first five halve.

    `v_l` is the map at H/8, where the generator's attention works; the paper's "second last layer"
    has the same size as the last and cannot be meant.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = (3 + config.mask_input + config.told_channels, *config.encoder_channels)
        self.layers = nn.ModuleList(
            ResidualBlock(
                widths[i],
                widths[i + 1],
                resample="down" if i < HALVINGS else "none",
                spectral_norm=config.spectral_norm,
                activate_input=i > 0,
                # Three channels of colour are too few to keep inside the first.
                hidden=widths[i] if config.traits.narrow_halving and 0 < i < HALVINGS else None,
            )
            for i in range(len(config.encoder_channels))
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encode (B, 3, H, W), with one channel more for M, and those for the outline, where they are inputs.

        Returns:
            `v_l` (B, c3, H/8, W/8), the next layer's map (B, c4, H/16, W/16), `v_h` (B, c7, H/32, W/32).
        """
        maps = []
        for layer in self.layers:
            x = layer(x)
            maps.append(x)
        return maps[LOW_LEVEL - 1], maps[LOW_LEVEL], x


class TextEncoder(nn.Module):
    """Eq. 2: embedding, dropout, bidirectional GRU; AttnGAN's match networks have an LSTM in its place."""

    def __init__(
        self, vocabulary_size: int, embedding: int, channels: int, dropout: float, cell: Cell = "gru"
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size + 1, embedding, padding_idx=0)
        self.dropout = nn.Dropout(dropout)
        kind = nn.GRU if cell == "gru" else nn.LSTM
        self.gru = kind(embedding, channels // 2, batch_first=True, bidirectional=True)
        for name, weight in self.gru.named_parameters():
            if name.startswith("weight"):
                nn.init.orthogonal_(weight)

    def forward(self, tokens: Tensor, lengths: Tensor) -> TextFeatures:
        """Encode a padded batch; each row's result is independent of the other rows.

        Args:
            tokens: (B, L) int64, L at least 1, word indices, 0 = padding, words first.
            lengths: (B,) int64, words per caption, 0 to L; may stay on the CPU, where they are needed too.
        """
        batch, length = tokens.shape
        mask = torch.arange(length, device=tokens.device)[None] < lengths.to(tokens.device)[:, None]
        # A packed sequence cannot be empty: run such a caption with one padding word, then silence it.
        packed = pack_padded_sequence(
            self.dropout(self.embedding(tokens)),
            lengths.clamp(min=1).cpu(),
            batch_first=True,
            enforce_sorted=False,
        )
        # cuDNN's answers in float16 under autocast, even where that is bfloat16, and the two cannot be mixed.
        with torch.autocast(tokens.device.type, enabled=False):
            output, hidden = self.gru(packed)
        if isinstance(hidden, tuple):  # an LSTM's, with its cells' states
            hidden = hidden[0]
        words, _ = pad_packed_sequence(output, batch_first=True, total_length=length)
        sentence = hidden.transpose(0, 1).reshape(batch, -1)
        return TextFeatures(
            words=words * mask[..., None],
            sentence=sentence * mask[:, :1],
            mask=mask,
        )


class NoText(nn.Module):
    """In the text encoder's place where a model reads no captions: words and sentences of no channels."""

    def forward(self, tokens: Tensor, _lengths: Tensor) -> TextFeatures:
        """Give empty features of a padded batch; arguments as in `TextEncoder.forward`."""
        batch, length = tokens.shape
        words = torch.zeros(batch, length, 0, device=tokens.device)
        return TextFeatures(words, words.new_zeros(batch, 0), tokens > 0)


def visible_cells(M: Tensor, like: Tensor, kind: MaskCells = "area") -> Tensor:
    """Return which cells of a feature map count as visible.

    Args:
        M: (B, 1, H, W), 1 = visible.
        like: The map, (B, C, h, w).
        kind: By area, visible from one half up; or by samples of M that are 1 whole.

    Returns:
        (B, h * w) bool.
    """
    if kind == "samples":
        return (samples(M, like) == 1).flatten(1)
    return (area(M, like) >= 0.5).flatten(1)


def hidden_cells(M: Tensor, like: Tensor, kind: MaskCells = "area") -> Tensor:
    """Return which cells count as hidden, like `visible_cells`: all others by area, fewer by samples."""
    return visible_cells(1 - M, like, kind) if kind == "samples" else ~visible_cells(M, like)
