"""What the daemon sends back: events, and the pictures of a fill read from them. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nigdt.recipe import Recipe
from nigdt_backend.wire import ProtocolError

__all__ = ["MAP_CHANNELS", "Event", "FillPicture", "FillResult", "WordReport"]

MAP_CHANNELS = 11
"""float32 values of each cell of a recolouring's maps."""


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
class WordReport:
    """What one word of the caption did, or how much it was looked at, and where.

    Attributes:
        word: as tokenised from the caption.
        known: whether the model's vocabulary has it.
        weight: fraction of the attention, or of what all words changed, 0..1.
        width: cells per row of `map`.
        height: rows of `map`.
        map: one byte per cell over the context, 255 = this word's strongest cell; empty for unknown words.
        change: mean difference in the hole without the word, in grey levels of 255; 0 where attention was
            asked for.
        without: the model's picture without the word, RGB, 8 bit; empty where attention was asked for.
        without_size: width and height of `without`.
    """

    word: str
    known: bool
    weight: float
    width: int
    height: int
    map: bytes = field(repr=False)
    change: float = 0.0
    without: bytes = field(default=b"", repr=False)
    without_size: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class FillPicture:
    """One answer.

    Attributes:
        index: which of the request's variants.
        width: pixels of a row.
        height: rows.
        pixels: RGB, 8 bit, `width * height * 3` bytes.
        recipe: everything that decided these pixels.
        weight: of a placed result: 8 bit, `width * height` bytes, 255 = the fill alone; else empty.
        maps: of a raw recolouring: rows, columns and 10 channels of float32, as many bytes as `map_size`
            says; else empty.
        map_size: rows and columns of `maps`.
        unknown_words: words of the caption that the model does not know.
        words: attention or effects, when asked for.
    """

    index: int
    width: int
    height: int
    pixels: bytes = field(repr=False)
    recipe: Recipe
    weight: bytes = field(default=b"", repr=False)
    maps: bytes = field(default=b"", repr=False)
    map_size: tuple[int, int] = (0, 0)
    unknown_words: tuple[str, ...] = ()
    words: tuple[WordReport, ...] = ()

    @classmethod
    def from_event(cls, event: Event) -> FillPicture:
        """Read a `fill` or `preview` event.

        Raises:
            ProtocolError: `bad-message` when its frames do not fit its header.
        """
        data = event.data
        try:
            width, height = int(data["width"]), int(data["height"])
            words = data.get("words", [])
            picture, *more = event.frames
            weight = more.pop(0) if data.get("placed", False) else b""
            rows, columns = map(int, data.get("map_size", (0, 0)))
            maps = more.pop(0) if rows else b""
            columns_without, rows_without = map(int, data.get("without_size", (0, 0)))
            pictures = [more.pop() for _ in words][::-1] if rows_without else [b""] * len(words)
            if len(more) != len(words) or len(picture) != width * height * 3:
                raise ValueError
            if any(len(frame) != rows_without * columns_without * 3 for frame in pictures):
                raise ValueError
            if len(weight) not in (0, width * height) or len(maps) != rows * columns * MAP_CHANNELS * 4:
                raise ValueError
            return cls(
                index=int(data["index"]),
                width=width,
                height=height,
                pixels=picture,
                recipe=Recipe.from_dict(data["recipe"]),
                weight=weight,
                maps=maps,
                map_size=(rows, columns),
                unknown_words=tuple(data.get("unknown_words", ())),
                words=tuple(
                    WordReport(
                        word=str(word["word"]),
                        known=bool(word["known"]),
                        weight=float(word["weight"]),
                        width=int(word["width"]),
                        height=int(word["height"]),
                        map=frame,
                        change=float(word.get("change", 0.0)),
                        without=without,
                        without_size=(columns_without, rows_without),
                    )
                    for word, frame, without in zip(words, more, pictures, strict=True)
                ),
            )
        except (KeyError, TypeError, ValueError, IndexError):
            raise ProtocolError("bad-message", "A fill's frames do not fit its header.") from None


@dataclass(frozen=True)
class FillResult:
    """All answers of one job.

    Attributes:
        job: its id.
        fills: in the order of the request's variants.
        seconds: what the daemon measured: "queued", "encode", "complete", "total".
        notices: what the user should know, for example falling back to the CPU.
        data: the header of the `done` message.
    """

    job: str
    fills: tuple[FillPicture, ...]
    seconds: Mapping[str, float]
    notices: tuple[str, ...]
    data: Mapping[str, Any] = field(repr=False)
