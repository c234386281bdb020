"""Who may talk to the daemon: keys, files and folders; who may not gets nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zmq
from click.testing import CliRunner
from nigdt_backend import paths
from nigdt_backend.client import Client, DaemonError
from nigdt_backend.commands.keys import keys
from nigdt_backend.connection import read_connection
from nigdt_backend.daemon.keys import KeyRing
from nigdt_backend.daemon.sockets import KeyPair
from nigdt_backend.protocol import encode
from nigdt_backend.transport import ClientSocket, ConnectionLost

from tests.ports import free_ports

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


def nothing_comes_back(socket: ClientSocket) -> bool:
    try:
        socket.send(encode({"kind": "status", "request": "x"}))
        return socket.receive(1.0) == []
    except ConnectionLost:
        return True
    finally:
        socket.close()


def test_unknown_client_key_gets_nothing(client):
    stranger = KeyPair.new()
    forged = dataclasses.replace(
        client.connection, client_public=stranger.public, client_secret=stranger.secret
    )
    assert nothing_comes_back(ClientSocket(forged))
    assert client.status()["messages"]["keys_refused"] >= 1


def test_wrong_server_key_gets_nothing(client):
    forged = dataclasses.replace(client.connection, server_key=KeyPair.new().public)
    assert nothing_comes_back(ClientSocket(forged))
    assert client.status()["pid"]


def test_zeromq_without_a_key_gets_nothing(client):
    context = zmq.Context()
    plain = context.socket(zmq.DEALER)
    plain.setsockopt(zmq.LINGER, 0)
    plain.connect(client.connection.endpoint)
    plain.send_multipart(encode({"kind": "status"}))
    assert plain.poll(800) == 0
    plain.close()
    context.term()
    assert client.status()["pid"]


def test_plain_text_gets_nothing_but_a_greeting_and_is_cut_off(client):
    host, port = client.connection.endpoint.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + b"A" * 64)
        received = b""
        started = time.monotonic()
        try:
            while chunk := plain.recv(4096):
                received += chunk
        except ConnectionResetError:
            pass
    assert time.monotonic() - started < 20
    assert len(received) <= 64, "more than a ZMTP greeting"
    assert client.status()["pid"]


@posix
def test_connection_file_is_private_and_keys_change_at_every_start(client, state, stub_command, wait_until):
    path = state / "connection.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    before = read_connection(path)
    client.shutdown()
    assert wait_until(lambda: not path.exists())
    with Client.connect(command=stub_command) as again:
        after = again.connection
    assert after.server_key != before.server_key
    assert after.client_secret != before.client_secret
    old_keys = dataclasses.replace(before, endpoint=after.endpoint)
    assert nothing_comes_back(ClientSocket(old_keys))


@posix
def test_a_folder_that_others_can_write_is_refused_by_both_sides(state, stub_command):
    state.mkdir()
    state.chmod(0o777)
    with pytest.raises(DaemonError) as raised:
        Client.connect(command=stub_command)
    assert raised.value.code == "unsafe-state"
    assert "chmod 700" in raised.value.message
    done = subprocess.run(stub_command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 1
    assert "chmod 700" in done.stderr


@posix
def test_a_connection_file_that_others_can_read_is_refused(client, state):
    (state / "connection.json").chmod(0o644)
    with pytest.raises(DaemonError) as raised:
        Client.connect(start=False)
    assert raised.value.code == "unsafe-state"
    assert "chmod 600" in raised.value.message
    (state / "connection.json").chmod(0o600)


@posix
@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_a_connection_file_holds_nobody_up(state, monkeypatch, tmp_path):
    """In a folder of everybody's, as /tmp is, somebody else may have put it there."""
    pipe = tmp_path / "laptop.json"
    os.mkfifo(pipe, 0o600)
    monkeypatch.setenv("NIGDT_CONNECTION", str(pipe))
    with pytest.raises(DaemonError) as raised:
        Client.connect(start=False)
    assert raised.value.code == "unsafe-state"
    assert raised.value.message == f"{pipe} is not a regular file. Delete it."


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="gives a folder away")
def test_a_folder_of_another_user_is_refused_by_both_sides(client, state, stub_command):
    os.chown(state, 12345, -1)
    with pytest.raises(DaemonError) as raised:
        Client.connect(start=False)
    assert raised.value.code == "unsafe-state"
    assert "another user" in raised.value.message
    done = subprocess.run(stub_command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 1
    assert "another user" in done.stderr
    os.chown(state, os.getuid(), -1)


def test_a_file_left_by_a_crash_blocks_nobody(state, stub_command):
    state.mkdir(mode=0o700)
    stale = KeyPair.new()
    with socket.socket() as taken:  # the port now belongs to someone else
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        connection = {
            "endpoint": f"tcp://127.0.0.1:{taken.getsockname()[1]}",
            "server_key": stale.public,
            "client_public": stale.public,
            "client_secret": stale.secret,
            "pid": 2**22 - 3,
            "protocol": 1,
        }
        path = state / "connection.json"
        path.write_text(json.dumps(connection))
        path.chmod(0o600)
        (state / "daemon.lock").touch()
        started = time.monotonic()
        with Client.connect(command=stub_command) as client:
            assert client.status()["pid"] != connection["pid"]
        assert time.monotonic() - started < 18


def test_half_written_connection_file_is_waited_out(state, stub_command):
    state.mkdir(mode=0o700)
    path = state / "connection.json"
    path.write_text('{"endpoint": "tcp://127')
    path.chmod(0o600)
    with Client.connect(command=stub_command) as client:
        assert client.status()["pid"]


def test_a_client_that_makes_its_own_keys_learns_the_server_s_before_anybody_was_added(state, tmp_path):
    def run(*arguments):
        result = CliRunner().invoke(keys, [*map(str, arguments)])
        assert result.exit_code == 0, result.output
        return result.output.split()

    endpoint = "tcp://127.0.0.1:5599"
    server_key = run("list")[-1]
    client_key = run("new", endpoint, server_key, "-o", tmp_path / "server.json")[-1]
    run("add", "laptop", "--public-key", client_key)
    assert run("list")[:2] == ["laptop", client_key]
    carried = read_connection(tmp_path / "server.json")
    assert (carried.endpoint, carried.server_key) == (
        endpoint,
        KeyRing.read(paths.keys_path()).server_key().public,
    )


def test_remote_client_needs_a_key_that_was_added(
    state, tmp_path, stub_command, monkeypatch, request_fill, hold, ends
):
    def run_keys(*arguments):
        command = [sys.executable, "-m", "nigdt", "keys", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def named() -> list[str]:
        return [line.split()[0] for line in run_keys("list").stdout.splitlines()[:-1]]

    (port,) = free_ports(1)
    endpoint = f"tcp://127.0.0.1:{port}"
    added = run_keys("add", "laptop", "--endpoint", endpoint, "-o", tmp_path / "laptop.json")
    assert added.returncode == 0, added.stderr
    assert stat.S_IMODE((tmp_path / "laptop.json").stat().st_mode) == 0o600
    assert named() == ["laptop"]
    assert run_keys("add", "laptop", "--endpoint", endpoint, "-o", tmp_path / "b.json").returncode == 2
    assert run_keys("add", "desk", "--public-key", "short").returncode == 2
    for address in ("127.0.0.1:5599", "tcp://127.0.0.1:65536", "tcp://*:5599"):
        refused = run_keys("add", "desk", "--endpoint", address, "-o", tmp_path / "b.json")
        assert refused.returncode == 2
        assert address in refused.stderr
    nowhere = run_keys("add", "desk", "--endpoint", endpoint, "-o", tmp_path / "nowhere" / "b.json")
    assert nowhere.returncode == 1
    assert len(nowhere.stderr.splitlines()) == 1
    assert run_keys("new", endpoint, "short", "-o", tmp_path / "b.json").returncode == 2
    assert named() == ["laptop"], "a failed one adds nobody"
    assert not (tmp_path / "b.json").exists()

    with Client.connect(command=[*stub_command, "--listen", endpoint]) as local:
        assert local.status()["remote_endpoint"] == endpoint
        with Client.connect(connection_file=tmp_path / "laptop.json") as remote:
            assert remote.status()["pid"] == local.status()["pid"]
            with pytest.raises(DaemonError) as raised:
                remote.shutdown()
            assert raised.value.code == "forbidden"
            # The same id names another job for another user: not cancelled, taken over or refused.
            held = hold(local, request_fill("held", job="same"))
            remote.cancel("same")
            assert [event.data["code"] for event in remote.events(60)] == ["unknown-job"]
            remote.submit(request_fill("another", job="same"))
            held.wait_for_queue(1)
            held.release()
            for client in (local, remote):
                assert ends(client, ["same"]) == {"same": "done"}
        carried = read_connection(tmp_path / "laptop.json")
        stranger = KeyPair.new()
        forged = dataclasses.replace(carried, client_public=stranger.public, client_secret=stranger.secret)
        assert nothing_comes_back(ClientSocket(forged))
        # The key of the local socket does not open the remote one.
        local_key = dataclasses.replace(
            carried,
            client_public=local.connection.client_public,
            client_secret=local.connection.client_secret,
        )
        assert nothing_comes_back(ClientSocket(local_key))
        monkeypatch.setenv("NIGDT_CONNECTION", str(tmp_path / "laptop.json"))
        with Client.connect() as named:
            assert named.connection.endpoint == endpoint
        monkeypatch.delenv("NIGDT_CONNECTION")
    assert run_keys("remove", "laptop").returncode == 0
    assert os.environ.get("NIGDT_CONNECTION") is None
    assert paths.keys_path().exists()


def _remote(host: str) -> tuple[KeyRing, str, Path]:
    """Let a client called laptop in; the ring, where the daemon listens, and the file for the laptop."""
    (port,) = free_ports(1)
    endpoint = f"tcp://{host}:{port}"
    file = paths.state_dir().parent / "laptop.json"
    done = CliRunner().invoke(keys, ["add", "laptop", "--endpoint", endpoint, "-o", str(file)])
    assert done.exit_code == 0, done.output
    return KeyRing.read(paths.keys_path()), endpoint, file


def test_a_key_that_is_removed_opens_nothing_any_more(state, stub_command, request_fill, wait_until):
    ring, endpoint, file = _remote("127.0.0.2")
    laptop = ring.clients["laptop"]
    with (
        Client.connect(command=[*stub_command, "--listen", endpoint]) as local,
        Client.connect(connection_file=file) as remote,
    ):
        assert remote.fill(request_fill("a bird")).fills
        paths.keys_path().write_text("{")  # damaged: the former keys count
        time.sleep(1.5)
        assert remote.status()["pid"]
        paths.keys_path().unlink()
        ring.path.touch(mode=0o600)
        ring.clients = {"desk": KeyPair.new().public}
        ring.write()
        carried = read_connection(file)
        assert wait_until(lambda: nothing_comes_back(ClientSocket(carried)))
        read = local.status()["messages"]["received"]
        remote._require_socket().send(encode({"kind": "status", "request": "x"}))
        assert remote._require_socket().receive(0.5) == []
        assert local.status()["messages"]["received"] == read + 1
        ring.clients |= {"laptop": laptop}
        ring.write()
        assert wait_until(lambda: not nothing_comes_back(ClientSocket(carried)))


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_a_remote_door_of_an_ipv6_address(state, stub_command):
    _, endpoint, file = _remote("[::1]")
    with Client.connect(command=[*stub_command, "--listen", endpoint]) as local:
        assert local.status()["remote_endpoint"] == endpoint
        with Client.connect(connection_file=file) as remote:
            assert remote.status()["pid"] == local.status()["pid"]


@pytest.mark.parametrize("address", ["0.0.0.0", "*", "[::]"])
def test_addresses_that_nobody_can_call_are_not_carried_to_clients(state, tmp_path, address):
    command = ["add", "laptop", "--endpoint", f"tcp://{address}:5599", "-o", str(tmp_path / "laptop.json")]
    done = CliRunner().invoke(keys, command)
    assert done.exit_code == 2
    assert "as the client reaches this machine" in done.output
    assert not (tmp_path / "laptop.json").exists()


GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + b"\0" + bytes(31)
BEGINNINGS = [
    b"",
    b"\xff",
    GREETING[:30],
    GREETING,
    GREETING + b"\x04\xc8\x05HELLO" + bytes(194),
    GREETING + b"\x06" + struct.pack(">Q", 2**62),
    GREETING.replace(b"CURVE", b"NULL\0") + b"\x04\x19\x05READY\x0bSocket-Type\0\0\0\x06DEALER",
    bytes(range(256)),
]


def test_a_flood_of_raw_connections_costs_nobody_a_fill(client, request_fill, wait_until):
    """Left half open, full of anything, closed or reset."""
    host, port = client.connection.endpoint.removeprefix("tcp://").split(":")
    files = Path(f"/proc/{client.status()['pid']}/fd")
    before = len([*files.iterdir()]) if files.is_dir() else 0
    plain: list[socket.socket] = []
    try:
        for number in range(320):
            one = socket.create_connection((host, int(port)), timeout=30)
            with contextlib.suppress(OSError):
                one.sendall(BEGINNINGS[number % len(BEGINNINGS)])
            if number % 4 == 1:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if number % 4 < 2:
                one.close()
            else:
                plain.append(one)
            if number % 40 == 0:
                assert client.fill(request_fill("a bird")).fills
                with Client.connect(start=False) as other:
                    assert other.status()["pid"]
        assert wait_until(lambda: not before or len([*files.iterdir()]) <= before)
    finally:
        for one in plain:
            one.close()


def test_without_listen_there_is_no_remote_door(client):
    assert client.status()["remote_endpoint"] is None
    assert client.status()["endpoint"].startswith("tcp://127.0.0.1:")
