"""Makes fills with `nigdt.Inpainter`: encodings kept per context, jobs batched, steps down when it must.

torch is imported in the model's thread, at the first load, so that the daemon answers before that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nigdt.bundle import find_bundle, list_bundles
from nigdt.compositing import blend, composite, hole_and_weight
from nigdt.errors import ModelError, NigdtError
from nigdt.variants import Variant
from nigdt_backend.daemon.registry import LoadedModel, Registry
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import Settings
from nigdt_backend.daemon.worker import EngineError, FillMessage, Hooks, Outcome
from nigdt_backend.protocol import finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nigdt.inpainter import EncodedContext, RawFill
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
    """

    job: Job
    made: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    error: EngineError | None = None


Work = dict[Job, Progress]


class NigdtEngine:
    """The engine of the real daemon. Only `describe` and `models` may be called from other threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._registry = Registry(self._load_model, settings.model_memory_mib * MIB)
        self._device: DeviceChoice | None = None
        self._cache: ContextCache | None = None
        self.batch_variants = settings.batch_variants or 1
        self._lock = threading.Lock()
        self._described: dict[str, Any] = {}
        self._describe()

    # -- called from any thread ------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Device, precision, loaded bundles, context cache, notices."""
        with self._lock:
            return dict(self._described)

    def models(self) -> list[dict[str, Any]]:
        """All bundles there are, with whether they are loaded."""
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

    # -- called from the model's thread ----------------------------------------------------------------------

    def load(self, bundle: str, *, warm: bool = True) -> dict[str, Any]:
        """Load a bundle and, if `warm`, make one fill with it."""
        started = time.monotonic()
        self._prepare()
        try:
            model = self._registry.get(bundle, again=True)
            if warm:
                _warm_up(model)
        finally:
            self._describe()
        return {"bundle": bundle, "device": self._choice.get(), "seconds": finite(time.monotonic() - started)}

    def unload(self) -> None:
        """Give back the memory of models and encodings."""
        self._registry.clear()
        if self._cache is not None:
            import torch

            self._cache.clear()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        self._describe()

    def run(self, jobs: Sequence[Job], hooks: Hooks) -> list[Outcome]:
        """Make the fills of jobs that share a bundle."""
        self._prepare()
        if self._choice.recover():
            log.info("trying %s again", self._choice.get())
            self._forget_device()
        bundle = jobs[0].request.bundle
        if self._registry.held(bundle) is None:
            hooks.stage(jobs, "loading")
        work = {job: Progress(job) for job in jobs}
        try:
            return self._run_stepping_down(bundle, work, hooks)
        finally:
            self._describe()

    def _run_stepping_down(self, bundle: str, work: Work, hooks: Hooks) -> list[Outcome]:
        from nigdt_backend.daemon.device import is_device_loss, is_out_of_memory

        while True:
            try:
                return self._run(self._registry.get(bundle), work, hooks)
            except Exception as error:  # noqa: PERF203 - a retry, not a loop over data
                if is_out_of_memory(error):
                    if self._smaller_batch() or self._to_cpu("memory ran out"):
                        continue
                    raise EngineError(
                        "out-of-memory",
                        "There is not enough memory for one fill.",
                        "Close other programs, or use a smaller bundle.",
                    ) from error
                if is_device_loss(error) and self._to_cpu("the device failed"):
                    log.exception("device loss")
                    continue
                raise

    def _smaller_batch(self) -> bool:
        if self.batch_variants <= 1:
            return False
        self.batch_variants //= 2
        log.warning("out of memory: batches of %d from now on", self.batch_variants)
        _empty_device_cache()
        return True

    def _to_cpu(self, reason: str) -> bool:
        device = self._choice.get()
        if not self._choice.step_down(reason):
            return False
        log.warning("%s on %s: going on with the CPU", reason, device)
        self._forget_device()
        return True

    def _forget_device(self) -> None:
        """Models and encodings on the former device are of no use any more."""
        self._registry.clear()
        self._contexts.clear()
        self._set_batch()
        _empty_device_cache()

    def _set_batch(self) -> None:
        on_cpu = self._choice.get() == "cpu"
        self.batch_variants = self._settings.batch_variants or (1 if on_cpu else ACCELERATOR_BATCH)

    def _run(self, model: LoadedModel, work: Work, hooks: Hooks) -> list[Outcome]:
        """Go on with what is not made yet: a step down repeats nothing that was sent."""
        hooks.stage([job for job in work if not job.cancelled], "encoding")
        contexts: dict[Job, EncodedContext] = {}
        for job, progress in work.items():
            if job.cancelled or progress.error is not None:
                continue
            started = time.monotonic()
            try:
                contexts[job], kept = self._encode(model, job)
            except NigdtError as error:
                progress.error = EngineError("bad-request", error.message, error.hint)
                continue
            progress.seconds["encode"] = 0.0 if kept else time.monotonic() - started
        hooks.stage([job for job in contexts if not job.cancelled], "completing")
        for batch in self._batches(work, contexts):
            self._complete(model, batch, contexts, work, hooks)
        notices = self._notices()
        return [
            Outcome(
                job,
                complete=not job.cancelled and progress.error is None,
                error=progress.error,
                seconds=progress.seconds,
                notices=notices,
            )
            for job, progress in work.items()
        ]

    def _encode(self, model: LoadedModel, job: Job) -> tuple[EncodedContext, bool]:
        """The context's encoding, and whether it was kept from before."""
        key = (model.stamp, self._choice.get(), job.context)
        kept = self._contexts.get(key)
        if kept is not None:
            return kept, True
        crop, selection = _pixels(job)
        hole, _ = hole_and_weight(selection, job.request.feather)
        encoding = model.inpainter.encode(crop, hole)
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
        from nigdt.inpainter import CompletionJob

        started = time.monotonic()
        completions = [
            CompletionJob(
                contexts[job],
                job.request.caption,
                [Variant(**job.request.variants[index]) for index in indices],
                job.request.attention,
            )
            for job, indices in batch
        ]
        try:
            answers = model.inpainter.complete(completions)
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
            unknown = model.inpainter.unknown_words(job.request.caption)
            for index, fill in zip(indices, fills, strict=True):
                hooks.made(job, fill_message(job, index, fill, unknown))
                progress.made += 1

    # -- helpers ---------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Import torch and look at the devices, once."""
        if self._device is not None:
            return
        import torch

        from nigdt_backend.daemon.cache import ContextCache
        from nigdt_backend.daemon.device import DeviceChoice

        if self._settings.threads:
            torch.set_num_threads(self._settings.threads)
        self._cache = ContextCache(self._settings.context_cache_mib * MIB)
        self._device = DeviceChoice(self._settings.device)
        self._set_batch()
        log.info("device %s, torch %s", self._device.get(), torch.__version__)

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

        return Inpainter.from_bundle(str(folder), device=self._choice.get())

    def _notices(self) -> tuple[str, ...]:
        notices = list(self._registry.notices.values())
        if self._device is not None and self._device.stepped_down:
            notices.append(f"Filled on the CPU, since {self._device.stepped_down} on {self._device.wanted}.")
        return tuple(notices)

    def _describe(self) -> None:
        cache = self._cache
        described = {
            "device": self._device.current if self._device is not None else "not chosen yet",
            "precision": "float32",
            "bundles": [
                {"name": model.name, "mib": round(model.bytes / MIB, 1)} for model in self._registry.loaded()
            ],
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


def _warm_up(model: LoadedModel) -> None:
    """One fill of grey: the first one of a process is several times slower than the next."""
    side = model.info.size_px
    crop = np.full((side, side, 3), 127, np.uint8)
    mask = np.zeros((side, side), np.uint8)
    mask[side // 4 : side // 2, side // 4 : side // 2] = 255
    model.inpainter.fill_context(crop, mask, "", [Variant()])


def _empty_device_cache() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _pixels(job: Job) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Crop (h, w, 3) and selection (h, w) of a job."""
    request = job.request
    crop = np.frombuffer(request.crop, np.uint8).reshape(request.height, request.width, 3)
    return crop, np.frombuffer(request.mask, np.uint8).reshape(request.height, request.width)


def fill_message(job: Job, index: int, fill: RawFill, unknown: Sequence[str]) -> FillMessage:
    """An answer for the wire, blended if the job asks for that."""
    request = job.request
    pixels = fill.pixels
    if request.result == "composite":
        crop, selection = _pixels(job)
        matched, weight = blend(crop, pixels, selection, request.feather)
        pixels = composite(crop, matched, weight)
    frames = [pixels.tobytes()]
    words = []
    for use in fill.attention or ():
        height, width = use.map.shape
        peak = float(use.map.max())
        shown = use.known and peak > 0
        frames.append(np.rint(use.map * (255.0 / peak)).astype(np.uint8).tobytes() if shown else b"")
        words.append(
            {
                "word": use.word,
                "known": use.known,
                "weight": finite(float(use.weight)),
                "width": width if shown else 0,
                "height": height if shown else 0,
            }
        )
    header = {
        "index": index,
        "width": request.width,
        "height": request.height,
        "variant": request.variants[index],
        "unknown_words": list(unknown),
        "words": words,
    }
    return FillMessage(header, frames)
