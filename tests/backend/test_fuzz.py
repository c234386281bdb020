"""Garbage from someone who holds the key: it never ends the daemon and never costs another client a job."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.daemon.sockets import ServerSockets
from nigdt_backend.protocol import LIMITS, REQUESTS, TAG
from nigdt_backend.transport import ClientSocket, ConnectionLost

PER_EXAMPLE = 50
EXAMPLES = 400  # of PER_EXAMPLE messages each: 20,000

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["../../etc/passwd", "%s%n", "{0.__class__}", "\ud800", "a" * 5000, "default"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = (
    *("job", "width", "height", "channels", "recipe", "variants", "live", "result"),
    *("attention", "request", "seed", "base", "spread"),
)
kinds = st.sampled_from([kind for kind in REQUESTS if kind != "shutdown"]) | st.text(max_size=12)
headers = st.builds(
    lambda kind, fields: json.dumps({"kind": kind, **fields}).encode(),
    kinds,
    st.dictionaries(st.sampled_from(KEYS), values, max_size=8),
)
sane_fill = st.builds(
    lambda job, side, change: json.dumps(
        {
            "kind": "fill",
            "job": f"f{job}",
            "width": side,
            "height": side,
            "recipe": {"caption": "x"},
            **change,
        }
    ).encode(),
    st.integers(0, 10**9),
    st.sampled_from([8, 16]),
    st.dictionaries(st.sampled_from(KEYS), values, max_size=1),
)
raw = st.binary(max_size=64) | st.sampled_from([bytes(192), b"\xff" * 64, b"\1" * 768, b"\1" * 256])
messages = st.one_of(
    st.lists(st.binary(max_size=60), min_size=1, max_size=7),
    st.builds(lambda header, frames: [TAG, header, *frames], headers, st.lists(raw, max_size=4)),
    st.builds(
        lambda header, frames: [TAG, header, *frames], sane_fill, st.lists(raw, min_size=1, max_size=3)
    ),
    st.builds(lambda tag, header: [tag, header], st.binary(max_size=12) | st.just(b"NIGDT/2"), headers),
)


def pour(client: Client, examples: int) -> int:
    """Send generated garbage over fresh connections; how many messages."""
    sent = 0

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(messages, min_size=PER_EXAMPLE, max_size=PER_EXAMPLE))
    def garbage(batch):
        nonlocal sent
        hostile = ClientSocket(client.connection)
        try:
            for message in batch:
                hostile.send(message)
                sent += 1
            hostile.receive(0.05)
        except ConnectionLost:
            pass  # cut off: the next example connects anew
        finally:
            hostile.close()

    garbage()
    return sent


def bystander(stop: threading.Event, request_fill, failures: list[str], done: list[int]) -> None:
    with Client.connect(start=False) as client:
        while not stop.is_set():
            try:
                client.fill(request_fill("sleep 0.02"))
                done.append(1)
            except DaemonError as error:
                failures.append(f"{error.code}: {error.message}")
                if len(failures) > 5:
                    return


def check(client, request_fill, examples: int) -> None:
    pid = client.status()["pid"]
    stop, failures, done = threading.Event(), [], []
    other = threading.Thread(target=bystander, args=(stop, request_fill, failures, done))
    other.start()
    try:
        sent = pour(client, examples)
    finally:
        stop.set()
        other.join()
    status = client.status()
    assert sent >= examples * PER_EXAMPLE * 0.9
    assert failures == []
    assert done
    assert status["pid"] == pid
    assert status["messages"]["received"] >= sent * 0.5
    assert status["messages"]["refused"] > 0
    assert len(client.fill(request_fill()).fills) == 1


def test_garbage_costs_nobody_a_job(client, request_fill):
    check(client, request_fill, examples=20)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_thousand_messages_of_garbage_cost_nobody_a_job(client, request_fill):
    check(client, request_fill, examples=EXAMPLES)


def cut_off(hostile: ClientSocket) -> bool:
    try:
        for _ in range(20):
            hostile.receive(0.5)
    except ConnectionLost:
        return True
    return False


def test_frame_beyond_the_limit_cuts_only_its_sender_off(client, request_fill):
    hostile = ClientSocket(client.connection)
    try:
        hostile.send([TAG, b"{}", bytes(LIMITS.frame_bytes + 1)])
        assert cut_off(hostile)
    finally:
        hostile.close()
    assert len(client.fill(request_fill()).fills) == 1


MANY_FRAMES = """
import json, sys
from nigdt_backend import paths
from nigdt_backend.connection import read_connection
from nigdt_backend.protocol import TAG
from nigdt_backend.transport import ClientSocket
hostile = ClientSocket(read_connection(paths.connection_path()))
hostile.send([TAG, b'{"kind":"status"}', *[sys.argv[2].encode()] * int(sys.argv[1])])
print(json.loads(hostile.receive(90.0)[0][1])["code"])
hostile.close()
"""


@pytest.mark.parametrize(("frames", "payload"), [(5, ""), (5000, "x"), (600_000, "")])
def test_messages_of_too_many_frames_are_refused_and_hold_nobody_up(client, request_fill, frames, payload):
    """Heartbeats of a job that runs go on while the daemon throws the frames away."""
    job = client.submit(request_fill("sleep 60"))
    while not any(event.kind == "progress" for event in client.events(1.0)):
        pass
    command = [sys.executable, "-c", MANY_FRAMES, str(frames), payload]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as hostile:
        gaps, heard = [], time.monotonic()
        while hostile.poll() is None:
            if client.events(0.1):
                now = time.monotonic()
                gaps.append(now - heard)
                heard = now
        code = hostile.stdout.read().strip()
    assert code == "too-large"
    assert max([*gaps, time.monotonic() - heard]) < 2.0
    client.cancel(job)
    while not any(event.kind == "error" for event in client.events(1.0)):
        pass
    assert len(client.fill(request_fill()).fills) == 1


@pytest.mark.parametrize(
    "frames",
    [[b""], [b"", b""], [TAG], [TAG, b""], [TAG, b"", b"", b""], [b"", b'{"kind":"status"}'], [b""] * 4],
)
def test_empty_frames_are_answered_with_an_error(client, frames):
    hostile = ClientSocket(client.connection)
    try:
        hostile.send(frames)
        header = json.loads(hostile.receive(5.0)[0][1])
    finally:
        hostile.close()
    assert header["code"] == "bad-message"
    assert client.status()["pid"]


def test_a_message_that_never_ends_leaves_others_alone_and_goes_with_its_sender(client, request_fill):
    context = zmq.Context()
    endless = context.socket(zmq.DEALER)
    connection = client.connection
    endless.curve_serverkey = connection.server_key.encode()
    endless.curve_publickey = connection.client_public.encode()
    endless.curve_secretkey = connection.client_secret.encode()
    endless.linger = 0
    endless.connect(connection.endpoint)
    for _ in range(2000):
        endless.send(b"x" * 100, zmq.SNDMORE)
    for _ in range(3):
        assert len(client.fill(request_fill()).fills) == 1
    endless.close()
    context.term()
    assert len(client.fill(request_fill()).fills) == 1
    assert client.status()["messages"]["received"] < 20


def test_a_client_that_does_not_read_its_pictures_is_given_up():
    """Over real sockets: the daemon holds a bounded number of bytes for it, whatever it asks for."""
    sockets = ServerSockets()
    context = zmq.Context()
    lazy = context.socket(zmq.DEALER)
    try:
        endpoint = sockets.bind_local()
        lazy.setsockopt(zmq.RCVHWM, 1)
        lazy.setsockopt(zmq.LINGER, 0)
        lazy.curve_serverkey = sockets.local_server.public.encode()
        lazy.curve_publickey = sockets.local_client.public.encode()
        lazy.curve_secretkey = sockets.local_client.secret.encode()
        lazy.connect(endpoint)
        lazy.send_multipart([TAG, b'{"kind":"status"}'])
        incoming = []
        deadline = time.monotonic() + 10
        while not incoming and time.monotonic() < deadline:
            sockets.answer_zap()
            incoming = list(sockets.receive())
            time.sleep(0.01)
        picture = bytes(LIMITS.frame_bytes)
        sent = 0
        while sockets.send(incoming[0].client, [TAG, b"{}", picture]) and sent < 200:
            sent += 1
        most = LIMITS.unread_bytes // LIMITS.frame_bytes
        assert most <= sent <= most + 6, "what the network's buffers took on top"
        for _ in range(sent):  # once it reads, it is served again
            assert lazy.poll(10_000)
            lazy.recv_multipart()
        assert sockets.send(incoming[0].client, [TAG, b"{}", picture])
        assert lazy.poll(10_000)
        lazy.recv_multipart()
    finally:
        lazy.close()
        context.term()
        sockets.close()


KILLED = """
import os, sys, time
from nigdt_backend.client import Client
from nigdt_backend.protocol import FillRequest
from nigdt.recipe import Recipe
client = Client.connect(start=False)
client.submit(FillRequest(b"x" * 768, b"\\xff" * 256, 16, 16, Recipe("sleep 5")))
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end: client.events(0.01)
os._exit(9)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_clients_killed_in_mid_job_leave_nothing(client, request_fill, wait_until):
    client.fill(request_fill())
    before = client.status()["memory_mib"]
    for number in range(100):
        subprocess.run([sys.executable, "-c", KILLED, str(0.01 * (number % 10))], timeout=30, check=False)
    assert wait_until(lambda: client.status()["queue"]["running"] == 0, 10)
    status = client.status()
    assert status["queue"]["waiting"] == status["queue"]["running"] == status["queue"]["clients"] == 0
    assert 80 <= status["jobs"]["dropped"] <= 100, "a few died before their job had left them"
    assert len(client.fill(request_fill()).fills) == 1
    if before is not None:
        assert status["memory_mib"] - before < 20
