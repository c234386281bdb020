"""Several daemons behind HAProxy, with the configuration that docs/scale.md gives."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from nigdt_backend.client import Client

from nigdt.recipe import Variant
from tests.ports import free_ports

pytestmark = pytest.mark.slow
CONFIG = Path(__file__).parents[2] / "docs" / "haproxy.cfg"


@dataclass
class Site:
    """Two daemons with one key ring, and HAProxy before them."""

    folder: Path
    stub: list[str]
    wait: Callable[..., bool]
    ports: dict[str, int] = field(default_factory=dict)
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    proxy: subprocess.Popen[bytes] | None = None

    def start(self, name: str) -> None:
        environment = {**os.environ, "NIGDT_STATE_DIR": str(self.folder / name)}
        command = [*self.stub, "--listen", f"tcp://127.0.0.1:{self.ports[name]}"]
        self.daemons[name] = subprocess.Popen(command, env=environment)

    def up(self, name: str) -> bool:
        return any(
            row.startswith(f"daemons,{name},") and ",UP," in row for row in self.ask("show stat").splitlines()
        )

    def ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.folder / "admin.sock"))
            admin.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: admin.recv(65536), b"")).decode()

    def begin(self, *, sticky: bool) -> Path:
        """Start everything; returns the connection file of a client."""
        front, *behind = free_ports(3)
        self.ports = dict(zip(("one", "two"), behind, strict=True))
        endpoint = f"tcp://127.0.0.1:{front}"
        carried = self.folder / "client.json"
        keys = [
            sys.executable,
            "-m",
            "nigdt",
            "keys",
            "add",
            "editors",
            "--endpoint",
            endpoint,
            "-o",
            str(carried),
        ]
        subprocess.run(keys, check=True, capture_output=True)
        text = CONFIG.read_text()
        for old, new in (
            ("/run/haproxy/nigdt.sock", str(self.folder / "admin.sock")),
            (":5599", f"127.0.0.1:{front}"),
            (":5601", f":{behind[0]}"),
            (":5602", f":{behind[1]}"),
        ):
            assert text.count(old) == 1
            text = text.replace(old, new)
        if not sticky:  # all clients of a test have one address
            text = re.sub(r"(?m)^ +stick.*\n", "", text)
        (self.folder / "haproxy.cfg").write_text(text)
        for name in self.ports:
            self.start(name)
        self.proxy = subprocess.Popen(["haproxy", "-f", str(self.folder / "haproxy.cfg"), "-db"])
        assert self.wait((self.folder / "admin.sock").exists, 60)
        assert self.wait(lambda: self.up("one") and self.up("two"), 180)
        return carried

    def end(self) -> None:
        for process in (*self.daemons.values(), self.proxy):
            if process is not None:
                process.kill()
                process.wait()


@pytest.fixture
def site(state: Path, stub_command: list[str], tmp_path: Path, wait_until: Any) -> Iterator[Site]:
    if shutil.which("haproxy") is None:
        pytest.skip("HAProxy is not installed")
    found = Site(tmp_path, stub_command, wait_until)
    yield found
    found.end()


@dataclass
class Crowd:
    """Users who fill one after the other, each with seeds of their own.

    Attributes:
        done: Of each fill the user, the daemon's process at the user's first question, and when it came.
    """

    carried: Path
    request_fill: Any
    caption: str
    jobs: int
    done: list[tuple[int, int, float]] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self, users: int) -> None:
        self.threads = [threading.Thread(target=self._work, args=(number,)) for number in range(users)]
        for thread in self.threads:
            thread.start()

    def join(self) -> None:
        for thread in self.threads:
            thread.join(timeout=600)

    def _work(self, number: int) -> None:
        with Client.connect(connection_file=self.carried, timeout=60) as client:
            pid = client.status()["pid"]
            for job in range(self.jobs):
                seed = (17 * number + job) % 251
                request = self.request_fill(self.caption, variants=[Variant(seed)], job=f"user{number}-{job}")
                found = client.fill(request).fills[0].pixels
                assert set(found[3 * (4 * 16 + 4) : 3 * (4 * 16 + 5)]) == {seed}
                self.done.append((number, pid, time.monotonic()))


def test_a_killed_daemon_and_a_rolling_restart_cost_no_job(site, request_fill, wait_until):
    carried = site.begin(sticky=False)
    users, jobs = 6, 40
    crowd = Crowd(carried, request_fill, "sleep 0.1", jobs)
    crowd.start(users)
    done = crowd.done
    assert wait_until(lambda: len({number for number, *_ in done}) == users, 120)
    assert len({pid for _, pid, _ in done}) == 2, "both daemons work"
    site.daemons["one"].send_signal(signal.SIGKILL)
    site.daemons["one"].wait()
    before = len(done)
    assert wait_until(lambda: len(done) > before + users, 120), "the other one goes on"
    site.start("one")
    assert wait_until(lambda: site.up("one"), 120)
    # Rolling restart: no new connections, then a stop that finishes what runs and hands back the rest.
    site.ask("set server daemons/two state drain")
    site.daemons["two"].send_signal(signal.SIGTERM)
    assert site.daemons["two"].wait(timeout=60) == 0
    site.start("two")
    site.ask("set server daemons/two state ready")
    crowd.join()
    assert Counter(number for number, *_ in done) == dict.fromkeys(range(users), jobs), (
        "none lost, none twice"
    )
    assert wait_until(lambda: site.up("two"), 120)


def test_a_client_that_comes_back_finds_its_daemon(site, request_fill):
    carried = site.begin(sticky=True)
    pids = []
    for _ in range(4):
        with Client.connect(connection_file=carried, timeout=60) as client:
            pids.append(client.status()["pid"])
    assert len(set(pids)) == 1
    assert json.loads(carried.read_text())["pid"] == 0


def test_two_daemons_do_more_than_one(site, request_fill):
    """Fills that wait, as for an accelerator, so that the processor of the test is not what binds."""
    carried = site.begin(sticky=False)
    seconds = {}
    for daemons in (2, 1):
        if daemons == 1:
            site.ask("set server daemons/two state maint")
        crowd = Crowd(carried, request_fill, "each 0.5", jobs=20)
        crowd.start(4)
        crowd.join()
        assert len({pid for _, pid, _ in crowd.done}) == daemons
        moments = sorted(moment for *_, moment in crowd.done)
        assert len(moments) == 80
        seconds[daemons] = moments[-1] - moments[0]
    print(f"79 fills of 0.5 s: {seconds[1]:.1f} s by one daemon, {seconds[2]:.1f} s by two")
    assert seconds[2] < 0.75 * seconds[1]
