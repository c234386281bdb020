"""Makes fills with `nigdt.Inpainter`: encodings kept per context, jobs batched, steps down when it must.

torch is imported in the model's thread, at the first load, so that the daemon answers before that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nigdt.bundle import find_bundle, list_bundles
from nigdt.compositing import blend, composite
from nigdt.errors import NigdtError
from nigdt.variants import Variant
from nigdt_backend.daemon.registry import LoadedModel, Registry
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import Settings
from nigdt_backend.daemon.worker import EngineError, FillMessage, Outcome, Stage, as_engine_error
from nigdt_backend.protocol import finite

if TYPE_CHECKING:
    from nigdt.inpainter import CompletionJob, EncodedContext, RawFill

    from nigdt_backend.daemon.cache import ContextCache
    from nigdt_backend.daemon.device import DeviceChoice

log = logging.getLogger(__name__)

MIB = 2**20


class NigdtEngine:
    """The engine of the real daemon. Only `describe` and `models` may be called from other threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._registry = Registry(self._load_model, _weight_bytes, settings.model_memory_mib * MIB)
        self._device: DeviceChoice | None = None
        self._cache: ContextCache | None = None
        self._batch_variants = settings.batch_variants
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

    def load(self, bundle: str) -> dict[str, Any]:
        """Load a bundle and warm it up with one small fill."""
        started = time.monotonic()
        self._prepare()
        try:
            model = self._registry.get(bundle, again=True)
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

    def run(self, jobs: Sequence[Job], stage: Stage) -> list[Outcome]:
        """Make the fills of jobs that share a bundle."""
        self._prepare()
        if self._choice.recover():
            log.info("trying %s again", self._choice.get())
            self._forget_device()
        bundle = jobs[0].request.bundle
        if self._registry.held(bundle) is None:
            stage(jobs, "loading")
        try:
            return self._run_stepping_down(bundle, jobs, stage)
        finally:
            self._describe()

    def _run_stepping_down(self, bundle: str, jobs: Sequence[Job], stage: Stage) -> list[Outcome]:
        from nigdt_backend.daemon.device import is_device_loss, is_out_of_memory

        while True:
            try:
                return self._run(self._registry.get(bundle), jobs, stage)
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
        if self._batch_variants <= 1:
            return False
        self._batch_variants = max(1, self._batch_variants // 2)
        log.warning("out of memory: batches of %d from now on", self._batch_variants)
        _empty_device_cache()
        return True

    def _to_cpu(self, reason: str) -> bool:
        device = self._choice.get()
        if not self._choice.step_down(reason):
            return False
        log.warning("%s on %s: going on with the CPU", reason, device)
        self._batch_variants = self._settings.batch_variants
        self._forget_device()
        return True

    def _forget_device(self) -> None:
        """Models and encodings on the former device are of no use any more."""
        self._registry.clear()
        self._contexts.clear()
        _empty_device_cache()

    def _run(self, model: LoadedModel, jobs: Sequence[Job], stage: Stage) -> list[Outcome]:
        stage(jobs, "encoding")
        seconds: dict[Job, dict[str, float]] = {}
        contexts: dict[Job, EncodedContext] = {}
        failed: dict[Job, EngineError] = {}
        for job in jobs:
            if job.cancelled:
                continue
            started = time.monotonic()
            try:
                contexts[job], hit = self._encode(model, job)
            except NigdtError as error:
                failed[job] = _user_error(error)
                continue
            seconds[job] = {"encode": 0.0 if hit else time.monotonic() - started}
        going = [job for job in jobs if job in contexts and not job.cancelled]
        stage(going, "completing")
        started = time.monotonic()
        answers = self._complete(model, going, contexts)
        spent = time.monotonic() - started
        notices = self._notices()
        outcomes = []
        for job in jobs:
            if job in failed:
                outcomes.append(Outcome(job, error=failed[job]))
            elif job in answers and not job.cancelled:
                try:
                    fills = [_message(job, index, fill) for index, fill in enumerate(answers[job])]
                except Exception as error:  # one job's trouble is not its neighbours'
                    outcomes.append(Outcome(job, error=as_engine_error(error)))
                    continue
                times = {**seconds[job], "complete": spent}
                outcomes.append(Outcome(job, fills, seconds=times, notices=notices))
            else:
                outcomes.append(Outcome(job))
        return outcomes

    def _encode(self, model: LoadedModel, job: Job) -> tuple[EncodedContext, bool]:
        """The context's encoding, and whether it was kept from before."""
        key = (model.stamp, self._choice.get(), job.context)
        kept = self._contexts.get(key)
        if kept is not None:
            return kept, True
        request = job.request
        crop = np.frombuffer(request.crop, np.uint8).reshape(request.height, request.width, 3)
        mask = np.frombuffer(request.mask, np.uint8).reshape(request.height, request.width)
        encoding = model.inpainter.encode(crop, mask)
        self._contexts.put(key, encoding)
        return encoding, False

    def _complete(
        self, model: LoadedModel, jobs: Sequence[Job], contexts: dict[Job, EncodedContext]
    ) -> dict[Job, list[RawFill]]:
        """Run the text half over all variants of all jobs, at most `_batch_variants` at a time."""
        from nigdt.inpainter import CompletionJob

        answers: dict[Job, list[RawFill]] = {job: [] for job in jobs}
        batch: list[tuple[Job, CompletionJob]] = []
        room = self._batch_variants

        def flush() -> None:
            nonlocal batch, room
            if batch:
                results = model.inpainter.complete([completion for _, completion in batch])
                for (job, _), fills in zip(batch, results, strict=True):
                    answers[job].extend(fills)
            batch, room = [], self._batch_variants

        for job in jobs:
            request = job.request
            left = [Variant(**variant) for variant in request.variants]
            while left and not job.cancelled:
                part, left = left[:room], left[room:]
                completion = CompletionJob(contexts[job], request.caption, part, request.attention)
                batch.append((job, completion))
                room -= len(part)
                if room == 0:
                    flush()
        flush()
        return answers

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
            "precision": self._settings.precision,
            "bundles": [
                {"name": model.name, "mib": round(model.bytes / MIB, 1)} for model in self._registry.loaded()
            ],
            "batch_variants": self._batch_variants,
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


def _user_error(error: NigdtError) -> EngineError:
    return EngineError("bad-request", error.message, error.hint)


def _warm_up(model: LoadedModel) -> None:
    """One fill of grey: the first one of a process is several times slower than the next."""
    side = model.info.size_px
    crop = np.full((side, side, 3), 127, np.uint8)
    mask = np.zeros((side, side), np.uint8)
    mask[side // 4 : side // 2, side // 4 : side // 2] = 255
    model.inpainter.fill_context(crop, mask, "", [Variant()])


def _weight_bytes(inpainter: Any) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in inpainter.model.state_dict().values())


def _empty_device_cache() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _message(job: Job, index: int, fill: RawFill) -> FillMessage:
    """A fill, blended if asked for, with its header."""
    request = job.request
    pixels = fill.pixels
    if request.result == "composite":
        crop = np.frombuffer(request.crop, np.uint8).reshape(request.height, request.width, 3)
        mask = np.frombuffer(request.mask, np.uint8).reshape(request.height, request.width)
        matched, weight = blend(crop, pixels, mask)
        pixels = composite(crop, matched, weight)
    frames = [pixels.tobytes()]
    words = []
    for use in fill.attention or ():
        height, width = use.map.shape if use.known else (0, 0)
        peak = float(use.map.max()) if use.known else 0.0
        scaled = use.map * (255.0 / peak) if peak > 0 else use.map
        frames.append(np.rint(scaled).astype(np.uint8).tobytes() if use.known else b"")
        words.append(
            {
                "word": use.word,
                "known": use.known,
                "weight": finite(float(use.weight)),
                "width": width,
                "height": height,
            }
        )
    header = {
        "index": index,
        "width": request.width,
        "height": request.height,
        "variant": request.variants[index],
        "unknown_words": list(fill.unknown_words),
        "words": words,
    }
    return FillMessage(header, frames)
