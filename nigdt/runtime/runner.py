"""How the model runs on a device: number format, memory layout, and which work is recorded.

What it computes is `nigdt.model`'s. Single precision everywhere is the reference. `bfloat16` holds the
weights of convolutions in half the memory and computes them and matrix products in that format; sums over a
picture, softmax's input and the colours themselves stay in single precision. On average its pictures differ
from the reference by less than `BFLOAT16_LEVELS`.

A CUDA device waits for Python most of the time when pictures are small, so there the kernels of one encoding
and of one batch of fills are recorded (`nigdt.runtime.recording`), one recording per combination of shapes.

Captions are read on the CPU whatever the device: that takes a third of a millisecond, while an accelerator
would have to be waited for, and packed sequences are where accelerators differ and fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.config import ModelConfig
from nigdt.errors import DeviceError, NigdtError
from nigdt.model import NIGDT, ImageFeatures, TextFeatures
from nigdt.runtime.fused import FusedUpsampleConv, fuse
from nigdt.runtime.recording import Function, Recorded, Recorder

__all__ = ["BFLOAT16_LEVELS", "Precision", "Runner", "prepare"]

Precision = Literal["float32", "bfloat16"]
BFLOAT16_LEVELS = 1.0
"""Largest mean difference in grey levels (of 255) to single precision, over one picture of the model; single
pixels at sharp edges differ by dozens."""


def layout(device: torch.device | str, precision: Precision) -> torch.memory_format:
    """Return the memory layout of convolutions.

    Channels last on the CPU, where they then take a quarter less time (measured), and in half precision on
    CUDA, whose matrix units want it; elsewhere torch's own.
    """
    kind = torch.device(device).type
    last = kind == "cpu" or (kind == "cuda" and precision == "bfloat16")
    return torch.channels_last if last else torch.contiguous_format


def prepare(model: NIGDT, device: torch.device | str, precision: Precision) -> NIGDT:
    """Bring a model's weights, in place, into the form, format and layout that it will run in.

    Raises:
        NigdtError: There is no such precision.
        DeviceError: The device does not compute in it.
    """
    if precision not in get_args(Precision):
        raise NigdtError(f"There is no precision {precision!r}.", "Use float32 or bfloat16.")
    if torch.device(device).type == "cpu":
        fuse(model)
    if precision == "bfloat16":
        if torch.device(device).type == "cuda" and not torch.cuda.is_bf16_supported():
            raise DeviceError(f"{device} does not compute in bfloat16.", "Use float32.")
        if torch.device(device).type == "mps" and not torch.backends.mps.is_macos_or_newer(14, 0):
            raise DeviceError("MPS computes in bfloat16 from macOS 14 on.", "Use float32.")
        for part in model.modules():
            if isinstance(part, (nn.Conv2d, FusedUpsampleConv)):
                part.to(torch.bfloat16)
    model.text_encoder.to("cpu")
    return model.to(memory_format=layout(device, precision))


class _Halves:
    """Both halves of a fill as functions of tensors on the device alone, which can be recorded."""

    def __init__(self, model: NIGDT, device: torch.device, precision: Precision) -> None:
        self._model = model
        self._device = device
        self._precision = precision

    def image(self, I_m: Tensor, M: Tensor, *outline: Tensor) -> list[Tensor]:
        with self._autocast():
            features = self._model.encode_image(I_m, M, *outline)
        return tensors_of(features)[1:]

    def text(
        self, words: Tensor, sentence: Tensor, mask: Tensor, noise: Tensor, *features: Tensor
    ) -> list[Tensor]:
        text = TextFeatures(words, sentence, mask)
        with self._autocast():
            made = self._model.generate(self.features(*features), text, noise)
        return [made.image.float(), *([made.attention] if made.attention is not None else [])]

    def features(self, *tensors: Tensor) -> ImageFeatures:
        return image_features(self._model.config, *tensors)

    def _autocast(self) -> AbstractContextManager[None]:
        if self._precision == "float32":
            return nullcontext()
        return torch.autocast(self._device.type, torch.bfloat16, cache_enabled=False)


class Runner:
    """Runs a prepared model.

    Args:
        model: From `prepare`.
        device: Where its weights are.
        precision: As given to `prepare`.
        recorder: Records work to be replayed, or None to run it anew each time.
    """

    def __init__(
        self, model: NIGDT, device: str, precision: Precision = "float32", recorder: Recorder | None = None
    ) -> None:
        self._model = model
        self._device = torch.device(device)
        self._recorder = recorder
        # Methods of its own would keep it, and with it the weights, until the next garbage collection.
        self._halves = halves = _Halves(model, self._device, precision)
        self._encode: Function = halves.image if recorder is None else Recorded(halves.image, recorder)
        self._complete: Function = halves.text if recorder is None else Recorded(halves.text, recorder)

    @property
    def recorded_bytes(self) -> int:
        """Memory of the device that recordings hold."""
        return 0 if self._recorder is None else self._recorder.nbytes

    def forget_recordings(self) -> None:
        """Give back the memory of what was recorded; it is recorded anew where it is wanted again."""
        for function in (self._encode, self._complete):
            if isinstance(function, Recorded):
                function.clear()

    def encode(self, I_m: Tensor, M: Tensor, outline: Tensor | None = None) -> ImageFeatures:
        """Run the image half.

        Args:
            I_m: (1, 3, H, W) in [-1, 1], on any device, like the others.
            M: (1, 1, H, W), 1 = visible.
            outline: (1, `config.told_channels`, H, W), as in `NIGDT.encode_image`; None leaves it to the
                model. Only with `config.outlines`.
        """
        M = M.to(self._device)
        seen = [I_m.to(self._device), M]
        if told := self._model.config.told_channels:
            blank = M.new_zeros(1, told, *M.shape[2:])
            seen.append(blank if outline is None else outline.to(self._device))
        with _reproducible():
            return self._halves.features(M, *self._encode(*seen))

    def encode_words(self, captions: Sequence[Sequence[int]]) -> TextFeatures:
        """Run the text encoder, always in single precision and on the CPU.

        Args:
            captions: Word indices of each, which may be none; equal ones are computed once.

        Returns:
            Features on the device, one row for each caption.
        """
        distinct = dict.fromkeys(map(tuple, captions))
        longest = max([1, *map(len, distinct)])
        tokens = torch.zeros(len(distinct), longest, dtype=torch.int64)
        for row, words in zip(tokens, distinct, strict=True):
            row[: len(words)] = torch.tensor(words, dtype=torch.int64)
        text = self._model.text_encoder(tokens, torch.tensor([len(words) for words in distinct]))
        place = {words: row for row, words in enumerate(distinct)}
        rows = torch.tensor([place[tuple(words)] for words in captions])
        return TextFeatures(*(part[rows].to(self._device) for part in (text.words, text.sentence, text.mask)))

    def complete(
        self, contexts: Sequence[ImageFeatures], text: TextFeatures, noise: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Run the text half: one fill of each context, in one pass.

        Args:
            contexts: From `encode`, all of one size.
            text: From `encode_words`, one caption for each.
            noise: (B, *latent_shape) standard normal; 0 gives the mean answer.

        Returns:
            Pictures (B, 3, H, W) in [-1, 1], and beta of eq. 5, (B, h * w, L), where the model has attention.
        """
        words, mask = text.words, text.mask
        number, length = mask.shape
        tensors = [_stack(same) for same in zip(*map(tensors_of, contexts), strict=True)]
        noise = noise.to(self._device)
        if self._recorder is not None:
            # Few shapes, so few recordings: captions of one length, batches of powers of two.
            more = max(self._model.config.max_words, length) - length
            words, mask = F.pad(words, (0, 0, 0, more)), F.pad(mask, (0, more))
            rows = 2 ** (number - 1).bit_length()
            whole = [words, text.sentence, mask, noise, *tensors]
            words, sentence, mask, noise, *tensors = [_lengthen(tensor, rows) for tensor in whole]
        else:
            sentence = text.sentence
        with _reproducible():
            image, *attention = self._complete(words, sentence, mask, noise, *tensors)
        return image[:number], attention[0][:number, :, :length] if attention else None


def tensors_of(features: ImageFeatures) -> list[Tensor]:
    """Return what is there of them: M, v_l, v_h, base, skip, outline."""
    parts = (features.M, features.v_l, features.v_h, features.base, features.skip, features.outline)
    return [part for part in parts if part is not None]


def image_features(config: ModelConfig, M: Tensor, v_l: Tensor, v_h: Tensor, *more: Tensor) -> ImageFeatures:
    """Put together again what `tensors_of` took apart."""
    rest = iter(more)
    base = next(rest) if config.prefill != "none" else None
    skip = next(rest) if config.skip else None
    outline = next(rest) if config.outlines else None
    return ImageFeatures(v_l=v_l, v_h=v_h, M=M, base=base, skip=skip, outline=outline)


def _stack(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _lengthen(tensor: Tensor, rows: int) -> Tensor:
    """Repeat the last entry of the first dimension until there are so many."""
    missing = rows - len(tensor)
    return torch.cat([tensor, tensor[-1:].expand(missing, *tensor.shape[1:])]) if missing else tensor


def _reproducible() -> AbstractContextManager[None]:
    """Have CUDA convolve by the same algorithm on every run, in full single precision."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
