"""docs/train.slurm under the real Slurm: two nodes on this machine, the job requeued while it trains."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
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

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "sinfo")
MISSING = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}: Debian's slurm-wlm and munge"),
]
SCRIPT = Path(__file__).parents[2] / "docs" / "train.slurm"
STEPS = 20
CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName={host} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1
NodeName={host}-2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1
PartitionName=all Nodes=ALL Default=YES State=UP
"""


class Cluster:
    """munged, slurmctld and two slurmd in the foreground, with everything they write in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin",
            "SLURM_CONF": str(folder / "slurm.conf"),
        }

    def start(self) -> None:
        munge, host = self.folder / "munge", socket.gethostname()
        for name in ("state", f"spool-{host}", f"spool-{host}-2"):
            (self.folder / name).mkdir()
        munge.mkdir(mode=0o711)
        (munge / "key").touch(mode=0o600)
        (munge / "key").write_bytes(os.urandom(128))
        text = CONFIG.format(folder=self.folder, host=host, user=getpass.getuser(), ports=free_ports(3))
        (self.folder / "slurm.conf").write_text(text)
        files = {
            f"--{name}-file": munge / name if name == "key" else self.folder / name
            for name in ("key", "pid", "seed", "log")
        }
        named = [word for option, path in files.items() for word in (option, str(path))]
        self._run("munged", "--force", "--foreground", "--socket", str(munge / "socket"), *named)
        self._wait((munge / "socket").exists)
        self._run("slurmctld", "-D")
        for node in (host, f"{host}-2"):
            self._run("slurmd", "-D", "-N", node)
        self._wait(lambda: self.ask("sinfo", "--noheader", "-N", "-o", "%T").split() == ["idle"] * 2)

    def ask(self, *command: str) -> str:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)
        return done.stdout

    def _run(self, *command: str) -> None:
        with (self.folder / "daemons.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(command, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
            )

    def _wait(self, ready: Any) -> None:
        deadline = time.monotonic() + 120
        while not ready():
            assert time.monotonic() < deadline, (self.folder / "daemons.log").read_text()
            time.sleep(0.2)

    def close(self) -> None:
        self.ask("scancel", "--user", getpass.getuser())
        for process in reversed(self.processes):
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    found = Cluster(tmp_path_factory.mktemp("slurm"))
    try:
        found.start()
        yield found
    finally:
        found.close()


def test_a_requeued_job_ends_with_the_weights_of_an_uninterrupted_training(
    cluster: Cluster, photo_folder: Path, tiny_settings: dict[str, Any], tmp_path: Path, monkeypatch: Any
) -> None:
    for name, value in (("NIGDT_CACHE_DIR", str(tmp_path / "cache")), ("GLOO_SOCKET_IFNAME", "lo")):
        monkeypatch.setenv(name, value)
        cluster.environment[name] = value
    tiny_settings |= {"steps": STEPS, "validate_every": STEPS}
    config = tmp_path / "tiny.yaml"
    config.write_text(yaml.safe_dump(tiny_settings))
    arguments = ["--config", str(config), "--data", str(photo_folder.parent), "--device", "cpu"]
    arguments += ["--runs", str(tmp_path / "begun"), "--max-minutes", "0.00001"]
    subprocess.run([sys.executable, "-m", "nigdt", "train", *arguments], capture_output=True, timeout=600)
    begun = tmp_path / "begun" / "00001-tiny"
    runs = {way: shutil.copytree(begun, tmp_path / way) for way in ("whole", "requeued")}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    resume = ["-m", "nigdt", "train", "--device", "cpu", "--resume", str(runs["whole"])]
    subprocess.run([*torchrun, *resume], check=True, timeout=900)

    job = submit(cluster, runs["requeued"], tmp_path)
    deadline = time.monotonic() + 900
    while read_facts(runs["requeued"] / "last.safetensors")["step"] < 1:
        assert time.monotonic() < deadline, said(tmp_path)
        time.sleep(0.05)
    cluster.ask("scontrol", "requeue", job)
    # Slurm keeps a requeued job back for two minutes.
    while state(cluster, job) not in ("COMPLETED", "FAILED"):
        assert time.monotonic() < deadline, said(tmp_path)
        if state(cluster, job) == "PENDING":
            stopped = read_facts(runs["requeued"] / "last.safetensors")["step"]
            assert 1 <= stopped < STEPS
            cluster.ask("scontrol", "update", f"JobId={job}", "StartTime=now")
        time.sleep(1)
    assert state(cluster, job) == "COMPLETED", said(tmp_path)
    assert "Restarts=1" in cluster.ask("scontrol", "show", "job", job)
    checkpoints = {way: read_checkpoint(folder / "last.safetensors") for way, folder in runs.items()}
    assert checkpoints["requeued"].facts["step"] == STEPS
    for name, value in checkpoints["whole"].tensors.items():
        assert torch.equal(value, checkpoints["requeued"].tensors[name]), name


def submit(cluster: Cluster, run: Path, folder: Path) -> str:
    """Submit the documented script, its first lines adapted to a cluster without accelerators."""
    text = SCRIPT.read_text()
    for line, adapted in (("--gpus-per-node=4", "--nodes=2"), ("--cpus-per-task=32", "--cpus-per-task=1")):
        assert text.count(f"#SBATCH {line}\n") == 1
        text = text.replace(f"#SBATCH {line}\n", f"#SBATCH {adapted}\n")
    (folder / "train.slurm").write_text(text)
    options = "--export=ALL,PROCESSES=1,OPTIONS=--device cpu"
    said = cluster.ask("sbatch", options, f"--chdir={folder}", str(folder / "train.slurm"), str(run))
    found = re.search(r"job (\d+)", said)
    assert found is not None, (cluster.folder / "daemons.log").read_text()
    return found[1]


def state(cluster: Cluster, job: str) -> str:
    found = re.search(r"JobState=(\w+)", cluster.ask("scontrol", "show", "job", job))
    return found[1] if found else ""


def said(folder: Path) -> str:
    """Return what the job has written."""
    return "".join(path.read_text() for path in folder.glob("slurm-*.out"))
