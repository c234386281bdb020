"""`nigdt bench soak`: mixed load for minutes; no accepted job may be lost, memory must stay flat."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import statistics
import sys
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import click
import numpy as np

from nigdt import schema
from nigdt.commands.options import changes, read_changes
from nigdt.recipe import variants_from_seed
from nigdt.schema import Meta, Weight
from nigdt_backend.bench.load import (
    CAPTIONS,
    make_context,
    make_request,
    own_daemon,
    seeded,
    wait_until_ready,
)
from nigdt_backend.client import Client, DaemonError

WAIT_SECONDS = 120.0
"""A job of which nothing has been heard for so long counts as lost."""


@dataclass
class Outcomes:
    """What became of the jobs of all clients; guarded by `lock`."""

    ended: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Load:
    """What a daemon is put under.

    Attributes:
        clients: How many at once.
        side: Of the largest context, px.
        fills: Until so many were made, instead of by the clock; 0 is by the clock.
        pause: Mean seconds that a client rests between jobs.
        kill_every: Seconds after which the daemon is killed (kill -9), again and again; 0 is never.
    """

    clients: Annotated[int, Meta(ge=1, le=32)] = 4
    side: Annotated[int, Meta(ge=64, le=1024)] = 256
    fills: Annotated[int, Meta(ge=0)] = 0
    pause: Weight = 0.0
    kill_every: Weight = 0.0


@click.command()
@click.option("--minutes", default=5.0, show_default=True, type=float, help="How long.")
@changes("clients (4), side of the largest context (256), fills, pause, kill-every.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def soak(
    minutes: float,
    changes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Put a daemon of its own under fills, live typing, cancels, resends and vanishing clients for minutes.

    Exits with 1 if a job was lost or a fill was wrong.

    Example: nigdt bench soak --minutes 10 --set clients=8
    """
    load = schema.build(Load, read_changes(changes), "--set")
    fills, clients, kill_every, pause = load.fills, load.clients, load.kill_every, load.pause
    if fills and kill_every:
        raise click.UsageError(
            "A killed daemon forgets how many fills it made: leave out fills or kill-every."
        )
    tally = Outcomes()
    memory: list[tuple[int, float]] = [(0, 0.0)]
    # A small cache fills at once, so that what still grows would be a leak.
    settings = {"preload": "default", "context_cache_mib": 8}
    with own_daemon(settings), Client.connect(timeout=60.0) as watcher:
        wait_until_ready(watcher)
        started = time.monotonic()
        over = threading.Event()
        threads = [
            threading.Thread(target=_client, args=(number, over, load.side, tally, pause, kill_every > 0))
            for number in range(clients)
        ]
        for thread in threads:
            thread.start()
        kill_at = time.monotonic() + kill_every if kill_every else float("inf")
        kills = 0
        while any(thread.is_alive() for thread in threads):
            time.sleep(min(1.0, 2.0 * minutes))
            with contextlib.suppress(DaemonError):
                status = watcher.status()
                memory.append((status["jobs"]["fills"], status["memory_mib"] or 0.0))
            if memory[-1][0] >= fills if fills else time.monotonic() - started > 60.0 * minutes:
                over.set()
            if not over.is_set() and time.monotonic() > kill_at:
                kill_at = time.monotonic() + kill_every
                kills += _kill(watcher)
                memory[:] = [(0, 0.0)]  # a new process counts from the start
        status = watcher.status()
    figures = {
        "minutes": round((time.monotonic() - started) / 60.0, 1),
        "clients": clients,
        "fills": memory[-1][0],
        "jobs": dict(tally.ended),
        "lost": tally.lost,
        "wrong": len(tally.wrong),
        "kills": kills,
        "latency_ms": _latency(tally.seconds),
        "memory_mib_after_tenths": [memory[len(memory) * part // 10][1] for part in range(10)],
        "memory_mib": status["memory_mib"],
        "memory_mib_per_1000_fills": _slope(memory),
        "left_waiting_or_running": status["queue"]["waiting"] + status["queue"]["running"],
        "load": os.getloadavg()[0],
    }
    if as_json:
        click.echo(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            click.echo(f"{name:<26} {value}")
        for line in tally.wrong[:5]:
            click.echo(line, err=True)
    if tally.lost or tally.wrong:
        sys.exit(1)


def _kill(watcher: Client) -> int:
    connection = watcher.connection
    if connection is None or not connection.pid:
        return 0
    with contextlib.suppress(ProcessLookupError):
        os.kill(connection.pid, signal.SIGKILL)
    return 1


def _client(
    number: int,
    over: threading.Event,
    side: int,
    tally: Outcomes,
    pause: float,
    killing: bool,
) -> None:
    numbers = seeded(number)
    while not over.is_set():
        client = Client.connect(timeout=60.0)
        try:
            for _ in range(numbers.randrange(3, 20)):
                if over.is_set():
                    break
                numbers.choice((_one_fill, _one_fill, _typing, _cancelled, _resent))(
                    client, numbers, side, tally
                )
                over.wait(numbers.uniform(0.0, 2.0 * pause))
            if numbers.random() < 0.3 and not over.is_set():
                client.submit(_request(numbers, side))  # and gone: nobody's job any more
        except DaemonError as error:
            with tally.lock:
                if not (killing and error.code in ("lost", "silent", "not-running")):
                    tally.wrong.append(f"{error.code}: {error.message}")
        finally:
            client.close()


def _request(numbers: random.Random, side: int) -> Any:
    picture, selection = make_context(numbers.choice((side, side, side // 2 + 16)), numbers)
    variants = variants_from_seed(numbers.choice((1, 1, 1, 2, 4)), numbers.randrange(1000))
    request = make_request(picture, selection, numbers.choice(CAPTIONS), variants)
    request.result = numbers.choice(("raw", "placed"))
    request.attention = numbers.random() < 0.2
    return request


def _one_fill(client: Client, numbers: random.Random, side: int, tally: Outcomes) -> None:
    request = _request(numbers, side)
    started = time.monotonic()
    outcome = "done"
    try:
        result = client.fill(request)
    except DaemonError as error:
        if error.code != "busy":
            raise
        outcome = "busy"
        time.sleep(error.retry_after or 0.2)
    else:
        sizes = {len(fill.pixels) for fill in result.fills}
        if sizes != {request.width * request.height * 3} or len(result.fills) != len(request.variants):
            with tally.lock:
                tally.wrong.append(f"job {request.job} got {len(result.fills)} fills of {sizes} bytes")
    with tally.lock:
        tally.ended[outcome] += 1
        if outcome == "done":
            tally.seconds.append(time.monotonic() - started)


def _resent(client: Client, numbers: random.Random, side: int, tally: Outcomes) -> None:
    request = _request(numbers, side)
    try:
        first = client.fill(request)
        again = client.fill(request)
    except DaemonError as error:
        if error.code != "busy":
            raise
        with tally.lock:
            tally.ended["busy"] += 1
        return
    with tally.lock:
        tally.ended["done"] += 1
        tally.ended["resent"] += 1
        if [fill.pixels for fill in first.fills] != [fill.pixels for fill in again.fills]:
            tally.wrong.append(f"job {request.job} was answered differently when sent again")


def _typing(client: Client, numbers: random.Random, side: int, tally: Outcomes) -> None:
    """Type a caption letter by letter; every request must end as done or superseded."""
    model = _request(numbers, side)
    caption = model.recipe.caption
    jobs = set()
    for length in range(2, len(caption), 3):
        request = make_request_like(model, caption[:length])
        jobs.add(client.submit(request))
        time.sleep(0.02)
    _collect(client, jobs, tally)


def make_request_like(model: Any, caption: str) -> Any:
    """Make a live request for the same context with another caption."""
    return replace(
        model, recipe=replace(model.recipe, caption=caption), live=True, result="raw", job=uuid.uuid4().hex
    )


def _cancelled(client: Client, numbers: random.Random, side: int, tally: Outcomes) -> None:
    job = client.submit(_request(numbers, side))
    time.sleep(numbers.choice((0.0, 0.01, 0.05, 0.2)))
    client.cancel(job)
    _collect(client, {job}, tally)


def _collect(client: Client, jobs: set[str], tally: Outcomes) -> None:
    quiet = time.monotonic()
    while jobs and time.monotonic() - quiet < WAIT_SECONDS:
        for event in client.events(0.2):
            quiet = time.monotonic()
            if event.kind in ("done", "error") and event.job in jobs:
                jobs.discard(event.job)
                with tally.lock:
                    tally.ended[str(event.data.get("code", "done"))] += 1
    with tally.lock:
        tally.lost += len(jobs)


def _latency(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    return {
        "p50": round(statistics.median(seconds) * 1000, 1),
        "p95": round(float(np.quantile(seconds, 0.95)) * 1000, 1),
        "max": round(max(seconds) * 1000, 1),
    }


def _slope(memory: list[tuple[int, float]]) -> float | None:
    """Return MiB per 1000 fills over the second half, after caches have filled."""
    half = memory[1 + len(memory) // 2 :]
    fills = np.array([entry[0] for entry in half], float)
    if len(half) < 4 or fills[-1] == fills[0]:
        return None
    slope = np.polyfit(fills, np.array([entry[1] for entry in half]), 1)[0]
    return round(float(slope) * 1000, 2)
