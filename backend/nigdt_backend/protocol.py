"""What goes over the wire: how messages are packed, checked and read (docs/protocol.md is the specification).

A message is a list of frames: the protocol tag, one JSON header, then raw pixel frames. Nothing here needs
more than the standard library, so that any editor's Python can carry it.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from nigdt_backend.limits import (
    CLIENT_CODES,
    CODES,
    CURVE_OVERHEAD,
    LIMITS,
    REPLIES,
    REQUESTS,
    STAGES,
    TAG,
    TAG_PREFIX,
    VERSION,
    Limits,
)

# fmt: off
__all__ = [
    "CLIENT_CODES", "CODES", "CURVE_OVERHEAD", "LIMITS", "MEAN_VARIANT", "REPLIES", "REQUESTS",
    "SEED_MAX", "STAGES", "TAG", "TAG_PREFIX", "VERSION", "Event", "FillPicture", "FillRequest",
    "FillResult", "Frame", "Limits", "ProtocolError", "WordAttention", "check_bundle_name", "check_id",
    "decode", "encode", "finite"
]
# fmt: on

Frame = bytes | memoryview
"""One frame. Pictures are views of where they lie: copying one takes as long as encrypting it."""

_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{LIMITS.id_chars}}}")
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LIMITS.name_chars - 1}}}")


class ProtocolError(Exception):
    """A message that breaks the specification or a request that cannot be met.

    Attributes:
        code: one of `CODES`.
        message: what happened, one line.
        hint: what to do, one line, possibly empty.
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def encode(header: Mapping[str, Any], frames: Sequence[Frame] = ()) -> list[Frame]:
    """Pack a header and its raw frames into the frames of one message."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return [TAG, text.encode("utf-8"), *frames]


def decode(
    frames: Sequence[Frame], *, header_limit: int = LIMITS.header_bytes
) -> tuple[dict[str, Any], list[Frame]]:
    """Unpack one message.

    Args:
        frames: the message's frames, without a routing id.
        header_limit: most bytes the header may have; clients allow more, since attention adds to it.

    Returns:
        The header and the raw frames.

    Raises:
        ProtocolError: `bad-message`, `version` or `too-large`.
    """
    if len(frames) < 2:
        raise ProtocolError("bad-message", f"a message has at least 2 frames, this one has {len(frames)}")
    tag = bytes(frames[0][: len(TAG) + 8])
    if tag != TAG:
        if tag.startswith(TAG_PREFIX):
            raise ProtocolError(
                "version",
                f"this side speaks protocol {VERSION}, the other {_shown(tag[len(TAG_PREFIX) :])}",
                "Update NIGDT and its plug-ins together, then restart the daemon.",
            )
        raise ProtocolError("bad-message", "the first frame is not the protocol tag")
    if len(frames[1]) > header_limit:
        raise ProtocolError(
            "too-large", f"the header has {len(frames[1])} bytes, at most {header_limit} are allowed"
        )
    try:
        header = json.loads(bytes(frames[1]).decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ProtocolError("bad-message", "the header is not valid JSON in UTF-8") from None
    if not isinstance(header, dict) or not isinstance(header.get("kind"), str):
        raise ProtocolError("bad-message", 'the header must be an object with a string "kind"')
    return header, list(frames[2:])


def _shown(version: bytes) -> str:
    """A version from the wire, fit for a message."""
    return version.decode("ascii") if version.isalnum() else "none that is known"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def check_id(value: object, what: str = "job") -> str:
    """Return `value` when it is a valid job or request id, else raise `bad-request`."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ProtocolError("bad-request", f'"{what}" must be 1 to {LIMITS.id_chars} of A-Z a-z 0-9 _ -')
    return value


