"""`nigdt bench serve`: what a fill costs through the daemon, beside the bare model and the arithmetic."""

from __future__ import annotations

import json
import os
import statistics
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import click
import numpy as np

from nigdt.compositing import hole_and_weight
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

CLIENTS = 8
COLD_STARTS = 3


@click.command()
@click.option("--fills", default=30, show_default=True, type=click.IntRange(5), help="Fills per figure.")
@click.option("--seconds", default=10.0, show_default=True, type=float, help="Length of the throughput runs.")
@click.option("--bundle", default="default", show_default=True, help="Model bundle to measure.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def serve(fills: int, seconds: float, bundle: str, as_json: bool) -> None:
    """Measure fills through a daemon of its own: latency, overhead, cache, throughput, cold start.

    The bare model runs in turns with the daemon in the same minutes, so that the ratios hold on a busy
    machine; absolute times do not.

    Example: nigdt bench serve --json
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the daemon does, for the bare model here
    figures: dict[str, Any] = {"cpus": os.cpu_count(), "load_before": os.getloadavg()[0], "bundle": bundle}
    with own_daemon({"preload": bundle}):
        figures["cold_start_s"] = _cold_starts(bundle)
        with Client.connect() as client:
            wait_until_ready(client)
            figures["device"] = client.status()["device"]
            figures |= _latencies(client, fills, bundle)
            figures["one_client_fills_s"], _ = _throughput(1, seconds, bundle)
            figures["eight_clients_fills_s"], shares = _throughput(CLIENTS, seconds, bundle)
            figures["least_client_share"] = round(min(shares) * CLIENTS / max(1, sum(shares)), 2)
            figures["memory_mib"] = client.status()["memory_mib"]
    figures["load_after"] = os.getloadavg()[0]
    if as_json:
        click.echo(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        click.echo(f"{name:<28} {value}")


def _cold_starts(bundle: str) -> list[float]:
    """Seconds from no daemon to the first fill's end, a few times."""
    picture, selection = make_context(256, seeded(1))
    taken = []
    for _ in range(COLD_STARTS):
        request = make_request(picture, selection, CAPTIONS[0])
        request.bundle = bundle
        started = time.monotonic()
        with Client.connect(timeout=60.0) as client:
            client.fill(request)
            taken.append(round(time.monotonic() - started, 2))
        stop_daemon()
    return taken


def _median_ms(samples: list[float]) -> float:
    return round(statistics.median(samples) * 1000, 1)


def _latencies(client: Client, fills: int, bundle: str) -> dict[str, Any]:
    """First fill and new caption through the daemon, in turns with the same work by the bare model."""
    from nigdt.inpainter import CompletionJob, Inpainter
    from nigdt.variants import Variant

    inpainter = Inpainter.from_bundle(bundle, device=client.status()["device"])
    side = 512
    numbers = seeded(2)
    first, new_caption, bare_first, bare_caption = [], [], [], []
    for turn in range(fills + 2):
        picture, selection = make_context(side, numbers)
        captions = seeded(turn).sample(CAPTIONS, 2)
        taken: list[float] = []
        for caption in captions:
            request = make_request(picture, selection, caption)
            request.bundle = bundle
            taken.append(_timed(partial(client.fill, request)))
        started = time.monotonic()
        hole, _ = hole_and_weight(selection)
        context = inpainter.encode(picture, hole)
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
        **_floor(inpainter),
    }


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _floor(inpainter: Any) -> dict[str, Any]:
    """Floating-point operations of one fill over the matrix-product rate of this minute."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    picture, selection = make_context(inpainter.size, seeded(3))
    hole, _ = hole_and_weight(selection)
    with FlopCounterMode(display=False) as counter:
        inpainter.fill_context(picture, hole, CAPTIONS[0])
    operations = counter.get_total_flops()
    side = 1024
    left = torch.randn(side, side, device=inpainter.device)
    rates, taken = [], []
    for _ in range(12):
        started = time.monotonic()
        product = left @ left
        product.sum().item()  # waits for an accelerator
        rates.append(2 * side**3 / (time.monotonic() - started))
        taken.append(_timed(lambda: inpainter.fill_context(picture, hole, CAPTIONS[0])))
    floor = operations / statistics.median(rates)
    fill = statistics.median(taken)
    return {
        "gflop_per_fill": round(operations / 1e9, 2),
        "matrix_gflop_s": round(statistics.median(rates) / 1e9, 1),
        "floor_ms": round(floor * 1000, 1),
        "bare_fill_at_model_size_ms": round(fill * 1000, 1),
        "bare_fill_of_floor": round(fill / floor, 2),
    }


def _throughput(clients: int, seconds: float, bundle: str) -> tuple[float, list[int]]:
    """Fills per second of so many clients that each always have one job, and the fills of each."""
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
                    request = make_request(picture, selection, numbers.choice(CAPTIONS))
                    request.bundle = bundle
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
