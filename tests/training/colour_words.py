"""What a caption says of colours, read independently of the code under test."""

from __future__ import annotations

import re

from nigdt_training.data.recolour import COLOURS


def colour_words(caption: str) -> list[str]:
    """The colours of `COLOURS` that a caption names, in order, repeats included."""
    return [word for word in re.findall(r"\w+", caption.lower()) if word in COLOURS]
