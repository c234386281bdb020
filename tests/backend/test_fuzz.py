"""Garbage from someone who holds the key: it never ends the daemon and never costs another client a job."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
import zmq
from nigdt_backend.daemon.server import Server
from nigdt_backend.daemon.settings import DaemonSettings
from nigdt_backend.daemon.sockets import ServerSockets
from nigdt_backend.protocol import LIMITS, TAG
from nigdt_backend.transport import ClientSocket, ConnectionLost
from nigdt_backend.wire import ProtocolError, decode, encode

from tests.campaign.messages import Bystander, lone_surrogates, pour

MESSAGES = 1200


def test_no_message_ends_the_daemon_or_costs_anybody_else_a_fill(client, request_fill):
    pid = client.status()["pid"]
    with Bystander(lambda: request_fill("sleep 0.02")) as other:
        sent = pour(client, MESSAGES, seed=1)
    status = client.status()
    assert other.failures == []
    assert other.seconds
    assert status["pid"] == pid
    assert status["messages"]["received"] >= 0.9 * sent
    assert status["messages"]["refused"] > 0.5 * sent
    assert len(client.fill(request_fill()).fills) == 1


def test_text_that_utf_8_cannot_encode_is_refused(client):
    hostile = ClientSocket(client.connection)
    try:
        for header in lone_surrogates():
            hostile.send([TAG, header])
            assert json.loads(hostile.receive(60.0)[0][1])["code"] == "bad-message"
    finally:
        hostile.close()
    assert client.status()["pid"]


def test_an_error_about_a_name_that_is_not_utf_8_is_answered():
    header = encode({"kind": "error", "message": "/home/h_\udce9/x is broken"})[1]
    assert json.loads(bytes(header))["message"] == "/home/h_?/x is broken"


@pytest.mark.parametrize("number", ["1e400", "-1e999", "9" * 30, "NaN"])
def test_numbers_beyond_bounds_are_refused(number):
    with pytest.raises(ProtocolError) as raised:
        decode([TAG, f'{{"kind":"fill","width":{number}}}'.encode()])
    assert raised.value.code == "bad-message"


@pytest.mark.parametrize("depth", [17, 200, 7000])
def test_deep_headers_are_refused(depth):
    with pytest.raises(ProtocolError) as raised:
        decode([TAG, b'{"kind":"status","a":' + b"[" * depth + b"]" * depth + b"}"])
    assert raised.value.code == "bad-message"


def test_a_defect_in_a_step_of_the_loop_is_logged_and_the_loop_goes_on(caplog):
    server = Server(ServerSockets(), Idle(), DaemonSettings(preload=""))
    calls = []

    def fails():
        calls.append(1)
        raise ZeroDivisionError("a fault was ordered")

    try:
        server._guarded(fails)
        server._guarded(fails)
    finally:
        server.close()
    assert len(calls) == 2
    assert "a fault was ordered" in caplog.text


class Idle:
    batch_variants = 1

    def run(self, jobs, hooks):
        raise NotImplementedError

    continue_photo = run


def cut_off(hostile: ClientSocket) -> bool:
    try:
        for _ in range(120):
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
    assert max([*gaps, time.monotonic() - heard]) < 5.0
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
        header = json.loads(hostile.receive(60.0)[0][1])
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
        deadline = time.monotonic() + 60
        while not incoming and time.monotonic() < deadline:
            sockets.answer_zap()
            sockets.receive(incoming.append)
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


def test_a_few_messages_are_handled_before_the_loop_looks_after_other_things():
    """A fill that is ready waits behind no more of them, however many have come in."""
    sockets = ServerSockets()
    with zmq.Context() as context, context.socket(zmq.DEALER) as sender:
        sender.setsockopt(zmq.LINGER, 0)
        sender.curve_serverkey = sockets.local_server.public.encode()
        sender.curve_publickey = sockets.local_client.public.encode()
        sender.curve_secretkey = sockets.local_client.secret.encode()
        sender.connect(sockets.bind_local())
        for _ in range(200):
            sender.send_multipart([TAG, b"{}"])
        turns = []
        deadline = time.monotonic() + 60
        while sum(turns) < 200 and time.monotonic() < deadline:
            sockets.answer_zap()
            incoming = []
            sockets.receive(incoming.append)
            turns.append(len(incoming))
    sockets.close()
    assert sum(turns) == 200
    assert max(turns) <= 16


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
        subprocess.run([sys.executable, "-c", KILLED, str(0.01 * (number % 10))], timeout=90, check=False)
    # Between two jobs none runs for a moment, though others wait.
    names = ("waiting", "running", "clients")
    assert wait_until(lambda: not any(client.status()["queue"][name] for name in names))
    status = client.status()
    assert 80 <= status["jobs"]["dropped"] <= 100, "a few died before their job had left them"
    assert len(client.fill(request_fill()).fills) == 1
    if before is not None:
        assert status["memory_mib"] - before < 20
