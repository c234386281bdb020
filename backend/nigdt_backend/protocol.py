"""What goes over the wire: what messages hold, how it is checked and read (docs/protocol.md specifies it).

A message is a list of frames: the protocol tag, one JSON header, then raw pixel frames. Nothing here needs
more than the standard library, so that any editor's Python can carry it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Protocol

from nigdt.limits import NAME
from nigdt.recipe import Recipe, Variant
from nigdt_backend.events import Event, FillPicture, FillResult, WordReport
from nigdt_backend.limits import (
    CLIENT_CODES,
    CODES,
    CURVE_OVERHEAD,
    LIMITS,
    REPLIES,
    STAGES,
    TAG,
    TAG_PREFIX,
    VERSION,
    Limits,
)
from nigdt_backend.wire import Frame, ProtocolError, decode, encode, finite

# fmt: off
__all__ = [
    "CLIENT_CODES", "CODES", "CURVE_OVERHEAD", "LIMITS", "REPLIES", "STAGES", "TAG",
    "TAG_PREFIX", "VERSION", "Event", "FillPicture", "FillRequest", "FillResult", "Frame", "Limits",
    "ProtocolError", "WordReport", "check_bundle_name", "check_id", "decode", "encode", "finite",
]
# fmt: on

_DIGEST = r"([0-9a-f]{64})?"
_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{LIMITS.id_chars}}}")


def check_id(value: object, what: str = "job") -> str:
    """Return `value` when it is a valid job or request id, else raise `bad-request`."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ProtocolError(
            "bad-request", f'"{what}" must be 1 to {LIMITS.id_chars} characters of A-Z a-z 0-9 _ and -.'
        )
    return value


def check_bundle_name(value: object) -> str:
    """Return `value` when it can be a bundle's name (never a path), else raise `bad-request`."""
    if not isinstance(value, str) or not re.fullmatch(NAME, value):
        raise ProtocolError(
            "bad-request",
            f'"bundle" must be a bundle\'s name, 1 to {LIMITS.name_chars} characters A-Z a-z 0-9 . _ -.',
            "`nigdt models` lists the names.",
        )
    return value


