"""How fast a training step is, beside what its arithmetic allows on the machine at hand."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from PIL import Image
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from nigdt.config import PRESETS
from nigdt.text import Vocabulary
from nigdt_training.data.cache import build_cache
from nigdt_training.data.data_set import read_records
from nigdt_training.inpaint.step import Networks, train_step
from nigdt_training.samples import Batch, Pool, SampleStream
from nigdt_training.settings import (
    DEFAULT_MASKS,
    AugmentationSettings,
    TrainSettings,
    settings_from,
)

MATRIX_SIDE = {"cpu": 2048, "cuda": 8192}
"""Of the matrices whose product is timed: large enough that starting it does not count."""
WORDS = 2000
WORDS_PER_CAPTION = 12


@dataclass(frozen=True)
class StepVariant:
    """One way to run the same step: Fabric's precision and memory format.

    `tf32` lets a CUDA device round what float32 convolutions and products read, as training does.
    """

    name: str
    precision: str = "32-true"
    channels_last: bool = False
    tf32: bool = False

    @property
    def format(self) -> str:
        """Number format of its convolutions and products."""
        return "bfloat16" if self.precision.startswith("bf16") else "tf32" if self.tf32 else "float32"


VARIANTS = (
    StepVariant("eager float32"),
    StepVariant("TF32", tf32=True),
    StepVariant("channels last", channels_last=True),
    StepVariant("bf16", precision="bf16-mixed"),
    StepVariant("bf16, channels last", precision="bf16-mixed", channels_last=True),
)


@dataclass(frozen=True)
class StepTimes:
    """One variant's figures.

    Attributes:
        variant: Its name.
        format: Number format of its convolutions and products.
        seconds: Median of a step.
        slowest: Longest step.
        batch: Pictures per step.
        memory: Peak memory in GB while a step ran; the process's on the CPU, this variant's alone on CUDA.
    """

    variant: str
    format: str
    seconds: float
    slowest: float
    batch: int
    memory: float

    @property
    def photos_per_second(self) -> float:
        """Pictures per second."""
        return self.batch / self.seconds


@dataclass(frozen=True)
class Benchmark:
    """All variants of one preset, timed in turns.

    Attributes:
        measurements: In the variants' order.
        flops: Floating-point operations of a step.
        rates: Number format -> operations per second of a matrix product in it, timed in the same turns.
    """

    measurements: list[StepTimes]
    flops: int
    rates: dict[str, float]

    @property
    def floor(self) -> float:
        """Seconds that the step's operations take at the rate of a float32 matrix product."""
        return self.flops / self.rates["float32"]

    def own_floor(self, measurement: StepTimes) -> float:
        """Return the same at the rate of a product in the variant's own number format."""
        return self.flops / self.rates[measurement.format]


def bench_settings(preset: str, batch: int, size: int = 0) -> TrainSettings:
    """Return settings of a step with every loss but the match loss, whose backbone is another network's cost.

    Without dropout, so that variants of a step compute the same.
    """
    plain = {"data": [{"path": "none"}], "loss": {"match": 0.0}}
    architecture = {**PRESETS[preset].to_dict(), "text_dropout": 0.0}
    return settings_from({**plain, "model": architecture, "batch": batch, "size": size})


def synthetic_batch(settings: TrainSettings, latent: tuple[int, int, int], device: torch.device) -> Batch:
    """Make a batch of noise with centre masks and an object in each."""
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
        objects=1 - M,
        outline=(1 - M).repeat(1, max(1, settings.model_config.told_channels), 1, 1),
    ).to(device)


def measure(settings: TrainSettings, variants: Sequence[StepVariant], device: str, repeats: int) -> Benchmark:
    """Time whole steps of every variant, both discriminators and both optimisers included.

    The variants take turns, so that whatever else the machine does slows them all alike.

    Args:
        settings: Model, batch and losses.
        variants: What to time.
        device: "cpu" or "cuda".
        repeats: Timed steps of each, after two to warm up.
    """
    steps = [_prepare(settings, variant, device) for variant in variants]
    with FlopCounterMode(display=False) as counter:
        _prepare(settings, StepVariant("counted"), device)()
    formats = dict.fromkeys(["float32", *(variant.format for variant in variants)])
    products = {name: _matrix_product(device, name) for name in formats}
    for work in (*steps, *steps, *products.values()):
        work()
    seconds: list[list[float]] = [[] for _ in steps]
    multiplied: dict[str, list[float]] = {name: [] for name in products}
    for _ in range(repeats):
        for name, product in products.items():
            multiplied[name] += [timed(product) for _ in range(3)]
        for taken, step in zip(seconds, steps, strict=True):
            taken.append(timed(step))
    peaks = _peak_memories(steps, device)
    measurements = [
        StepTimes(variant.name, variant.format, statistics.median(taken), max(taken), settings.batch, peak)
        for variant, taken, peak in zip(variants, seconds, peaks, strict=True)
    ]
    rates = {
        name: 2 * MATRIX_SIDE[device] ** 3 / statistics.median(taken) for name, taken in multiplied.items()
    }
    return Benchmark(measurements, counter.get_total_flops(), rates)


