"""The daemon's sockets: who may talk, and how much at once. All that reads bytes from outside is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import zmq
from zmq.utils import z85

from nigdt_backend.daemon.scheduler import ClientKey
from nigdt_backend.protocol import CURVE_OVERHEAD, LIMITS, Frame

_ZAP_ADDRESS = "inproc://zeromq.zap.01"
LOCAL_USER = "local"
MAX_FRAMES = 2 + LIMITS.request_frames
_PICTURE_BYTES = 65_536
"""From this size on frames stay where they lie: ZeroMQ sends from our memory, and we read from its own."""
MESSAGES_AT_ONCE = 16
"""So many messages of a socket are handled, in 1 to 2 ms, before the loop looks after ready fills."""
_FRAMES_AT_ONCE = 5_000
"""Of a message with too many frames so many are thrown away before the loop looks after other things."""


@dataclass(frozen=True)
class KeyPair:
    """A CURVE key pair, Z85."""

    public: str
    secret: str

    @classmethod
    def new(cls) -> KeyPair:
        """Make one from the system's random numbers."""
        public, secret = zmq.curve_keypair()
        return cls(public.decode("ascii"), secret.decode("ascii"))


@dataclass(frozen=True)
class Incoming:
    """One message from an authenticated client; `frames` is None when it had too many."""

    client: ClientKey
    user: str
    frames: list[Frame] | None


