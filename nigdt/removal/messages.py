"""Messages between a removal's process and the one that wants it: a JSON header and arrays, over pipes."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["receive", "send"]

_LENGTH = struct.Struct("<I")


def send(stream: IO[bytes], header: dict[str, Any], *arrays: NDArray[np.uint8]) -> None:
    """Write one message.

    Args:
        stream: Binary, blocking.
        header: What JSON can hold.
        *arrays: uint8 of any shape.

    Raises:
        OSError: The other side is gone.
    """
    text = json.dumps({**header, "shapes": [array.shape for array in arrays]}).encode()
    stream.write(_LENGTH.pack(len(text)) + text)
    for array in arrays:
        stream.write(np.ascontiguousarray(array).data.cast("B"))
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], list[NDArray[np.uint8]]] | None:
    """Read one message; None when the other side is gone."""
    length = _read(stream, _LENGTH.size)
    if length is None:
        return None
    text = _read(stream, _LENGTH.unpack(length)[0])
    if text is None:
        return None
    header = json.loads(text)
    arrays = []
    for shape in header.pop("shapes"):
        array = np.empty(shape, np.uint8)
        if not _read_into(stream, array.data.cast("B")):
            return None
        arrays.append(array)
    return header, arrays


def _read(stream: IO[bytes], count: int) -> bytes | None:
    buffer = bytearray(count)
    return bytes(buffer) if _read_into(stream, memoryview(buffer)) else None


def _read_into(stream: IO[bytes], view: memoryview) -> bool:
    """Fill the view; False when the stream ends before."""
    while len(view):
        # A buffered or raw stream: both have it, but the type of a pipe does not say so.
        count = stream.readinto(view)  # type: ignore[attr-defined]
        if not count:
            return False
        view = view[count:]
    return True
