"""Processes told apart for good: ids are given again, after a restart of the machine at the latest."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["identity"]


def identity(pid: int) -> str | None:
    """Return a text that only this process of this start of the machine has.

    Args:
        pid: The process's number.

    Returns:
        None where there is no such process, or the system does not tell.
    """
    if sys.platform == "win32":
        return None
    if sys.platform != "linux":
        import subprocess

        told = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
        )
        return told.stdout.strip() or None
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    fields = status[status.rindex(b")") + 2 :].split()  # the name before may hold anything
    if fields[0] in (b"Z", b"X"):  # dead, and not yet taken note of by its parent
        return None
    return f"{boot} {fields[19].decode('ascii')}"  # when it started, in ticks since the machine did
