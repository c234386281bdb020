"""How the model runs on a device: number format, memory layout, and work recorded once and replayed.

What it computes is `nigdt.model`'s. Single precision everywhere is the reference. ``bfloat16`` holds the
weights of convolutions in half the memory and computes them and matrix products in that format; sums over a
picture, softmax's input and the colours themselves stay in single precision. Its pictures differ from the
reference by less than `BFLOAT16_LEVELS`.

A CUDA device waits for Python most of the time when pictures are small, so there the kernels of one encoding
and of one batch of fills are recorded as CUDA graphs, one per combination of shapes.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nigdt.errors import DeviceError, NigdtError
from nigdt.folding import Doubling, fold
from nigdt.model import NIGDT, ImageFeatures, TextFeatures

__all__ = ["BFLOAT16_LEVELS", "Precision", "Recorded", "Runner", "prepare", "record_cuda_graph"]

log = logging.getLogger(__name__)

Precision = Literal["float32", "bfloat16"]
BFLOAT16_LEVELS = 5.0
"""Largest difference in grey levels (of 255) to single precision, over the model's own picture."""

Function = Callable[..., Sequence[Tensor]]
Recorder = Callable[[Function, Sequence[Tensor]], tuple[Callable[[], object], Sequence[Tensor]]]
"""From a function and its inputs' buffers to what runs it again on them, and the buffers of its outputs."""

_RECORDINGS = 16
_SAME = 1 / 127.5  # a recording that differs by more than a grey level is of no use


def layout(device: torch.device | str, precision: Precision) -> torch.memory_format:
    """The memory layout of convolutions.

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
        fold(model)
    if precision == "bfloat16":
        if torch.device(device).type == "cuda" and not torch.cuda.is_bf16_supported():
            raise DeviceError(f"{device} does not compute in bfloat16.", "Use float32.")
        for part in model.modules():
            if isinstance(part, (nn.Conv2d, Doubling)):
                part.to(torch.bfloat16)
    return model.to(memory_format=layout(device, precision))


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
        self._precision = precision
        self._recorded = recorder is not None
        self._encode: Function = self._image_half
        self._complete: Function = self._text_half
        if recorder is not None:
            self._encode = Recorded(self._image_half, recorder)
            self._complete = Recorded(self._text_half, recorder)

    def forget_recordings(self) -> None:
        """Give back the memory of what was recorded; it is recorded anew where it is wanted again."""
        for function in (self._encode, self._complete):
            if isinstance(function, Recorded):
                function.clear()

    def encode(self, I_m: Tensor, M: Tensor) -> ImageFeatures:
        """Image half: I_m (1, 3, H, W) in [-1, 1] and M (1, 1, H, W), 1 = visible, on any device."""
        M = M.to(self._device)
        with _reproducible():
            return self._features(M, *self._encode(I_m.to(self._device), M))

    def encode_captions(self, captions: Sequence[Sequence[int]]) -> TextFeatures:
        """Text encoder, always in single precision: word indices of each caption, which may be none."""
        longest = max(1, *map(len, captions)) if captions else 1
        tokens = torch.zeros(len(captions), longest, dtype=torch.int64)
        for row, words in zip(tokens, captions, strict=True):
            row[: len(words)] = torch.tensor(words, dtype=torch.int64)
        lengths = torch.tensor([len(words) for words in captions])
        with _reproducible():
            return self._model.encode_text(tokens.to(self._device), lengths.to(self._device))

    def complete(
        self, contexts: Sequence[ImageFeatures], text: TextFeatures, noise: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Text half: one fill of each context, in one pass.

        Args:
            contexts: From `encode`, all of one size.
            text: From `encode_captions`, one caption for each.
            noise: (B, *latent_shape) standard normal; 0 gives the mean answer.

        Returns:
            Pictures (B, 3, H, W) in [-1, 1], and beta of eq. 5, (B, h * w, L), where the model has attention.
        """
        words, mask = text.words, text.mask
        number, length = mask.shape
        tensors = [_stack(same) for same in zip(*map(_tensors, contexts), strict=True)]
        noise = noise.to(self._device)
        if self._recorded:  # few shapes, so few recordings: captions of one length, batches of powers of two
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

    def _image_half(self, I_m: Tensor, M: Tensor) -> list[Tensor]:
        with self._autocast():
            features = self._model.encode_image(I_m, M)
        return _tensors(features)[1:]

    def _text_half(
        self, words: Tensor, sentence: Tensor, mask: Tensor, noise: Tensor, *features: Tensor
    ) -> list[Tensor]:
        text = TextFeatures(words, sentence, mask)
        with self._autocast():
            made = self._model.generate(self._features(*features), text, noise)
        return [made.image.float(), *([made.attention] if made.attention is not None else [])]

    def _features(self, M: Tensor, v_l: Tensor, v_h: Tensor, *more: Tensor) -> ImageFeatures:
        """What `_tensors` took apart."""
        config, rest = self._model.config, iter(more)
        base = next(rest) if config.prefill != "none" else None
        return ImageFeatures(v_l=v_l, v_h=v_h, M=M, base=base, skip=next(rest) if config.skip else None)

    def _autocast(self) -> AbstractContextManager[None]:
        if self._precision == "float32":
            return nullcontext()
        return torch.autocast(self._device.type, torch.bfloat16, cache_enabled=False)


