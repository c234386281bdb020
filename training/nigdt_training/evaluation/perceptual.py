"""LPIPS and the CLIP score, by the packages that define them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nigdt.errors import NigdtError


class Perceptual:
    """LPIPS (Zhang et al. 2018) on AlexNet, version 0.1; 0 for equal pictures.

    Args:
        device: "cpu", "cuda", ...; None takes CUDA where there is one.
        network: An `lpips.LPIPS` in place of the published one.

    Raises:
        NigdtError: The package lpips is missing, or AlexNet's weights cannot be had.
    """

    def __init__(self, device: str | None = None, network: Any = None) -> None:
        from nigdt.runtime.devices import usable_device

        self._device = usable_device(device)
        self._network = (network or _lpips()).to(self._device).eval()

    def __call__(self, original: np.ndarray, output: np.ndarray) -> float:
        """Return the distance of two (S, S, 3) uint8 pictures."""
        import torch

        pair = torch.from_numpy(np.stack([original, output])).permute(0, 3, 1, 2).to(self._device)
        first, second = (pair.float() / 127.5 - 1).split(1)
        with torch.inference_mode():
            return float(self._network(first, second))


def _lpips() -> Any:
    try:
        import lpips
    except ImportError:
        raise NigdtError("The package lpips is missing.", "pip install 'nigdt[metrics]'") from None
    try:
        return lpips.LPIPS(net="alex", verbose=False)
    except (OSError, RuntimeError) as error:
        raise NigdtError(f"AlexNet's weights for LPIPS cannot be had: {error}") from None


class ClipScore:
    """CLIP score (Hessel et al. 2021): 100 times the cosine of picture and caption, not below 0.

    Args:
        model: Folder of a CLIP model, or its name on the Hugging Face Hub.
        device: "cpu", "cuda", ...; None takes CUDA where there is one.

    Raises:
        NigdtError: The package transformers is missing, or the model cannot be had.
    """

    def __init__(self, model: str, device: str | None = None) -> None:
        from nigdt.runtime.devices import usable_device

        self._device = usable_device(device)
        try:
            from transformers import CLIPModel, CLIPProcessor
        except ImportError:
            raise NigdtError("The package transformers is missing.", "pip install 'nigdt[metrics]'") from None
        try:
            self._processor: Any = CLIPProcessor.from_pretrained(model)
            self._model: Any = CLIPModel.from_pretrained(model).eval().to(self._device)
        except (OSError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise NigdtError(f"The CLIP model {model} cannot be had: {reason.rstrip('.')}.") from None

    def __call__(self, output: np.ndarray, caption: str) -> float:
        """Score of one (S, S, 3) uint8 picture with its caption, which is clipped to what the model reads."""
        import torch

        given = self._processor(
            text=[caption], images=[output], return_tensors="pt", padding=True, truncation=True
        )
        with torch.inference_mode():
            found = self._model(**given.to(self._device))
        cosine = torch.nn.functional.cosine_similarity(found.image_embeds, found.text_embeds)
        return max(0.0, 100 * float(cosine))
