"""The client's socket: one encrypted connection that says so when it breaks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

import zmq
from zmq.utils.monitor import recv_monitor_message

from nigdt_backend.connection import Connection
from nigdt_backend.protocol import CURVE_OVERHEAD, LIMITS, Frame


class ConnectionLost(Exception):  # noqa: N818 - an event of the transport, not a failure of the caller
    """The other side is gone, refused the key or was never there."""


_BROKEN = (
    zmq.EVENT_DISCONNECTED
    | zmq.EVENT_CLOSED
    | zmq.EVENT_CONNECT_RETRIED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)


# Switched off (-1), ZeroMQ throws away what had arrived and was not yet read when the connection breaks: the
# end of a job, say, that a daemon told before it ended.
_NEVER_MS = 2**30
_HANDLES = 10  # that a socket with its context and monitor opens, at most


def _check_handles() -> None:
    """Raise OSError where no more files can be opened: with too few, ZeroMQ ends the process."""
    held: list[int] = []
    try:
        held.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(_HANDLES))
    finally:
        for handle in held:
            os.close(handle)


class ClientSocket:
    """A DEALER with CURVE to one daemon; it never reconnects by itself, since a new daemon has new keys."""

    def __init__(self, connection: Connection) -> None:
        _check_handles()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        socket = self._socket
        socket.setsockopt(zmq.LINGER, 300)
        socket.setsockopt(zmq.RECONNECT_IVL, _NEVER_MS)
        socket.setsockopt(zmq.MAXMSGSIZE, LIMITS.frame_bytes + CURVE_OVERHEAD)
        socket.setsockopt(zmq.CURVE_SERVERKEY, connection.server_key.encode("ascii"))
        socket.setsockopt(zmq.CURVE_PUBLICKEY, connection.client_public.encode("ascii"))
        socket.setsockopt(zmq.CURVE_SECRETKEY, connection.client_secret.encode("ascii"))
        socket.setsockopt(zmq.IPV6, "[" in connection.endpoint)
        if connection.remote:
            socket.setsockopt(zmq.HEARTBEAT_IVL, 5_000)
            socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 20_000)
        self._monitor = socket.get_monitor_socket(_BROKEN)
        self._poller = zmq.Poller()
        self._poller.register(socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        self._broken = False
        try:
            socket.connect(connection.endpoint)
        except zmq.ZMQError:
            self._broken = True

    def send(self, frames: Sequence[Frame]) -> None:
        """Send one message; raises ConnectionLost when there is nobody to send it to."""
        self._drain_monitor()
        if self._broken:
            raise ConnectionLost
        try:
            self._socket.send_multipart(frames, flags=zmq.NOBLOCK, copy=False)
        except zmq.Again:
            self._broken = True
            raise ConnectionLost from None

    def receive(self, timeout: float) -> list[list[bytes]]:
        """Receive all messages that are in, waiting up to `timeout` seconds for the first.

        Raises:
            ConnectionLost: the connection broke and everything that came before has been read.
        """
        events = dict(self._poller.poll(int(timeout * 1000 + 0.5)))
        if self._monitor in events:
            self._drain_monitor()
        messages: list[list[bytes]] = []
        with contextlib.suppress(zmq.Again):
            while True:
                messages.append(self._socket.recv_multipart(zmq.NOBLOCK))
        if self._broken and not messages:
            raise ConnectionLost
        return messages

    def _drain_monitor(self) -> None:
        with contextlib.suppress(zmq.Again):
            while True:
                recv_monitor_message(self._monitor, zmq.NOBLOCK)
                self._broken = True

    def close(self) -> None:
        """Close, giving what was just sent (a cancel) a moment to leave."""
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close(linger=0 if self._broken else 300)
        self._context.term()
