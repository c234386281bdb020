"""How much memory this process uses."""

from __future__ import annotations

import sys
from pathlib import Path


def resident_mib() -> float | None:
    """Resident memory in MiB: the present value on Linux, the peak elsewhere; None where neither is told."""
    if sys.platform == "win32":
        return None
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return round(pages * resource.getpagesize() / 2**20, 1)
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