def _check_int(header: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = header.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ProtocolError("bad-request", f'"{key}" must be an integer.')
    if not low <= value <= high:
        code = "too-large" if value > high else "bad-request"
        raise ProtocolError(code, f'"{key}" is {value}, allowed are {low} to {high}.')
    return value


def _check_bool(header: Mapping[str, Any], key: str) -> bool:
    value = header.get(key, False)
    if not isinstance(value, bool):
        raise ProtocolError("bad-request", f'"{key}" must be true or false.')
    return value


def _check_variant(value: object) -> Variant:
    names = {field.name for field in fields(Variant)}
    if not isinstance(value, dict) or not value.keys() <= names:
        raise ProtocolError("bad-request", 'A variant is an object of "seed", "base" and "spread".')
    try:
        return Variant(**value)
    except ValueError as error:
        raise ProtocolError("bad-request", f"A variant: {error}") from None


class Sent(Protocol):
    """What of a `nigdt.Context` travels; this module needs no NumPy."""

    @property
    def sent(self) -> tuple[Any, Any]:
        """Crop (h, w, 3) and hole (h, w), arrays of uint8."""


@dataclass
class FillRequest:
    """Everything a fill may say.

    Attributes:
        crop: 8 bit, row by row, `width * height` pixels of `channels` bytes: the context, RGB or RGB with
            alpha.
        mask: 8 bit, `width * height` bytes. For a raw result the hole, 255 = made by the model; for a placed
            one the selection as it was drawn, 255 = to be filled; for an object the place that was clicked.
        width: pixels of a row.
        height: rows.
        recipe: what to draw; `variants` says which of the possible answers.
        variants: one per answer.
        channels: 3, or 4 with alpha, which only placed results read.
        live: replaces this client's waiting live request for the same context.
        result: "raw" = the model's picture of the whole context; "placed" = `nigdt.Context.place` of it: the
            fill with its colours matched, and its weight; "object" = no fill but the crop itself, and as its
            weight how sure the model is that each pixel is of the object that was clicked.
        attention: also say which words were looked at where.
        effects: also say what each word changed, in place of the attention.
        previews: also show early states of an answer that takes long: of a removal, of the first fill in a
            context.
        context: digest of crop and mask that the daemon told with `accepted`; it has them, so they do not
            travel.
        job: id of the job; sending the same id again is harmless.
    """

    crop: Frame = field(repr=False)
    mask: bytes = field(repr=False)
    width: int
    height: int
    recipe: Recipe = field(default_factory=Recipe)
    variants: list[Variant] = field(default_factory=lambda: [Variant()])
    channels: int = 3
    live: bool = False
    result: Literal["raw", "placed", "object"] = "raw"
    attention: bool = False
    effects: bool = False
    previews: bool = False
    context: str = ""
    job: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(
        cls,
        context: Sent,
        recipe: Recipe,
        variants: Sequence[Variant] | None = None,
        *,
        live: bool = False,
        effects: bool = False,
        previews: bool = False,
    ) -> FillRequest:
        """Make the request for a context.

        Args:
            context: A `nigdt.Context`.
            recipe: what to draw.
            variants: which of the possible answers; None takes the recipe's own.
            live: as the attribute.
            effects: as the attribute.
            previews: as the attribute.
        """
        crop, hole = context.sent
        height, width = hole.shape
        return cls(
            crop=crop.tobytes(),
            mask=hole.tobytes(),
            width=width,
            height=height,
            recipe=recipe,
            variants=[recipe.variant] if variants is None else list(variants),
            live=live,
            effects=effects,
            previews=previews,
        )

    def to_wire(self) -> list[Frame]:
        """Encode this request as frames; raises ProtocolError when a field is out of its limits."""
        header = {
            "kind": "fill",
            "job": self.job,
            "width": self.width,
            "height": self.height,
            "channels": self.channels,
            "recipe": self.recipe.to_dict(),
            "variants": [variant.to_dict() for variant in self.variants],
            "live": self.live,
            "result": self.result,
            "attention": self.attention,
            "effects": self.effects,
            "previews": self.previews,
        }
        if self.context:
            header["context"] = self.context
        frames = [self.crop, self.mask]
        FillRequest.from_wire(header, frames)
        message = encode(header, [] if self.context else frames)
        if len(message[1]) > LIMITS.header_bytes:
            raise ProtocolError("too-large", f"The header has more than {LIMITS.header_bytes} bytes.")
        return message

    @classmethod
    def from_wire(cls, header: Mapping[str, Any], frames: Sequence[Frame]) -> FillRequest:
        """Check a fill's header and frames.

        Args:
            header: as it came.
            frames: crop and mask; of a fill that names its context, those that are kept of that.

        Raises:
            ProtocolError: `bad-request` or `too-large`, naming the field.
        """
        job = check_id(header.get("job"))
        result = header.get("result", "raw")
        if result not in ("raw", "placed", "object"):
            raise ProtocolError("bad-request", '"result" must be "raw", "placed" or "object".')
        placed = result == "placed"
        try:
            recipe = Recipe.from_dict(header.get("recipe", {}))
        except ValueError as error:
            raise ProtocolError("bad-request", f"The recipe: {error}") from None
        check_bundle_name(recipe.bundle)
        whole = placed or (recipe.effective_mode == "remove" and result != "object")
        side = LIMITS.placed_pixels if whole else LIMITS.side_max_px
        width = _check_int(header, "width", LIMITS.side_min_px, side)
        height = _check_int(header, "height", LIMITS.side_min_px, side)
        if width * height > LIMITS.placed_pixels:
            raise ProtocolError(
                "too-large", f"The context has {width * height} pixels; {LIMITS.placed_pixels} are allowed."
            )
        channels = _check_int({"channels": 3, **header}, "channels", 3, 4)
        if channels == 4 and not placed:
            raise ProtocolError("bad-request", 'Only a "placed" result reads alpha.')
        variants = header.get("variants", [Variant().to_dict()])
        if not isinstance(variants, list) or not variants:
            raise ProtocolError("bad-request", '"variants" must be a list with at least one variant.')
        if len(variants) > LIMITS.variants:
            raise ProtocolError(
                "too-large", f"{len(variants)} variants were asked for; {LIMITS.variants} are allowed."
            )
        if result == "object" and len(variants) > 1:
            raise ProtocolError("bad-request", 'For "object" there is only one answer: ask for one variant.')
        if len(frames) != LIMITS.request_frames:
            raise ProtocolError(
                "bad-request", f"A fill has {LIMITS.request_frames} frames, this one {len(frames)}."
            )
        for name, frame, size in (("crop", frames[0], channels), ("mask", frames[1], 1)):
            if len(frame) != width * height * size:
                raise ProtocolError(
                    "bad-request",
                    f"The {name} frame has {len(frame)} bytes; {width} x {height} x {size} = "
                    f"{width * height * size} were announced.",
                )
        context = header.get("context", "")
        if not isinstance(context, str) or not re.fullmatch(_DIGEST, context):
            raise ProtocolError("bad-request", '"context" must be a digest, 64 characters of 0-9 a-f.')
        mask = bytes(frames[1])  # views are compared a byte at a time
        if mask == bytes(len(mask)):
            raise ProtocolError("bad-request", "The mask selects nothing.", "Select what is to be filled.")
        return cls(
            crop=frames[0],
            mask=mask,
            width=width,
            height=height,
            recipe=recipe,
            variants=[_check_variant(variant) for variant in variants],
            channels=channels,
            live=_check_bool(header, "live"),
            result=result,
            attention=_check_bool(header, "attention"),
            effects=_check_bool(header, "effects"),
            previews=_check_bool(header, "previews"),
            context=context,
            job=job,
        )
