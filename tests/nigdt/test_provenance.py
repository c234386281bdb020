"""What a saved file says of its fills stands beside what the photo says of itself."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
import pytest
from PIL import Image

from nigdt.box import Box
from nigdt.errors import PhotoError
from nigdt.photo.photo import Photo
from nigdt.photo.provenance import DrawnFill, DrawnSelection, read_record, stamped
from nigdt.recipe import Recipe

PIXELS = np.random.default_rng(2).integers(0, 256, (20, 24, 3), np.uint8)
OWN = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b"<rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='5'/>"
    b"</rdf:RDF></x:xmpmeta>"
)
BIG = DrawnSelection.of(Box(0, 0, 600, 600), np.random.default_rng(3).integers(0, 256, (600, 600), np.uint8))
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
    assert read_record(stamped(once, fills("a green bird"))) == fills("a green bird")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "caption", ["a\ufffeb", "\uffff", "a\0\x0b\x1b", "<b>&\"]]>'", "e\u0301 \U0001f600 \u2028"]
)
def test_every_caption_goes_into_a_well_formed_packet_and_out_again(suffix: str, caption: str) -> None:
    data = stamped(Photo(PIXELS, "RGB").encode(suffix), fills(caption))
    assert read_record(data) == fills(caption)
    ElementTree.fromstring(Photo.from_bytes(data, f"a{suffix}").info["xmp"])


UTF16 = OWN.decode().replace("<x:xmpmeta", "<?xpacket begin='\ufeff'?><x:xmpmeta", 1) + " " * 40
OTHER = OWN.replace(b"rdf:", b"r:").replace(b":rdf=", b":r=")
RDF = b"<RDF xmlns='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
PACKETS = {
    "UTF-16 with a mark": UTF16.encode("utf-16"),
    "UTF-16, large end first": UTF16.encode("utf-16-be") + b"\0\0",
    "UTF-16, small end first": UTF16.encode("utf-16-le"),
    "UTF-16, declared": f"<?xml version='1.0' encoding='UTF-16'?>{OWN.decode()}".encode("utf-16"),
    "UTF-32": UTF16.encode("utf-32-le"),
    "Latin 1": b"<?xml version='1.0' encoding='ISO-8859-1'?>" + OWN.replace(b"'5'", b"'5' xmp:L='\xfc'"),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + OWN,
    "another prefix": OTHER,
    "another prefix, UTF-16": OTHER.decode().encode("utf-16"),
    "no prefix": RDF + b"><Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='5'/></RDF>",
    "nothing in it": b"<m xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='5'>" + RDF + b"/></m>",
    "a space in the end tag": OWN.replace(b"</rdf:RDF>", b"</rdf:RDF\n>"),
    "rdf means something else": OTHER.replace(b"<x:xmpmeta", b"<x:xmpmeta xmlns:rdf='urn:other'"),
    "no RDF": b"<own xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='5'/>\n",
}


def said(packet: bytes) -> list[tuple[str, str]]:
    """Every attribute that is none of NIGDT's."""
    pairs = (pair for element in ElementTree.fromstring(packet).iter() for pair in element.attrib.items())
    return [pair for pair in pairs if pair[0] in (RATING, "{http://ns.adobe.com/xap/1.0/}L")]


RATING = "{http://ns.adobe.com/xap/1.0/}Rating"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", PACKETS)
def test_a_packet_of_any_encoding_and_prefix_takes_the_record(suffix: str, name: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "WEBP", lossless=True, xmp=PACKETS[name])
    photo = Photo.from_bytes(buffer.getvalue())
    assert photo.notices == photo.check_save(tmp_path / f"a{suffix}") == ()
    own = [(RATING, "5"), *([("{http://ns.adobe.com/xap/1.0/}L", "\xfc")] if name == "Latin 1" else [])]
    for caption in ("a red bird", "a bl\xfce bird"):
        data = stamped(photo.encode(suffix), fills(caption))
        photo = Photo.from_bytes(data, f"a{suffix}")
        packet = photo.info["xmp"]
        assert read_record(data) == fills(caption)
        assert packet.count(b"nigdt:record=") == 1
        assert said(packet) == own
        within = ElementTree.fromstring(packet).iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF")
        assert sum("{urn:nigdt:provenance}record" in one.attrib for rdf in within for one in rdf) == 1