class ServerSockets:
    """Bind the sockets and accept clients that hold a key.

    The local socket accepts one key, made anew at every start and written to the connection file. The remote
    one, if any, accepts the keys that were added for it.
    """

    def __init__(self) -> None:
        self.context = zmq.Context()
        self.local_server = KeyPair.new()
        self.local_client = KeyPair.new()
        self._accepted: dict[str, dict[bytes, str]] = {
            "local": {z85.decode(self.local_client.public): LOCAL_USER},
            "remote": {},
        }
        self._zap = self.context.socket(zmq.REP)
        self._zap.setsockopt(zmq.LINGER, 0)
        self._zap.bind(_ZAP_ADDRESS)
        self._routers: list[zmq.Socket[bytes]] = []
        self._unread: dict[ClientKey, list[tuple[zmq.MessageTracker, int]]] = {}
        self._overlong: dict[int, Incoming] = {}  # messages whose end has not been reached, by socket
        self.refused = 0

    @property
    def sockets(self) -> list[zmq.Socket[bytes]]:
        """What to poll for input."""
        return [self._zap, *self._routers]

    def bind_local(self) -> str:
        """Bind to a free port of the loopback interface; the endpoint."""
        router = self._router("local", self.local_server)
        router.bind("tcp://127.0.0.1:*")
        return router.getsockopt_string(zmq.LAST_ENDPOINT)

    def bind_remote(self, address: str, server: KeyPair, keys: Mapping[str, str]) -> str:
        """Bind to an address for other machines, with a lasting server key; the endpoint.

        Args:
            address: `tcp://ADDRESS:PORT`.
            server: the lasting key.
            keys: public key (Z85) of each client by name.
        """
        router = self._router("remote", server)
        router.setsockopt(zmq.IPV6, "[" in address)
        router.setsockopt(zmq.HEARTBEAT_IVL, 5_000)  # a laptop that went to sleep leaves no closed connection
        router.setsockopt(zmq.HEARTBEAT_TIMEOUT, 20_000)
        self.set_remote_keys(keys)
        router.bind(address)
        return router.getsockopt_string(zmq.LAST_ENDPOINT)

    def set_remote_keys(self, keys: Mapping[str, str]) -> None:
        """Replace the keys of remote clients, for present connections too."""
        self._accepted["remote"] = {
            z85.decode(public): f"remote:{name}:{public}" for name, public in keys.items()
        }

    def _router(self, domain: str, server: KeyPair) -> zmq.Socket[bytes]:
        router = self.context.socket(zmq.ROUTER)
        router.setsockopt(zmq.CURVE_SERVER, 1)
        router.setsockopt(zmq.CURVE_SECRETKEY, server.secret.encode("ascii"))
        router.setsockopt_string(zmq.ZAP_DOMAIN, domain)
        router.setsockopt(zmq.ROUTER_MANDATORY, 1)  # sending to a vanished client is an error we want to see
        router.setsockopt(zmq.MAXMSGSIZE, LIMITS.frame_bytes + CURVE_OVERHEAD)
        router.setsockopt(zmq.HANDSHAKE_IVL, 3_000)
        router.setsockopt(zmq.RCVHWM, 32)
        router.setsockopt(zmq.SNDHWM, 256)
        router.setsockopt(zmq.LINGER, 2000)
        self._routers.append(router)
        return router

    def answer_zap(self) -> None:
        """Decide about waiting connections (ZeroMQ RFC 27)."""
        while True:
            try:
                frames = self._zap.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(frames) < 6:
                self._zap.send_multipart([b"1.0", b"", b"500", b"malformed", b"", b""])
                continue
            _version, request_id, domain, _address, _identity, mechanism, *credentials = frames
            user = None
            if mechanism == b"CURVE" and len(credentials) == 1:
                user = self._accepted.get(domain.decode("utf-8", "replace"), {}).get(credentials[0])
            if user is None:
                self.refused += 1
                self._zap.send_multipart([b"1.0", request_id, b"400", b"unknown key", b"", b""])
            else:
                self._zap.send_multipart([b"1.0", request_id, b"200", b"OK", user.encode("utf-8"), b""])

    def receive(self, handle: Callable[[Incoming], None], most: int = MESSAGES_AT_ONCE) -> None:
        """Hand on the messages that have come in, at most `most` of each socket, so that the loop goes on."""
        for number in range(len(self._routers)):
            for _ in range(most):
                incoming = self._overlong.pop(number, None) or self._read(number)
                if incoming is None:
                    break
                if incoming.frames is None and not self._skip(number):
                    self._overlong[number] = incoming
                    break
                if self._accepts(incoming.user):
                    handle(incoming)
                else:  # its key was removed since it connected
                    self.refused += 1

    def _accepts(self, user: str) -> bool:
        return any(user in users.values() for users in self._accepted.values())

    def _read(self, number: int) -> Incoming | None:
        """Return the next message of a socket, as far as its frames are wanted; None when there is none."""
        router = self._routers[number]
        try:
            identity = router.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None
        frames: list[Frame] = []
        user = ""
        while len(frames) < MAX_FRAMES and router.getsockopt(zmq.RCVMORE):
            frame = router.recv(copy=False)
            if not frames:
                user = str(frame.get("User-Id"))
            frames.append(frame.buffer if len(frame) >= _PICTURE_BYTES else frame.bytes)
        too_many = bool(router.getsockopt(zmq.RCVMORE))
        return Incoming((number, identity), user, None if too_many else frames)

    def _skip(self, number: int) -> bool:
        """Throw frames of an overlong message away; whether its end was reached."""
        router = self._routers[number]
        for _ in range(_FRAMES_AT_ONCE):
            if not router.getsockopt(zmq.RCVMORE):
                return True
            router.recv()
        return False

    def send(self, client: ClientKey, frames: Sequence[Frame]) -> bool:
        """Send to a client; False when it is gone (or has long stopped reading)."""
        number, identity = client
        parts: list[Frame | zmq.Frame] = [identity, *frames]
        if any(len(frame) >= _PICTURE_BYTES for frame in frames) and not self._track(client, parts):
            return False
        try:
            self._routers[number].send_multipart(parts, flags=zmq.NOBLOCK, copy=False)
        except zmq.ZMQError as error:
            if error.errno in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                return False
            raise
        return True

    def _track(self, client: ClientKey, parts: list[Frame | zmq.Frame]) -> bool:
        """Have ZeroMQ tell when it no longer holds the pictures among `parts`; False if it holds too many."""
        for other, sent in list(self._unread.items()):
            self._unread[other] = [entry for entry in sent if not entry[0].done]
            if not self._unread[other]:
                del self._unread[other]
        held = self._unread.get(client, [])
        sizes = {place: len(part) for place, part in enumerate(parts) if len(part) >= _PICTURE_BYTES}
        if sum(size for _, size in held) + sum(sizes.values()) > LIMITS.unread_bytes:
            return False
        for place, size in sizes.items():
            frame = parts[place] = zmq.Frame(parts[place], track=True, copy=False)
            held.append((frame.tracker, size))
        self._unread[client] = held
        return True

    def close(self) -> None:
        """Close all sockets, giving last messages two seconds to leave."""
        for router in self._routers:
            router.close()
        self._zap.close()
        self.context.term()
