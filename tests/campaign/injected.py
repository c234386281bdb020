"""The system refuses: every write, sync and rename of a work fails once, by strace.

A child stops itself before its work, strace takes hold of it, and it goes on.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .works import Work, child

CALLS = ("write", "fsync", "rename,renameat,renameat2", "openat", "mkdir", "unlink", "fchmod")
ERRORS = ("ENOSPC", "EIO")


def refusal() -> str:
    """Say why calls cannot be made to fail here; empty where they can."""
    program = shutil.which("strace")
    if program is None:
        return "strace is not installed"
    done = subprocess.run([program, "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else "this system lets no process trace another"


def inject(work: Work, calls: str, error: str, number: int, log: Path) -> tuple[bool, list[str]]:
    """Let a work's call of that number fail.

    Returns:
        Whether it came to that call, and what was wrong afterwards.
    """
    work.prepare()
    pid = child(work, lambda: os.kill(os.getpid(), signal.SIGSTOP))
    os.waitpid(pid, os.WUNTRACED)
    tracer = subprocess.Popen(
        [
            *("strace", "-qq", "-o", str(log), "-p", str(pid), "-e", f"trace={calls}"),
            *("-e", f"inject={calls}:error={error}:when={number}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while b"TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_bytes() and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(pid, signal.SIGCONT)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    tracer.wait(timeout=30)
    came = "INJECTED" in log.read_text(errors="replace")
    place = f"{work.name}, {calls.split(',')[0]} {number} {error}"
    wrong = [f"{place}: {flaw}" for flaw in work.flaws(status)]
    if status not in (0, 3):
        wrong.append(f"{place}: it ended with {status}")
    return came, wrong


def inject_all(work: Work, folder: Path, most: int = 60) -> tuple[int, list[str]]:
    """Let every call of a work fail, one at a time; how many there were, and what was wrong."""
    tried, wrong = 0, []
    for calls in CALLS:
        for error in ERRORS:
            for number in range(1, most):
                came, flaws = inject(work, calls, error, number, folder / "strace.log")
                wrong += flaws
                if not came:
                    break
                tried += 1
    return tried, wrong