@pytest.mark.parametrize(
    "packet",
    [
        OWN[:-9],
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + OWN,
        b"no markup",
        b"<x tiff:Orientation='6'/>",
        OWN.replace(b"5", b"\xff"),
    ],
)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_packet_is_named_and_gives_way_to_the_record(suffix: str, packet: bytes) -> None:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "WEBP", lossless=True, xmp=packet)
    photo = Photo.from_bytes(buffer.getvalue())
    assert photo.notices == ("Damaged metadata of this photo is left out: XMP.",)
    assert read_record(stamped(photo.encode(suffix), fills("a red bird"))) == fills("a red bird")


def full(rest: int) -> bytes:
    """Return a photo's own packet that leaves so many bytes of a JPEG's segment."""
    return OWN.replace(b"'5'", b"'5' xmp:Label='" + b"l" * (65_502 - rest - len(OWN) - 13) + b"'")


def test_a_packet_that_fills_a_jpegs_segment_is_told_before_the_work(tmp_path: Path) -> None:
    photo = Photo(PIXELS, "RGB", info={"xmp": full(100)})
    (notice,) = photo.check_save(tmp_path / "a.jpg")
    assert "no room in a JPEG file" in notice
    assert photo.check_save(tmp_path / "a.png") == photo.check_save(tmp_path / "a.tif") == ()
    assert photo.save(tmp_path / "a.jpg", fills=fills("a red bird")) == (notice,)
    assert photo.save(tmp_path / "a.jpg") == photo.save(tmp_path / "a.png", fills=fills("a")) == ()
    padded = OWN + b" " * 64_000 + b"<?xpacket end='w'?>"
    photo = Photo(PIXELS, "RGB", info={"xmp": padded})
    assert photo.check_save(tmp_path / "a.jpg") == ()
    assert read_record(stamped(photo.encode(".jpg"), fills("a red bird"))) == fills("a red bird")


