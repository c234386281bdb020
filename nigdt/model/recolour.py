"""The recolouring network: where in a photo the caption's colour belongs, and which colour that is.

A small U-Net sees the photo in CIE L*a*b*, the selection and a flag; the words reach it through the text
encoder of eq. 2, as attention of every place over the words (eq. 3, 5 and 6) at strides 16 and 8, and as
scale and shift by the whole sentence.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.model.attention import masked_softmax
from nigdt.model.encoders import TextEncoder, TextFeatures
from nigdt.model.finder import ObjectFinder
from nigdt.model.reader import CaptionReader
from nigdt.text import Vocabulary

STRIDE = 32
"""Height and width must be multiples of it."""
CHROMA_SCALE, LIGHTNESS_SCALE = 60.0, 50.0
"""Lab units of one unit of the network's numbers."""
_INPUTS, _OUTPUTS = 5, 4
_GROUPS = 8


@dataclass(frozen=True)
class RecolourConfig:
    """Architecture of a `RecolourNet`.

    Attributes:
        size: Long side in pixels at which it was trained and is used.
        channels: Widths at strides 2, 4, 8, 16 and 32; multiples of 8.
        head_channels: Width of the head at stride 2.
        embedding: Length of a word's vector.
        text_channels: Length of a word's and a sentence's features.
        max_words: Words of a caption that are read.
        hide_whole: Whether the selection's colour is hidden when the caption names no part.
        finds: Whether there is a finder of objects and parts (`nigdt.model.finder`).
        tells_birds: Whether that tells birds from other objects.
        finds_finely: Whether it sees objects at stride 2.
        reads: The words that the reader of captions knows (`nigdt.model.reader`); none without one.
    """

    size: int = 160
    channels: tuple[int, int, int, int, int] = (24, 48, 96, 144, 160)
    head_channels: int = 32
    embedding: int = 64
    text_channels: int = 128
    max_words: int = 24
    hide_whole: bool = True
    finds: bool = False
    tells_birds: bool = False
    finds_finely: bool = False
    reads: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain values, for YAML and JSON."""
        return {**asdict(self), "channels": list(self.channels), "reads": list(self.reads)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RecolourConfig:
        """Return what `to_dict` gave.

        Raises:
            KeyError: `channels` is missing.
            TypeError: There is an unknown or wrong value.
        """
        lists = {"channels": tuple(values["channels"]), "reads": tuple(values.get("reads", ()))}
        return cls(**{**values, **lists})


@dataclass
class RecolourMaps:
    """The network's answer, all (B, ., H, W).

    Attributes:
        logits: (B, 1, H, W), alpha before the sigmoid: how much of the colour belongs here.
        colour: (B, 2, H, W), the a and b to be had, in Lab units.
        lightness: (B, 1, H, W), what to add to L, in Lab units.
    """

    logits: Tensor
    colour: Tensor
    lightness: Tensor

    @property
    def alpha(self) -> Tensor:
        """(B, 1, H, W) in 0..1."""
        return torch.sigmoid(self.logits)


class _Block(nn.Module):
    """Two 3x3 convolutions with a shortcut; between them the sentence scales and shifts the map."""

    def __init__(self, inputs: int, outputs: int, sentence: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(_GROUPS, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2 = nn.GroupNorm(_GROUPS, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.film = nn.Linear(sentence, 2 * outputs)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, sentence: Tensor) -> Tensor:
        y = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.film(sentence)[:, :, None, None].chunk(2, dim=1)
        y = self.conv2(F.silu(self.norm2(y) * (1 + scale) + shift))
        return self.shortcut(x) + y


class _WordAttention(nn.Module):
    """Eq. 3, 5 and 6 with every place allowed to look; what the words gave is added to the map."""

    def __init__(self, channels: int, text: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_GROUPS, channels)
        self.query = nn.Conv2d(channels, text, 1, bias=False)
        self.back = nn.Conv2d(text + channels, channels, 1)

    def forward(self, x: Tensor, text: TextFeatures) -> tuple[Tensor, Tensor]:
        """Map (B, C, h, w) to the same with words, and beta (B, h * w, L)."""
        batch, _, height, width = x.shape
        query = self.query(self.norm(x)).flatten(2).transpose(1, 2)
        s = query @ text.words.transpose(1, 2)
        beta = masked_softmax(s, text.mask[:, None, :].expand_as(s), dim=2)
        t_e = (beta @ text.words).transpose(1, 2).reshape(batch, -1, height, width)
        return x + self.back(torch.cat([t_e, x], dim=1)), beta


class RecolourNet(nn.Module):
    """Lab photo, selection and caption to `RecolourMaps`; `finder` and `reader` are asked apart."""

    def __init__(self, config: RecolourConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        c2, c4, c8, c16, c32 = config.channels
        text = config.text_channels
        self.text = TextEncoder(vocabulary_size, config.embedding, text, dropout=0.1)
        self.stem = nn.Conv2d(4 * _INPUTS, c2, 3, padding=1)
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 2, stride=2) for a, b in ((c2, c4), (c4, c8), (c8, c16), (c16, c32))
        )
        self.encode = nn.ModuleList(_Block(c, c, text) for c in (c2, c4, c8, c16))
        self.middle = nn.ModuleList([_Block(c32, c32, text), _Block(c32, c32, text)])
        self.up = nn.ModuleList(
            nn.Conv2d(a + b, b, 1) for a, b in ((c32, c16), (c16, c8), (c8, c4), (c4, c2))
        )
        self.attend = nn.ModuleList([_WordAttention(c16, text), _WordAttention(c8, text)])
        self.decode = nn.ModuleList(_Block(c, c, text) for c in (c16, c8, c4, c2))
        self.head = nn.Conv2d(c2 + 4 * _INPUTS, config.head_channels, 3, padding=1)
        self.out = nn.Conv2d(config.head_channels, 4 * _OUTPUTS, 3, padding=1)
        nn.init.normal_(self.out.weight, std=0.02)
        if self.out.bias is not None:
            nn.init.zeros_(self.out.bias)
        self.finder = ObjectFinder(config.tells_birds, config.finds_finely) if config.finds else None
        self.reader = CaptionReader(Vocabulary(config.reads)) if config.reads else None

    def forward(
        self, lab: Tensor, selection: Tensor, hidden: Tensor, tokens: Tensor, lengths: Tensor
    ) -> tuple[RecolourMaps, list[Tensor]]:
        """Answer a batch.

        Args:
            lab: (B, 3, H, W), L* 0..100, a* and b* as they are; H and W multiples of `STRIDE`.
            selection: (B, 1, H, W) in 0..1.
            hidden: (B,), 1 where the selection's a and b are not to be seen, else 0.
            tokens: (B, L) word indices, 0 = padding.
            lengths: (B,) words per caption.

        Returns:
            The maps, and beta (B, cells, L) of the attention at strides 16 and 8.
        """
        flag = hidden.to(lab.dtype)[:, None, None, None]
        seen = 1 - flag * (selection > 0).to(lab.dtype)
        lightness = lab[:, :1] / LIGHTNESS_SCALE - 1
        x = torch.cat(
            [lightness, lab[:, 1:] / CHROMA_SCALE * seen, selection, flag.expand_as(selection)], dim=1
        )
        text = self.text(tokens, lengths)
        sentence = text.sentence
        # Pixels of 2 x 2 are channels here and in the head: full size costs much and has few channels.
        x = F.pixel_unshuffle(x, 2)
        y = self.stem(x)
        skips = []
        for encode, down in zip(self.encode, self.down, strict=True):
            y = encode(y, sentence)
            skips.append(y)
            y = down(y)
        for block in self.middle:
            y = block(y, sentence)
        betas = []
        for i, (up, decode) in enumerate(zip(self.up, self.decode, strict=True)):
            y = up(torch.cat([F.interpolate(y, scale_factor=2.0, mode="nearest"), skips[-1 - i]], dim=1))
            if i < len(self.attend):
                y, beta = self.attend[i](y, text)
                betas.append(beta)
            y = decode(y, sentence)
        out = F.pixel_shuffle(self.out(F.silu(self.head(torch.cat([y, x], dim=1)))), 2)
        return (
            RecolourMaps(out[:, :1] * 4 - 1, out[:, 1:3] * CHROMA_SCALE, out[:, 3:] * LIGHTNESS_SCALE),
            betas,
        )
