"""Fills that name a context which the daemon has, instead of sending it again."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace

import pytest
from nigdt_backend.client import Client
from nigdt_backend.daemon.held import HeldContexts
from nigdt_backend.daemon.scheduler import Job
from nigdt_backend.protocol import LIMITS, FillRequest, ProtocolError, decode
from nigdt_backend.transport import ClientSocket

from nigdt.recipe import Recipe, Variant


@pytest.fixture
def sent(monkeypatch) -> list[int]:
    """Bytes of crop and mask in each fill that is sent."""
    sizes: list[int] = []
    real = ClientSocket.send

    def send(self, frames):
        header, raw = decode(frames)
        if header["kind"] == "fill":
            sizes.append(sum(map(len, raw)))
        real(self, frames)

    monkeypatch.setattr(ClientSocket, "send", send)
    return sizes


def typed(request: FillRequest, caption: str, **fields) -> FillRequest:
    """Return another fill of the same context, live unless told otherwise."""
    return replace(request, recipe=Recipe(caption), job=caption.replace(" ", "-"), **{"live": True, **fields})


def large(shade: int) -> FillRequest:
    side = LIMITS.side_max_px
    return FillRequest(bytes([shade]) * (3 * side**2), b"\xff" + bytes(side**2 - 1), side, side, live=True)


def test_the_next_fill_that_follows_the_typing_sends_no_pixels(client, request_fill, sent):
    request = request_fill()
    variants = [Variant(7)]
    whole = client.fill(typed(request, "a re", variants=variants))
    named = client.fill(typed(request, "a red", variants=variants))
    later = client.fill(typed(request, "a red bird", variants=variants, live=False))
    assert sent == [4 * 16 * 16, 0, 0]
    assert whole.fills[0].pixels == named.fills[0].pixels == later.fills[0].pixels
    assert named.fills[0].recipe.caption == "a red"


def test_another_context_is_sent_whole(client, request_fill, sent):
    client.fill(request_fill("a", live=True))
    client.fill(request_fill("a", side=24, live=True))
    assert sent == [4 * 16 * 16, 4 * 24 * 24]


def test_only_fills_that_follow_the_typing_are_kept(client, request_fill, sent):
    request = request_fill()
    client.fill(typed(request, "a re", live=False))
    client.fill(typed(request, "a red", live=False))
    assert sent == [4 * 16 * 16] * 2


def test_what_is_kept_no_more_is_sent_again_by_itself(client, stub_command, sent):
    first = large(0)
    size = 4 * LIMITS.side_max_px**2
    client.fill(first)
    with Client.connect(start=False) as other:
        for shade in range(1, 1 + LIMITS.held_bytes // size):
            other.fill(large(shade))
    del sent[:]
    result = client.fill(typed(first, "a bird", variants=[Variant(9)]))
    assert result.fills[0].pixels[:6] == bytes([9, 9, 9, 0, 0, 0])
    assert sent == [0, size]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_daemon_that_was_started_again_gets_all_of_it(client, request_fill, sent, daemon_pid):
    request = request_fill()
    client.fill(typed(request, "a re"))
    os.kill(daemon_pid(), signal.SIGKILL)
    client.fill(typed(request, "a red"))
    assert [size for size in sent if size] == [4 * 16 * 16] * 2


def held(user: str, request: FillRequest) -> tuple[HeldContexts, str]:
    contexts, job = HeldContexts(), Job(user, (0, b"1"), request, 0.0)
    assert contexts.keep(job)
    return contexts, job.context.hex()


def test_no_user_can_name_what_another_sent(request_fill):
    contexts, name = held("one", request_fill(live=True))
    header = decode(request_fill(context=name).to_wire())[0]
    assert contexts.complete("one", header).crop == request_fill().crop
    with pytest.raises(ProtocolError) as refused:
        contexts.complete("other", header)
    assert refused.value.code == "unknown-context"


@pytest.mark.parametrize("change", [{"width": 8, "height": 32}, {"result": "object"}])
def test_a_context_is_named_as_it_was_sent(request_fill, change):
    contexts, name = held("one", request_fill(live=True))
    header = decode(request_fill(context=name).to_wire())[0]
    with pytest.raises(ProtocolError) as refused:
        contexts.complete("one", header | change)
    assert refused.value.code == "bad-request"


def test_a_named_context_counts_as_the_same(request_fill):
    request = request_fill(live=True)
    whole = Job("one", (0, b"1"), request, 0.0)
    contexts, name = held("one", request)
    header = decode(replace(request, context=name).to_wire())[0]
    named = Job("one", (0, b"1"), contexts.complete("one", header), 0.0, bytes.fromhex(name))
    assert (named.context, named.digest) == (whole.context, whole.digest)
