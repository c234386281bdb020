"""A loaded network that fills contexts, in its two halves.

`Completer.encode` looks at the picture and does not depend on the caption, so callers keep its result while
the caption changes; `Completer.complete` reads captions and makes fills. Unless asked otherwise every
variant runs as a batch of its own: batched convolutions round differently, and the same photo, selection,
caption, seed, model and device must give the same bytes whatever else is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nigdt.answers import CompletionJob, EncodedContext, RawFill, WordUse
from nigdt.backdrop import continued, is_clear, laid_into, laid_over
from nigdt.box import check_selection
from nigdt.context.detail import Residual, enlarge
from nigdt.errors import SelectionError
from nigdt.footing import with_shadow
from nigdt.model import NIGDT, ImageFeatures
from nigdt.model_picture import ModelPicture, to_picture, without_weave
from nigdt.noise import noise_of
from nigdt.notices import DREW_NOTHING, NO_SHAPE
from nigdt.outlines import Outlines, Silhouette
from nigdt.recipe import Variant
from nigdt.runtime.recording import Recorder
from nigdt.runtime.runner import Precision, Runner
from nigdt.telling import Teller
from nigdt.text import Vocabulary, tokenise

__all__ = ["Completer"]

_STRIDE = 32  # the encoder halves five times
_LEAST = 64  # least side the model runs at
_KEPT = 4
"""Contexts with an outline whose image half is kept: those of the fills that follow the typing."""


class Completer:
    """A loaded network. Not safe to use from several threads at once.

    Attributes:
        device: "cpu", "cuda", ....
        precision: "float32" or "bfloat16" (`nigdt.runtime.runner`).
        size: Side in pixels of the square the model works at.
        vocabulary: The words it knows.
    """

    def __init__(
        self,
        model: NIGDT,
        vocabulary: Vocabulary,
        device: str,
        precision: Precision = "float32",
        recorder: Recorder | None = None,
        runner: Runner | None = None,
    ) -> None:
        self._model = model
        self._runner = runner or Runner(model, device, precision, recorder)
        self.vocabulary = vocabulary
        self.device = device
        self.precision: Precision = precision
        self.size = model.config.size
        self._teller = Teller(Outlines.of(model, vocabulary), vocabulary)
        self._outlined: deque[tuple[ImageFeatures, bytes, ImageFeatures]] = deque(maxlen=_KEPT)

    @property
    def recorded_bytes(self) -> int:
        """Memory of an accelerator that recorded work holds (`nigdt.runtime.recording`)."""
        return self._runner.recorded_bytes

    def forget_recordings(self) -> None:
        """Give back what recorded work holds on an accelerator, where memory is short."""
        self._runner.forget_recordings()
        self._outlined.clear()
        self._teller.forget()

    def unknown_words(self, caption: str) -> list[str]:
        """Return the words of the caption that the model does not know, each once, in order."""
        return self.vocabulary.unknown(caption)

    @torch.inference_mode()
    def encode(
        self, crop: NDArray[np.uint8], hole: NDArray[np.uint8], size: int | None = None
    ) -> EncodedContext:
        """Run the image half.

        Args:
            crop: (h, w, 3), the context (`Context.sent`); hidden pixels are not looked at.
            hole: (h, w), above 0 where the model is to make pixels.
            size: Side of the square of equal area that the model works at, a multiple of 32; None takes its
                own.

        Raises:
            SelectionError: The hole does not fit the crop or is empty.
        """
        if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8:
            raise SelectionError(f"The context is {crop.dtype} of shape {crop.shape}, not 8-bit RGB.")
        check_selection(hole, crop.shape[1], crop.shape[0])
        hole = (hole > 0).view(np.uint8) * np.uint8(255)
        width, height = _working_size(crop.shape[1], crop.shape[0], size or self.size)
        residual = Residual(crop, hole, height, width) if height * width < hole.size else None
        if residual is not None:
            visible, seen = residual.visible, residual.low
        else:
            shown = (hole == 0).view(np.uint8)
            visible = cv2.resize(shown.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
            seen = cv2.bitwise_and(crop, crop, mask=shown).astype(np.float32)
            seen = cv2.resize(seen, (width, height), interpolation=cv2.INTER_LINEAR)
        # The one place where polarity turns: inside the model M = 1 is visible. A cell that any hidden pixel
        # would leak into counts as hole.
        M = (visible > 1 - 1e-4).astype(np.float32)
        I_m = np.asarray((seen / np.float32(127.5) - 1) * M[..., None], np.float32)
        return EncodedContext(crop, hole, M, I_m, self._features(I_m, M), residual)

    def _features(
        self, I_m: NDArray[np.float32], M: NDArray[np.float32], told: Silhouette | None = None
    ) -> ImageFeatures:
        return self._runner.encode(
            torch.from_numpy(np.ascontiguousarray(I_m.transpose(2, 0, 1)))[None],
            torch.from_numpy(M)[None, None],
            None if told is None else torch.from_numpy(told.maps(self._model.config.told_channels))[None],
        )

    def _features_with(self, context: EncodedContext, told: Silhouette) -> ImageFeatures:
        """Run the image half with an outline; while only the caption changes, it is kept."""
        key = told.maps(self._model.config.told_channels).tobytes()
        for features, drawn, found in self._outlined:
            if features is context.features and drawn == key:
                return found
        made = self._features(context.seen, context.visible, told)
        self._outlined.append((context.features, key, made))
        return made

    def located(self, context: EncodedContext) -> EncodedContext:
        """Return a context that says how its hole lies to the thing that is there, as far as can be told."""
        return context

    def surrounded(self, context: EncodedContext) -> EncodedContext:
        """Return a context whose fills show what words draw before the photo's own surroundings.

        It is for captions that name something which stands before them (`nigdt.backdrop.has_surroundings`).
        """
        return replace(context, backdrop=continued(context.crop, context.hole))

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
        return [[self._raw_fill(job, variant, next(drawn)) for variant in job.variants] for job in jobs]

    @torch.inference_mode()
    def pictures(self, job: CompletionJob, batch: int = 1) -> list[NDArray[np.float32]]:
        """Return what the model itself draws, one (H, W, 3) in 0 to 255 per variant, at its working size.

        Raises:
            ModelError: As in `complete`.
        """
        return [drawn.picture for drawn in self._draw([(job, variant) for variant in job.variants], batch)]

    @torch.inference_mode()
    def shown(self, job: CompletionJob) -> list[NDArray[np.float32]]:
        """Return fills as they are seen in the photo, one (H, W, 3) in 0 to 255 per variant, at its own size.

        Raises:
            ModelError: As in `complete`.
        """
        pictures = []
        drawn = self._draw([(job, variant) for variant in job.variants], 1)
        for variant, one in zip(job.variants, drawn, strict=True):
            done = self._finished(job, one, variant)
            pictures.append(np.asarray(self._laid(job, variant, done, done.picture)[0], np.float32))
        return pictures

    def fill_context(
        self,
        crop: NDArray[np.uint8],
        hole: NDArray[np.uint8],
        caption: str,
        variants: Sequence[Variant] = (Variant(),),
        *,
        attention: bool = False,
        guidance: float = 1.0,
        detail: float = 1.0,
    ) -> list[RawFill]:
        """Run both halves at once; arguments as in `encode` and `CompletionJob`."""
        context = self.encode(crop, hole)
        return self.complete([CompletionJob(context, caption, variants, attention, guidance, detail)])[0]

    def _draw(self, wanted: Sequence[tuple[CompletionJob, Variant]], batch: int) -> Iterator[ModelPicture]:
        """Yield what the model draws, in order."""
        captions: list[list[int]] = []
        for part in _parts(wanted, batch):
            told = [self.told(job, variant) for job, variant in part]
            outlines = [None if one is None else one.outline for one in told]
            plain = [job.context for job, _ in part]
            contexts = [
                context.features if one is None else self._features_with(context, one)
                for context, one in zip(plain, told, strict=True)
            ]
            words = [self.vocabulary.encode(job.caption, self._model.config.max_words) for job, _ in part]
            if words != captions:  # variants of one job share a caption
                captions, text = words, self._runner.encode_words(words)
            shape = self._model.latent_shape(*contexts[0].M.shape[2:])
            noise = torch.cat([noise_of(variant, shape) for _, variant in part])
            image, attention = self._runner.complete(contexts, text, noise)
            guided = any(job.guidance != 1 for job, _ in part)
            without = None
            if guided or any(
                job.context.backdrop is not None and not self._teller.fills_outline(job, outline)
                for (job, _), outline in zip(part, outlines, strict=True)
            ):
                nothing = self._runner.encode_words([[]] * len(part))
                without, _ = self._runner.complete([context.features for context in plain], nothing, noise)
            if guided and without is not None:
                guidance = torch.tensor([job.guidance for job, _ in part]).to(image.device)
                image = without + guidance[:, None, None, None] * (image - without)
            for i in range(len(part)):
                beta = None if attention is None else attention[i]
                if without is None:
                    yield ModelPicture(to_picture(image[i]), None, beta, told[i])
                else:  # brought from the device together, which is waited for once
                    both = to_picture(torch.cat([image[i], without[i]]))
                    picture, wordless = (np.ascontiguousarray(one) for one in np.split(both, 2, axis=2))
                    yield ModelPicture(picture, wordless, beta, told[i])

    def told(self, job: CompletionJob, variant: Variant) -> Silhouette | None:
        """Return what the model is told of a fill's thing; None leaves it to the model."""
        return self._teller.told(job, variant)

    def _raw_fill(self, job: CompletionJob, variant: Variant, drawn: ModelPicture) -> RawFill:
        context = job.context
        drawn = self._finished(job, drawn, variant)
        thing = drawn.outline if self._teller.fills_outline(job, drawn.outline) else None
        left_out, enlarged = self._leaves_out(job, variant, drawn), context.crop
        if not left_out and self._teller.shown.of(drawn.told) is None:
            enlarged = enlarge(drawn.picture, context.crop, context.hole, context.residual, job.detail, thing)
        mixed, clear = self._laid(job, variant, drawn, enlarged)
        pixels = np.asarray(mixed if mixed.dtype == np.uint8 else np.rint(mixed), np.uint8)
        notices: tuple[str, ...] = () if clear else (DREW_NOTHING,)
        if left_out:
            notices = (NO_SHAPE,)
        attention = None
        if job.attention:
            attention = [] if drawn.beta is None else self._attention(job, drawn.beta)
        return RawFill(pixels, variant, attention, notices, outline=drawn.outline)

    def _finished(self, job: CompletionJob, drawn: ModelPicture, _variant: Variant) -> ModelPicture:
        """Return what was drawn as it is to be seen, at the model's size."""
        return replace(drawn, picture=without_weave(drawn.picture, job.context))

    def _leaves_out(self, job: CompletionJob, variant: Variant, drawn: ModelPicture) -> bool:
        """Return whether a fill shows nothing of what was drawn: without an outline it is streaks.

        Further variants show it, for those who want to try.
        """
        return variant.seed is None and drawn.outline is None and self._teller.names_shapeless(job)

    def _laid(
        self, job: CompletionJob, variant: Variant, drawn: ModelPicture, fill: NDArray[np.generic]
    ) -> tuple[NDArray[np.generic], bool]:
        """Lay what words draw over its surroundings.

        Args:
            job: What was asked for.
            variant: Which of the possible answers.
            drawn: What the model drew, finished.
            fill: (h, w, 3), its picture at the size that is wanted.

        Returns:
            (h, w, 3), and whether there is anything clear.
        """
        picture = drawn.picture
        context, backdrop, outline = job.context, job.context.backdrop, drawn.outline
        if self._leaves_out(job, variant, drawn):
            shown = context.crop
            if context.location is None:  # what is there is not known, or hidden from whoever measures
                found = continued(context.crop, context.hole, "soft") if backdrop is None else backdrop
                shown = shown if found is None else found
            return _reduced(shown, fill.shape[1::-1]), False
        named = self._teller.fills_outline(job, outline)
        if backdrop is None and named:  # it is still being looked for, or nothing goes on in the hole
            backdrop = continued(context.crop, context.hole, "soft")
        if backdrop is None:
            return fill, True
        size = fill.shape[1::-1]
        backdrop = _reduced(backdrop, size)
        pasted = None if drawn.told is None else self._pasted(job, drawn.told, backdrop)
        if pasted is not None:
            return pasted, True
        if drawn.told is not None and named:  # it is given where it is named, which mypy does not see
            legs, perched = drawn.told.parts.get("leg"), context.footing is not None
            if self._teller.names_other_kind(job) or (legs is not None and legs.any() and not perched):
                hole = cv2.resize(context.hole, size, interpolation=cv2.INTER_NEAREST) > 0
                backdrop = with_shadow(backdrop, drawn.told.outline, hole)
            thin = [drawn.told.parts[part] for part in ("beak", "leg") if part in drawn.told.parts]
            return laid_into(fill, picture, backdrop, drawn.told.outline, thin), True
        assert drawn.wordless is not None
        wordless = without_weave(drawn.wordless, context)
        laid: NDArray[np.generic] = backdrop
        if outline is None:
            laid, clear = laid_over(fill, picture, wordless, context.visible, backdrop)
        else:
            clear = is_clear(picture, wordless, outline)
            if clear:
                laid = laid_into(fill, picture, backdrop, outline)
        if not clear and context.location is not None:  # nothing has to make room for nothing
            laid = _reduced(context.crop, size)
        return laid, clear

    def _pasted(
        self, job: CompletionJob, told: Silhouette, backdrop: NDArray[np.uint8]
    ) -> NDArray[np.uint8] | None:
        """Lay what a photo shows over its surroundings, (h, w, 3); None where the model's drawing is seen."""
        return self._teller.shown.laid(told, job.context, backdrop)

    def _words_used(self, job: CompletionJob, variant: Variant) -> list[WordUse]:
        """Tell what the model made of a caption's words, without a fill."""
        beta = next(self._draw([(job, variant)], 1)).beta
        return [] if beta is None else self._attention(job, beta)

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
    """Yield neighbours that can be computed in one pass: at most `batch`, of one working size."""
    part: list[tuple[CompletionJob, Variant]] = []
    for entry in wanted:
        size = entry[0].context.features.M.shape
        if part and (len(part) >= batch or part[0][0].context.features.M.shape != size):
            yield part
            part = []
        part.append(entry)
    if part:
        yield part


def _reduced(picture: NDArray[np.uint8], size: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a context (h, w, 3) at the size, width and height, that a fill is wanted at."""
    if picture.shape[1::-1] == size:
        return picture
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _working_size(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the width and height, multiples of 32, of about side x side pixels in the crop's proportions."""
    scale = side / (width * height) ** 0.5
    return (
        max(_LEAST, round(width * scale / _STRIDE) * _STRIDE),
        max(_LEAST, round(height * scale / _STRIDE) * _STRIDE),
    )