def _prepare(settings: TrainSettings, variant: StepVariant, device: str) -> Callable[[], dict[str, Tensor]]:
    """Return a variant's whole training step as a function of nothing."""
    fabric = Fabric(accelerator=device, devices=1, precision=variant.precision)  # type: ignore[arg-type]
    step = training_step(settings, fabric, channels_last=variant.channels_last)

    def in_its_format() -> dict[str, Tensor]:
        with _rounding(device, variant.format != "float32"):
            return step()

    return in_its_format


@contextlib.contextmanager
def _rounding(device: str, tf32: bool) -> Iterator[None]:
    """Return whether a CUDA device may round what float32 convolutions and products read."""
    if device != "cuda":
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    try:
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=tf32):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def training_step(
    settings: TrainSettings, fabric: Fabric, *, channels_last: bool = False
) -> Callable[[], dict[str, Tensor]]:
    """Return a whole training step on a batch of noise, match loss apart, as a function of nothing.

    Args:
        settings: Model, batch and losses.
        fabric: Device and precision.
        channels_last: Memory format of weights and pictures.

    Returns:
        Runs one step, both discriminators and both optimisers included, and returns its losses by name. A
        second one made alike takes the same steps.
    """
    words = Vocabulary([f"w{i}" for i in range(WORDS)])
    networks = Networks(settings, words, fabric, channels_last=channels_last)
    latent = networks.plain.model.latent_shape(settings.picture_size, settings.picture_size)
    batch = synthetic_batch(settings, latent, fabric.device)
    if channels_last:
        batch.image = batch.image.contiguous(memory_format=torch.channels_last)

    def step() -> dict[str, Tensor]:
        networks.optimiser_g.zero_grad()
        networks.optimiser_d.zero_grad()
        losses = train_step(networks, batch, 0, settings, fabric, None, None)
        networks.optimiser_g.step()
        networks.optimiser_d.step()
        if fabric.device.type == "cuda":
            torch.cuda.synchronize()
        return losses

    return step


def _matrix_product(device: str, number_format: str) -> Callable[[], object]:
    side = MATRIX_SIDE[device]
    dtype = torch.bfloat16 if number_format == "bfloat16" else torch.float32
    a = torch.rand(side, side, device=device, dtype=dtype)

    def product() -> None:
        with _rounding(device, number_format == "tf32"):
            a @ a
        if device == "cuda":
            torch.cuda.synchronize()

    return product


def loader_rate(settings: TrainSettings, seconds: float = 3.0) -> float:
    """Return samples of made-up photos per second of one loader thread, masks and colours included.

    Args:
        settings: Size and augmentation of the samples.
        seconds: How long to draw.
    """
    with tempfile.TemporaryDirectory(prefix="nigdt-bench-") as temporary:
        folder = Path(temporary)
        photos = _made_up_photos(folder / "photos")
        cache = build_cache(read_records(photos)[:300], folder / "cache", workers=os.cpu_count() or 1)
        cells = settings.picture_size // 32
        stream = SampleStream(
            [Pool(cache, np.arange(len(cache)), 1, 0)],
            Vocabulary.from_captions([text for i in range(len(cache)) for text in cache.captions(i)]),
            size=settings.picture_size,
            max_words=settings.model_config.max_words,
            latent_shape=(settings.model_config.latent_channels, cells, cells),
            masks=DEFAULT_MASKS,
            augmentation=AugmentationSettings(recolour=0.5),
            seed=0,
        )
        stream.batch(range(settings.batch))
        start, drawn = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            stream.batch(range(drawn, drawn + settings.batch))
            drawn += settings.batch
        return drawn / (time.perf_counter() - start)


def _made_up_photos(folder: Path, count: int = 64) -> Path:
    """Draw noise with a plain disc on it, and its box: as much work for the loader as real photos."""
    folder.mkdir()
    random, rows = np.random.default_rng(0), []
    y, x = np.mgrid[:320, :400]
    for i in range(count):
        picture = random.integers(100, 160, (320, 400, 3), dtype=np.uint8)
        picture[(x - 200) ** 2 + (y - 160) ** 2 < 100**2] = random.integers(0, 256, 3)
        Image.fromarray(picture).save(folder / f"{i}.png")
        row = {"file_name": f"{i}.png", "text": "a red bird on a branch", "box": [100, 60, 200, 200]}
        rows.append(json.dumps(row))
    (folder / "metadata.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return folder


def _peak_memories(steps: list[Callable[[], Any]], device: str) -> list[float]:
    """Return the peak memory of each step in GB; the list is empty afterwards.

    On CUDA without what the others hold meanwhile: each is given up in turn, which tells what it held itself.
    """
    peaks = []
    while steps:
        if device != "cuda":
            peaks.append(_process_peak(steps.pop(0)))
            continue
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        steps[0]()
        more = torch.cuda.max_memory_allocated() - before
        held = torch.cuda.memory_allocated()
        del steps[0]
        gc.collect()  # networks and their optimisers refer to each other
        peaks.append((more + held - torch.cuda.memory_allocated()) / 1e9)
    return peaks


def _process_peak(step: Callable[[], object]) -> float:
    """Return the peak memory of the process during one step in GB; NaN where the system does not tell."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    step()
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e9
    try:
        import resource
    except ImportError:  # Windows
        return math.nan
    scale = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9


def describe_machine(device: str) -> dict[str, Any]:
    """Return what a figure needs beside it to mean something."""
    name = torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine()
    return {
        "device": name,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
