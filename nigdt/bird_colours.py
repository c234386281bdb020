"""Colours of well-known birds, for captions that name one and no colour.

The model knows some of them from its captions, and draws "a crow" in orange. Colours are those of the
commonest kind that a name stands for. No torch here.
"""

from __future__ import annotations

import re

from nigdt.colours import find_colours
from nigdt.part_words import asked_parts, split_parts
from nigdt.text import tokenise

__all__ = ["BIRD_COLOURS", "with_its_colours"]

BIRD_COLOURS: dict[str, tuple[str, str]] = {
    "blackbird": ("black", "yellow beak"),
    "bluebird": ("blue", "orange breast"),
    "bunting": ("blue", ""),
    "canary": ("yellow", ""),
    "cardinal": ("red", ""),
    "chaffinch": ("brown", "grey crown"),
    "chicken": ("brown", ""),
    "chickadee": ("grey", "black crown"),
    "cormorant": ("black", ""),
    "crow": ("black", ""),
    "cuckoo": ("grey", ""),
    "dove": ("grey", ""),
    "duck": ("brown", ""),
    "duckling": ("yellow", ""),
    "eagle": ("brown", ""),
    "falcon": ("grey", ""),
    "finch": ("brown", ""),
    "flamingo": ("pink", ""),
    "flycatcher": ("olive", ""),
    "goldfinch": ("yellow", "black wings"),
    "goose": ("grey", ""),
    "gosling": ("yellow", ""),
    "grackle": ("black", ""),
    "gull": ("white", "grey wings"),
    "hawk": ("brown", ""),
    "hen": ("brown", ""),
    "heron": ("grey", ""),
    "hummingbird": ("green", ""),
    "jackdaw": ("black", ""),
    "jay": ("blue", "white belly"),
    "kestrel": ("brown", ""),
    "kingfisher": ("blue", "orange belly"),
    "lark": ("brown", ""),
    "macaw": ("red", "blue wings"),
    "magpie": ("black", "white belly"),
    "mallard": ("brown", "green head"),
    "nightingale": ("brown", ""),
    "nuthatch": ("grey", ""),
    "oriole": ("orange", "black wings"),
    "osprey": ("brown", "white belly"),
    "owl": ("brown", ""),
    "parakeet": ("green", ""),
    "parrot": ("green", ""),
    "partridge": ("brown", ""),
    "peacock": ("blue", ""),
    "pelican": ("white", ""),
    "penguin": ("black", "white belly"),
    "pheasant": ("brown", ""),
    "pigeon": ("grey", ""),
    "puffin": ("black", "white belly"),
    "quail": ("brown", ""),
    "raven": ("black", ""),
    "robin": ("brown", "orange breast"),
    "rooster": ("brown", "red crown"),
    "seagull": ("white", "grey wings"),
    "shrike": ("grey", "black wings"),
    "sparrow": ("brown", ""),
    "starling": ("black", ""),
    "stork": ("white", "black wings"),
    "swallow": ("blue", "white belly"),
    "swan": ("white", ""),
    "tanager": ("red", "black wings"),
    "tern": ("white", "black crown"),
    "thrush": ("brown", ""),
    "toucan": ("black", "yellow throat"),
    "vulture": ("black", ""),
    "warbler": ("yellow", ""),
    "waxwing": ("brown", ""),
    "woodpecker": ("black", "red crown"),
    "wren": ("brown", ""),
}
"""Name -> its colour, and a part of another colour, if there is one."""


def with_its_colours(caption: str) -> str:
    """Return a caption with the colours of the bird that it names, where it gives that none.

    "a crow" becomes "a black crow"; "a robin with a yellow breast" becomes "a brown robin with a yellow
    breast".
    """
    name = next((word for word in tokenise(caption) if word in BIRD_COLOURS), None)
    thing, _ = split_parts(caption)
    if name is None or find_colours(thing):
        return caption
    whole, part = BIRD_COLOURS[name]
    said = re.sub(rf"\b{name}\b", f"{whole} {name}", caption, count=1, flags=re.IGNORECASE)
    if not part or asked_parts(caption)[0]:
        return said
    return f"{said} with {part}" if part.endswith("s") else f"{said} with a {part}"