def check_bundle_name(value: object) -> str:
    """Return `value` when it can be a bundle's name (never a path), else raise `bad-request`."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ProtocolError(
            "bad-request",
            f'"bundle" must be a bundle\'s name, 1 to {LIMITS.name_chars} of A-Z a-z 0-9 . _ -',
            "`nigdt models` lists the names.",
        )
    return value


def _check_int(header: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = header.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ProtocolError("bad-request", f'"{key}" must be an integer')
    if not low <= value <= high:
        code = "too-large" if value > high else "bad-request"
        raise ProtocolError(code, f'"{key}" is {value}, allowed are {low} to {high}')
    return value


def _check_optional_int(header: Mapping[str, Any], key: str, low: int, high: int) -> int | None:
    return None if header.get(key) is None else _check_int(header, key, low, high)


def _check_bool(header: Mapping[str, Any], key: str) -> bool:
    value = header.get(key, False)
    if not isinstance(value, bool):
        raise ProtocolError("bad-request", f'"{key}" must be true or false')
    return value


SEED_MAX: Final = 2**63 - 1


def _check_variant(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not value.keys() <= {"seed", "base", "spread"}:
        raise ProtocolError("bad-request", 'a variant is an object of "seed", "base" and "spread"')
    checked: dict[str, Any] = {}
    for key in ("seed", "base"):
        number = value.get(key)
        if number is not None:
            _check_int(value, key, 0, SEED_MAX)
        checked[key] = number
    spread = value.get("spread", 1.0)
    if not isinstance(spread, (int, float)) or isinstance(spread, bool) or not 0.0 <= spread <= 1.0:
        raise ProtocolError("bad-request", '"spread" must be a number from 0 to 1')
    checked["spread"] = float(spread)
    return checked


MEAN_VARIANT: Final[Mapping[str, Any]] = {"seed": None, "base": None, "spread": 1.0}


@dataclass
class FillRequest:
    """Everything a fill may say.

    Attributes:
        crop: RGB, 8 bit, row by row, `width * height * 3` bytes: the context.
        mask: 8 bit, `width * height` bytes; 255 = selected = to be filled.
        width: pixels of a row.
        height: rows.
        caption: what to put there.
        variants: one object per answer, `{"seed": int | None, "base": int | None, "spread": 0..1}`;
            seed None is the model's mean.
        bundle: name of the model bundle.
        live: replaces this client's waiting live request for the same context.
        feather: pixels by which the selection is grown into the hole, over which the fill fades out; None
            chooses by the selection's size.
        result: "raw" = the model's picture of the whole context; "composite" = colours matched and blended.
        attention: also say which words were used where.
        job: id of the job; sending the same id again is harmless.
    """

    crop: Frame = field(repr=False)
    mask: bytes = field(repr=False)
    width: int
    height: int
    caption: str
    variants: list[dict[str, Any]] = field(default_factory=lambda: [dict(MEAN_VARIANT)])
    bundle: str = "default"
    live: bool = False
    feather: int | None = None
    result: Literal["raw", "composite"] = "raw"
    attention: bool = False
    job: str = field(default_factory=lambda: uuid.uuid4().hex)

    def to_wire(self) -> list[Frame]:
        """The frames of this request; raises ProtocolError when a field is out of its limits."""
        header = {
            "kind": "fill",
            "job": self.job,
            "bundle": self.bundle,
            "width": self.width,
            "height": self.height,
            "caption": self.caption,
            "variants": self.variants,
            "live": self.live,
            "feather": self.feather,
            "result": self.result,
            "attention": self.attention,
        }
        frames = [self.crop, self.mask]
        FillRequest.from_wire(header, frames)
        message = encode(header, frames)
        if len(message[1]) > LIMITS.header_bytes:
            raise ProtocolError("too-large", f"the header has more than {LIMITS.header_bytes} bytes")
        return message

    @classmethod
    def from_wire(cls, header: Mapping[str, Any], frames: Sequence[Frame]) -> FillRequest:
        """Check a fill's header and frames.

        Raises:
            ProtocolError: `bad-request` or `too-large`, naming the field.
        """
        job = check_id(header.get("job"))
        width = _check_int(header, "width", LIMITS.side_min_px, LIMITS.side_max_px)
        height = _check_int(header, "height", LIMITS.side_min_px, LIMITS.side_max_px)
        caption = header.get("caption")
        if not isinstance(caption, str) or not _is_text(caption):
            raise ProtocolError("bad-request", '"caption" must be a text')
        if len(caption) > LIMITS.caption_chars:
            raise ProtocolError(
                "too-large",
                f"the caption has {len(caption)} characters, at most {LIMITS.caption_chars} are allowed",
            )
        variants = header.get("variants", [dict(MEAN_VARIANT)])
        if not isinstance(variants, list) or not variants:
            raise ProtocolError("bad-request", '"variants" must be a list with at least one variant')
        if len(variants) > LIMITS.variants:
            raise ProtocolError(
                "too-large", f"{len(variants)} variants, at most {LIMITS.variants} are allowed"
            )
        result = header.get("result", "raw")
        if result not in ("raw", "composite"):
            raise ProtocolError("bad-request", '"result" must be "raw" or "composite"')
        if len(frames) != LIMITS.request_frames:
            raise ProtocolError(
                "bad-request", f"a fill has {LIMITS.request_frames} frames, this one {len(frames)}"
            )
        for name, frame, size in (("crop", frames[0], 3), ("mask", frames[1], 1)):
            if len(frame) != width * height * size:
                raise ProtocolError(
                    "bad-request",
                    f"the {name} frame has {len(frame)} bytes, {width} x {height} x {size} = "
                    f"{width * height * size} were announced",
                )
        mask = bytes(frames[1])  # views are compared a byte at a time
        if mask == bytes(len(mask)):
            raise ProtocolError("bad-request", "the mask selects nothing", "Select what is to be filled.")
        return cls(
            crop=frames[0],
            mask=mask,
            width=width,
            height=height,
            caption=caption,
            variants=[_check_variant(variant) for variant in variants],
            bundle=check_bundle_name(header.get("bundle", "default")),
            live=_check_bool(header, "live"),
            feather=_check_optional_int(header, "feather", 0, LIMITS.feather_px),
            result=result,
            attention=_check_bool(header, "attention"),
            job=job,
        )


def _is_text(value: str) -> bool:
    """False for strings with lone surrogates, which JSON allows and UTF-8 does not."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class Event:
    """One message from the daemon.

    Attributes:
        kind: one of `REPLIES`.
        job: the job it belongs to, or None.
        data: the whole header.
        frames: raw frames; of a fill, the picture and then one map per word when attention was asked for.
    """

    kind: str
    job: str | None
    data: Mapping[str, Any]
    frames: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class WordAttention:
    """How much one word of the caption was used, and where.

    Attributes:
        word: as tokenised from the caption.
        known: whether the model's vocabulary has it.
        weight: share of the attention, 0..1.
        width: cells per row of `map`.
        height: rows of `map`.
        map: one byte per cell over the context, 255 = this word's strongest cell; empty for unknown words.
    """

    word: str
    known: bool
    weight: float
    width: int
    height: int
    map: bytes = field(repr=False)


