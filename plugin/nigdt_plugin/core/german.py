"""English words for German ones: colours, animals, things and places that captions often name."""

from __future__ import annotations

_COLOURS = """rot red, blau blue, grün green, gelb yellow, schwarz black, weiß white, weiss white, grau
gray, braun brown, rosa pink, lila purple, violett purple, türkis turquoise, golden golden, silbern silver,
hell bright, dunkel dark, bunt colorful, beige beige, hellblau light blue, dunkelblau dark blue, hellgrün
light green, dunkelgrün dark green, dunkelrot dark red, hellgrau light gray, dunkelgrau dark gray, hellbraun
light brown, dunkelbraun dark brown, cremefarben cream, bordeaux maroon"""
_ANIMALS = """ente duck, enten ducks, gans goose, gänse geese, schwan swan, möwe gull, adler eagle, eule
bird, specht bird, spatz sparrow, sperling sparrow, meise bird, eisvogel bird, storch bird, papagei parrot,
taube pigeon, huhn chicken, hahn chicken, küken bird, delfin dolphin, krabbe crab, schmetterling butterfly,
biene bee, frosch frog, schlange snake, maus mouse, hase rabbit, kaninchen rabbit, eichhörnchen squirrel,
reh deer, hirsch deer, bär bear, löwe lion, elefant elephant, affe monkey, ziege goat, lamm sheep, schwein
pig, kalb cow, fohlen horse, esel horse, welpe puppy, tier animal, tiere animals"""
_THINGS = """vogel bird, vögel birds, hund dog, hunde dogs, katze cat, pferd horse, kuh cow, schaf sheep,
fisch fish, mann man, männer men, frau woman, frauen women, kind child, kinder children, junge boy, mädchen
girl, leute people, mensch person, menschen people, baby baby, gesicht face, auge eye, augen eyes, haar
hair, haare hair, kopf head, hand hand, bein leg, beine legs, schnabel beak, flügel wings, feder feather,
federn feathers, bauch belly, brust breast, schwanz tail, rücken back, hals neck, fell fur, hemd shirt, hose
pants, jacke jacket, kleid dress, mantel coat, hut hat, mütze cap, brille glasses, schuh shoe, schuhe shoes,
tasche bag, ball ball, auto car, fahrrad bicycle, motorrad motorcycle, bus bus, zug train, boot boat, schiff
ship, flugzeug airplane, stuhl chair, tisch table, bank bench, bett bed, fenster window, tür door, wand
wall, dach roof, zaun fence, teller plate, tasse cup, glas glass, flasche bottle, blume flower, blumen
flowers, blatt leaf, blätter leaves, baum tree, bäume trees, ast branch, zweig branch, busch bush, apfel
apple, brot bread, kuchen cake, buch book, schild sign, nase nose, mund mouth, ohr ear, ohren ears, arm arm,
fuß foot, füße feet, pfote paw, kehle throat, stirn forehead, rose rose, tulpe flower, pflanze plant, moos
moss, laub leaves, stamm trunk, baumstamm trunk, holz wood, metall metal, orange orange, obst fruit, käse
cheese, suppe soup, kaffee coffee, pizza pizza, schal scarf, handschuh glove, rock skirt, pullover sweater,
anzug suit, krawatte tie, helm helmet, schirm umbrella, regenschirm umbrella, rucksack backpack, koffer
suitcase, ballon balloon, luftballon balloon, drachen kite, fahne flag, lampe lamp, laterne lamp, kerze
candle, spiegel mirror, schüssel bowl, messer knife, löffel spoon, sofa couch, sessel chair, regal shelf,
teppich rug, vorhang curtain, kissen pillow, decke blanket, korb basket, kiste box, eimer bucket, telefon
phone, lastwagen truck, kutsche carriage, rad wheel, reifen tire, mast pole, pfosten post, leitung wire,
kabel wire, seil rope, mauer wall, treppe stairs, turm tower, kirche church, scheune barn, hütte hut, zelt
tent, müll trash, abfall trash, mülleimer trash, schatten shadow"""
_PLACES = """gras grass, wiese meadow, rasen lawn, feld field, wald forest, berg mountain, berge mountains,
himmel sky, wolke cloud, wolken clouds, sonne sun, mond moon, wasser water, meer sea, see lake, fluss river,
strand beach, sand sand, schnee snow, eis ice, fels rock, felsen rocks, stein stone, steine stones, straße
street, strasse street, weg path, brücke bridge, haus house, häuser houses, gebäude building, stadt city,
garten garden, park park, zimmer room, küche kitchen, boden floor, hintergrund background, ufer shore, ozean
ocean, welle wave, wellen waves, teich pond, bach stream, insel island, hügel hill, tal valley, wüste
desert, dschungel jungle, hof yard, spielplatz playground, bürgersteig sidewalk, gehweg sidewalk, parkplatz
parking, hafen harbor, bahnhof station, flughafen airport, regen rain, nebel fog, sonnenuntergang sunset,
horizont horizon, kies gravel, schotter gravel, erde dirt, schlamm mud, ziegel brick, pflaster pavement,
asphalt asphalt"""
_SMALL = """ein a, eine a, einen a, einem a, einer a, der the, die the, das the, den the, dem the, mit with,
und and, auf on, im in the, am at the, vor before, hinter behind, neben beside, über over, unter under, ohne
without, von of, klein small, groß big, gross big, lang long, kurz short, rund round, alt old, neu new, jung
young"""
_ENDINGS = ("em", "en", "er", "es", "e", "n", "s")


def _read(*lists: str) -> dict[str, str]:
    entries = (entry for text in lists for entry in " ".join(text.split()).split(", "))
    return {german: english for german, _, english in (entry.partition(" ") for entry in entries)}


_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
"""As umlauts are written on a keyboard without them."""
_LISTS = (_COLOURS, _ANIMALS, _THINGS, _PLACES, _SMALL)
_WORDS = {word.translate(_PLAIN): meant for word, meant in _read(*_LISTS).items()}


def english(word: str) -> str:
    """Return the English for a German word, in whatever form it stands; empty for one that is not listed."""
    word = word.lower().translate(_PLAIN)
    if word in _WORDS:
        return _WORDS[word]
    stems = (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending))
    return next((_WORDS[stem] for stem in stems if stem in _WORDS), "")
