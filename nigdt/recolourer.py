"""Asking the recolouring network where a caption's colour goes in a context, and which it is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from nigdt.box import check_selection
from nigdt.colours import names_part, rgb_to_lab
from nigdt.errors import ModelError
from nigdt.model.recolour import STRIDE, RecolourNet
from nigdt.recolouring import Recolouring, check_caption, guided_colour, guided_place, meant
from nigdt.text import Vocabulary

__all__ = ["Recolourer"]


class Recolourer:
    """A loaded recolouring network. Not safe to use from several threads at once."""

    def __init__(self, net: RecolourNet, vocabulary: Vocabulary, device: str = "cpu") -> None:
        self._net = net.eval().requires_grad_(False).to(device)
        self.vocabulary = vocabulary
        self.device = device
        self.size = net.config.size

    @torch.inference_mode()
    def predict(
        self, crop: NDArray[np.uint8], selection: NDArray[np.uint8], caption: str, hidden: bool | None = None
    ) -> Recolouring:
        """Return where the caption's colour goes, and which.

        Args:
            crop: (h, w, 3), the context.
            selection: (h, w), above 0 where colour may go.
            caption: What is wanted; it must name a colour.
            hidden: Whether the network is kept from seeing the selection's colour; None decides by the
            caption:
                hidden when it names no part, so that a parrot of four colours becomes blue as a whole.

        Raises:
            CaptionError: The caption names no colour.
            SelectionError: The selection does not fit the crop or selects nothing.
            ModelError: The network's answer holds values that are not numbers.
        """
        check_caption(caption)
        check_selection(selection, crop.shape[1], crop.shape[0])
        if hidden is None:
            hidden = self._net.config.hide_whole and not names_part(caption)
        width, height = _working_size(crop.shape[1], crop.shape[0], self.size)
        small = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
        lab = rgb_to_lab(small.astype(np.float32) / np.float32(255))
        chosen = cv2.resize(
            selection * np.float32(1 / 255), (width, height), interpolation=cv2.INTER_AREA
        ).astype(np.float32)
        words = self.vocabulary.encode(caption, self._net.config.max_words)
        maps, _ = self._net(
            self._tensor(lab.transpose(2, 0, 1)),
            self._tensor(chosen[None]),
            torch.tensor([float(hidden)], device=self.device),
            torch.tensor([words], device=self.device),
            torch.tensor([len(words)]),
        )
        alpha = maps.alpha[0, 0].float().cpu().numpy()
        target = torch.cat([maps.lightness, maps.colour], dim=1)[0].float().cpu().numpy().transpose(1, 2, 0)
        if not (np.isfinite(alpha).all() and np.isfinite(target).all()):
            raise ModelError(
                "The model's answer is not a colour: it holds values that are not numbers.",
                "Use another bundle; this one is damaged or was trained badly.",
            )
        if not names_part(caption):
            alpha = meant(alpha, chosen)
        place = guided_place(alpha, chosen, crop)
        colour = guided_colour(target, alpha * chosen, lab)
        on_one_grid = cv2.resize(colour, place.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return Recolouring(place, on_one_grid.astype(np.float32), selection)

    def _tensor(self, values: NDArray[np.floating[Any]]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, np.float32))[None].to(self.device)


def _working_size(width: int, height: int, side: int) -> tuple[int, int]:
    scale = side / (width * height) ** 0.5
    return (
        max(2 * STRIDE, round(width * scale / STRIDE) * STRIDE),
        max(2 * STRIDE, round(height * scale / STRIDE) * STRIDE),
    )
