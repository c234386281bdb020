"""Makes fills with `nigdt.Inpainter`: encodings kept per context, jobs batched, steps down when it must.

torch is imported in the model's thread, at the first load, so that the daemon answers before that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nigdt.bundle.bundle import BundleInfo, default_of, list_bundles
from nigdt.errors import BundleError, ModelError
from nigdt.memory import allowed_bytes, needs_more
from nigdt.notices import CPU_FOR_FAILURE, CPU_FOR_MEMORY, SMALLER_BATCHES
from nigdt.recipe import Variant
from nigdt_backend.daemon.memory import give_back_freed_memory
from nigdt_backend.daemon.model_turn import ModelTurn, Work
from nigdt_backend.daemon.registry import LoadedModel, Registry
from nigdt_backend.daemon.removals import Removals
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.worker import EngineError, Hooks, Outcome
from nigdt_backend.protocol import finite

if TYPE_CHECKING:
    from nigdt_backend.daemon.cache import ContextCache
    from nigdt_backend.daemon.device import DeviceChoice

log = logging.getLogger(__name__)

MIB = 2**20
MODEL_MEMORY = 4096 * MIB
"""Bytes for loaded models and, on CUDA, their recorded graphs. Beyond, the least recently used go."""
ACCELERATOR_BATCH = 8


T = TypeVar("T")


class NigdtEngine:
    """The engine of the real daemon.

    All but `describe`, `models`, `restart_wanted`, `end_wanted` and `continue_photo` are called from one
    thread only.
    """

    def __init__(self, settings: DaemonSettings) -> None:
        self._settings = settings
        self._registry = Registry(self._load_model, MODEL_MEMORY)
        self._import_error: Exception | None = None
        self._outgrown = False
        self._device: DeviceChoice | None = None
        self._cache: ContextCache | None = None
        self.batch_variants = settings.batch_variants or 1
        self._halved: float | None = None
        self._cores = 1
        self._lock = threading.Lock()
        self._removals = Removals()
        self._described: dict[str, Any] = {}
        self._describe()

    # -- called from any thread ------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Return device, precision, loaded bundles, context cache, notices."""
        with self._lock:
            return dict(self._described)

    def models(self, *, words: bool = False) -> list[dict[str, Any]]:
        """List all bundles, with whether they are loaded, and with the words that they know where wanted."""
        loaded = {entry["name"] for entry in self.describe()["bundles"]}
        infos = list_bundles()
        default = default_of(infos).name if infos else ""
        return [
            {
                "name": info.name,
                "title": info.title,
                "size_px": info.size_px,
                "bytes": info.bytes,
                "default": info.name == default,
                "loaded": info.name in loaded,
                **({"words": _words(info)} if words else {}),
            }
            for info in infos
        ]

    def continue_photo(self, jobs: Sequence[Job], hooks: Hooks) -> list[Outcome]:
        """Make the next fills of one job that continues the photo."""
        return self._removals.run(jobs, hooks)

    def restart_wanted(self) -> bool:
        """Return whether only a new process can use the accelerator again."""
        return self._device is not None and self._device.restart_due

    def end_wanted(self) -> bool:
        """Return whether PyTorch cannot be loaded in this process, or `ulimit -v` allows it too little."""
        return self._import_error is not None or self._outgrown

    # -- called from the model's thread ----------------------------------------------------------------------

    def load(self, bundle: str, *, warm: bool = True) -> dict[str, Any]:
        """Load a bundle and, if `warm`, make one fill with it and begin the process for removals."""
        started = time.monotonic()
        self._prepare()
        try:
            self._stepping_down(bundle, lambda: self._registry.get(bundle, again=True))
            if warm:
                self._stepping_down(bundle, lambda: self._warm_up(self._registry.get(bundle)))
                self._removals.warm_up()
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
        work: Work = dict.fromkeys(jobs)

        try:
            self._stepping_down(bundle, lambda: self._turn(bundle, work, hooks).make(work))
        finally:
            self._registry.keep_to_budget()
            self._describe()
        notices = self._notices()
        return [
            Outcome(job, not job.cancelled and error is None and job.left == 0, error, notices)
            for job, error in work.items()
        ]

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
                return lambda _bundle: self._to_cpu(CPU_FOR_MEMORY, lost=False)
            self._outgrown = allowed_bytes() is not None
            raise EngineError(
                "out-of-memory",
                "There is not enough memory for one fill.",
                needs_more()[1] if self._outgrown else "Close other programs, or use a smaller bundle.",
            ) from error
        if is_device_loss(error) and self._choice.get() != "cpu":
            log.error("device loss", exc_info=error)
            lasting = is_lasting(error)
            return lambda _bundle: self._to_cpu(CPU_FOR_FAILURE, lost=True, lasting=lasting)
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
        """Go back to whole batches after a while: memory that was short may be free again."""
        from nigdt_backend.daemon.device import RETRY_SECONDS

        if self._halved is not None and time.monotonic() - self._halved >= RETRY_SECONDS:
            self._set_batch()

    def _to_cpu(self, notice: str, *, lost: bool, lasting: bool = False) -> None:
        log.warning("%s gave way to the CPU: %s", self._choice.get(), notice)
        self._choice.step_down(notice, lost=lost, lasting=lasting)
        self._forget_device()

    def _forget_device(self) -> None:
        """Drop models and encodings of the former device, which are of no use any more."""
        from nigdt_backend.daemon.device import empty_cache

        self._registry.clear()
        self._contexts.clear()
        self._set_batch()
        empty_cache()

    def _set_batch(self) -> None:
        on_cpu = self._choice.get() == "cpu"
        self.batch_variants = self._settings.batch_variants or (1 if on_cpu else ACCELERATOR_BATCH)
        self._halved = None

    def _turn(self, bundle: str, work: Work, hooks: Hooks) -> ModelTurn:
        """Get the model ready for what is not made yet: a step down repeats nothing that was sent."""
        model = self._registry.get(bundle, loading=lambda: hooks.stage(list(work), "loading"))
        self._use_threads(model)
        hooks.stage([job for job in work if not job.cancelled], "encoding")
        return ModelTurn(model, self._choice.get(), self._contexts, self.batch_variants, hooks)

    # -- helpers ---------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Import torch and look at the devices, once."""
        if self._device is not None:
            return
        try:
            import torch
        except ModuleNotFoundError:
            raise
        except Exception as error:
            # When it is tried again, torch says no more than that it has been tried.
            self._import_error = self._import_error or error
            log.exception("torch cannot be imported")
            text = " ".join(str(self._import_error).split())[:200].rstrip(".")
            raise EngineError(
                "model-failed",
                f"PyTorch cannot be loaded: {text}.",
                "Unset TORCH_* and PYTORCH_* variables, allow more memory (ulimit -v), or install it anew.",
            ) from None

        from nigdt_backend.daemon.cache import ContextCache
        from nigdt_backend.daemon.device import DeviceChoice

        self._cores = torch.get_num_threads()
        self._cache = ContextCache(self._settings.context_cache_mib * MIB)
        self._device = DeviceChoice(self._settings.device)
        self._set_batch()
        log.info("device %s, torch %s", self._device.get(), torch.__version__)

    def _warm_up(self, model: LoadedModel) -> None:
        """Fill grey once: the first fill of a process is several times slower than the next."""
        self._use_threads(model)
        side = model.info.size_px
        crop = np.full((side, side, 3), 127, np.uint8)
        hole = np.zeros((side, side), np.uint8)
        hole[side // 4 : side // 2, side // 4 : side // 2] = 255
        try:
            model.inpainter.fill_context(crop, hole, "", [Variant()])
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
            notices.append(self._device.stepped_down)
        if self._halved is not None:
            notices.append(SMALLER_BATCHES.format(self.batch_variants))
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


def _words(info: BundleInfo) -> list[str]:
    """Return the words that a bundle knows, none where they cannot be read."""
    try:
        return list(info.vocabulary().words)
    except BundleError as error:
        log.warning("no words to offer: %s", error.message)
        return []
