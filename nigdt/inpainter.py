"""Photo + selection + caption -> fills: the library's front door to the model.

The work has two halves. `Inpainter.encode` looks at the picture and does not depend on the caption, so
callers keep its result while the caption changes; `Inpainter.complete` reads captions and makes fills. Unless
asked otherwise every variant runs as a batch of its own: batched convolutions round differently, and the same
photo, selection, caption, seed, model and device must give the same bytes whatever else is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from nigdt.answers import CompletionJob, EncodedContext, Fill, RawFill, WordUse
from nigdt.bundle.bundle import BundleInfo, find_bundle
from nigdt.bundle.hub import from_pretrained, save_pretrained
from nigdt.bundle.recolour import load_recolour
from nigdt.bundle.weights import load_model
from nigdt.context import Context
from nigdt.context.box import check_selection
from nigdt.context.detail import Residual, enlarge
from nigdt.continuation import NOTHING_FITS, Continuation, continues, drawn_words
from nigdt.errors import ModelError, SelectionError
from nigdt.limits import Mode
from nigdt.model import NIGDT
from nigdt.photo.photo import MADE_COLOUR, Photo
from nigdt.recipe import Recipe, Variant, variants_from_seed
from nigdt.recolourer import Recolourer
from nigdt.recolouring import check_caption
from nigdt.runtime.devices import usable_device
from nigdt.runtime.runner import CudaGraphs, Precision, Recorder, Runner, prepare
from nigdt.text import Vocabulary, tokenise

__all__ = ["CompletionJob", "EncodedContext", "Fill", "Inpainter", "RawFill", "WordUse"]

_STRIDE = 32  # the encoder halves five times
_LEAST = 64  # least side the model runs at


class Inpainter:
    """A loaded model bundle. Not safe to use from several threads at once.

    Attributes:
        bundle: What was loaded.
        device: "cpu", "cuda", ....
        precision: "float32" or "bfloat16" (`nigdt.runtime.runner`).
        size: Side in pixels of the square the model works at.
        vocabulary: The words it knows.
    """

    def __init__(
        self,
        model: NIGDT,
        vocabulary: Vocabulary,
        bundle: BundleInfo,
        device: str,
        precision: Precision = "float32",
        recorder: Recorder | None = None,
        runner: Runner | None = None,
    ) -> None:
        self._model = model
        self._runner = runner or Runner(model, device, precision, recorder)
        self.vocabulary = vocabulary
        self.bundle = bundle
        self.device = device
        self.precision: Precision = precision
        self.size = model.config.size
        self._continuation: Continuation | None = None
        self._recolourer: Recolourer | None = None

    @classmethod
    def from_bundle(
        cls,
        name_or_folder: str = "default",
        device: str | None = None,
        precision: Precision = "float32",
        onnx: Path | None = None,
    ) -> Inpainter:
        """Load a bundle.

        Args:
            name_or_folder: "default", a bundle's name, or its folder.
            device: "cpu", "cuda", "cuda:1"; None takes CUDA where there is one.
            precision: "float32", or "bfloat16" for half the memory and, where the processor has instructions
                for it, less time; pictures then differ by up to `nigdt.runtime.runner.BFLOAT16_LEVELS`.
            onnx: Folder of the bundle's ONNX graphs (`nigdt models onnx`), which ONNX Runtime then runs on
                the CPU in single precision, whatever `device` and `precision`.

        Raises:
            BundleError: The bundle, or its graphs, are missing or broken.
            DeviceError: The device is not there, or does not compute in that precision.
        """
        bundle = find_bundle(name_or_folder)
        if onnx is not None:
            from nigdt.runtime.onnx import OnnxRunner

            model, vocabulary = load_model(bundle, "cpu")
            ready = OnnxRunner(prepare(model, "cpu", "float32"), onnx, bundle.digest)
            return cls(model, vocabulary, bundle, "cpu", runner=ready)
        chosen = usable_device(device)
        model, vocabulary = load_model(bundle, chosen)
        recorder = CudaGraphs() if torch.device(chosen).type == "cuda" else None
        return cls(prepare(model, chosen, precision), vocabulary, bundle, chosen, precision, recorder)

    @classmethod
    def from_pretrained(
        cls, name_or_folder: str | os.PathLike[str], device: str | None = None, revision: str | None = None
    ) -> Inpainter:
        """Load a bundle from a folder in the Hugging Face Hub's layout, or from the Hub.

        Args:
            name_or_folder: As for `nigdt.bundle.hub.from_pretrained`.
            device: As for `from_bundle`.
            revision: Branch, tag or commit on the Hub.

        Raises:
            BundleError: There is none, or it is damaged.
            DeviceError: The device is not there.
        """
        return cls.from_bundle(str(from_pretrained(name_or_folder, revision).folder), device)

    def save_pretrained(self, folder: str | os.PathLike[str], license_id: str = "other") -> None:
        """Write the bundle in the Hub's layout; see `nigdt.bundle.hub.save_pretrained`."""
        save_pretrained(self.bundle, folder, license_id)

    @property
    def recorded_bytes(self) -> int:
        """Memory of an accelerator that recorded work holds (`nigdt.runtime.runner`)."""
        return self._runner.recorded_bytes

    def forget_recordings(self) -> None:
        """Give back what recorded work holds on an accelerator, where memory is short."""
        self._runner.forget_recordings()

    def unknown_words(self, caption: str) -> list[str]:
        """Return the words of the caption that the model does not know, each once, in order."""
        return self.vocabulary.unknown(caption)

    @torch.inference_mode()
    def encode(
        self, crop: NDArray[np.uint8], mask: NDArray[np.uint8], size: int | None = None
    ) -> EncodedContext:
        """Image half.

        Args:
            crop: (h, w, 3), the context (`Context.sent`); hidden pixels are not looked at.
            mask: (h, w), above 0 where the model is to make pixels.
            size: Side of the square of equal area that the model works at, a multiple of 32; None takes its
                own.

        Raises:
            SelectionError: The mask does not fit the crop or selects nothing.
        """
        if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8:
            raise SelectionError(f"The context is {crop.dtype} of shape {crop.shape}, not 8-bit RGB.")
        check_selection(mask, crop.shape[1], crop.shape[0])
        hole = (mask > 0).view(np.uint8) * np.uint8(255)
        width, height = _working_size(crop.shape[1], crop.shape[0], size or self.size)
        residual = Residual(crop, hole, height, width) if height * width < hole.size else None
        if residual is not None:
            share, seen = residual.share, residual.low
        else:
            visible = (hole == 0).view(np.uint8)
            share = cv2.resize(visible.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
            seen = cv2.bitwise_and(crop, crop, mask=visible).astype(np.float32)
            seen = cv2.resize(seen, (width, height), interpolation=cv2.INTER_LINEAR)
        # The one place where polarity turns: inside the model M = 1 is visible. A cell that any hidden pixel
        # would leak into counts as hole.
        M = (share > 1 - 1e-4).astype(np.float32)
        I_m = (seen / np.float32(127.5) - 1) * M[..., None]
        features = self._runner.encode(
            torch.from_numpy(np.ascontiguousarray(I_m.transpose(2, 0, 1)))[None],
            torch.from_numpy(M)[None, None],
        )
        return EncodedContext(crop, hole, features, residual)

    @torch.inference_mode()
    def complete(self, jobs: Sequence[CompletionJob], batch: int = 1) -> list[list[RawFill]]:
        """Run the text half: the fills of every job, in the order of its variants.

        Args:
            jobs: What to make.
            batch: Most fills computed in one pass. Above 1 accelerators make more of them a second, and a
                fill's rounding depends on what it shares a pass with.

        Raises:
            ModelError: The model's answer holds values that are not numbers.
        """
        drawn = self._draw([(job, variant) for job in jobs for variant in job.variants], batch)
        return [[self._raw_fill(job, variant, *next(drawn)) for variant in job.variants] for job in jobs]

    @torch.inference_mode()
    def pictures(self, job: CompletionJob, batch: int = 1) -> list[NDArray[np.float32]]:
        """Return what the model itself draws, one (H, W, 3) in 0 to 255 per variant, at its working size.

        Raises:
            ModelError: As in `complete`.
        """
        return [picture for picture, _ in self._draw([(job, variant) for variant in job.variants], batch)]

    def fill_context(
        self,
        crop: NDArray[np.uint8],
        mask: NDArray[np.uint8],
        caption: str,
        variants: Sequence[Variant] = (Variant(),),
        *,
        attention: bool = False,
        guidance: float = 1.0,
        detail: float = 1.0,
    ) -> list[RawFill]:
        """Both halves at once; arguments as in `encode` and `CompletionJob`."""
        context = self.encode(crop, mask)
        return self.complete([CompletionJob(context, caption, variants, attention, guidance, detail)])[0]

    def fill(
        self,
        photo: Image.Image | Photo,
        selection: Image.Image | NDArray,
        caption: str = "",
        mode: Mode = "describe",
        *,
        variants: int = 1,
        seed: int = 0,
        widen: float = 1.0,
        grow: int | None = None,
        feather: int | None = None,
        guidance: float = 1.0,
        detail: float = 1.0,
    ) -> list[Fill]:
        """Fill the selected region of a photo.

        Args:
            photo: Any mode that `Photo` takes.
            selection: Mode L, 1 or bool / uint8 (H, W), of the photo's size as it is seen upright; 255 =
                fill.
            caption: What is to be seen; which colour, to recolour; to remove it may be empty.
            mode: "describe", "recolour" or "remove".
            variants: How many, 1 to 16.
            seed: Of the first one; 0 is the mean answer.
            widen: As `Recipe.widen`.
            grow: As `Recipe.grow`.
            feather: As `Recipe.feather`.
            guidance: As `Recipe.guidance`.
            detail: As `Recipe.detail`.

        Returns:
            One fill per variant.

        Raises:
            SelectionError: The selection is empty or does not fit.
            PhotoError: The photo's mode is not supported.
            CaptionError: A colour was to be named and is not.
            ModelError: The model's answer holds values that are not numbers.
            ValueError: Another argument is out of range.
        """
        recipe = Recipe(
            caption, mode, widen=widen, grow=grow, feather=feather, guidance=guidance, detail=detail
        )
        return self.draw(photo, selection, recipe, variants_from_seed(variants, seed))

    def draw(
        self,
        photo: Image.Image | Photo,
        selection: Image.Image | NDArray,
        recipe: Recipe,
        variants: Sequence[Variant] | None = None,
    ) -> list[Fill]:
        """Fill the selected region of a photo by a recipe, such as one that a saved picture carries.

        Args:
            photo: As in `fill`.
            selection: As in `fill`.
            recipe: What to draw; its bundle and digest are replaced by this model's.
            variants: Which of the possible answers; None takes the recipe's own.

        Raises:
            NigdtError: As in `fill`.
        """
        whole = photo if isinstance(photo, Photo) else Photo.from_image(photo)
        grey = recipe.way == "recolour" and whole.grey
        whole = whole.in_colour() if grey else whole
        context = Context.of(whole.rgb8, _as_selection(selection), self.size, recipe, whole.alpha8)
        recipe = replace(recipe, bundle=self.bundle.name, digest=self.bundle.digest)
        wanted = (recipe.variant,) if variants is None else variants
        unknown = tuple(self.unknown_words(recipe.caption))
        fills = []
        for raw in self.answer(*context.sent, recipe, wanted):
            result = context.onto(whole, raw.pixels, recipe, raw.maps)
            notices = (*([MADE_COLOUR] if grey else []), *context.notices(recipe), *raw.notices)
            fills.append(Fill(result.to_image(), result, recipe.with_variant(raw.variant), unknown, notices))
        return fills

    def answer(
        self, crop: NDArray[np.uint8], mask: NDArray[np.uint8], recipe: Recipe, variants: Sequence[Variant]
    ) -> list[RawFill]:
        """Draw a recipe in a context, in whichever mode.

        Args:
            crop: (h, w, 3), from `Context.sent`, as the next.
            mask: (h, w).
            recipe: What to draw.
            variants: Which of the possible answers.
        """
        if recipe.way == "recolour":
            return [self.recolour(crop, mask, recipe.caption, variant) for variant in variants]
        if continues(crop, mask, recipe):
            return [self._continue(crop, mask, recipe, variant) for variant in variants]
        return self._describe(crop, mask, recipe, recipe.caption, variants)

    def _describe(
        self,
        crop: NDArray[np.uint8],
        mask: NDArray[np.uint8],
        recipe: Recipe,
        caption: str,
        variants: Sequence[Variant],
    ) -> list[RawFill]:
        return self.fill_context(
            crop, mask, caption, variants, guidance=recipe.guidance, detail=recipe.detail
        )

    def recolour(
        self, crop: NDArray[np.uint8], selection: NDArray[np.uint8], caption: str, variant: Variant
    ) -> RawFill:
        """Give what is selected the colour that a caption names.

        Raises:
            CaptionError: It names none.
            BundleError: The bundle cannot recolour.
        """
        check_caption(caption)  # before anything is loaded
        if self._recolourer is None:
            self._recolourer = Recolourer(*load_recolour(self.bundle.folder, self.device), self.device)
        found = self._recolourer.predict(crop, selection, caption)
        return RawFill(found.apply(crop)[0], variant, maps=found.maps)

    def _continue(
        self, crop: NDArray[np.uint8], hole: NDArray[np.uint8], recipe: Recipe, variant: Variant
    ) -> RawFill:
        if self._continuation is None:
            self._continuation = Continuation()
        fill = self._continuation.fill(crop, hole, recipe, variant)
        if fill is not None:
            return fill
        drawn = self._describe(crop, hole, recipe, drawn_words(recipe), [variant])[0]
        return replace(drawn, notices=(NOTHING_FITS,))

    def _draw(
        self, wanted: Sequence[tuple[CompletionJob, Variant]], batch: int
    ) -> Iterator[tuple[NDArray[np.float32], Tensor | None]]:
        """Pictures (H, W, 3) in 0 to 255, and beta of eq. 5 (h * w, L), in order."""
        captions: list[list[int]] = []
        for part in _parts(wanted, batch):
            contexts = [job.context.features for job, _ in part]
            words = [self.vocabulary.encode(job.caption, self._model.config.max_words) for job, _ in part]
            if words != captions:  # variants of one job share a caption
                captions, text = words, self._runner.encode_captions(words)
            shape = self._model.latent_shape(*contexts[0].M.shape[2:])
            noise = torch.cat([_noise(variant, shape) for _, variant in part])
            image, attention = self._runner.complete(contexts, text, noise)
            if any(job.guidance != 1 for job, _ in part):
                without, _ = self._runner.complete(
                    contexts, self._runner.encode_captions([[]] * len(part)), noise
                )
                guidance = torch.tensor([job.guidance for job, _ in part], device=image.device)
                image = without + guidance[:, None, None, None] * (image - without)
            for i in range(len(part)):
                yield _to_picture(image[i]), None if attention is None else attention[i]

    def _raw_fill(
        self, job: CompletionJob, variant: Variant, picture: NDArray[np.float32], beta: Tensor | None
    ) -> RawFill:
        context = job.context
        pixels = enlarge(picture, context.crop, context.hole, context.residual, job.detail)
        attention = None
        if job.attention:
            attention = [] if beta is None else self._attention(job, beta)
        return RawFill(pixels, variant, attention)

    def _attention(self, job: CompletionJob, attention: Tensor) -> list[WordUse]:
        height, width = job.context.features.M.shape[2:]
        grid = (height // _STRIDE, width // _STRIDE)
        beta = attention.float().cpu().numpy()
        total = float(beta.sum()) or 1.0
        uses, column = [], 0
        for word in tokenise(job.caption):
            known = word in self.vocabulary
            weights: NDArray[np.float32] = np.zeros(grid, np.float32)
            if known and column < self._model.config.max_words:
                weights = beta[:, column].reshape(grid)
                column += 1
            uses.append(WordUse(word, known, float(weights.sum()) / total, weights))
        return uses


def _parts(
    wanted: Sequence[tuple[CompletionJob, Variant]], batch: int
) -> Iterator[list[tuple[CompletionJob, Variant]]]:
    """Neighbours that can be computed in one pass: at most `batch`, of one working size."""
    part: list[tuple[CompletionJob, Variant]] = []
    for entry in wanted:
        size = entry[0].context.features.M.shape
        if part and (len(part) >= batch or part[0][0].context.features.M.shape != size):
            yield part
            part = []
        part.append(entry)
    if part:
        yield part


def _working_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height, multiples of 32, of about side x side pixels in the crop's proportions."""
    scale = side / (width * height) ** 0.5
    return (
        max(_LEAST, round(width * scale / _STRIDE) * _STRIDE),
        max(_LEAST, round(height * scale / _STRIDE) * _STRIDE),
    )


def _as_selection(selection: Image.Image | NDArray) -> NDArray[np.uint8]:
    if isinstance(selection, Image.Image):
        return np.array(selection if selection.mode == "L" else selection.convert("L"))
    return selection.astype(np.uint8) * 255 if selection.dtype == np.bool_ else selection


def _noise(variant: Variant, shape: tuple[int, int, int]) -> Tensor:
    """Return standard normal noise (1, C, h, w), 0 for the mean; drawn on the CPU: equal on every device."""
    if variant.seed is None:
        return torch.zeros(1, *shape)
    noise = _draw(variant.seed, shape)
    if variant.spread == 1.0:
        return noise
    near = torch.zeros_like(noise) if variant.base is None else _draw(variant.base, shape)
    return (1 - variant.spread**2) ** 0.5 * near + variant.spread * noise


def _draw(seed: int, shape: tuple[int, int, int]) -> Tensor:
    return torch.randn(1, *shape, generator=torch.Generator().manual_seed(seed))


def _to_picture(image: Tensor) -> NDArray[np.float32]:
    """Convert (3, H, W) in [-1, 1] to (H, W, 3) in 0 to 255."""
    picture = (image.float().permute(1, 2, 0).cpu().numpy() * 127.5 + 127.5).astype(np.float32)
    if not np.isfinite(picture).all():
        raise ModelError(
            "The model's answer is not a picture: it holds values that are not numbers.",
            "Use another bundle; this one is damaged or was trained badly.",
        )
    return picture
