"""The model by itself: its arithmetic, what that would take at least, and the ways to run it."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from nigdt.bundle.bundle import find_bundle
from nigdt.bundle.weights import load_model
from nigdt.bundle.writing import save_bundle
from nigdt.config import ModelConfig
from nigdt.context.blend import hole_of
from nigdt.inpainter import CompletionJob, Inpainter
from nigdt.model import NIGDT
from nigdt.recipe import Variant, variants_from_seed
from nigdt.runtime.recording import CudaGraphs
from nigdt.runtime.runner import Precision, prepare
from nigdt.text import Vocabulary
from nigdt_backend.bench.load import CAPTIONS, make_context, seeded
from nigdt_backend.daemon.device import threads_for

ROUNDS = 12
CURVE_SECONDS = 1.5
MATRIX = {"cpu": 1024, "cuda": 8192, "mps": 2048}
"""Side of the square matrices whose product tells a device's rate: large enough to fill it."""


_CORES = torch.get_num_threads()


def use_threads(inpainter: Inpainter) -> None:
    """Compute with as many CPU threads as the daemon does."""
    torch.set_num_threads(threads_for(0, inpainter.size, _CORES))


def save_paper_size(folder: Path) -> None:
    """Save a bundle of the paper's size at 256 px with random weights, which cost as much as trained ones."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = NIGDT(ModelConfig(), 5000)
    words = ["a", *(f"word{number}" for number in range(4999))]
    save_bundle(folder, model, Vocabulary(words), title="Paper size, random", training={"steps": 0})


def floor(inpainter: Inpainter) -> dict[str, Any]:
    """Measure a fill at the model's own size beside its arithmetic at the rate of matrix products.

    Both run in turns. On the CPU the ratio is taken of processor time too, which other programs disturb less
    than they do the clock.
    """
    picture, hole = own_context(inpainter)
    with FlopCounterMode(display=False) as counter:
        plain(inpainter).fill_context(picture, hole, CAPTIONS[0])
    operations = counter.get_total_flops()
    device = torch.device(inpainter.device)
    side = MATRIX.get(device.type, 1024)
    half = inpainter.precision == "bfloat16"
    left = torch.randn(side, side, device=device, dtype=torch.bfloat16 if half else torch.float32)
    clock: list[tuple[float, float]] = []
    processor: list[tuple[float, float]] = []
    for _ in range(ROUNDS + 2):
        torch.set_num_threads(_CORES)
        times = [timed(lambda: (left @ left)[0, 0].item())]
        use_threads(inpainter)
        times.append(timed(lambda: inpainter.fill_context(picture, hole, CAPTIONS[0])))
        clock.append((times[0][0], times[1][0]))
        processor.append((times[0][1], times[1][1]))
    product, fill = (statistics.median(column) for column in zip(*clock[2:], strict=True))
    products = operations / (2 * side**3)
    figures = {
        "gflop_per_fill": round(operations / 1e9, 2),
        "matrix_gflop_s": round(2 * side**3 / product / 1e9, 1),
        "floor_ms": round(products * product * 1000, 2),
        "bare_fill_at_model_size_ms": round(fill * 1000, 2),
        "bare_fill_of_floor": round(fill / (products * product), 2),
    }
    if device.type == "cpu":
        product, fill = (statistics.median(column) for column in zip(*processor[2:], strict=True))
        figures["bare_fill_of_floor_by_processor_time"] = round(fill / (products * product), 2)
    return figures


def curve(inpainter: Inpainter) -> dict[str, float]:
    """Measure the text half's fills per second, at the model's own size, by batch size."""
    picture, hole = own_context(inpainter)
    context = inpainter.encode(picture, hole)
    sizes = (1, 2, 4) if inpainter.device == "cpu" else (1, 2, 4, 8, 16, 32, 64)
    rates = {}
    for size in sizes:
        job = CompletionJob(context, CAPTIONS[0], [Variant(seed or None) for seed in range(size)])
        try:
            inpainter.pictures(job, batch=size)
            started, passes = time.monotonic(), 0
            while passes < 3 or time.monotonic() - started < CURVE_SECONDS:
                inpainter.pictures(job, batch=size)
                passes += 1
        except torch.OutOfMemoryError:
            break
        rates[str(size)] = round(size * passes / (time.monotonic() - started), 2)
    return rates


def ways(bundle: str, device: str) -> dict[str, dict[str, float]]:
    """Return every way to run the model on a device, in turns.

    Returns:
        By name, `ms` of a fill at its own size, and by how many grey `levels` of 255 its pictures differ at
        most from those in single precision.
    """
    ways_to_record = (False, True) if torch.device(device).type == "cuda" else (False,)
    precisions: tuple[Precision, ...] = ("float32", "bfloat16")
    info = find_bundle(bundle)
    painters = {}
    for precision, recorded in itertools.product(precisions, ways_to_record):
        model, vocabulary = load_model(info, device)
        recorder = CudaGraphs() if recorded else None
        painter = Inpainter(prepare(model, device, precision), vocabulary, info, device, precision, recorder)
        painters[precision + (", recorded" if recorded else "")] = painter
    first = next(iter(painters.values()))
    picture, hole = own_context(first)
    drawn, taken = {}, {name: [] for name in painters}  # type: ignore[var-annotated]
    for turn in range(ROUNDS + 2):
        for name, painter in painters.items():
            seconds, _ = timed(lambda p=painter: p.fill_context(picture, hole, CAPTIONS[0]))  # type: ignore[misc]
            if turn >= 2:
                taken[name].append(seconds)
    for name, painter in painters.items():
        job = CompletionJob(painter.encode(picture, hole), CAPTIONS[0], variants_from_seed(2, 0))
        drawn[name] = np.stack(painter.pictures(job))
    reference = drawn["float32"]
    return {
        name: {
            "ms": round(statistics.median(taken[name]) * 1000, 2),
            "levels": round(float(np.abs(drawn[name] - reference).max()), 2),
        }
        for name in painters
    }


def own_context(inpainter: Inpainter) -> tuple[np.ndarray, np.ndarray]:
    """Return a context (side, side, 3) and its hole (side, side) that need no resizing."""
    picture, selection = make_context(inpainter.size, seeded(3))
    return picture, hole_of(selection)


def plain(inpainter: Inpainter) -> Inpainter:
    """Return the same model without recordings, in which operations cannot be counted."""
    return Inpainter(
        inpainter._model, inpainter.vocabulary, inpainter.bundle, inpainter.device, inpainter.precision
    )


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return seconds, by the clock and of this process's processors."""
    started, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - used
