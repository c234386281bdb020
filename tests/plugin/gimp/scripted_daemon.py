"""A daemon that does what a test tells it: for what a healthy one does not do on demand.

It speaks the real protocol over a real CURVE socket; only the model is missing. Fills are of one colour, so
that a test can tell to the byte where they went.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import zmq
from nigdt_backend.connection import Connection, write_connection
from nigdt_backend.protocol import FillRequest, decode, encode

from nigdt.context.context import prepared
from nigdt.text import tokenise

COLOURS = [(0, 255, 0), (0, 0, 255), (255, 0, 0), (255, 255, 0)]
EARLY = (255, 0, 255)
"""Colour of an early state."""
MODEL_SIZE = 64
WORDS = ["a", "bird", "birch", "on", "red", "branch"]


class ScriptedDaemon:
    """Answers `status` and `models`; what it does with a fill is `behaviour`, given the client's routing id.

    Attributes:
        requests: the fills that came in.
        notices: what it says at the end of each fill.
        strange: words that it does not know.
        models: names of its models, the default one first.
        cancelled: ids of the jobs that a client cancelled.
        arrived: set when a fill came in.
        gone_on: what a behaviour may wait for, so that a test can hold a fill for as long as it wants.
    """

    def __init__(
        self, state: Path, behaviour: Callable[[ScriptedDaemon, bytes, FillRequest], None] | None = None
    ):
        self.behaviour = behaviour or ScriptedDaemon.answer
        self.requests: list[FillRequest] = []
        self.cancelled: list[str] = []
        self.notices: list[str] = []
        self.strange: list[str] = []
        self.models = ["plain"]
        self.arrived, self.gone_on, self.gone = threading.Event(), threading.Event(), threading.Event()
        self._file = state / "connection.json"
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        server_public, server_secret = zmq.curve_keypair()
        client_public, client_secret = zmq.curve_keypair()
        self._socket.curve_secretkey, self._socket.curve_publickey = server_secret, server_public
        self._socket.curve_server = True
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        keys = [key.decode() for key in (server_public, client_public, client_secret)]
        write_connection(Connection(f"tcp://127.0.0.1:{port}", *keys, pid=1), self._file)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> ScriptedDaemon:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self.gone_on.set()
        self._thread.join()
        self._file.unlink(missing_ok=True)

    def die(self) -> None:
        """End at once, as if killed: the connection breaks and nobody listens any more."""
        self._ending.set()

    def _serve(self) -> None:
        waiting: list[tuple[bytes, FillRequest]] = []
        while not self._ending.is_set():
            if waiting and self.gone_on.is_set():
                for client, request in waiting:
                    ScriptedDaemon.answer(self, client, request)
                waiting.clear()
            if not self._socket.poll(20):
                continue
            client, *frames = self._socket.recv_multipart()
            header, pixels = decode(frames)
            kind = header["kind"]
            if kind == "status":
                self.send(client, {"kind": "status", "request": header["request"], "status": {}})
            elif kind == "models":
                words = {"words": WORDS} if header["words"] else {}
                models = [
                    {"name": name, "title": f"{name.title()} colours", "size_px": MODEL_SIZE, **words}
                    for name in self.models
                ]
                models[0]["default"] = True
                self.send(client, {"kind": "models", "request": header["request"], "models": models})
            elif kind == "cancel":
                self.cancelled.append(header["job"])
                waiting = [(who, request) for who, request in waiting if request.job != header["job"]]
                self.fail(client, header["job"], "cancelled")
            elif kind == "fill":
                request = FillRequest.from_wire(header, pixels)
                self.requests.append(request)
                if self.behaviour is ScriptedDaemon.hold:
                    waiting.append((client, request))
                    self.progress(client, request, "completing")
                    if request.previews and request.recipe.effective_mode == "remove":
                        self.paint(client, request, "preview", 0, EARLY)
                else:
                    self.behaviour(self, client, request)
                self.arrived.set()
        self._socket.close(linger=0)
        self._context.term()

    def send(self, client: bytes, header: dict[str, Any], *frames: bytes) -> None:
        """Send one message to a client."""
        self._socket.send_multipart([client, *encode(header, frames)])

    def progress(self, client: bytes, request: FillRequest, stage: str) -> None:
        """Say what is being done."""
        self.send(client, {"kind": "progress", "job": request.job, "stage": stage})

    def fail(self, client: bytes, job: str, code: str, **more: Any) -> None:
        """Report an error."""
        self.send(client, {"kind": "error", "job": job, "code": code, "message": f"told to: {code}", **more})

    def answer(self, client: bytes, request: FillRequest) -> None:
        """Fill with one colour a variant."""
        self.send(client, {"kind": "accepted", "job": request.job})
        self.progress(client, request, "completing")
        for index in range(len(request.variants)):
            self.paint(client, request, "fill", index, COLOURS[index % len(COLOURS)])
        self.send(client, {"kind": "done", "job": request.job, "seconds": {}, "notices": self.notices})

    def paint(
        self, client: bytes, request: FillRequest, kind: str, index: int, colour: tuple[int, int, int]
    ) -> None:
        """Send a `fill` or a `preview` of one colour."""
        pixels = bytes(colour) * (request.width * request.height)
        recipe = replace(request.recipe.with_variant(request.variants[index]), bundle="plain", digest="1")
        header = {"kind": kind, "job": request.job, "index": index, "recipe": recipe.to_dict()}
        header["unknown_words"] = [word for word in tokenise(recipe.caption) if word in self.strange]
        size = {"width": request.width, "height": request.height, "placed": True}
        mask = np.frombuffer(request.mask, np.uint8).reshape(request.height, request.width)
        weight = np.ascontiguousarray(prepared(mask, request.recipe))
        self.send(client, {**header, **size}, pixels, weight.tobytes())

    def hold(self, client: bytes, request: FillRequest) -> None:
        """Answer only once `gone_on` is set; of a removal send an early state (see `_serve`)."""
