"""Makes fills with `nigdt.Inpainter`: encodings kept per context, jobs batched, steps down when it must.

torch is imported in the model's thread, at the first load, so that the daemon answers before that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nigdt.bundle.bundle import find_bundle, list_bundles
from nigdt.errors import CaptionError, ModelError, NigdtError, SelectionError
from nigdt.recipe import Variant
from nigdt.removal import RemovalCancelledError
from nigdt_backend.daemon.answers import fill_message, job_pixels, placed_context
from nigdt_backend.daemon.memory import give_back_freed_memory
from nigdt_backend.daemon.registry import LoadedModel, Registry
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import Settings
from nigdt_backend.daemon.worker import EngineError, Hooks, Outcome
from nigdt_backend.protocol import finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nigdt.inpainter import EncodedContext
    from nigdt_backend.daemon.cache import ContextCache
    from nigdt_backend.daemon.device import DeviceChoice

log = logging.getLogger(__name__)

MIB = 2**20
ACCELERATOR_BATCH = 8


@dataclass
class Progress:
    """How far a job is.

    Attributes:
        made: variants made and sent.
        seconds: time per step.
        error: why it goes no further.
        notices: what its user should know.
    """

    job: Job
    made: int = 0
    notices: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    error: EngineError | None = None


Work = dict[Job, Progress]
T = TypeVar("T")


class NigdtEngine:
    """The engine of the real daemon.

    Only `describe`, `models` and `restart_wanted` may be called from other threads.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._registry = Registry(self._load_model, settings.model_memory_mib * MIB)
        self._device: DeviceChoice | None = None
        self._cache: ContextCache | None = None
        self.batch_variants = settings.batch_variants or 1
        self._halved: float | None = None
        self._cores = 1
        self._lock = threading.Lock()
        self._described: dict[str, Any] = {}
        self._describe()

    # -- called from any thread ------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Device, precision, loaded bundles, context cache, notices."""
        with self._lock:
            return dict(self._described)

    def models(self) -> list[dict[str, Any]]:
        """List all bundles, with whether they are loaded."""
        loaded = {entry["name"] for entry in self.describe()["bundles"]}
        infos = list_bundles()
        default = find_bundle().name if infos else ""
        return [
            {
                "name": info.name,
                "title": info.title,
                "size_px": info.size_px,
                "bytes": info.bytes,
                "default": info.name == default,
                "loaded": info.name in loaded,
            }
            for info in infos
        ]

    def restart_wanted(self) -> bool:
        """Return whether only a new process can use the accelerator again."""
        return self._device is not None and self._device.restart_due

    # -- called from the model's thread ----------------------------------------------------------------------

    def load(self, bundle: str, *, warm: bool = True) -> dict[str, Any]:
        """Load a bundle and, if `warm`, make one fill with it."""
        started = time.monotonic()
        self._prepare()
        try:
            self._stepping_down(bundle, lambda: self._registry.get(bundle, again=True))
            if warm:
                self._stepping_down(bundle, lambda: self._warm_up(self._registry.get(bundle)))
        finally:
            self._describe()
        return {"bundle": bundle, "device": self._choice.get(), "seconds": finite(time.monotonic() - started)}

    def unload(self) -> None:
        """Give back the memory of models and encodings."""
        self._registry.clear()
        if self._cache is not None:
            from nigdt_backend.daemon.device import empty_cache

            self._cache.clear()
            empty_cache()
        give_back_freed_memory()
        self._describe()

    def run(self, jobs: Sequence[Job], hooks: Hooks) -> list[Outcome]:
        """Make the fills of jobs that share a bundle."""
        self._prepare()
        if self._choice.recover():
            log.info("trying %s again", self._choice.get())
            self._forget_device()
        self._try_whole_batches()
        bundle = jobs[0].request.recipe.bundle
        work = {job: Progress(job) for job in jobs}

        try:
            return self._stepping_down(bundle, lambda: self._run(bundle, work, hooks))
        finally:
            self._registry.keep_to_budget()
            self._describe()

    def _stepping_down(self, bundle: str, do: Callable[[], T]) -> T:
        """Do something with a bundle on the device; when that fails, again with less, or on the CPU."""
        alone = False
        while True:
            try:
                return do()
            except Exception as error:
                step = self._step_after(error, alone=alone)
                if step is None:
                    raise
            step(bundle)  # only now has what the failed attempt had made been let go of
            alone |= step == self._make_room

    def _step_after(self, error: Exception, *, alone: bool) -> Callable[[str], None] | None:
        """Return the step down that a failure calls for, None when none would help.

        Args:
            error: the failure.
            alone: whether the attempt has had the memory for itself.
        """
        from nigdt.runtime.devices import is_out_of_memory
        from nigdt_backend.daemon.device import is_device_loss, is_lasting

        if is_out_of_memory(error):
            if self.batch_variants > 1:
                return self._smaller_batch
            if not alone:
                return self._make_room
            if self._choice.get() != "cpu":
                return lambda _bundle: self._to_cpu("memory ran out", lost=False)
            raise EngineError(
                "out-of-memory",
                "There is not enough memory for one fill.",
                "Close other programs, or use a smaller bundle.",
            ) from error
        if is_device_loss(error) and self._choice.get() != "cpu":
            log.error("device loss", exc_info=error)
            lasting = is_lasting(error)
            return lambda _bundle: self._to_cpu("the device failed", lost=True, lasting=lasting)
        return None

    def _smaller_batch(self, _bundle: str) -> None:
        from nigdt_backend.daemon.device import empty_cache

        self.batch_variants //= 2
        self._halved = time.monotonic()
        log.warning("out of memory: batches of %d from now on", self.batch_variants)
        self._forget_recordings()  # larger batches are not wanted again soon
        empty_cache()

    def _make_room(self, bundle: str) -> None:
        """Give back what is kept for later: encodings, recordings, other models."""
        from nigdt_backend.daemon.device import empty_cache

        log.warning("out of memory: giving back what was kept for later")
        self._registry.keep_only(bundle)
        self._forget_recordings()
        self._contexts.clear()
        empty_cache()
        give_back_freed_memory()

    def _forget_recordings(self) -> None:
        for model in self._registry.loaded():
            model.inpainter.forget_recordings()

    def _try_whole_batches(self) -> None:
        """Memory that was short may long be free again."""
        from nigdt_backend.daemon.device import RETRY_SECONDS

        if self._halved is not None and time.monotonic() - self._halved >= RETRY_SECONDS:
            self._set_batch()

    def _to_cpu(self, reason: str, *, lost: bool, lasting: bool = False) -> None:
        log.warning("%s on %s: going on with the CPU", reason, self._choice.get())
        self._choice.step_down(reason, lost=lost, lasting=lasting)
        self._forget_device()

    def _forget_device(self) -> None:
        """Models and encodings on the former device are of no use any more."""
        from nigdt_backend.daemon.device import empty_cache

        self._registry.clear()
        self._contexts.clear()
        self._set_batch()
        empty_cache()

    def _set_batch(self) -> None:
        on_cpu = self._choice.get() == "cpu"
        self.batch_variants = self._settings.batch_variants or (1 if on_cpu else ACCELERATOR_BATCH)
        self._halved = None

    def _run(self, bundle: str, work: Work, hooks: Hooks) -> list[Outcome]:
        """Go on with what is not made yet: a step down repeats nothing that was sent."""
        model = self._registry.get(bundle, loading=lambda: hooks.stage(list(work), "loading"))
        self._use_threads(model)
        hooks.stage([job for job in work if not job.cancelled], "encoding")
        contexts: dict[Job, EncodedContext] = {}
        alone: list[tuple[Progress, NDArray[np.uint8], NDArray[np.uint8]]] = []
        for job, progress in work.items():
            if job.cancelled or progress.error is not None:
                continue
            started = time.monotonic()
            context = placed_context(job)
            crop, mask = job_pixels(job) if context is None else context.sent
            if model.inpainter.alone(crop, mask, job.request.recipe):
                alone.append((progress, crop, mask))
                continue
            try:
                contexts[job], kept = self._encode(model, job, crop, mask)
            except NigdtError as error:
                progress.error = EngineError("bad-request", error.message, error.hint)
                continue
            progress.seconds["encode"] = 0.0 if kept else time.monotonic() - started
        hooks.stage([job for job in contexts if not job.cancelled], "completing")
        for batch in self._batches(work, contexts):
            self._complete(model, batch, contexts, work, hooks)
        for progress, crop, mask in alone:
            self._complete_alone(model, progress, crop, mask, hooks)
        notices = self._notices()
        return [
            Outcome(
                job,
                complete=not job.cancelled and progress.error is None,
                error=progress.error,
                seconds=progress.seconds,
                notices=(*progress.notices, *notices),
            )
            for job, progress in work.items()
        ]

    def _encode(
        self, model: LoadedModel, job: Job, crop: NDArray[np.uint8], mask: NDArray[np.uint8]
    ) -> tuple[EncodedContext, bool]:
        """Return the context's encoding, and whether it was kept from before."""
        key = (model.stamp, self._choice.get(), job.context)
        kept = self._contexts.get(key)
        if kept is not None:
            return kept, True
        encoding = model.inpainter.encode(crop, mask)
        self._contexts.put(key, encoding)
        return encoding, False

    def _batches(
        self, work: Work, contexts: dict[Job, EncodedContext]
    ) -> Iterator[list[tuple[Job, list[int]]]]:
        """Jobs with the indices of the variants to make next, at most `batch_variants` at a time."""
        batch: list[tuple[Job, list[int]]] = []
        room = self.batch_variants
        for job in contexts:
            left = list(range(work[job].made, len(job.request.variants)))
            while left and not job.cancelled and work[job].error is None:
                batch.append((job, left[:room]))
                left, room = left[room:], room - len(left[:room])
                if room == 0:
                    yield batch
                    batch, room = [], self.batch_variants
        if batch:
            yield batch

    def _complete(
        self,
        model: LoadedModel,
        batch: list[tuple[Job, list[int]]],
        contexts: dict[Job, EncodedContext],
        work: Work,
        hooks: Hooks,
    ) -> None:
        """Run the text half over a batch and send what came of it."""
        from nigdt.effects import word_effects
        from nigdt.inpainter import CompletionJob

        started = time.monotonic()
        completions = [
            CompletionJob(
                contexts[job],
                job.request.recipe.caption,
                [job.request.variants[index] for index in indices],
                job.request.attention,
                job.request.recipe.guidance,
                job.request.recipe.detail,
            )
            for job, indices in batch
        ]
        try:
            answers = model.inpainter.complete(completions, self.batch_variants)
        except ModelError as error:
            if len(batch) > 1:  # the others' answers may well be good
                for part in batch:
                    self._complete(model, [part], contexts, work, hooks)
            else:
                work[batch[0][0]].error = EngineError("not-a-number", error.message, error.hint)
            return
        spent = time.monotonic() - started
        for (job, indices), fills in zip(batch, answers, strict=True):
            progress = work[job]
            progress.seconds["complete"] = progress.seconds.get("complete", 0.0) + spent
            recipe = job.request.recipe
            unknown = model.inpainter.unknown_words(recipe.caption)
            for index, fill in zip(indices, fills, strict=True):
                if job.request.effects:
                    effects = word_effects(
                        model.inpainter, contexts[job], recipe.caption, fill.variant, recipe.guidance
                    )
                    fill = replace(fill, effects=effects)
                hooks.made(job, fill_message(job, index, fill, unknown, model.info))
                progress.made += 1

    def _complete_alone(
        self,
        model: LoadedModel,
        progress: Progress,
        crop: NDArray[np.uint8],
        mask: NDArray[np.uint8],
        hooks: Hooks,
    ) -> None:
        """Make what is left of the fills of a job that shares no batch, one after the other."""
        job = progress.job
        hooks.stage([job], "completing")

        recipe = job.request.recipe

        def advance(share: float) -> None:
            job.share = (progress.made + share) / len(job.request.variants)

        for index in range(progress.made, len(job.request.variants)):
            if job.cancelled:
                return
            started = time.monotonic()
            try:
                fill = model.inpainter.answer_alone(
                    crop, mask, recipe, job.request.variants[index], advance, lambda: job.cancelled
                )
            except RemovalCancelledError:
                return
            except NigdtError as error:
                refused = isinstance(error, (SelectionError, CaptionError))
                code = "bad-request" if refused else "model-failed"
                progress.error = EngineError(code, error.message, error.hint)
                return
            spent = time.monotonic() - started
            progress.seconds["complete"] = progress.seconds.get("complete", 0.0) + spent
            progress.notices = tuple(dict.fromkeys((*progress.notices, *fill.notices)))
            hooks.made(job, fill_message(job, index, fill, [], model.info))
            progress.made += 1

    # -- helpers ---------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Import torch and look at the devices, once."""
        if self._device is not None:
            return
        import torch

        from nigdt_backend.daemon.cache import ContextCache
        from nigdt_backend.daemon.device import DeviceChoice

        self._cores = torch.get_num_threads()
        self._cache = ContextCache(self._settings.context_cache_mib * MIB)
        self._device = DeviceChoice(self._settings.device)
        self._set_batch()
        log.info("device %s, torch %s", self._device.get(), torch.__version__)

    def _warm_up(self, model: LoadedModel) -> None:
        """One fill of grey: the first one of a process is several times slower than the next."""
        self._use_threads(model)
        side = model.info.size_px
        crop = np.full((side, side, 3), 127, np.uint8)
        mask = np.zeros((side, side), np.uint8)
        mask[side // 4 : side // 2, side // 4 : side // 2] = 255
        try:
            model.inpainter.fill_context(crop, mask, "", [Variant()])
        except ModelError as error:
            raise EngineError("not-a-number", error.message, error.hint) from error

    def _use_threads(self, model: LoadedModel) -> None:
        import torch

        from nigdt_backend.daemon.device import threads_for

        torch.set_num_threads(threads_for(self._settings.threads, model.info.size_px, self._cores))

    @property
    def _choice(self) -> DeviceChoice:
        assert self._device is not None
        return self._device

    @property
    def _contexts(self) -> ContextCache:
        assert self._cache is not None
        return self._cache

    def _load_model(self, folder: Path) -> Any:
        from nigdt.inpainter import Inpainter
        from nigdt_backend.daemon.device import check_agreement, choose_precision

        device = self._choice.get()
        precision = choose_precision(self._settings.precision, device)
        inpainter = Inpainter.from_bundle(str(folder), device=device, precision=precision)
        if inpainter.device != "cpu":
            check_agreement(inpainter)
        return inpainter

    def _notices(self) -> tuple[str, ...]:
        notices = list(self._registry.notices.values())
        if self._device is not None and self._device.stepped_down:
            where = "the accelerator" if self._device.wanted == "auto" else self._device.wanted
            notices.append(f"Filled on the CPU, since {self._device.stepped_down} on {where}.")
        if self._halved is not None:
            notices.append(f"Memory ran out: at most {self.batch_variants} fills are computed at once.")
        return tuple(notices)

    def _describe(self) -> None:
        cache, models = self._cache, self._registry.loaded()
        described = {
            "device": self._device.current if self._device is not None else "not chosen yet",
            "precision": ", ".join(sorted({model.inpainter.precision for model in models}))
            or "not chosen yet",
            "bundles": [{"name": model.name, "mib": round(model.bytes / MIB, 1)} for model in models],
            "batch_variants": self.batch_variants,
            "contexts": {
                "held": len(cache) if cache is not None else 0,
                "hits": cache.hits if cache is not None else 0,
                "misses": cache.misses if cache is not None else 0,
                "mib": round(cache.bytes / MIB, 1) if cache is not None else 0.0,
            },
            "notices": list(self._notices()),
        }
        with self._lock:
            self._described = described
