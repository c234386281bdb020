"""Messages: what is accepted, what is refused, and with which code."""

from __future__ import annotations

import ast
import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nigdt_backend import protocol
from nigdt_backend.protocol import LIMITS, TAG, Event, FillPicture, FillRequest, ProtocolError, decode, encode

from nigdt.limits import FEATHER_MAX
from nigdt.recipe import Recipe, Variant


def parts(request: FillRequest) -> tuple[dict, list[bytes]]:
    tag, header, *frames = request.to_wire()
    assert tag == TAG
    return json.loads(header), frames


def test_a_fill_survives_the_wire(request_fill):
    request = request_fill("ein Vögelchen", live=True, attention=True, result="placed", bundle="cub-256")
    request.recipe = replace(request.recipe, feather=4, mode="recolour", widen=1.5, strength=0.5)
    request.variants = [Variant(3, 1, 0.25)]
    header, frames = decode(request.to_wire())
    assert FillRequest.from_wire(header, frames) == request


def test_of_an_object_there_is_one_answer(request_fill):
    header, frames = parts(request_fill("", result="object"))
    assert FillRequest.from_wire(header, frames).result == "object"
    header["variants"] = [{}, {"seed": 1}]
    with pytest.raises(ProtocolError, match="one answer"):
        FillRequest.from_wire(header, frames)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"width": 17}, "bad-request"),
        ({"width": 2**40}, "too-large"),
        ({"width": 0}, "bad-request"),
        ({"width": True}, "bad-request"),
        ({"width": 16.0}, "bad-request"),
        ({"height": None}, "bad-request"),
        ({"recipe": {"caption": 5}}, "bad-request"),
        ({"recipe": {"caption": "x" * (LIMITS.caption_chars + 1)}}, "bad-request"),
        ({"recipe": {"caption": "\ud800"}}, "bad-request"),
        ({"variants": []}, "bad-request"),
        ({"variants": [{}] * (LIMITS.variants + 1)}, "too-large"),
        ({"variants": [{"seed": -1}]}, "bad-request"),
        ({"variants": [{"seed": 2**63}]}, "bad-request"),
        ({"variants": [{"sneed": 1}]}, "bad-request"),
        ({"variants": [{"spread": 2}]}, "bad-request"),
        ({"variants": "no"}, "bad-request"),
        ({"recipe": {"bundle": "../secrets"}}, "bad-request"),
        ({"recipe": {"bundle": "/etc"}}, "bad-request"),
        ({"recipe": {"bundle": ""}}, "bad-request"),
        ({"recipe": {"bundle": ".."}}, "bad-request"),
        ({"job": "a b"}, "bad-request"),
        ({"job": "a" * (LIMITS.id_chars + 1)}, "bad-request"),
        ({"job": "a\n"}, "bad-request"),
        ({"live": 1}, "bad-request"),
        ({"result": "file"}, "bad-request"),
        ({"recipe": {"feather": FEATHER_MAX + 1}}, "bad-request"),
        ({"recipe": []}, "bad-request"),
        ({"recipe": {"colour": "red"}}, "bad-request"),
        ({"channels": 4}, "bad-request"),
        ({"width": LIMITS.side_max_px + 1}, "too-large"),
        ({"recipe": {"feather": "3"}}, "bad-request"),
    ],
)
def test_a_wrong_field_is_refused_by_name(request_fill, change, code):
    header, frames = parts(request_fill())
    with pytest.raises(ProtocolError) as raised:
        FillRequest.from_wire({**header, **change}, frames)
    assert raised.value.code == code


