"""How a message is packed into frames and unpacked again; nothing a message holds can make either fail oddly.

Standard library only, so that any editor's Python can carry it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from nigdt_backend.limits import LIMITS, TAG, TAG_PREFIX, VERSION

__all__ = ["Frame", "ProtocolError", "decode", "encode", "finite"]

Frame = bytes | memoryview
"""One frame. Pictures are views of where they lie: copying one takes as long as encrypting it."""

_DEPTH = 16
"""Most objects and lists inside each other; messages need 3."""
_WHOLE_DIGITS = 20
"""Most characters of a whole number; seeds and sizes need 10."""


class ProtocolError(Exception):
    """A message that breaks the specification or a request that cannot be met.

    Attributes:
        code: one of `limits.CODES`.
        message: what happened, one line.
        hint: what to do, one line, possibly empty.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def encode(header: Mapping[str, Any], frames: Sequence[Frame] = ()) -> list[Frame]:
    """Pack a header and its raw frames into the frames of one message.

    A lone surrogate, which stands for a byte of a file's name that is not UTF-8, becomes a question mark.
    """
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return [TAG, text.encode("utf-8", "replace"), *frames]


def decode(
    frames: Sequence[Frame], *, header_limit: int = LIMITS.header_bytes
) -> tuple[dict[str, Any], list[Frame]]:
    """Unpack one message.

    Args:
        frames: the message's frames, without a routing id.
        header_limit: most bytes the header may have; clients allow more, since attention adds to it.

    Returns:
        The header and the raw frames. All numbers in the header are finite, all texts can be encoded.

    Raises:
        ProtocolError: `bad-message`, `version` or `too-large`.
    """
    if len(frames) < 2:
        raise ProtocolError("bad-message", f"A message has at least 2 frames; this one has {len(frames)}.")
    tag = bytes(frames[0][: len(TAG) + 8])
    if tag != TAG:
        if tag.startswith(TAG_PREFIX):
            raise ProtocolError(
                "version",
                f"This side speaks protocol {VERSION}, the other {_shown(tag[len(TAG_PREFIX) :])}.",
                "Update NIGDT and its plug-ins together, then restart the daemon.",
            )
        raise ProtocolError("bad-message", "The first frame is not the protocol tag.")
    if len(frames[1]) > header_limit:
        raise ProtocolError(
            "too-large", f"The header has {len(frames[1])} bytes; at most {header_limit} are allowed."
        )
    try:
        header = _parse(bytes(frames[1]))
    except (ValueError, RecursionError):
        raise ProtocolError("bad-message", "The header is not valid JSON in UTF-8.") from None
    if not isinstance(header, dict) or not isinstance(header.get("kind"), str):
        raise ProtocolError("bad-message", 'The header must be an object with a string "kind".')
    return header, list(frames[2:])


def _parse(raw: bytes) -> Any:
    """Parse JSON whose numbers are finite and bounded, whose texts UTF-8 can encode, and which is not deep.

    Raises:
        ValueError: it is something else.
        RecursionError: it is very deep.
    """
    value = json.loads(
        raw.decode("utf-8"), parse_constant=_no_constant, parse_float=_number, parse_int=_whole
    )
    if raw.count(b"[") + raw.count(b"{") > _DEPTH:
        _check_depth(value)
    if b"\\u" in raw:  # the only way to write a lone surrogate
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise ValueError("too deep")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large.")
    return number


def _whole(text: str) -> int:
    if len(text) > _WHOLE_DIGITS:
        raise ValueError("A whole number is too large.")
    return int(text)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON.")


def _shown(version: bytes) -> str:
    """Make a version from the wire fit for a message."""
    return version.decode("ascii") if version.isalnum() else "none that is known"


def finite(value: float) -> float:
    """Return `value` rounded for a header, 0 when it is not a finite number (JSON has no NaN)."""
    return round(value, 6) if math.isfinite(value) else 0.0
