"""What people type to have something recoloured: the colour, the thing, its part."""

from __future__ import annotations

import re

import numpy as np

from nigdt.colours import BASIC, COMMON, MODIFIERS, NamedColour, named_lab, pairs
from nigdt.part_words import PART_NAMES
from nigdt.text import tokenise

_NOUNS = """
bird parrot duck goose swan owl eagle gull crow sparrow finch warbler woodpecker hummingbird penguin
chicken rooster hen peacock heron pelican dog puppy cat kitten horse pony foal cow calf bull sheep
lamb goat pig elephant bear panda zebra giraffe lion tiger fox wolf deer rabbit squirrel mouse
monkey camel lizard chameleon gecko iguana snake frog toad turtle tortoise crab lobster fish shark
dolphin whale butterfly moth bee ladybird ladybug beetle dragonfly spider snail animal man woman boy
girl child baby person people player kid guy lady toddler rider surfer skateboarder car truck bus
van taxi train boat ship canoe kayak plane airplane bicycle bike motorcycle motorbike scooter
skateboard surfboard snowboard sled kite ball balloon umbrella hat cap helmet shirt jacket coat
dress skirt sweater hoodie suit tie shorts pants jeans trousers shoes boots scarf gloves bag
backpack suitcase chair sofa couch bench table desk bed pillow blanket towel curtain lamp clock vase
cup mug plate bowl bottle glass teapot kettle pot toilet sink bathtub refrigerator oven stove door
window wall fence house building tower bridge sign hydrant statue toy doll flower rose tulip leaf
tree plant apple banana orange pear lemon tomato pepper carrot broccoli cake pizza sandwich donut
bread cheese egg laptop phone computer keyboard book box basket tent flag slide swing rope wheel
guitar hair object thing
"""
NOUNS = frozenset(_NOUNS.split())
"""Things that get colours; plurals in -s count as well."""

ANYTHING = ("it", "this", "the object", "the thing", "everything", "all of it", "the selection", "the animal")

_WHOLE = (
    "a {c} {n}",
    "a {c} {n}",
    "a {c} {n}",
    "{c} {n}",
    "the {c} {n}",
    "the {n} is {c}",
    "a {n} that is {c}",
    "make the {n} {c}",
    "paint the {n} {c}",
    "turn the {n} {c}",
    "change the {n} to {c}",
    "this {n} is all {c}",
)
_BARE = (
    "{c}",
    "{c}",
    "make it {c}",
    "paint it {c}",
    "in {c}",
    "all {c}",
    "turn it {c}",
    "change the colour to {c}",
)
_FEATHERED = (
    "a {c} {n} with {c} wings and a {c} belly",
    "a {n} with {c} feathers",
    "this {c} {n} has a {c} belly and a {c} crown",
    "this {n} is {c} with {c} wings and a {c} tail",
)
_ONE_PART = (
    "a {n} with {p}",
    "a {n} with {p}",
    "{p}",
    "{p}",
    "this {n} has {p}",
    "the {n} has {p}",
    "make the {bare} {c}",
    "paint the {bare} {c}",
    "the {bare} is {c}",
)
_TWO_PARTS = (
    "a {n} with {p} and {q}",
    "{p} and {q}",
    "{p}, {q}",
    "this {n} has {p} and {q}",
    "the {n} has {p} and {q}",
)
_PLURAL = frozenset({"wings", "legs", "feet", "eyes", "underparts"})


def draw_colour(rng: np.random.Generator) -> NamedColour:
    """Return a colour, mostly a basic one, at times a shade of it or a rarer name."""
    u = rng.random()
    if u < 0.62:
        words: tuple[str, ...] = (str(rng.choice(list(BASIC))),)
    elif u < 0.78:
        basic = [c for c in BASIC if c not in ("black", "white")]
        words = (str(rng.choice(list(MODIFIERS))), str(rng.choice(basic)))
    elif u < 0.95:
        words = (str(rng.choice(list(COMMON))),)
    else:
        words = pairs()[int(rng.integers(len(pairs())))]
    return NamedColour(words, named_lab(words))


def nouns_of(captions: list[str]) -> list[str]:
    """Return the things that captions name, singular as they stand, in order, each once."""
    found: dict[str, None] = {}
    for caption in captions:
        for word in tokenise(caption):
            if word in NOUNS:
                found[word] = None
    return list(found)


def whole_caption(colour: NamedColour, nouns: list[str], bird: bool, rng: np.random.Generator) -> str:
    """Return a caption that asks for the whole object in a colour.

    Args:
        colour: The colour.
        nouns: What the object may be called; empty if unknown.
        bird: Whether it has feathers.
        rng: Chooses the words.
    """
    said = _said(colour)
    if not nouns or rng.random() < 0.22:
        return str(rng.choice(_BARE)).format(c=said)
    noun = (
        str(rng.choice(nouns))
        if rng.random() < 0.9
        else str(rng.choice(["object", "thing", "animal"] if bird else ["object", "thing"]))
    )
    templates = _FEATHERED if bird and rng.random() < 0.12 else _WHOLE
    return _articles(str(rng.choice(templates)).format(c=said, n=noun))


def part_caption(
    parts: list[tuple[str, NamedColour]],
    whole: NamedColour | None,
    nouns: list[str],
    rng: np.random.Generator,
) -> str:
    """Return a caption that names one or two parts and their colours.

    Args:
        parts: One or two keys of `PART_NAMES` and their colours.
        whole: The colour of all the rest, if it is to change too.
        nouns: What the bird may be called.
        rng: Chooses the words.
    """
    noun = str(rng.choice(nouns)) if nouns else "bird"
    if whole is not None:
        noun = f"{_said(whole)} {noun}"
    phrases, bare, said = [], "", ""
    for part, colour in parts:
        bare = str(rng.choice(PART_NAMES[part]))
        said = _said(colour)
        phrases.append(f"{said} {bare}" if bare in _PLURAL else f"a {said} {bare}")
    if len(phrases) == 2:
        chosen = [t for t in _TWO_PARTS if whole is None or "{n}" in t]
        return _articles(str(rng.choice(chosen)).format(n=noun, p=phrases[0], q=phrases[1]))
    chosen = [t for t in _ONE_PART if whole is None or "{n}" in t]
    text = str(rng.choice(chosen))
    if text == "{p}" and rng.random() < 0.7:
        phrases[0] = phrases[0].removeprefix("a ")
    return _articles(text.format(n=noun, p=phrases[0], bare=bare, c=said))


def _said(colour: NamedColour) -> str:
    return " ".join(colour.words)


def _articles(text: str) -> str:
    return re.sub(r"\ba (?=[aeiou])", "an ", text)


def vocabulary_words() -> set[str]:
    """Every word that these captions can hold."""
    words = set(NOUNS) | {word for pair in pairs() for word in pair} | {*BASIC, *COMMON, *MODIFIERS}
    for group in (_WHOLE, _BARE, _FEATHERED, _ONE_PART, _TWO_PARTS, ANYTHING, *PART_NAMES.values()):
        for text in group:
            words |= set(tokenise(re.sub(r"\{.\w*\}", " ", text)))
    return words | {f"{word}s" for word in NOUNS} | {"an"}
