"""`nigdt status`: what the daemon is doing."""

from __future__ import annotations

import json
from typing import Any

import click

from nigdt_backend.client import Client
from nigdt_backend.connect import DaemonError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print every field as JSON.")
def status(as_json: bool) -> None:
    """Show the daemon's endpoint, process, device, bundles, queue and counters.

    Starts nothing; without a daemon it says so and exits with 1. As JSON, "state" is then the error's code.

    Example: nigdt status --json
    """
    try:
        with Client.connect(start=False, timeout=5.0) as client:
            answer = client.status()
    except DaemonError as error:
        if as_json:
            click.echo(
                json.dumps({"state": error.code, "message": error.message, "hint": error.hint}, indent=1)
            )
        raise
    try:
        click.echo(json.dumps(answer, indent=1) if as_json else _text(answer))
    except (KeyError, TypeError, ValueError) as error:
        raise DaemonError(
            "internal",
            f"The daemon's answer cannot be read: {error!r}.",
            "It is of another version: stop it with nigdt serve --stop; the next fill starts the right one.",
        ) from error


def _text(status: dict[str, Any]) -> str:
    queue, jobs, latency = status["queue"], status["jobs"], status["latency_ms"]
    lines = [
        ("state", f"{status['state']}, up {status['uptime']:.0f} s"),
        ("process", f"{status['pid']}, {status['memory_mib']} MiB, nigdt {status['version']}"),
        ("endpoint", status["endpoint"]),
        ("device", f"{status['device']}, {status['precision']}"),
        ("bundles", ", ".join(entry["name"] for entry in status["bundles"]) or "none loaded"),
        ("queue", f"{queue['waiting']} waiting (of {queue['capacity']}), {queue['running']} running"),
        ("jobs", ", ".join(f"{count} {name}" for name, count in jobs.items() if count) or "none yet"),
    ]
    if status.get("remote_endpoint"):
        lines.insert(3, ("remote", status["remote_endpoint"]))
    if latency["p50"] is not None:
        lines.append(("latency", f"{latency['p50']} ms median, {latency['p95']} ms for 95 of 100"))
    contexts = status["contexts"]
    lines.append(
        ("contexts", f"{contexts['held']} kept, {contexts['hits']} hits, {contexts['misses']} misses")
    )
    if status["failure"]:
        lines.append(("failure", f"{status['failure']['message']} {status['failure']['hint']}".rstrip()))
    lines += [("notice", notice) for notice in status["notices"]]
    return "\n".join(f"{name:<9} {value}" for name, value in lines)
