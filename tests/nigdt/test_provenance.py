"""What a saved file says of its fills stands beside what the photo says of itself."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from nigdt.box import Box
from nigdt.photo.photo import Photo
from nigdt.photo.provenance import DrawnFill, read_record, stamped
from nigdt.recipe import Recipe

PIXELS = np.random.default_rng(2).integers(0, 256, (20, 24, 3), np.uint8)
OWN = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b"<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='5'/>"
    b"</rdf:RDF></x:xmpmeta>"
)
SUFFIXES = [".png", ".jpg", ".webp", ".tif"]


def fills(caption: str) -> list[DrawnFill]:
    return [DrawnFill(Box(1, 2, 5, 5), Recipe(caption))]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_photos_own_xmp_is_kept_beside_the_record_of_its_fills(suffix: str) -> None:
    photo = Photo(PIXELS, "RGB", info={"xmp": OWN})
    once = stamped(photo.encode(suffix), fills("a red bird"))
    again = Photo.from_bytes(once, f"a{suffix}")
    assert b"xmp:Rating='5'" in again.info["xmp"]
    assert read_record(once) == fills("a red bird")
    twice = stamped(again.encode(suffix), fills("a blue bird"))
    packet = Photo.from_bytes(twice, f"a{suffix}").info["xmp"]
    assert packet.count(b"nigdt:record=") == 1
    assert packet.count(b"xmp:Rating='5'") == 1
    assert read_record(twice) == fills("a blue bird")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "caption", ["a\ufffeb", "\uffff", "a\0\x0b\x1b", "<b>&\"]]>'", "e\u0301 \U0001f600 \u2028"]
)
def test_every_caption_goes_into_a_well_formed_packet_and_out_again(suffix: str, caption: str) -> None:
    data = stamped(Photo(PIXELS, "RGB").encode(suffix), fills(caption))
    assert read_record(data) == fills(caption)
    ElementTree.fromstring(Photo.from_bytes(data, f"a{suffix}").info["xmp"])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_words_of_no_usual_form_are_left_alone(suffix: str) -> None:
    data = stamped(Photo(PIXELS, "RGB", info={"xmp": b"<own/>"}).encode(suffix), fills("a red bird"))
    assert Photo.from_bytes(data, f"a{suffix}").info["xmp"] == b"<own/>"
