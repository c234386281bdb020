"""An extra lesson for the recolouring network: to know a bird's parts before words ask for one.

Heads that exist in training alone name the part at every place from the decoder's maps, and the attention of
a place on a wing is drawn to the word "wings", of other places away from it. Without them the words have
nothing to hold on to, and hours pass before "red wings" finds a wing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.model.recolour import RecolourNet
from nigdt.part_words import PARTS

UNKNOWN = 255
"""Label of photos whose parts nobody has told."""
_LEAST = 1e-4
_PLACES = 1 + len(PARTS)


class PartTeacher(nn.Module):
    """Heads on the network's maps at strides 8 (as the words' attention finds them) and 4.

    It keeps what the network's last pass in training mode left there; `loss` uses it up.
    """

    def __init__(self, net: RecolourNet) -> None:
        super().__init__()
        _, c4, c8, _, _ = net.config.channels
        self.heads = nn.ModuleList(nn.Conv2d(channels, _PLACES, 1) for channels in (c8, c4))
        self._maps: dict[int, Tensor] = {}
        for i, layer in enumerate((net.up[1], net.decode[2])):
            layer.register_forward_hook(lambda _layer, _given, out, i=i: self._maps.__setitem__(i, out))

    def loss(self, labels: Tensor) -> Tensor:
        """Cross entropy of the parts' names, rare ones weighing more.

        Args:
            labels: (B, H, W) int64 at the network's size, 0 for no part, `UNKNOWN` where it is not known.

        Returns:
            A scalar, 0 if no label is known.
        """
        total = labels.new_zeros((), dtype=torch.float32)
        known = labels != UNKNOWN
        if not known.any():
            return total
        counts = torch.bincount(labels[known], minlength=_PLACES).float()
        weight = (counts.clamp(min=1) ** -0.5) * (counts > 0)
        weight = weight / weight.max()
        for i, head in enumerate(self.heads):
            scores = head(self._maps.pop(i))
            coarse = F.interpolate(labels[:, None].float(), size=scores.shape[2:], mode="nearest")[
                :, 0
            ].long()
            if (coarse != UNKNOWN).any():
                total = total + F.cross_entropy(scores, coarse, weight, ignore_index=UNKNOWN)
        return total / len(self.heads)


def attention_loss(betas: Sequence[Tensor], labels: Tensor, named: Tensor) -> Tensor:
    """Minus the logarithm of the attention that a part's places give to the words that name it.

    Places that no word names lose by what they give to words of parts. Captions without such words and photos
    without known parts do not count.

    Args:
        betas: (B, cells, L) each, of square maps; eq. 5.
        labels: (B, H, W) int64, square, as in `PartTeacher.loss`.
        named: (B, L, labels) bool: the parts that a word names.

    Returns:
        A scalar.
    """
    total = labels.new_zeros((), dtype=torch.float32)
    any_part = named.any(2)
    asks = any_part.any(1)[:, None]
    for beta in betas:
        side = round(beta.shape[1] ** 0.5)
        coarse = F.interpolate(labels[:, None].float(), size=(side, side), mode="nearest").flatten(1).long()
        known = (coarse != UNKNOWN) & asks
        place = F.one_hot(coarse.where(known, 0), named.shape[2]).to(beta.dtype)
        meant = place @ named.transpose(1, 2).to(beta.dtype)
        is_named = meant.any(2) & known
        not_named = ~meant.any(2) & known
        on_it = (beta * meant).sum(2)[is_named]
        on_others = (beta * any_part[:, None]).sum(2)[not_named]
        if on_it.numel():
            total = total - on_it.clamp(min=_LEAST).log().mean()
        if on_others.numel():
            total = total - (1 - on_others).clamp(min=_LEAST).log().mean()
    return total / len(betas)
