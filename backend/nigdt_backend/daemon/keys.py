"""Keys for clients on other machines: the daemon's lasting one, and the public ones that may connect."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zmq.utils import z85

from nigdt.limits import NAME
from nigdt_backend.connection import UnsafeFileError, read_private, write_private
from nigdt_backend.daemon.sockets import KeyPair

log = logging.getLogger(__name__)


class KeyRingError(Exception):
    """A key or name that cannot be used; one line."""


@dataclass
class KeyRing:
    """The file of keys, private to its owner.

    Attributes:
        path: where it lies.
        clients: public key (Z85) by name.
    """

    path: Path
    clients: dict[str, str] = field(default_factory=dict)
    _server: KeyPair | None = field(default=None, repr=False)

    @classmethod
    def read(cls, path: Path) -> KeyRing:
        """Read the ring; a missing file is an empty one.

        Raises:
            UnsafeFileError: others could have changed it, or it is damaged.
        """
        text = read_private(path)
        if text is None:
            return cls(path)
        try:
            data = json.loads(text)
            server = data.get("server")
            return cls(
                path,
                {str(name): check_public_key(key) for name, key in data["clients"].items()},
                KeyPair(check_public_key(server["public"]), check_public_key(server["secret"]))
                if server
                else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, KeyRingError):
            raise UnsafeFileError(f"{path} is damaged. Delete it and add the keys again.") from None

    def server_key(self) -> KeyPair:
        """Return the daemon's lasting key pair, made at first use."""
        if self._server is None:
            self._server = KeyPair.new()
            self.write()
        return self._server

    def check_name(self, name: str) -> None:
        """Raise KeyRingError when a name is malformed or taken."""
        if not re.fullmatch(NAME, name):
            raise KeyRingError(f"{name!r} cannot be a name; use only letters, digits, dots, '_' and '-'.")
        if name in self.clients:
            raise KeyRingError(f"There is already a key called {name}; remove it first.")

    def add(self, name: str, public: str) -> None:
        """Add a client's public key.

        Raises:
            KeyRingError: the name or the key is malformed, or the name is taken.
        """
        self.check_name(name)
        self.clients[name] = check_public_key(public)
        self.write()

    def remove(self, name: str) -> None:
        """Revoke a client's key.

        Raises:
            KeyRingError: there is no key of that name.
        """
        if name not in self.clients:
            raise KeyRingError(f"There is no key called {name}.")
        del self.clients[name]
        self.write()

    def write(self) -> None:
        """Write the file, atomically and private."""
        server = {"public": self._server.public, "secret": self._server.secret} if self._server else None
        write_private(self.path, json.dumps({"server": server, "clients": self.clients}, indent=1) + "\n")


def follow(path: Path, use: Callable[[Mapping[str, str]], None]) -> Callable[[], None]:
    """Return a function that, called now and then, hands on the ring's clients when its file has changed.

    Args:
        path: the ring's file.
        use: told the public key (Z85) of each client by name; the former ones while the file is damaged.
    """
    seen: object = object()

    def look() -> None:
        nonlocal seen
        try:
            status = path.stat()
            now: object = (status.st_ino, status.st_mtime_ns, status.st_size)
        except OSError:
            now = None
        if now == seen:
            return
        seen = now
        try:
            use(KeyRing.read(path).clients)
        except (UnsafeFileError, OSError) as error:
            log.error("the keys cannot be read, so the former ones count: %s", error)

    return look


def check_public_key(key: object) -> str:
    """Return a Z85 public key; raises KeyRingError when it is none."""
    try:
        if isinstance(key, str) and len(key) == 40 and len(z85.decode(key)) == 32:
            return key
    except (KeyError, ValueError, TypeError):
        pass
    raise KeyRingError("A public key has 40 characters (Z85), as `nigdt keys new` prints it.")