@dataclass(frozen=True)
class FillPicture:
    """One answer.

    Attributes:
        index: which of the request's variants.
        width: pixels of a row.
        height: rows.
        pixels: RGB, 8 bit, `width * height * 3` bytes.
        variant: the request's variant object.
        unknown_words: words of the caption that the model does not know.
        words: attention, when asked for.
    """

    index: int
    width: int
    height: int
    pixels: bytes = field(repr=False)
    variant: Mapping[str, Any]
    unknown_words: tuple[str, ...] = ()
    words: tuple[WordAttention, ...] = ()

    @classmethod
    def from_event(cls, event: Event) -> FillPicture:
        """Read a `fill` event; raises ProtocolError `bad-message` when its frames do not fit its header."""
        data = event.data
        try:
            width, height = int(data["width"]), int(data["height"])
            words = data.get("words", [])
            if len(event.frames) != 1 + len(words) or len(event.frames[0]) != width * height * 3:
                raise ValueError
            return cls(
                index=int(data["index"]),
                width=width,
                height=height,
                pixels=event.frames[0],
                variant=data["variant"],
                unknown_words=tuple(data.get("unknown_words", ())),
                words=tuple(
                    WordAttention(
                        word=str(word["word"]),
                        known=bool(word["known"]),
                        weight=float(word["weight"]),
                        width=int(word["width"]),
                        height=int(word["height"]),
                        map=frame,
                    )
                    for word, frame in zip(words, event.frames[1:], strict=True)
                ),
            )
        except (KeyError, TypeError, ValueError, IndexError):
            raise ProtocolError("bad-message", "a fill's frames do not fit its header") from None


@dataclass(frozen=True)
class FillResult:
    """All answers of one job.

    Attributes:
        job: its id.
        fills: in the order of the request's variants.
        seconds: what the daemon measured: "queued", "encode", "complete", "total".
        notices: what the user should know (a step down to the CPU, say).
        data: the header of the `done` message.
    """

    job: str
    fills: tuple[FillPicture, ...]
    seconds: Mapping[str, float]
    notices: tuple[str, ...]
    data: Mapping[str, Any] = field(repr=False)


def finite(value: float) -> float:
    """`value` rounded for a header, 0 when it is not a finite number (JSON has no NaN)."""
    return round(value, 6) if math.isfinite(value) else 0.0
