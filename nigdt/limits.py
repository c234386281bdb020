"""What a fill may ask for, in one table that command line, wire, panel and GIMP plug-in read.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Mode = Literal["describe", "recolour", "remove"]
"""What a person wants: something described in the hole, another colour, or the selected thing gone."""

MODES: Final[tuple[Mode, ...]] = get_args(Mode)

CAPTION_CHARS: Final = 1_000
"""Most characters (code points) of a caption."""

NAME_CHARS: Final = 64
"""Most characters of a bundle's or a key's name."""

NAME: Final = rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{NAME_CHARS - 1}}}"
"""Regular expression of such a name, which is a folder's name on every system and never a path."""

DEFAULT_SIZE: Final = 192
"""Side in pixels at which the model that comes along works; contexts are cut for it while none is known."""

VARIANTS: Final = 16
"""Most fills of one request."""

SEED_MAX: Final = 2**31 - 1
"""Largest seed; it fits every random generator and every number field in use."""

WIDEN_MAX: Final = 8.0
"""Most by which the context's side is multiplied; 1 is the least."""

FEATHER_MAX: Final = 200
"""Most pixels over which a fill fades out."""

GUIDANCE_MAX: Final = 3.0
"""Most by which what the words change is multiplied."""

DETAIL_MAX: Final = 2.0
"""Most by which the photo's carried texture is multiplied."""

GROW_MAX: Final = 200
"""Most pixels by which a selection is grown."""

PADDING: Final[Mapping[Mode, tuple[float, int]]] = {
    "describe": (0.25, 16),
    "recolour": (0.25, 16),
    "remove": (1.25, 64),
}
"""What a context shows around the selection: a fraction of its extent, and the least pixels (`padding`)."""

GROW: Final[Mapping[Mode, int]] = {"describe": 0, "recolour": 0, "remove": 3}
"""Pixels by which a selection is grown where nobody says: an object's edge is a few mixed pixels wide."""

CONTEXT_SIDE_MAX: Final = 1_024
"""Longest side, in pixels, of a context as a model gets it; a larger one is reduced."""

CONTEXT_PIXELS_MAX: Final = 32_000_000
"""Most pixels of a context that travels at its full size."""


def widening(longest: int) -> int:
    """Return by how many pixels a hole is larger than the selection, so that its edge can fade out.

    Args:
        longest: Longer side of the box around the selection, pixels.
    """
    return min(max(round(longest / 40), 2), 24)


def removal_extent(longest: int, area: float) -> float:
    """Return what a removal measures its surroundings by, in pixels: less than its length where it is narrow.

    What continues into the place of a wire lies beside it; what is far away fits worse and costs time.

    Args:
        longest: Longer side of the box around the hole, pixels.
        area: Of the hole, pixels; from a third of the square of `longest` on the length counts.
    """
    return min(float(longest), max(3 * area / longest, area**0.5))


def padding(longest: int, mode: Mode, drawn: int, grown: int) -> int:
    """Return how many pixels a context shows on each side of the selection's box.

    Args:
        longest: Longer side of the box around the grown selection, pixels.
        mode: What is to be done.
        drawn: Of a removal the pixels that the selection covers before it is grown, each row from its first
            to its last pixel, since outlines are closed.
        grown: Pixels by which it is grown.
    """
    fraction, least = PADDING[mode]
    extent = float(longest)
    if mode == "remove":
        extent = removal_extent(longest, drawn + 2 * longest * (grown + widening(longest)))
    return max(round(extent * fraction), least)


def sent_size(width: int, height: int, mode: Mode) -> tuple[int, int]:
    """Return the size in which a model gets a context, no larger than the context itself.

    Args:
        width: Of the context, pixels.
        height: Of the context, pixels.
        mode: What is to be done; what is removed is continued at the photo's own resolution.
    """
    if mode == "remove":
        scale = (CONTEXT_PIXELS_MAX / (width * height)) ** 0.5
    else:
        scale = CONTEXT_SIDE_MAX / max(width, height)
    if scale >= 1:
        return width, height
    return max(1, int(width * scale)), max(1, int(height * scale))


def check_number(name: str, value: object, low: float, high: float, *, whole: bool = False) -> None:
    """Refuse a value that is no number from `low` to `high`.

    Args:
        name: What it is, for the message.
        value: Anything.
        low: Least value.
        high: Largest value.
        whole: Whether only integers are allowed.

    Raises:
        ValueError: It is not such a number; the message names it, its value and the range.
    """
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        kind = "an integer" if whole else "a number"
        raise ValueError(f"{name} is {value!r}, not {kind} from {low:g} to {high:g}.")
