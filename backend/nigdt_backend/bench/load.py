"""A daemon of one's own to measure, and work to give it."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from nigdt.context import Box, Context
from nigdt.recipe import Recipe, Variant
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.connection import FileLock
from nigdt_backend.protocol import FillRequest

CAPTIONS = (
    "a bird with a red belly",
    "a small brown dog",
    "blue sky",
    "green grass and yellow flowers",
    "a white wall",
    "a black cat on a chair",
)


@contextlib.contextmanager
def own_daemon(settings: Mapping[str, object] | None = None) -> Iterator[None]:
    """Give a daemon folders apart from the user's, where clients made inside find it; stop it at the end."""
    names = ("NIGDT_STATE_DIR", "NIGDT_CONFIG_DIR", "NIGDT_CONNECTION")
    before = {name: os.environ.get(name) for name in names}
    with tempfile.TemporaryDirectory(prefix="nigdt-bench-") as folder:
        os.environ["NIGDT_STATE_DIR"] = str(Path(folder) / "state")
        os.environ["NIGDT_CONFIG_DIR"] = folder
        os.environ.pop("NIGDT_CONNECTION", None)
        lines = "".join(f"{key}: {value}\n" for key, value in (settings or {}).items())
        paths.settings_path().write_text(lines, encoding="utf-8")
        try:
            yield
        finally:
            stop_daemon()
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def stop_daemon() -> None:
    """Stop the daemon, if one runs, and wait until it is gone."""
    with contextlib.suppress(DaemonError), Client.connect(start=False, timeout=3.0) as client:
        client.shutdown()
    lock = FileLock(paths.lock_path())
    deadline = time.monotonic() + 20.0
    while paths.state_dir().exists() and not lock.acquire():
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)
    lock.release()


def seeded(seed: int) -> random.Random:
    """Return random numbers that are the same in every run."""
    return random.Random(seed)  # noqa: S311 - nothing secret depends on them


def make_context(side: int, random_numbers: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Return a smooth random picture (side, side, 3) and a rectangular selection (side, side), both uint8."""
    generator = np.random.default_rng(random_numbers.getrandbits(32))
    coarse = generator.integers(0, 256, (6, 6, 3)).astype(np.uint8)
    picture = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    selection = np.zeros((side, side), np.uint8)
    left, top = (random_numbers.randrange(side // 8, side // 3) for _ in range(2))
    selection[top : top + side // 2, left : left + side // 2] = 255
    return picture, selection


def make_request(
    picture: np.ndarray,
    selection: np.ndarray,
    caption: str,
    variants: Sequence[Variant] = (Variant(),),
    bundle: str = "default",
) -> FillRequest:
    """Return the request for a context that is the whole picture."""
    height, width = selection.shape
    context = Context.within(Box(0, 0, width, height), picture, selection)
    return FillRequest.of(context, Recipe(caption, bundle=bundle), variants)


def wait_until_ready(client: Client, seconds: float = 120.0) -> None:
    """Wait until the daemon can fill; raises DaemonError when it cannot."""
    deadline = time.monotonic() + seconds
    while (status := client.status())["state"] == "starting" and time.monotonic() < deadline:
        time.sleep(0.02)
    failure = status["failure"]
    if failure:
        raise DaemonError(failure["code"], failure["message"], failure["hint"])
