"""What the user's environment may say without harm."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from nigdt.memory import means_too_little_memory
from nigdt.runtime.surroundings import drop_unreadable_allocator_settings


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("garbage", False),
        (":", False),
        ("max_split_size_mb:", False),
        ("max_split_size_mb:512;expandable_segments:True", False),
        ("roundup_power2_divisions:[256:1", False),
        (",", False),
        ("", True),
        ("max_split_size_mb:512,", True),
        ("expandable_segments: True, max_split_size_mb:64", True),
        ("roundup_power2_divisions:[256:1,512:2],expandable_segments:True", True),
    ],
)
@pytest.mark.parametrize("name", ["PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"])
def test_what_ends_a_process_that_imports_torch_is_dropped(
    name: str, text: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch reads these as it is imported, and calls abort."""
    monkeypatch.setenv(name, text)
    assert drop_unreadable_allocator_settings() == ([] if kept else [name])
    assert os.environ.get(name) == (text if kept else None)


@pytest.mark.parametrize("text", ["max_split_size_mb", "max_split_size_mb:1:2", "a:1,,b:2", "x:[1,2],"])
def test_what_is_kept_is_what_torch_can_read(text: str) -> None:
    """The rule is torch's own: what it dies of is dropped, and nothing else."""
    code = "from nigdt.runtime.surroundings import *; print(*drop_unreadable_allocator_settings())"
    variables = {**os.environ, "PYTORCH_ALLOC_CONF": text}
    dropped = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, check=True)
    alone = subprocess.run([sys.executable, "-c", "import torch"], env=variables, capture_output=True)
    assert bool(dropped.stdout.strip()) == (alone.returncode != 0)


def _nigdt(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nigdt", *words]
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def test_an_unreadable_allocator_setting_is_named() -> None:
    """Who set it learns that it does nothing."""
    done = _nigdt("models", PYTORCH_ALLOC_CONF="garbage")
    assert done.returncode == 0
    assert done.stderr == "nigdt: PYTORCH_ALLOC_CONF is not as PyTorch writes it, so it is ignored.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no exec there")
def test_pythoninspect_changes_nothing() -> None:
    """It would print a traceback after each command and have it fail."""
    done = _nigdt("models", PYTHONINSPECT="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nigdt-small" in done.stdout


NOBODY = """
import os, pwd, sys
os.environ.pop("HOME", None)
for name in [name for name in os.environ if name.startswith(("XDG_", "NIGDT_"))]:
    del os.environ[name]
def unknown(_):
    raise KeyError("uid not found")
pwd.getpwuid = unknown
"""
"""A container whose user no list has, and no HOME."""


@pytest.mark.skipif(sys.platform == "win32", reason="no pwd there")
@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("nigdt.cli", ["models"]),
        ("nigdt.cli", ["serve", "--stop"]),
        ("nigdt.cli", ["keys", "list"]),
        ("nigdt_backend.daemon.process", []),
    ],
)
def test_a_user_without_a_home_is_told_so_in_one_line(entry: str, words: list[str]) -> None:
    """Python raises a RuntimeError there, and libraries another one."""
    code = f"{NOBODY}\nfrom {entry} import main\nsys.exit(main({words}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.removeprefix("nigdt: ") == (
        "Your home folder is not known. Set HOME to a folder of yours.\n"
    )


BURN = """
import time
from nigdt.cli import main, nigdt
@nigdt.command()
def burn():
    try:
        while True:
            pass
    finally:
        print("tidied up", flush=True)
main(["burn"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize("limit", ["-t 4", "-S -t 4"])
def test_a_command_that_uses_up_its_cpu_time_says_so(limit: str) -> None:
    """The system would end it without a word, and without tidying up."""
    limited = ["bash", "-c", f'ulimit {limit}; exec "$@"', "bash", sys.executable, "-c", BURN]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (1, "tidied up\n")
    assert done.stderr.strip() == (
        "nigdt: This shell lets a program compute for 4 s, which are used up (`ulimit -t`)."
    )


def _limited(megabytes: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a shell that allows it so much memory."""
    limit = f'ulimit -c 0; ulimit -v {megabytes * 1000}; exec "$@"'
    command = ["bash", "-c", limit, "bash", sys.executable, "-m", "nigdt", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count other memory")
@pytest.mark.parametrize("megabytes", [300, 500])
def test_too_little_memory_is_said_in_one_line(megabytes: int, tmp_path: Path) -> None:
    """OpenBLAS would end the process with a line of its own, or a thread would not start."""
    Image.new("RGB", (64, 64), "navy").save(tmp_path / "a.png")
    words = ["--select", "8,8,20,20", "--caption", "grass", "-o", str(tmp_path / "b.png")]
    done = _limited(megabytes, "fill", str(tmp_path / "a.png"), *words)
    assert done.returncode == 1
    assert re.fullmatch(
        r"nigdt: This shell lets a program use \d+ MB of memory, which is too little for this\. "
        r"Allow more \(`ulimit -v`\)\.\n",
        done.stderr,
    ), done.stderr
    assert not (tmp_path / "b.png").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count other memory")
def test_what_needs_little_memory_works_with_little() -> None:
    done = _limited(300, "models")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (MemoryError(), True),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("can't start new thread"), True),
        (ImportError("No module named 'torch'"), False),
        (OSError(28, "No space left on device"), False),
        (Exception("Cannot allocate memory (os error 12)"), True),
        (ValueError("no such thing"), False),
    ],
)
def test_errors_that_mean_too_little_memory_are_known(error: Exception, memory: bool) -> None:
    assert means_too_little_memory(error) is memory
