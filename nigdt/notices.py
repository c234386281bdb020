"""Every notice to users that library and daemon have, in one list that panel and GIMP plug-in translate.

A notice travels in English, filled in; each door finds it here again to say it in its user's language. A new
one is a constant here and its German in `plugin/nigdt_plugin/assets/i18n/nigdt_de.ts`. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

UNKNOWN_WORDS: Final = "The model does not know: {0}."
WITHOUT_WORDS: Final = "Without words, the region is filled with its surroundings."
ENLARGED: Final = "The region is large: it is filled at {0} pixels and enlarged to {1}."
NOTHING_FITS: Final = "Nothing in the photo could be continued into the region, so the model filled it."
CONTINUED: Final = "What the words name is around the region already, so the photo was continued."
DREW_NOTHING: Final = "The model draws nothing clear for these words, so nothing was added."
COLOURED_PART: Final = (
    "The photo shows the part that the words colour, so that part was coloured; other variants are drawn."
)
COLOURED_BIRD: Final = (
    "The photo shows a bird there, so that bird was coloured; other variants are drawn anew."
)
COLOURED_THING: Final = (
    "The model has no shape for these words, so the thing that the photo shows there was coloured."
)
COLOURED_ALREADY: Final = (
    "What the photo shows there has these colours already, so it was left as it is; other variants are drawn."
)
THERE_ALREADY: Final = (
    "A new bird is drawn in place of the one in the photo: to keep that one in another colour, use Recolour."
)
NO_SHAPE: Final = (
    "The model has no shape for these words, so nothing was added: select the thing's own shape, or try"
    " other variants."
)
PART_LEFT: Final = "A part of the object seems to lie outside the selection: grow it by {0} pixels."
PART_NOT_SELECTED: Final = (
    "A part of the object lies outside the selection and keeps its colour: select it too."
)
GOES_ON: Final = (
    "The colour goes on over parts of the object outside the selection: set Grow to 0 to keep it inside."
)
CHANGED_NOTHING: Final = (
    "Next to nothing changed: the selection shows no object, or one that has this colour already."
)
MADE_COLOUR: Final = "The photo was grey; it is a colour photo now, to hold the new colour."
MODEL_CHANGED: Final = (
    "The model {0} has changed since this fill was made: {1} then, {2} now. The pixels differ."
)

DAMAGED_METADATA: Final = "Damaged metadata of this photo is left out: {0}."
CUT_TO_8_BITS: Final = (
    "This photo has {0} bits per channel and is opened with 8: convert it to a 16-bit TIFF first to keep them"
    " all."
)
NO_PLACE: Final = "{0} has no place for some metadata of this photo: {1}."
NO_ROOM: Final = (
    "The photo's own XMP leaves no room in a {0} file to record how it was filled: save it as {1} to keep"
    " that."
)
MORE_BEHIND: Final = (
    "The file holds more behind the photo, such as previews, a depth map or a film: the photo is saved"
    " without that."
)
OTHER_NAMES: Final = "{0} had further names (hard links): they keep the picture as it was."

CPU_FOR_MEMORY: Final = "Filled on the CPU, since the accelerator's memory ran out."
CPU_FOR_FAILURE: Final = "Filled on the CPU, since the accelerator failed."
SMALLER_BATCHES: Final = "Memory ran out: fills are computed in passes of at most {0}."
BROKEN_BUNDLE: Final = "The changed bundle {0} is broken; the old model stays in use."

ALL: Final[tuple[str, ...]] = tuple(text for name, text in list(globals().items()) if name.isupper())
"""Each of them, with {0}, {1} ... in this order for what is filled in."""

METADATA: Final = (
    "colour profile",
    "colour space",
    "resolution",
    "transparency",
    "gamma",
    "chromaticity",
    "rendering intent",
    "compression",
    "text",
    "animation",
    "EXIF or XMP",
    "Adobe's segment",
    "EXIF tag {0}",
    "chunk {0}",
    "segment {0}",
)
"""What pieces of metadata are called in notices, but for names that are the same in every language."""

_LISTING: Final = {DAMAGED_METADATA: 0, NO_PLACE: 1}
"""Notices that name pieces of metadata, and what is filled in with these."""


def filled_in(text: str, notice: str) -> tuple[str, ...] | None:
    """Return what was filled into a text, maybe nothing, or None if the notice is not made from it.

    Args:
        text: One of `ALL`.
        notice: What was said.
    """
    found = re.fullmatch(re.sub(r"\\\{\d\\\}", "(.+)", re.escape(text)), notice)
    return None if found is None else found.groups()


def worded(notice: str, translate: Callable[[str, str], str], texts: Sequence[str] = ALL) -> str:
    """Return a notice in the user's language; one that is not known stays as it is.

    Args:
        notice: In English, as library or daemon say it.
        translate: Takes a context and one of the texts, and returns the user's.
        texts: What may have been said; a door may have more than `ALL`.
    """
    for text in texts:
        if (parts := filled_in(text, notice)) is not None:
            if text in _LISTING:
                at = _LISTING[text]
                names = (worded(name, translate, METADATA) for name in parts[at].split(", "))
                parts = (*parts[:at], ", ".join(names), *parts[at + 1 :])
            return translate("Notices", text).format(*parts)
    return notice