def segments_of(data: bytes, head: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return [body for _, body in image.applist if body.startswith(head)]


@pytest.mark.parametrize(
    ("packet", "drawn"),
    [
        (full(600), fills("a red bird")),
        (OWN, [DrawnFill(Box(0, 0, 600, 600), Recipe("a"), BIG), *fills("a blue bird")]),
    ],
    ids=["a full packet", "large selections"],
)
def test_a_record_that_a_jpegs_segment_has_no_room_for_goes_into_an_extension(
    packet: bytes, drawn: list[DrawnFill], tmp_path: Path
) -> None:
    photo = Photo(PIXELS, "RGB", info={"xmp": packet})
    assert photo.check_save(tmp_path / "a.jpg") == ()
    for _ in range(3):  # saved again and again, it does not grow
        photo.save(tmp_path / "a.jpg", fills=drawn, overwrite=True)
        data = (tmp_path / "a.jpg").read_bytes()
        assert read_record(data) == drawn
        photo = Photo.read(tmp_path / "a.jpg")
        assert photo.notices == ()
        assert len(segments_of(data, b"http://ns.adobe.com/xap/1.0/\0")) == 1
        parts = segments_of(data, b"http://ns.adobe.com/xmp/extension/\0")
        texts = {
            key: value
            for one in ElementTree.fromstring(photo.info["xmp"]).iter()
            for key, value in one.items()
        }
        whole = b"".join(part[75:] for part in parts)
        assert (
            texts["{http://ns.adobe.com/xmp/note/}HasExtendedXMP"] == hashlib.md5(whole).hexdigest().upper()
        )
        assert {part[35:67].decode() for part in parts} == {hashlib.md5(whole).hexdigest().upper()}
        assert [int.from_bytes(part[71:75]) for part in parts] == list(range(0, len(whole), 65_400))
        assert {int.from_bytes(part[67:71]) for part in parts} == {len(whole)}
        assert texts[SOURCE].endswith("compositeWithTrainedAlgorithmicMedia")
        assert texts[RATING] == "5"
        assert photo.info["xmp"].count(b"<rdf:Description") == 2


def test_an_extension_that_is_cut_off_or_anothers_is_not_taken_for_the_record() -> None:
    data = stamped(Photo(PIXELS, "RGB", info={"xmp": full(600)}).encode(".jpg"), fills("a red bird"))
    for damaged in (
        data.replace(b"a red bird", b"a red herb"),
        data.replace(b"http://ns.adobe.com/xmp/extension/\0", b"http://ns.adobe.com/xmp/extensioN/\0"),
        re.sub(rb"HasExtendedXMP=\"\w{32}", b'HasExtendedXMP="' + b"\xc3\xa4" * 16, data),
    ):
        with pytest.raises(PhotoError, match="no record"):
            read_record(damaged)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_photos_own_packet_is_parsed_once_for_the_record(
    suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Photo(PIXELS, "RGB", info={"xmp": OWN}).encode(suffix)
    create, made = expat.ParserCreate, []
    monkeypatch.setattr(expat, "ParserCreate", lambda **named: made.append(1) or create(**named))
    assert read_record(stamped(data, fills("a red bird"))) == fills("a red bird")
    assert len(made) == 1


SOURCE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
TOOL = "{http://ns.adobe.com/xap/1.0/}CreatorTool"
WITH_THE_SAME = {
    "attributes": b"xmp:Rating='5' i:DigitalSourceType = 'x>y'\n xmp:CreatorTool=\"Camera\" n:record='a'/>",
    "elements": (
        b"xmp:Rating='5'><i:DigitalSourceType>x</i:DigitalSourceType>"
        b"<xmp:CreatorTool>Camera</xmp:CreatorTool><n:record/></rdf:Description>"
    ),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("form", WITH_THE_SAME)
def test_no_property_stands_twice_in_a_packet(suffix: str, form: str) -> None:
    """Adobe's readers refuse a packet in which one does, the photo's own words with it."""
    own = OWN.replace(b"xmp:Rating='5'/>", WITH_THE_SAME[form]).replace(
        b"<x:xmpmeta",
        b"<x:xmpmeta xmlns:n='urn:nigdt:provenance' xmlns:i='http://iptc.org/std/Iptc4xmpExt/2008-02-29/'",
    )
    assert len(ElementTree.fromstring(own))
    data = stamped(Photo(PIXELS, "RGB", info={"xmp": own}).encode(suffix), fills("a red bird"))
    found: dict[str, list[str | None]] = {}
    for element in ElementTree.fromstring(Photo.from_bytes(data, f"a{suffix}").info["xmp"]).iter():
        for key, value in [*element.attrib.items(), (element.tag, element.text)]:
            found.setdefault(key, []).append(value)
    assert found[TOOL] == ["Camera"]
    (source,) = found[SOURCE]
    assert source is not None
    assert source.endswith("compositeWithTrainedAlgorithmicMedia")
    assert found[RATING] == ["5"]
    assert len(found["{urn:nigdt:provenance}record"]) == 1
    assert read_record(data) == fills("a red bird")


def test_a_record_that_another_program_wrote_anew_is_read() -> None:
    data = stamped(Photo(PIXELS, "RGB").encode(".jpg"), fills("a red bird"))
    packet = Photo.from_bytes(data).info["xmp"]
    anew = re.sub(
        rb'nigdt:record="([^"]*)"/>',
        rb"><n:record xmlns:n='urn:nigdt:provenance'>\1</n:record></rdf:Description>",
        packet,
    )
    again = Photo(PIXELS, "RGB", info={"xmp": anew})
    assert read_record(again.encode(".jpg")) == fills("a red bird")
    twice = stamped(again.encode(".jpg"), fills("a blue bird"))
    assert read_record(twice) == fills("a blue bird")
    assert Photo.from_bytes(twice).info["xmp"].count(b"record") == 1


def test_a_selection_of_a_huge_photo_is_read_again(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # in place of a photo of 200 megapixels
    drawn = [DrawnFill(Box(0, 0, 600, 600), Recipe("a"), BIG)]
    again = read_record(stamped(Photo(PIXELS, "RGB").encode(".png"), drawn))
    assert again == drawn
    assert again[0].selection is not None
    assert again[0].selection.mask(600, 600).any()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("png", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_a_selection_that_is_no_picture_is_none(png: bytes) -> None:
    values = {**BIG.to_dict(), "png": base64.b64encode(png).decode()}
    with pytest.raises(ValueError, match="not a selection"):
        DrawnSelection.from_dict(values)
