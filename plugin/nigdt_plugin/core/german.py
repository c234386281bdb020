"""English words for German ones: colours, things and places that captions often name."""

from __future__ import annotations

_COLOURS = """rot red, blau blue, grün green, gelb yellow, schwarz black, weiß white, weiss white, grau gray,
braun brown, rosa pink, lila purple, violett purple, türkis turquoise, golden golden, silbern silver,
hell bright, dunkel dark, bunt colorful, beige beige, hellblau light blue, dunkelblau dark blue,
hellgrün light green, dunkelgrün dark green, dunkelrot dark red"""
_THINGS = """vogel bird, vögel birds, hund dog, hunde dogs, katze cat, pferd horse, kuh cow, schaf sheep,
fisch fish, mann man, männer men, frau woman, frauen women, kind child, kinder children, junge boy,
mädchen girl,
leute people, mensch person, menschen people, baby baby, gesicht face, auge eye, augen eyes, haar hair,
haare hair, kopf head, hand hand, bein leg, beine legs, schnabel beak, flügel wing, feder feather,
federn feathers, bauch belly, brust breast, schwanz tail, rücken back, hals neck, fell fur,
hemd shirt, hose pants, jacke jacket, kleid dress, mantel coat, hut hat, mütze cap, brille glasses,
schuh shoe, schuhe shoes, tasche bag, ball ball, auto car, fahrrad bicycle, motorrad motorcycle, bus bus,
zug train, boot boat, schiff ship, flugzeug airplane, stuhl chair, tisch table, bank bench, bett bed,
fenster window, tür door, wand wall, dach roof, zaun fence, teller plate, tasse cup, glas glass,
flasche bottle, blume flower, blumen flowers, blatt leaf, blätter leaves, baum tree, bäume trees,
ast branch, zweig branch, busch bush, apfel apple, brot bread, kuchen cake, buch book, schild sign"""
_PLACES = """gras grass, wiese meadow, rasen lawn, feld field, wald forest, berg mountain, berge mountains,
himmel sky, wolke cloud, wolken clouds, sonne sun, mond moon, wasser water, meer sea, see lake, fluss river,
strand beach, sand sand, schnee snow, eis ice, fels rock, felsen rocks, stein stone, steine stones,
straße street, strasse street, weg path, brücke bridge, haus house, häuser houses, gebäude building,
stadt city, garten garden, park park, zimmer room, küche kitchen, boden floor, hintergrund background"""
_SMALL = """ein a, eine a, einen a, einem a, einer a, der the, die the, das the, den the, dem the,
mit with, und and, auf on, im in the, am at the, vor before, hinter behind, neben beside, über over,
unter under, ohne without, von of, klein small, groß big, gross big, lang long, kurz short, rund round,
alt old, neu new, jung young"""
_ENDINGS = ("em", "en", "er", "es", "e", "n", "s")


def _read(*lists: str) -> dict[str, str]:
    entries = (entry for text in lists for entry in " ".join(text.split()).split(", "))
    return {german: english for german, _, english in (entry.partition(" ") for entry in entries)}


_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
"""As umlauts are written on a keyboard without them."""
_WORDS = {word.translate(_PLAIN): meant for word, meant in _read(_COLOURS, _THINGS, _PLACES, _SMALL).items()}


def english(word: str) -> str:
    """Return the English for a German word, in whatever form it stands; empty for one that is not listed."""
    word = word.lower().translate(_PLAIN)
    if word in _WORDS:
        return _WORDS[word]
    stems = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
    return next((_WORDS[stem] for stem in stems if stem in _WORDS), "")
