"""Several daemons behind HAProxy, with the configuration that docs/scale.md gives."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from nigdt_backend.bench.load import CAPTIONS, make_context, make_request, seeded
from nigdt_backend.client import Client

from nigdt.recipe import Variant
from tests.ports import free_ports

pytestmark = pytest.mark.slow
GROUPS = Path("/sys/fs/cgroup/cpu")
CONFIG = Path(__file__).parents[2] / "docs" / "haproxy.cfg"


@dataclass
class Site:
    """Two daemons with one key ring, and HAProxy before them."""

    folder: Path
    commands: dict[str, list[str]]
    wait: Callable[..., bool]
    ports: dict[str, int] = field(default_factory=dict)
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    proxy: subprocess.Popen[bytes] | None = None

    def start(self, name: str) -> None:
        environment = {**os.environ, "NIGDT_STATE_DIR": str(self.folder / name)}
        command = [*self.commands[name], "--listen", f"tcp://127.0.0.1:{self.ports[name]}"]
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
        self.ports = dict(zip(self.commands, behind, strict=True))
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
    found = Site(tmp_path, dict.fromkeys(("one", "two"), stub_command), wait_until)
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


def processor_seconds(pid: int) -> float:
    """Return what a process has had of the processor, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def fill_anew(carried: Path, users: int, jobs: int, turn: int) -> tuple[float, set[int]]:
    """Let users fill new contexts by the default model, each the next one when the last has come.

    Returns:
        Seconds that all of it took, and the daemons' processes.
    """
    ready = threading.Barrier(users + 1, timeout=300)
    pids: set[int] = set()
    ended: list[float] = []

    def work(number: int) -> None:
        numbers = seeded(1000 * turn + number)
        with Client.connect(connection_file=carried, timeout=120) as client:
            pids.add(client.status()["pid"])
            ready.wait()
            for _ in range(jobs):
                picture, selection = make_context(256, numbers)
                client.fill(make_request(picture, selection, numbers.choice(CAPTIONS)))
            ended.append(time.monotonic())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(users)]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.monotonic()
    for thread in threads:
        thread.join()
    assert len(ended) == users
    return max(ended) - begun, pids


@contextlib.contextmanager
def allotted(daemons: Collection[int], others: Collection[int]) -> Iterator[bool]:
    """Give each daemon a quarter of its core, no more and no less, whatever else the machine does.

    By the kernel's groups of processes (their first version, as root); False where they cannot be made.
    """
    made: list[Path] = []

    def group(name: str, pids: Collection[int], quota: int) -> None:
        folder = GROUPS / f"nigdt-test-{os.getpid()}-{name}"
        folder.mkdir()
        made.append(folder)
        (folder / "cpu.shares").write_text("100000")  # of a process outside: 1024
        (folder / "cpu.cfs_period_us").write_text("20000")
        (folder / "cpu.cfs_quota_us").write_text(str(quota))
        for pid in pids:
            (folder / "cgroup.procs").write_text(str(pid))

    try:
        try:
            for number, pid in enumerate(daemons):
                group(str(number), [pid], 5000)
            group("others", others, -1)
            allowed = True
        except OSError:
            allowed = False
        yield allowed
    finally:
        for folder in made:
            for pid in (folder / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    (GROUPS / "cgroup.procs").write_text(pid)
            folder.rmdir()


def test_two_daemons_that_compute_do_twice_as_much_as_one(site):
    """Daemons of the default model, each on a core of its own, against one of them, in turns."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        pytest.skip("Needs two cores and taskset.")
    serve = [sys.executable, "-m", "nigdt", "serve", "--foreground"]
    site.commands = {
        name: ["taskset", "-c", str(core), *serve] for name, core in zip(("one", "two"), cores, strict=False)
    }
    carried = site.begin(sticky=False)
    users, jobs = 4, 6
    workers = [process.pid for process in site.daemons.values()]
    a_second, of_processor = defaultdict(list), defaultdict(list)
    with allotted(workers, [os.getpid(), site.proxy.pid]) as as_allotted:
        _, pids = fill_anew(carried, users, 1, 0)  # both have loaded the model
        assert pids == set(workers)
        for turn, daemons in enumerate((1, 2, 2, 1, 1, 2), 1):
            site.ask(f"set server daemons/two state {'ready' if daemons == 2 else 'maint'}")
            assert site.wait(lambda wanted=daemons == 2: site.up("two") == wanted, 60)
            before = [processor_seconds(pid) for pid in (*workers, site.proxy.pid)]
            seconds, pids = fill_anew(carried, users, jobs, turn)
            after = [processor_seconds(pid) for pid in (*workers, site.proxy.pid)]
            *used, proxy = (last - first for last, first in zip(after, before, strict=True))
            assert len(pids) == daemons
            a_second[daemons].append(users * jobs / seconds)
            of_processor[daemons].append(users * jobs / sum(used))
            shares = ", ".join(f"{one / seconds:.0%}" for one in used)
            print(
                f"{daemons} of 2 daemons: {a_second[daemons][-1]:.2f} fills a second, "
                f"{of_processor[daemons][-1]:.2f} a second of the processor; they had {shares} of their "
                f"cores, HAProxy {proxy / seconds:.1%} of one"
            )
    by_time, by_processor = (
        statistics.median(two / one for one, two in zip(found[1], found[2], strict=True))
        for found in (a_second, of_processor)
    )
    print(f"Two over one, median of pairs: {by_time:.2f} a second, {by_processor:.2f} of the processor's")
    assert by_processor > 0.8
    if as_allotted:  # else other work decides what a daemon gets of its core
        assert by_time > 1.6
