"""`nigdt bench serve`: what a fill costs through the daemon, beside the bare model and the arithmetic."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from nigdt.context.blend import hole_of
from nigdt.runtime.threads import keep_openmp_calm
from nigdt_backend.bench.load import (
    CAPTIONS,
    make_context,
    make_request,
    own_daemon,
    seeded,
    stop_daemon,
    wait_until_ready,
)
from nigdt_backend.client import Client
from nigdt_backend.daemon.memory import keep_freed_memory

CLIENTS = 8
COLD_STARTS = 3
PAPER_SIZE = "paper-size"

Figures = dict[str, Any]


def _goals(figures: Figures, paper_size: bool) -> dict[str, tuple[str, bool]]:
    """List the goals of the figures, and whether they are met."""
    on_cpu = figures["device"] == "cpu"
    goals = {
        "overhead_ms": ("5, or 5 %", figures["overhead_ms"] <= max(5.0, 0.05 * figures["bare_model_ms"])),
        "new_caption_of_first_fill": ("0.6", figures["new_caption_of_first_fill"] <= 0.6),
        "eight_clients_fills_s": (
            "one client's",
            figures["eight_clients_fills_s"] >= figures["one_client_fills_s"],
        ),
        "least_client_share": ("0.5", figures["least_client_share"] >= 0.5),
    }
    if on_cpu:
        goals["cold_start_s"] = ("5", statistics.median(figures["cold_start_s"]) <= 5.0)
    fill = figures["bare_fill_at_model_size_ms"]
    if not paper_size:
        goals["bare_fill_at_model_size_ms"] = ("80", fill <= 80.0)
    elif on_cpu:
        goals["bare_fill_of_floor"] = ("1.25", figures["bare_fill_of_floor"] <= 1.25)
    else:
        goals["bare_fill_at_model_size_ms"] = ("5 on an H100", fill <= 5.0)
    return goals


@click.command()
@click.option("--fills", default=30, show_default=True, type=click.IntRange(5), help="Fills per figure.")
@click.option("--paper-size", is_flag=True, help="Measure the paper's size at 256 px, with random weights.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def serve(fills: int, paper_size: bool, as_json: bool) -> None:
    """Measure fills through a daemon of its own: latency, overhead, cache, throughput, cold start.

    Then the model by itself: how close it comes to the limit that its arithmetic sets, fills per second by
    batch size, and every way to run it on the device. The bare model and the daemon run in turns, so that the
    ratios hold on a busy machine; absolute times do not.

    Example: nigdt bench serve --paper-size
    """
    # As the daemon does, for the bare model here.
    keep_openmp_calm()
    keep_freed_memory()
    with _paper_size() if paper_size else contextlib.nullcontext():
        figures = _measure(fills, min(10.0, fills / 3), PAPER_SIZE if paper_size else "default")
    goals = _goals(figures, paper_size)
    if as_json:
        figures["missed"] = [name for name, (_, met) in goals.items() if not met]
        click.echo(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        goal, met = goals.get(name, ("", True))
        told = f"goal {goal}{'' if met else ', MISSED'}" if goal else ""
        click.echo(f"{name:<38} {value!s:<24} {told}".rstrip())


@contextlib.contextmanager
def _paper_size() -> Iterator[None]:
    """Let the user's bundles be nothing but a model of the paper's size."""
    from nigdt_backend.bench.bare import save_paper_size

    before = os.environ.get("NIGDT_DATA_DIR")
    with tempfile.TemporaryDirectory(prefix="nigdt-bench-") as folder:
        os.environ["NIGDT_DATA_DIR"] = folder
        save_paper_size(Path(folder) / "bundles" / PAPER_SIZE)
        try:
            yield
        finally:
            if before is None:
                del os.environ["NIGDT_DATA_DIR"]
            else:
                os.environ["NIGDT_DATA_DIR"] = before


def _measure(fills: int, seconds: float, bundle: str) -> Figures:
    figures: Figures = {"cpus": os.cpu_count(), "load_before": round(os.getloadavg()[0], 1), "bundle": bundle}
    with own_daemon({"preload": bundle}):
        figures["cold_start_s"] = _cold_starts(bundle)
        with Client.connect(timeout=60.0) as client:
            wait_until_ready(client)
            status = client.status()
            figures |= {name: status[name] for name in ("device", "precision", "notices")}
            figures |= _latencies(client, fills, bundle)
            figures["one_client_fills_s"], _ = _throughput(1, seconds, bundle)
            before = client.status()["jobs"]
            figures["eight_clients_fills_s"], shares = _throughput(CLIENTS, seconds, bundle)
            after = client.status()
            figures["least_client_share"] = round(min(shares) * CLIENTS / max(1, sum(shares)), 2)
            figures["eight_clients_fills_per_batch"] = round(
                (after["jobs"]["fills"] - before["fills"])
                / max(1, after["jobs"]["batches"] - before["batches"]),
                2,
            )
            figures["memory_mib"] = after["memory_mib"]
    figures |= _bare(bundle, figures["device"], figures["precision"])
    figures["load_after"] = round(os.getloadavg()[0], 1)
    return figures


def _bare(bundle: str, device: str, precision: Any) -> Figures:
    """Measure the bare model, after the daemon has ended, so that it has the device to itself."""
    from nigdt.inpainter import Inpainter
    from nigdt_backend.bench import bare

    inpainter = Inpainter.from_bundle(bundle, device=device, precision=precision)
    figures = bare.floor(inpainter)
    figures["fills_s_by_batch"] = bare.curve(inpainter)
    figures["ways"] = bare.ways(bundle, device)
    return figures


def _cold_starts(bundle: str) -> list[float]:
    """Time a few times how long it takes from no daemon to the end of the first fill, in seconds."""
    picture, selection = make_context(256, seeded(1))
    taken = []
    for _ in range(COLD_STARTS):
        request = make_request(picture, selection, CAPTIONS[0], bundle=bundle)
        started = time.monotonic()
        with Client.connect(timeout=60.0) as client:
            client.fill(request)
            taken.append(round(time.monotonic() - started, 2))
        stop_daemon()
    return taken


def _median_ms(samples: list[float]) -> float:
    return round(statistics.median(samples) * 1000, 1)


def _latencies(client: Client, fills: int, bundle: str) -> dict[str, Any]:
    """Time a first fill and a new caption through the daemon, in turns with the bare model."""
    from nigdt.inpainter import CompletionJob, Inpainter
    from nigdt.recipe import Variant
    from nigdt_backend.bench.bare import use_threads

    status = client.status()
    inpainter = Inpainter.from_bundle(bundle, device=status["device"], precision=status["precision"])
    use_threads(inpainter)
    side = 512
    numbers = seeded(2)
    first, new_caption, bare_first, bare_caption = [], [], [], []
    for turn in range(fills + 2):
        picture, selection = make_context(side, numbers)
        captions = seeded(turn).sample(CAPTIONS, 2)
        taken: list[float] = []
        for caption in captions:
            request = make_request(picture, selection, caption, bundle=bundle)
            taken.append(_timed(partial(client.fill, request)))
        started = time.monotonic()
        context = inpainter.surrounded(inpainter.located(inpainter.encode(picture, hole_of(selection))))
        inpainter.complete([CompletionJob(context, captions[0], [Variant()])])
        middle = time.monotonic()
        inpainter.complete([CompletionJob(context, captions[1], [Variant()])])
        if turn >= 2:  # the first two warm caches and clocks up
            first.append(taken[0])
            new_caption.append(taken[1])
            bare_first.append(middle - started)
            bare_caption.append(time.monotonic() - middle)
    overhead = [daemon - bare for daemon, bare in zip(first, bare_first, strict=True)]
    return {
        "context_px": side,
        "model_px": inpainter.size,
        "first_fill_ms": _median_ms(first),
        "first_fill_p95_ms": round(float(np.quantile(first, 0.95)) * 1000, 1),
        "bare_model_ms": _median_ms(bare_first),
        "overhead_ms": _median_ms(overhead),
        "overhead_share": round(statistics.median(overhead) / statistics.median(bare_first), 3),
        "new_caption_ms": _median_ms(new_caption),
        "new_caption_of_first_fill": round(statistics.median(new_caption) / statistics.median(first), 3),
        "bare_new_caption_ms": _median_ms(bare_caption),
        "bare_new_caption_of_first_fill": round(
            statistics.median(bare_caption) / statistics.median(bare_first), 3
        ),
    }


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _throughput(clients: int, seconds: float, bundle: str) -> tuple[float, list[int]]:
    """Measure fills per second of some clients that each always have one job, and the fills of each."""
    counts = [0] * clients
    failures: list[BaseException] = []
    start = threading.Barrier(clients + 1)

    def work(number: int) -> None:
        numbers = seeded(number)
        try:
            with Client.connect(start=False) as client:
                start.wait()
                while time.monotonic() < deadline[0]:
                    picture, selection = make_context(256, numbers)
                    request = make_request(picture, selection, numbers.choice(CAPTIONS), bundle=bundle)
                    client.fill(request)
                    counts[number] += 1
        except BaseException as error:
            failures.append(error)
            start.abort()

    deadline = [float("inf")]
    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    deadline[0] = time.monotonic() + seconds + 0.2
    start.wait()
    started = time.monotonic()
    deadline[0] = started + seconds
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return round(sum(counts) / (time.monotonic() - started), 2), counts
