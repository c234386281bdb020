"""Messages that no client would send, from someone who holds the key: structured ones and mutated ones."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from nigdt_backend.client import Client, DaemonError
from nigdt_backend.daemon.request_handler import REQUESTS
from nigdt_backend.protocol import TAG, FillRequest
from nigdt_backend.transport import ClientSocket, ConnectionLost

KEYS = (
    *("job", "request", "bundle", "width", "height", "channels", "recipe", "variants", "live", "result"),
    *("attention", "effects", "seed", "base", "spread", "caption", "mode", "grow", "widen"),
)
TEXTS = (
    *("", "\ud800", "a\udcffb", "\x00", "\x1b]0;x\x07", "../../etc/passwd", "%s%n", "{0.__class__}"),
    *("default", "remove", "recolour", "a red bird", "a" * 1001, "\u202e", "\ufffe", "é" * 9, "-1", "nan"),
)
NUMBERS = (
    *("0", "-0", "-1", "1", "3", "8", "16", "1.5", "1e308", "1e400", "-1e999", "1E-400", "NaN", "-Infinity"),
    *("9" * 19, "9" * 21, "9" * 4400, str(2**31), str(2**63), str(-(2**64)), "0.1e1", "1" + "0" * 400),
)
CONNECTION_MESSAGES = 150
"""So many go over one connection: below the burst that the daemon allows one."""


@dataclass
class Raw:
    """A number as it is written, whatever Python makes of it."""

    text: str


def dumps(value: object) -> str:
    """JSON in which `Raw` numbers stand as they are; lone surrogates are escaped."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{dumps(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dumps, value)) + "]"
    return json.dumps(value)


class Hostile:
    """Draws messages from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def value(self, depth: int = 0) -> object:
        """Anything JSON can say, and some that it cannot."""
        pick = self._random.randrange(12 if depth < 3 else 8)
        if pick < 3:
            return self._random.choice(TEXTS)
        if pick < 6:
            return Raw(self._random.choice(NUMBERS))
        if pick < 8:
            return self._random.choice([None, True, False])
        if pick < 10:
            return [self.value(depth + 1) for _ in range(self._random.randrange(4))]
        return {
            self._random.choice(KEYS + TEXTS): self.value(depth + 1) for _ in range(self._random.randrange(4))
        }

    def _fill(self) -> list[bytes]:
        """A fill that is in order but for one thing, or in no thing."""
        side = self._random.choice([1, 8, 16])
        header: dict[str, object] = {
            "kind": "fill",
            "job": f"h{self._random.randrange(10**9)}",
            "width": side,
            "height": side,
            "recipe": {"caption": "x", "mode": self._random.choice(["describe", "remove", "recolour"])},
            "result": self._random.choice(["raw", "placed"]),
        }
        if self._random.random() < 0.8:
            where = header if self._random.random() < 0.6 else header["recipe"]
            assert isinstance(where, dict)
            where[self._random.choice(KEYS)] = self.value()
        return [TAG, dumps(header).encode(), bytes(side * side * 3), b"\xff" * (side * side)]

    def _structured(self) -> list[bytes]:
        kind: object = self._random.choice([name for name in REQUESTS if name != "shutdown"])
        if self._random.random() < 0.4:
            kind = self.value()
        header = {"kind": kind}
        for _ in range(self._random.randrange(5)):
            header[self._random.choice(KEYS)] = self.value()
        frames = [self._random.randbytes(self._random.choice([0, 1, 64, 192]))] * self._random.randrange(4)
        return [TAG, dumps(header).encode(), *frames]

    def _deep(self) -> list[bytes]:
        many = self._random.choice([20, 500, 5000])
        opening, closing = self._random.choice([("[", "]"), ('{"kind":', "}")])
        inner = opening * many + "0" + closing * many
        key = self._random.choice(["kind", "job", "recipe", "variants", "other"])
        return [TAG, f'{{"kind":"status","{key}":{inner}}}'.encode()[:16_000]]

    def message(self) -> list[bytes]:
        """One message: some are in order, most are not."""
        frames = self._random.choice([self._fill, self._structured, self._structured, self._deep])()
        change = self._random.randrange(8)
        if change == 0:  # bytes are flipped, cut out or added
            place = self._random.randrange(len(frames))
            frame = bytearray(frames[place])
            for _ in range(self._random.randrange(1, 6)):
                at = self._random.randrange(len(frame) + 1)
                frame[at : at + self._random.randrange(3)] = self._random.randbytes(self._random.randrange(3))
            frames[place] = bytes(frame)
        elif change == 1:  # frames are lost, doubled or swapped
            self._random.shuffle(frames)
            frames = frames[: self._random.randrange(1, len(frames) + 1)] + frames[:1]
        elif change == 2:
            frames = [self._random.randbytes(self._random.randrange(40)) for _ in range(3)]
        return frames


def pour(client: Client, count: int, seed: int) -> int:
    """Send so many messages, over fresh connections; how many left."""
    hostile, sent = Hostile(seed), 0
    while sent < count:
        socket = ClientSocket(client.connection)
        try:
            for _ in range(min(CONNECTION_MESSAGES, count - sent)):
                socket.send(hostile.message())
                sent += 1
            _wait_until_read(socket)
        except ConnectionLost:
            continue  # cut off: the next goes over another connection
        finally:
            socket.close()
    return sent


def _wait_until_read(socket: ClientSocket) -> None:
    """Wait until the daemon has answered what was sent last, so that nothing is thrown away unread."""
    socket.send([TAG, b'{"kind":"status","request":"last"}'])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for message in socket.receive(0.2):
            if len(message) > 1 and b'"request":"last"' in message[1]:
                return


@dataclass
class Bystander:
    """A client that goes on with its small fills, whatever others send.

    Attributes:
        request: makes its next fill.
        seconds: how long each fill took.
        failures: what it was told instead of a fill.
    """

    request: Callable[[], FillRequest]
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Bystander:
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join()

    def _work(self) -> None:
        with Client.connect(start=False) as client:
            while not self._stop.is_set() and len(self.failures) < 5:
                started = time.monotonic()
                try:
                    client.fill(self.request())
                    self.seconds.append(time.monotonic() - started)
                except DaemonError as error:
                    self.failures.append(f"{error.code}: {error.message}")


def lone_surrogates() -> Iterator[bytes]:
    """Headers with a lone surrogate wherever a text may stand."""
    for text in ("\ud800", "x\udfff", "\udc00\ud800"):
        yield dumps({"kind": text}).encode()
        yield dumps({"kind": "status", "request": text}).encode()
        yield dumps({"kind": "cancel", "job": text}).encode()
        yield dumps({"kind": "load", "bundle": text}).encode()
        yield dumps({"kind": "status", text: 1}).encode()
        yield dumps({"kind": "fill", "job": "a", "recipe": {text: text}}).encode()
