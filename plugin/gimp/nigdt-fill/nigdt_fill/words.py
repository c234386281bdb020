"""What a caption is written in, as far as a plug-in without a dictionary can tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nigdt_fill.texts import _

# German, Dutch, French, Spanish, Portuguese and Italian: words that English does not have and of which one
# stands in nearly every description.
_FOREIGN = """
ein eine einem einen einer eines der das dem und mit ohne auf ist sind vor hinter über unter
roter rotes rotem blauer blaue blaues grüner grüne grünes gelber gelbe gelbes weißer weiße schwarzer
een het zonder rode blauwe
un une le les des du et avec dans rouge rouges bleu bleue vert verte jaune noire blanc blanche
una el la los las sobre rojo roja azul amarillo amarilla negro negra blanco blanca
um uma com sem vermelho vermelha amarelo preto preta
uno gli della senza rosso rossa blu giallo gialla nero nera bianco bianca
"""
_KNOWN = frozenset(_FOREIGN.split())
_WORD = re.compile(r"[^\W\d_]+")


def seems_foreign(caption: str) -> bool:
    """Return whether a caption is probably not in English, the language that models are trained in."""
    words = _WORD.findall(caption.lower())
    return any(word in _KNOWN or not word.isascii() for word in words)


def about_unknown(unknown: Sequence[str], caption: str) -> str:
    """Return what to say of the words that the model does not know, nothing when there are none."""
    if not unknown:
        return ""
    if seems_foreign(caption):
        return _("This does not seem to be English. The model understands English alone.")
    words = ", ".join(_("“{word}”").format(word=word) for word in unknown)
    return _("The model does not know {words}. Describe in English, with words for what can be seen.").format(
        words=words
    )
