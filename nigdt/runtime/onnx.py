"""The model as ONNX graphs: for other programs, and as a faster runner on the CPU.

Three graphs, so that a new caption costs neither picture half nor weights twice:

- `image.onnx`: picture (1, 3, S, S) and visible (1, 1, S, S) to the features of the picture;
- `words.onnx`: words (1, L) int64 to words (1, L, C) and sentence (1, C), L at least 1, 0 = no word;
- `fill.onnx`: those two, mask (1, L) bool, noise, visible and the features to the picture
  (1, 3, S, S) in [-1, 1] and, where the model has attention, beta of eq. 5 (1, h w, L).

`onnx.json` names the bundle that they were made from, the size S and the features' names. A graph is for
one size, because the loops of the harmonic prefill are unrolled for it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nigdt.errors import BundleError, NigdtError
from nigdt.files import write_atomically
from nigdt.model import NIGDT, ImageFeatures, TextFeatures
from nigdt.model.encoders import TextEncoder
from nigdt.runtime.runner import Runner, image_features, tensors_of

__all__ = ["OnnxRunner", "export_onnx"]

IMAGE, WORDS, FILL, FACTS = "image.onnx", "words.onnx", "fill.onnx", "onnx.json"
_OPSET = 20


class _Image(nn.Module):
    def __init__(self, model: NIGDT) -> None:
        super().__init__()
        self.model = model

    def forward(self, I_m: Tensor, M: Tensor, *outline: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensors_of(self.model.encode_image(I_m, M, *outline))[1:])


class _Words(nn.Module):
    """The text encoder on one caption without padding, which needs no packed sequence."""

    def __init__(self, encoder: TextEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        output, hidden = self.encoder.gru(self.encoder.embedding(tokens))
        known = (tokens > 0).to(output.dtype)
        return output * known[..., None], hidden.transpose(0, 1).reshape(1, -1) * known[:, :1]


class _Fill(nn.Module):
    def __init__(self, model: NIGDT) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, words: Tensor, sentence: Tensor, mask: Tensor, noise: Tensor, M: Tensor, *features: Tensor
    ) -> tuple[Tensor, ...]:
        image = image_features(self.model.config, M, *features)
        made = self.model.generate(image, TextFeatures(words, sentence, mask), noise)
        return (made.image,) if made.attention is None else (made.image, made.attention)


def export_onnx(model: NIGDT, folder: Path, digest: str = "") -> None:
    """Write a model's graphs.

    The exporter is PyTorch's older one: the newer takes minutes over the prefill's thousands of operations.

    Args:
        model: In evaluation mode, on the CPU, as `load_model` gives it; it has a text encoder.
        folder: Where they go; made if it is not there.
        digest: The bundle's (`BundleInfo.digest`).

    Raises:
        NigdtError: The package onnx is missing, the model reads no captions, or the disk refuses.
    """
    try:
        import onnx  # noqa: F401  (the exporter checks its graphs with it)
    except ImportError:
        raise NigdtError("The package onnx is missing.", "pip install 'nigdt[onnx]'") from None
    encoder = model.text_encoder
    if not isinstance(encoder, TextEncoder):
        raise NigdtError("A model that reads no captions has no text half to export.")
    size, config = model.config.size, model.config
    # Atanh is in ONNX since its opset 9; only the exporter's table lacks it.
    torch.onnx.register_custom_op_symbolic("aten::atanh", lambda g, x: g.op("Atanh", x), 9)
    visible = torch.ones(1, 1, size, size)
    visible[:, :, size // 4 : size // 2, size // 4 : size // 2] = 0
    picture, tokens = torch.zeros(1, 3, size, size), torch.tensor([[1, 1, 1]])
    noise = torch.zeros(1, *model.latent_shape(size, size))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecation, and that shapes become constants, which is meant
            told = (1 - visible).repeat(1, config.told_channels, 1, 1)
            seen = [picture, visible, *[told] * (config.outlines > 0)]
            features = _Image(model)(*seen)
            words, sentence = _Words(encoder)(tokens)
            names = ["v_l", "v_h", *["base"] * (config.prefill != "none"), *["skip"] * config.skip]
            names += ["told"] * (config.outlines > 0)
            axes = {"words": {1: "L"}, "mask": {1: "L"}}
            text = [words, sentence, tokens > 0]
            attention = {"attention": {2: "L"}} if config.dual_attention else {}
            inputs = ["picture", "visible", *["outline"] * (config.outlines > 0)]
            _export(_Image(model), seen, folder / IMAGE, inputs, names, {})
            _export(
                _Words(encoder),
                [tokens],
                folder / WORDS,
                ["tokens"],
                ["words", "sentence"],
                {"tokens": {1: "L"}, "words": {1: "L"}},
            )
            _export(
                _Fill(model),
                [*text, noise, visible, *features],
                folder / FILL,
                ["words", "sentence", "mask", "noise", "visible", *names],
                ["filled", *attention],
                axes | attention,
            )
        facts = {"bundle": digest, "size": size, "features": names, "opset": _OPSET}
        write_atomically(folder / FACTS, (json.dumps(facts, indent=1) + "\n").encode())
    except OSError as error:
        raise NigdtError(f"Cannot write {folder}: {error.strerror or error}.") from None


def _export(
    part: nn.Module,
    inputs: Sequence[Tensor],
    path: Path,
    names: Sequence[str],
    results: Sequence[str],
    axes: dict[str, dict[int, str]],
) -> None:
    torch.onnx.export(
        part.eval(),
        tuple(inputs),
        str(path),
        input_names=list(names),
        output_names=list(results),
        dynamic_axes=axes,
        opset_version=_OPSET,
        dynamo=False,
    )


class OnnxRunner(Runner):
    """Runs contexts of the exported size by ONNX Runtime on the CPU, and all others as `Runner` does.

    Args:
        model: From `prepare`, on the CPU.
        folder: From `export_onnx`.
        digest: Of the bundle that the model is of.

    Raises:
        NigdtError: The package onnxruntime is missing.
        BundleError: The graphs cannot be read, or are another bundle's.
    """

    def __init__(self, model: NIGDT, folder: Path, digest: str) -> None:
        super().__init__(model, "cpu")
        try:
            import onnxruntime
        except ImportError:
            raise NigdtError("The package onnxruntime is missing.", "pip install 'nigdt[onnx]'") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            self._side, self._names = int(facts["size"]), list(facts["features"])
            if facts["bundle"] != digest:
                raise ValueError("they are another bundle's")
            self._image, self._fill = (
                onnxruntime.InferenceSession(str(folder / name), options, ["CPUExecutionProvider"])
                for name in (IMAGE, FILL)
            )
        except Exception as error:  # onnxruntime's own errors derive from nothing narrower
            raise BundleError(
                f"The ONNX graphs in {folder} cannot be used: {error}.",
                "Export them again: nigdt models onnx",
            ) from None

    def encode(self, I_m: Tensor, M: Tensor, outline: Tensor | None = None) -> ImageFeatures:
        """Run the image half; see `Runner.encode`."""
        if M.shape[2:] != (self._side, self._side):
            return super().encode(I_m, M, outline)
        inputs = {"picture": I_m.numpy(), "visible": M.numpy()}
        if self._model.config.outlines:
            told = M.new_zeros(1, self._model.config.told_channels, *M.shape[2:])
            inputs["outline"] = (told if outline is None else outline).numpy()
        features = self._image.run(None, inputs)
        return image_features(self._model.config, M, *map(torch.from_numpy, features))

    def complete(
        self, contexts: Sequence[ImageFeatures], text: TextFeatures, noise: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Run the text half; see `Runner.complete`. Several fills run one after the other."""
        if any(context.M.shape[2:] != (self._side, self._side) for context in contexts):
            return super().complete(contexts, text, noise)
        answers: list[list[np.ndarray]] = []
        for row, context in enumerate(contexts):
            visible, *features = tensors_of(context)
            inputs: dict[str, Any] = dict(zip(self._names, features, strict=True))
            inputs |= {"words": text.words[row, None], "sentence": text.sentence[row, None]}
            inputs |= {"mask": text.mask[row, None], "noise": noise[row, None], "visible": visible}
            answers.append(self._fill.run(None, {name: value.numpy() for name, value in inputs.items()}))
        image, *attention = (torch.from_numpy(np.concatenate(part)) for part in zip(*answers, strict=True))
        return image, attention[0] if attention else None
