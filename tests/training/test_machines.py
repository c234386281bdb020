"""Training on two machines: torchrun over TCP, and a killed worker that costs time and changes no weight."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from nigdt_training.checkpoint import read_checkpoint, read_facts

from tests.ports import free_ports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(sys.platform != "linux", reason="network namespaces and /proc"),
]
STEPS = 16


class Machines:
    """Two network namespaces joined by a virtual cable where these may be made, else this machine twice."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.addresses = ["127.0.0.1", "127.0.0.1"]
        self.interfaces = ["lo", "lo"]
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            self._join()

    def _join(self) -> None:
        def ip(*words: str) -> None:
            subprocess.run(["ip", *words], check=True, capture_output=True)

        mark = os.getpid()
        addresses, ends = ["10.231.77.1", "10.231.77.2"], [f"nigdt{mark}a", f"nigdt{mark}b"]
        for end in ends:
            ip("netns", "add", end)
            self.names.append(end)
        ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for end, address in zip(ends, addresses, strict=True):
            ip("link", "set", end, "netns", end)
            ip("-n", end, "addr", "add", f"{address}/24", "dev", end)
            ip("-n", end, "link", "set", end, "up")
            ip("-n", end, "link", "set", "lo", "up")
        self.addresses, self.interfaces = addresses, ends

    @property
    def apart(self) -> bool:
        return self.addresses[0] != self.addresses[1]

    def torchrun(self, number: int, port: int, *command: str) -> subprocess.Popen[str]:
        """Start a machine's agent with one worker, as docs/scale.md does."""
        inside = ["ip", "netns", "exec", self.names[number]] if self.apart else []
        agent = ["--nnodes", "2", "--nproc-per-node", "1", "--max-restarts", "3", "--rdzv-backend", "c10d"]
        agent += ["--rdzv-endpoint", f"{self.addresses[0]}:{port}", "--rdzv-id", "test"]
        # What a cluster's name service would tell.
        agent += ["--local-addr", self.addresses[number], "--rdzv-conf", f"is_host={number == 0}".lower()]
        return subprocess.Popen(
            [*inside, sys.executable, "-m", "torch.distributed.run", *agent, "-m", "nigdt", *command],
            env={
                **os.environ,
                "GLOO_SOCKET_IFNAME": self.interfaces[number],
                "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def close(self) -> None:
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.fixture
def machines() -> Iterator[Machines]:
    found = Machines()
    yield found
    found.close()


def worker_of(agent: subprocess.Popen[str]) -> int:
    """Return the process below an agent that trains."""
    children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    training = [one for one in children if b"train" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return int(training[-1])


def begin(config: Path, data: Path, runs: Path) -> Path:
    """Begin a run whose time is up before its first step."""
    arguments = ["--config", str(config), "--data", str(data), "--runs", str(runs), "--device", "cpu"]
    command = [sys.executable, "-m", "nigdt", "train", *arguments, "--max-minutes", "0.00001"]
    assert subprocess.run(command, capture_output=True, timeout=600).returncode == 1
    return runs / "00001-tiny"


def wait_for_step(folder: Path, step: int) -> None:
    deadline = time.monotonic() + 600
    while read_facts(folder / "last.safetensors")["step"] < step:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def losses(folder: Path) -> list[tuple[int, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], line["l1"]) for line in lines if line["stage"] == "inpaint"]


def test_two_machines_train_as_one_and_a_killed_worker_changes_nothing(
    machines: Machines, photo_folder: Path, tiny_settings: dict[str, Any], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("NIGDT_CACHE_DIR", str(tmp_path / "cache"))
    tiny_settings["model"] |= {"text_dropout": 0.0}
    tiny_settings["augmentation"] = {"recolour": 0.5}
    tiny_settings |= {
        "steps": STEPS,
        "learning_rate": 1e-4,
        "validate_every": STEPS,
    }
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(tiny_settings))
    begun = begin(config, photo_folder.parent, tmp_path / "begun")
    found, curves = {}, {}
    for way in ("one", "whole", "killed"):
        folder = shutil.copytree(begun, tmp_path / way)
        command = ["train", "--resume", str(folder), "--device", "cpu"]
        if way == "one":
            subprocess.run([sys.executable, "-m", "nigdt", *command], check=True, timeout=900)
        else:
            said = train_on_two(machines, folder, command, kill=way == "killed")
            assert ("exitcode: -9" in said) == (way == "killed"), said
        found[way] = read_checkpoint(folder / "last.safetensors")
        assert found[way].facts["step"] == STEPS
        curves[way] = losses(folder)[-1]
        assert curves[way] == pytest.approx(curves["one"], rel=1e-3)
    for name, value in found["whole"].tensors.items():
        assert torch.equal(value, found["killed"].tensors[name]), name


def train_on_two(machines: Machines, folder: Path, command: list[str], *, kill: bool) -> str:
    """Train on both machines; returns what both said."""
    (port,) = free_ports(1)
    agents = [machines.torchrun(number, port, *command) for number in (0, 1)]
    try:
        if kill:
            wait_for_step(folder, 1)
            os.kill(worker_of(agents[1]), signal.SIGKILL)
        said = [agent.communicate(timeout=900)[0] for agent in reversed(agents)]
        assert [agent.returncode for agent in agents] == [0, 0], said
    finally:
        for agent in agents:
            agent.kill()
            agent.wait()
    return "".join(said)
