"""A turn of the model: the next fills of jobs that share a bundle. torch is loaded by then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nigdt.backdrop import has_surroundings
from nigdt.continuation import continues, drawn_words
from nigdt.errors import CaptionError, ModelError, NigdtError, SelectionError, TransparentError
from nigdt_backend.daemon.answers import fill_message, job_pixels, object_message, placed_context
from nigdt_backend.daemon.registry import LoadedModel
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.worker import EngineError, Hooks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nigdt.inpainter import EncodedContext
    from nigdt_backend.daemon.cache import ContextCache

Work = dict[Job, EngineError | None]
"""The jobs of a turn, each with the reason why it goes no further."""


class ModelTurn:
    """Makes the next fills of jobs, until all are made or another client waits.

    Args:
        model: what draws them.
        device: where it runs.
        cache: encodings that are kept.
        batch_variants: most fills computed in one pass.
        hooks: told of every step.
    """

    def __init__(
        self, model: LoadedModel, device: str, cache: ContextCache, batch_variants: int, hooks: Hooks
    ) -> None:
        self._model = model
        self._device = device
        self._contexts = cache
        self._batch_variants = batch_variants
        self._hooks = hooks

    def make(self, work: Work) -> None:
        """Make fills, and note in `work` which jobs go no further.

        A job that continues the photo is only marked: its turn comes in that lane.
        """
        contexts: dict[Job, EncodedContext] = {}
        for job in work:
            if job.cancelled or work[job] is not None:
                continue
            if job.request.result == "object":
                self._find_object(job, work)
                continue
            started = time.monotonic()
            try:
                context = placed_context(job)
            except TransparentError as error:
                work[job] = EngineError("bad-request", error.message, error.hint)
                continue
            crop, mask = job_pixels(job) if context is None else context.sent
            if job.request.recipe.effective_mode == "recolour":
                self._recolour(job, crop, mask, work)
                continue
            if not job.drawn and continues(crop, mask, job.request.recipe):
                job.lane = "removal"  # and its turn comes there
                continue
            try:
                contexts[job], kept = self._encode(job, crop, mask)
            except NigdtError as error:
                work[job] = EngineError("bad-request", error.message, error.hint)
                continue
            if not kept:
                job.spend("encode", started)
            job.seconds.setdefault("encode", 0.0)
        self._hooks.stage([job for job in contexts if not job.cancelled], "completing")
        for batch in self._batches(work, contexts):
            self._complete(batch, contexts, work)
            if self._hooks.give_way():
                break

    def _encode(
        self, job: Job, crop: NDArray[np.uint8], hole: NDArray[np.uint8]
    ) -> tuple[EncodedContext, bool]:
        """Return the context's encoding, and whether it was kept from before.

        One is kept of each context, with its surroundings once they were made: a caption that is being typed
        may name now a thing, which needs them, now a part, which does not.
        """
        surrounded = has_surroundings(self._caption(job))
        key = (self._model.stamp, self._device, job.context)
        encoding, continued = self._contexts.get(key) or (None, False)
        if encoding is not None and (continued or not surrounded):
            return encoding if surrounded else replace(encoding, backdrop=None), True
        if encoding is None:
            encoding = self._model.inpainter.located(self._model.inpainter.encode(crop, hole))
        if surrounded:
            if job.request.previews and job.left and not encoding.vacant:
                self._show_early(job, encoding)
            self._hooks.alive()
            encoding = self._model.inpainter.surrounded(encoding)
        self._contexts.put(key, (encoding, surrounded))
        return encoding, False

    @staticmethod
    def _caption(job: Job) -> str:
        """Return what the model is told."""
        return drawn_words(job.request.recipe) if job.drawn else job.request.recipe.caption

    def _show_early(self, job: Job, encoding: EncodedContext) -> None:
        """Show the model's own picture, which needs a tenth of the time that its surroundings take."""
        from nigdt.inpainter import CompletionJob

        recipe, variant = job.request.recipe, job.request.variants[job.made]
        caption = self._caption(job)
        early = CompletionJob(encoding, caption, [variant], guidance=recipe.guidance, detail=recipe.detail)
        try:
            ((fill,),) = self._model.inpainter.complete([early])
        except ModelError:
            return  # which the fill itself will tell
        self._hooks.preview(job, fill_message(job, job.made, fill, [], self._model.info))

    def _batches(
        self, work: Work, contexts: dict[Job, EncodedContext]
    ) -> Iterator[list[tuple[Job, list[int]]]]:
        """Yield jobs with the indices of the variants to make next, at most `batch_variants` at a time."""
        batch: list[tuple[Job, list[int]]] = []
        room = self._batch_variants
        for job in contexts:
            left = list(range(job.made, len(job.request.variants)))
            while left and not job.cancelled and work[job] is None:
                batch.append((job, left[:room]))
                left, room = left[room:], room - len(left[:room])
                if room == 0:
                    yield batch
                    batch, room = [], self._batch_variants
        if batch:
            yield batch

    def _complete(
        self, batch: list[tuple[Job, list[int]]], contexts: dict[Job, EncodedContext], work: Work
    ) -> None:
        """Run the text half over a batch and send what came of it."""
        from nigdt.effects import word_effects
        from nigdt.inpainter import CompletionJob

        started = time.monotonic()
        completions = [
            CompletionJob(
                contexts[job],
                self._caption(job),
                [job.request.variants[index] for index in indices],
                job.request.attention,
                job.request.recipe.guidance,
                job.request.recipe.detail,
            )
            for job, indices in batch
        ]
        try:
            answers = self._model.inpainter.complete(completions, self._batch_variants)
        except ModelError as error:
            if len(batch) > 1:  # the others' answers may well be good
                for part in batch:
                    self._complete([part], contexts, work)
            else:
                work[batch[0][0]] = EngineError("not-a-number", error.message, error.hint)
            return
        for job, _ in batch:
            job.spend("complete", started)
        for (job, indices), fills in zip(batch, answers, strict=True):
            recipe = job.request.recipe
            unknown = self._model.inpainter.unknown_words(recipe.caption)
            for index, fill in zip(indices, fills, strict=True):
                job.notify(*fill.notices)
                if job.request.effects:
                    self._hooks.alive()
                    effects = word_effects(
                        self._model.inpainter, contexts[job], recipe.caption, fill.variant, recipe.guidance
                    )
                    fill = replace(fill, effects=effects)
                self._hooks.made(job, fill_message(job, index, fill, unknown, self._model.info))
                job.made += 1

    def _find_object(self, job: Job, work: Work) -> None:
        """Tell where the object is that was clicked, or that a selection was drawn around."""
        self._hooks.stage([job], "completing")
        started = time.monotonic()
        crop, clicked = job_pixels(job)
        rows, columns = np.nonzero(clicked)
        try:
            if len(rows) > 1:
                sure = self._model.inpainter.object_within(crop, clicked)
            else:
                sure = self._model.inpainter.object_at(crop, float(columns[0]), float(rows[0]))
        except NigdtError as error:
            work[job] = EngineError("model-failed", error.message, error.hint)
            return
        job.spend("complete", started)
        self._hooks.made(job, object_message(job, sure))
        job.made += 1

    def _recolour(self, job: Job, crop: NDArray[np.uint8], selection: NDArray[np.uint8], work: Work) -> None:
        """Make the next fills of a job that recolours: those of its turn."""
        self._hooks.stage([job], "completing")
        while job.left and not job.cancelled:
            started = time.monotonic()
            variant, recipe = job.request.variants[job.made], job.request.recipe
            try:
                fill = self._model.inpainter.recolour(
                    crop, selection, recipe.caption, variant, reaching=recipe.reaches
                )
            except NigdtError as error:
                refused = isinstance(error, (SelectionError, CaptionError))
                work[job] = EngineError(
                    "bad-request" if refused else "model-failed", error.message, error.hint
                )
                return
            job.spend("complete", started)
            job.notify(*fill.notices)
            self._hooks.made(job, fill_message(job, job.made, fill, [], self._model.info))
            job.made += 1
            if self._hooks.give_way():
                return