class Recorded:
    """Runs a function of tensors from recordings, one per combination of shapes.

    What cannot be recorded, or comes out differently when replayed, is run as it is from then on.

    Args:
        function: Returns tensors of shapes that follow from its inputs' alone, and looks at no value of them.
        recorder: How to record.
        most: Recordings to keep; the longest unused one goes first.
    """

    def __init__(self, function: Function, recorder: Recorder, most: int = _RECORDINGS) -> None:
        self._function = function
        self._recorder: Recorder | None = recorder
        self._most = most
        self._kept: OrderedDict[object, tuple[list[Tensor], Callable[[], object], Sequence[Tensor]]] = (
            OrderedDict()
        )

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Forget all recordings."""
        self._kept.clear()

    def __call__(self, *inputs: Tensor) -> Sequence[Tensor]:
        """What the function returns for these inputs; the caller's to keep."""
        if self._recorder is None:
            return self._function(*inputs)
        key = tuple((tuple(tensor.shape), tensor.stride(), tensor.dtype) for tensor in inputs)
        if key not in self._kept:
            try:
                self._kept[key] = self._record(self._recorder, inputs)
            except torch.OutOfMemoryError:
                self.clear()
                raise
            except RuntimeError as error:
                log.warning("running without recordings: %s", " ".join(str(error).split())[:200])
                self._recorder = None
                self.clear()
                return self._function(*inputs)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        buffers, replay, outputs = self._kept[key]
        for buffer, tensor in zip(buffers, inputs, strict=True):
            buffer.copy_(tensor)
        replay()
        return [output.clone() for output in outputs]

    def _record(
        self, recorder: Recorder, inputs: Sequence[Tensor]
    ) -> tuple[list[Tensor], Callable[[], object], Sequence[Tensor]]:
        buffers = [tensor.clone() for tensor in inputs]
        replay, outputs = recorder(self._function, buffers)
        replay()
        for output, expected in zip(outputs, self._function(*inputs), strict=True):
            if not torch.allclose(output.float(), expected.float(), rtol=_SAME, atol=_SAME, equal_nan=True):
                raise RuntimeError("the replayed work differs from the same work run anew")
        return buffers, replay, outputs


def record_cuda_graph(
    function: Function, inputs: Sequence[Tensor]
) -> tuple[Callable[[], object], Sequence[Tensor]]:
    """A `Recorder` for CUDA."""
    with torch.cuda.device(inputs[0].device):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(
            stream
        ):  # libraries set themselves up in first calls, which cannot be recorded
            for _ in range(3):
                function(*inputs)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            outputs = function(*inputs)
        return graph.replay, outputs


def _tensors(features: ImageFeatures) -> list[Tensor]:
    """What is there of them: M, v_l, v_h, base, skip."""
    parts = (features.M, features.v_l, features.v_h, features.base, features.skip)
    return [part for part in parts if part is not None]


def _stack(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))


def _lengthen(tensor: Tensor, rows: int) -> Tensor:
    """Repeat the last entry of the first dimension until there are so many."""
    missing = rows - len(tensor)
    return torch.cat([tensor, tensor[-1:].expand(missing, *tensor.shape[1:])]) if missing else tensor


def _reproducible() -> AbstractContextManager[None]:
    """Convolutions on CUDA by the same algorithm on every run, in full single precision."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
