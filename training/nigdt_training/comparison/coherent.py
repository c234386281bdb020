"""The coherent semantic attention layer of CSA (Liu, Jiang, Xiao and Yang, ICCV 2019)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.model.blocks import area

HIDDEN = 5 / 16
"""Fraction of hidden pixels above which a cell belongs to the hole."""


class CoherentAttention(nn.Module):
    """Rebuilds the hole of a feature map cell by cell from its visible cells.

    Search: each hole cell m_i finds the visible cell most like it, by cosine: value `D_max`. Generate, row by
        row:
    m'_i = (D_ad m'_(i-1) + D_max best_i) / (D_ad + D_max), where `D_ad` is the cosine of m_i and m'_(i-1), so
    that neighbours in the hole stay coherent. It has no parameters. Negative cosines count as 0.
    """

    def forward(self, x: Tensor, M: Tensor) -> Tensor:
        """Rebuild the hole.

        Args:
            x: (B, C, h, w) features.
            M: (B, 1, H, W), 1 = visible.

        Returns:
            (B, C, h, w): visible cells as they were; x itself for pictures without a hole or without a
            visible cell.
        """
        batch, channels, height, width = x.shape
        hole = (1 - area(M, x)).flatten(1) > HIDDEN
        count = torch.where((~hole).any(1), hole.sum(1), 0)
        longest = int(count.max())
        if longest == 0:
            return x
        cells = x.flatten(2).transpose(1, 2)
        # Hole cells first, row by row; what follows up to the longest hole of the batch is padding.
        order = torch.argsort((~hole).to(torch.uint8), dim=1, stable=True)[:, :longest]
        index = order[:, :, None].expand(-1, -1, channels)
        m = cells.gather(1, index)
        unit_m, unit_cells = (F.normalize(values, dim=2, eps=1e-6) for values in (m, cells))
        cosine = (unit_m @ unit_cells.transpose(1, 2)).masked_fill(hole[:, None, :], -torch.inf)
        D_max, best = cosine.max(2)
        found = cells.gather(1, best[:, :, None].expand(-1, -1, channels))
        # Without a visible cell there is no maximum; those pictures are put back below.
        D_max = torch.where(D_max.isfinite(), D_max, torch.zeros_like(D_max)).clamp(min=0)

        made = [found[:, 0]]
        for i in range(1, longest):
            before = made[-1]
            D_ad = (unit_m[:, i] * F.normalize(before, dim=1, eps=1e-6)).sum(1).clamp(min=0)
            weight = (D_ad / (D_ad + D_max[:, i] + 1e-6))[:, None]
            made.append(weight * before + (1 - weight) * found[:, i])
        inside = torch.arange(longest, device=x.device) < count[:, None]
        filled = torch.where(inside[:, :, None], torch.stack(made, 1), m)
        return cells.scatter(1, index, filled).transpose(1, 2).reshape(batch, channels, height, width)