def test_frames_must_fit_the_header(request_fill):
    header, frames = parts(request_fill())
    for wrong in ([], frames[:1], [frames[0][:-1], frames[1]], [frames[0], frames[1] + b"x"], [*frames, b""]):
        with pytest.raises(ProtocolError) as raised:
            FillRequest.from_wire(header, wrong)
        assert raised.value.code == "bad-request"
    with pytest.raises(ProtocolError, match="selects nothing"):
        FillRequest.from_wire(header, [frames[0], bytes(len(frames[1]))])


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([], "bad-message"),
        ([TAG], "bad-message"),
        ([b"GET / HTTP/1.1", b"{}"], "bad-message"),
        ([b"NIGDT/99", b"{}"], "version"),
        ([b"NIGDT/\xff", b"{}"], "version"),
        ([TAG, b"x" * (LIMITS.header_bytes + 1)], "too-large"),
        ([TAG, b"\xff\xfe"], "bad-message"),
        ([TAG, b"[" * 9000], "bad-message"),
        ([TAG, b'{"kind": NaN}'], "bad-message"),
        ([TAG, b'{"kind": 1}'], "bad-message"),
        ([TAG, b"[]"], "bad-message"),
        ([TAG, b'{"kind":"fill","x":' + b"9" * 5000 + b"}"], "bad-message"),
    ],
)
def test_what_is_no_message_is_refused(frames, code):
    with pytest.raises(ProtocolError) as raised:
        decode(frames)
    assert raised.value.code == code


def test_the_other_side_s_version_is_told_to_people():
    for tag, told in ((b"NIGDT/99", "the other 99"), (b"NIGDT/%s\n", "none that is known")):
        with pytest.raises(ProtocolError) as raised:
            decode([tag, b"{}"])
        assert raised.value.message.endswith(f"{told}.")


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_random_frames_raise_nothing_else(frames):
    with pytest.raises(ProtocolError):
        decode(frames)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [entry.name for entry in dataclasses.fields(FillRequest)]


@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.lists(st.binary(max_size=300), max_size=3))
def test_random_fields_raise_nothing_else(fields, frames):
    with pytest.raises(ProtocolError):
        FillRequest.from_wire({"kind": "fill", **fields}, frames)


def test_headers_hold_no_nan():
    with pytest.raises(ValueError, match="JSON"):
        encode({"kind": "done", "seconds": float("nan")})


def test_every_code_is_said_in_one_line():
    for code, meaning in {**protocol.CODES, **protocol.CLIENT_CODES}.items():
        assert code == code.lower()
        assert "\n" not in meaning
        assert len(meaning) > 10


def test_nothing_from_the_wire_can_become_code():
    """No module of client or daemon imports or calls anything that runs what it reads."""
    folder = Path(protocol.__file__).parent
    forbidden_modules = {"pickle", "marshal", "shelve", "dill", "code", "runpy"}
    forbidden_calls = {
        "eval",
        "exec",
        "compile",
        "__import__",
        "os.system",
        "os.popen",
        "yaml.load",
        "torch.load",
    }
    files = list(folder.rglob("*.py"))
    assert len(files) > 30
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = {alias.name.split(".")[0] for alias in node.names}
                names.add((getattr(node, "module", None) or "").split(".")[0])
                assert not names & forbidden_modules, file
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in forbidden_calls, file
                assert not any(keyword.arg == "shell" for keyword in node.keywords), file


def test_a_placed_context_may_be_large_but_not_without_end(request_fill):
    header, frames = parts(request_fill(result="placed"))
    side = LIMITS.side_max_px + 1
    placed = FillRequest.from_wire({**header, "width": side, "height": 1}, [b"x" * side * 3, b"x" * side])
    assert placed.width == side
    with pytest.raises(ProtocolError) as raised:
        FillRequest.from_wire({**header, "width": 8_000, "height": 8_000}, frames)
    assert raised.value.code == "too-large"


def test_an_answer_survives_the_wire():
    recipe = Recipe("a bird", bundle="b", digest="d", variant=Variant(3, 1, 0.25))
    header = {"index": 0, "width": 2, "height": 1, "placed": True, "recipe": recipe.to_dict(), "words": []}
    picture = FillPicture.from_event(Event("fill", "j", header, (b"abcdef", b"xy")))
    assert (picture.recipe, picture.pixels, picture.weight) == (recipe, b"abcdef", b"xy")
    for frames in ((b"abcdef",), (b"abcdef", b"x"), (b"abcde", b"xy"), ()):
        with pytest.raises(ProtocolError):
            FillPicture.from_event(Event("fill", "j", header, frames))
    with pytest.raises(ProtocolError):
        FillPicture.from_event(Event("fill", "j", {**header, "recipe": {"seed": -1}}, (b"abcdef", b"xy")))
