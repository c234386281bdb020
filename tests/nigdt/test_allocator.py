"""What glibc's allocator returns to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

# In a process of its own, since allocators are set for good. Blocks of some MiB are freed out of order, with
# small ones between them, as pixels are in an editor.
WORK = """
import numpy as np, resource
from pathlib import Path
from nigdt import allocator

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20

if {tuned}:
    allocator.tune(large=2**20)
np.ones(30 * 2**20, np.uint8)
before, large, small = resident(), [], []
for _ in range(40):
    large.append(np.ones(4 * 2**20, np.uint8))
    small.append(bytearray(4000))
held = resident() - before
large.clear()
left = resident() - before
allocator.trim()
print(held, left, resident() - before)
"""


def measured(*, tuned: bool) -> list[float]:
    """MiB held by 160 MiB of blocks, left when they are freed, and after what is free was returned."""
    run = subprocess.run(
        [sys.executable, "-c", WORK.format(tuned=tuned)], check=True, capture_output=True, text=True
    )
    return [float(value) for value in run.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="sets glibc's allocator")
def test_large_blocks_are_returned_when_they_are_freed():
    held, left, trimmed = measured(tuned=True)
    assert held > 150
    assert left < 10
    _, left, trimmed = measured(tuned=False)
    assert left > 100, "without the setting they stay with the process"
    assert trimmed < 10
