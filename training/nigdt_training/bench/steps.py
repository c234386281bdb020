"""How fast a training step is, beside what its arithmetic allows on the machine at hand."""

from __future__ import annotations

import platform
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from lightning_fabric import Fabric
from torch.utils.flop_counter import FlopCounterMode

from nigdt.text import Vocabulary
from nigdt_training.trainer.inpaint_step import Networks, train_step
from nigdt_training.trainer.samples import Batch
from nigdt_training.trainer.settings import TrainSettings, settings_from

WORDS = 2000
WORDS_PER_CAPTION = 12


@dataclass(frozen=True)
class Variant:
    """One way to run the same step: Fabric's precision, memory format, compiled or not."""

    name: str
    precision: str = "32-true"
    channels_last: bool = False
    compiled: bool = False


VARIANTS = (
    Variant("eager float32"),
    Variant("channels last", channels_last=True),
    Variant("bf16", precision="bf16-mixed"),
    Variant("bf16, channels last", precision="bf16-mixed", channels_last=True),
    Variant("bf16, channels last, compiled", precision="bf16-mixed", channels_last=True, compiled=True),
)


@dataclass(frozen=True)
class Measurement:
    """Median seconds per step, its spread, pictures per second and floating-point operations per step."""

    variant: str
    seconds: float
    slowest: float
    batch: int
    flops: int

    @property
    def photos_per_second(self) -> float:
        """Pictures per second."""
        return self.batch / self.seconds


def bench_settings(preset: str, batch: int) -> TrainSettings:
    """Settings of a step with every loss but the match loss, whose backbone is another network's cost."""
    return settings_from(
        {"data": [{"path": "none"}], "preset": preset, "batch": batch, "loss": {"match": 0.0}}
    )


def synthetic_batch(settings: TrainSettings, latent: tuple[int, int, int], device: torch.device) -> Batch:
    """A batch of noise with centre masks: the arithmetic does not depend on what pictures show."""
    n, size = settings.batch, settings.picture_size
    random = torch.Generator().manual_seed(0)
    M = torch.ones(n, 1, size, size)
    M[:, :, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = 0
    return Batch(
        image=torch.rand(n, 3, size, size, generator=random) * 2 - 1,
        M=M,
        tokens=torch.randint(1, WORDS, (n, WORDS_PER_CAPTION), generator=random),
        lengths=torch.full((n,), WORDS_PER_CAPTION),
        photo=torch.arange(n),
        prior_noise=torch.randn(n, *latent, generator=random),
        posterior_noise=torch.randn(n, *latent, generator=random),
        captions=("",) * n,
        objects=torch.zeros(n, 1, size, size),
    ).to(device)


def measure(settings: TrainSettings, variant: Variant, device: str, repeats: int) -> Measurement:
    """Time whole steps, both discriminators and both optimisers included, after two to warm up."""
    settings = replace(settings, channels_last=variant.channels_last)
    fabric = Fabric(accelerator=device, devices=1, precision=variant.precision)  # type: ignore[arg-type]
    networks = Networks(settings, Vocabulary([f"w{i}" for i in range(WORDS)]), fabric)
    latent = networks.plain.model.latent_shape(settings.picture_size, settings.picture_size)
    batch = synthetic_batch(settings, latent, fabric.device)
    if variant.channels_last:
        batch.image = batch.image.contiguous(memory_format=torch.channels_last)
    if variant.compiled:
        networks.paths = torch.compile(networks.paths)
        networks.discriminators = torch.compile(networks.discriminators)

    def step() -> None:
        networks.optimiser_g.zero_grad()
        networks.optimiser_d.zero_grad()
        train_step(networks, batch, 0, settings, fabric, None, None)
        networks.optimiser_g.step()
        networks.optimiser_d.step()
        if fabric.device.type == "cuda":
            torch.cuda.synchronize()

    flops = 0
    if not variant.compiled:  # counting needs the operations one by one
        with FlopCounterMode(display=False) as counter:
            step()
        flops = counter.get_total_flops()
    step()
    step()
    seconds = [_timed(step) for _ in range(repeats)]
    return Measurement(variant.name, statistics.median(seconds), max(seconds), settings.batch, flops)


def matrix_rate(device: str, dtype: torch.dtype, side: int = 2048) -> float:
    """Floating-point operations per second of a large matrix product, the best of five."""
    a = torch.rand(side, side, device=device, dtype=dtype)

    def product() -> None:
        a @ a
        if device == "cuda":
            torch.cuda.synchronize()

    product()
    return 2 * side**3 / min(_timed(product) for _ in range(5))


def peak_memory(device: str) -> float:
    """Peak memory so far in GB: the device's where it counts, else the process's."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1e9
    scale = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9


def describe_machine(device: str) -> dict[str, Any]:
    """What a figure needs beside it to mean something."""
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()
    return {
        "device": name,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
