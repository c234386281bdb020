"""Helpers of the panel's tests: a bundle, and a daemon that paints."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import yaml
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.connection import FileLock, read_connection
from painting_daemon import WORDS

from nigdt.config import ModelConfig
from tests.waiting import wait_until

PAINTER = [sys.executable, str(Path(__file__).with_name("painting_daemon.py"))]


def write_bundle(folder: Path, title: str, words: tuple[str, ...] = WORDS) -> None:
    """A bundle as far as the panel reads it: it never opens the weights."""
    folder.mkdir(parents=True)
    description = {
        "format": "nigdt-bundle",
        "version": 1,
        "title": title,
        "parameters": 1_000_000,
        "architecture": ModelConfig(size=128).to_dict(),
        "training": {"photos": 1200, "steps": 20000},
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(description))
    (folder / "vocabulary.json").write_text(json.dumps({"format": 1, "words": list(words)}))
    for name in ("model.safetensors", "recolour.safetensors", "SHA256SUMS"):
        (folder / name).write_bytes(b"")
    (folder / "README.md").write_text(f"# {title}\n\nDraws what it has seen.\n")


def stop_daemon(state: Path) -> None:
    """Stop the daemon of a state folder, and see that it is gone."""
    if not (state / "daemon.lock").exists():
        return
    file = state / "connection.json"
    with (
        contextlib.suppress(DaemonError),
        Client.connect(start=False, timeout=1.0, connection_file=file) as client,
    ):
        client.shutdown(timeout=2.0)
    lock = FileLock(state / "daemon.lock")
    if not wait_until(lock.acquire, 3.0):
        connection = read_connection(file)
        if connection is not None and connection.pid:
            os.kill(connection.pid, signal.SIGKILL)
        assert wait_until(lock.acquire), "a daemon outlived its test"
    lock.release()


def connect() -> Client:
    """A client whose daemon is the painter."""
    return Client.connect(command=PAINTER, timeout=40.0)
