"""`nigdt bench users`: how long many users wait for a fill, simulated from the time that one takes."""

from __future__ import annotations

import heapq
import random
import statistics
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Waits:
    """What users see.

    Attributes:
        fills: Fills counted.
        median: Seconds from asking to the fill, of half of them at most.
        p95: The same of 95 %.
        p99: The same of 99 %.
        busy: Fraction of the time that a daemon works, the mean over the daemons.
        per_second: Fills per second of all daemons together.
    """

    fills: int
    median: float
    p95: float
    p99: float
    busy: float
    per_second: float


@click.command()
@click.argument("number", metavar="USERS", type=click.IntRange(1))
@click.argument("daemons", type=click.IntRange(1))
@click.argument("fill", metavar="SECONDS", type=click.FloatRange(0, min_open=True))
@click.argument("think", default=20.0, type=click.FloatRange(0))
def users(number: int, daemons: int, fill: float, think: float) -> None:
    """Simulate how long users wait for a fill when many share a few daemons.

    USERS share DAEMONS behind one address, whose fills take SECONDS. They think for exponentially
    distributed times, THINK seconds on average (20), ask their daemon, wait, and think again. `nigdt bench
    serve` measures what a fill takes.

    Example: nigdt bench users 1000 2 0.04
    """
    found = simulate(number, daemons, fill, think)
    click.echo(
        f"{number} users, {daemons} {'daemon' if daemons == 1 else 'daemons'}: "
        f"{found.per_second:.1f} fills a second, daemons busy {found.busy:.0%}; a fill comes after "
        f"{found.median:.2f} s (half of them), {found.p95:.2f} s (95 %), {found.p99:.2f} s (99 %)"
    )


def simulate(
    number: int, daemons: int, fill: float, think: float, *, hours: float = 1.0, seed: int = 0
) -> Waits:
    """Run users and daemons for so many simulated hours; the first tenth is not counted.

    A closed system: nobody asks while waiting. Each user has a daemon, which serves in the order of asking.

    Args:
        number: Users.
        daemons: Daemons, to which users are dealt out evenly.
        fill: Seconds a daemon works on one fill.
        think: Mean of a user's pauses, s.
        hours: Simulated time.
        seed: Of the pauses.
    """
    draw = random.Random(seed)  # noqa: S311 (nothing secret)

    def pause() -> float:
        return draw.expovariate(1 / think) if think else 0.0

    asks = [(pause(), user) for user in range(number)]
    heapq.heapify(asks)
    free, worked = [0.0] * daemons, 0.0
    end, first = 3600 * hours, 360 * hours
    waits = []
    while asks[0][0] < end:
        asked, user = heapq.heappop(asks)
        daemon = user % daemons
        free[daemon] = done = max(asked, free[daemon]) + fill
        if asked >= first:
            waits.append(done - asked)
            worked += fill
        heapq.heappush(asks, (done + pause(), user))
    parts = statistics.quantiles(waits, n=100)
    counted = end - first
    return Waits(
        len(waits), parts[49], parts[94], parts[98], worked / counted / daemons, len(waits) / counted
    )


if __name__ == "__main__":
    users()
