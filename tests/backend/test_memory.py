"""What a fill frees stays with the daemon for the next one, until the models are unloaded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# In a process of its own, since allocators are set for good. Like a fill's layers: maps of some MiB, each
# freed after the next one was made.
WORK = """
import json, resource, threading
from nigdt_backend.daemon.memory import give_back_freed_memory, keep_freed_memory, resident_mib

if {keep}:
    keep_freed_memory()
import torch

faults = []

def fill():
    x = torch.ones(2**18)
    for mib in (1, 2, 4, 8, 17, 17, 8, 30, 30, 12, 3):
        x = torch.empty(mib * 2**18).fill_(float(x[0]))

def work():
    for _ in range(5):
        fill()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        fill()
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

work()
thread = threading.Thread(target=work)
thread.start()
thread.join()
kept = resident_mib()
give_back_freed_memory()
print(json.dumps([faults, kept, resident_mib()]))
"""


def measured(keep: bool) -> tuple[list[int], float, float]:
    """Page faults of ten rounds in the first and another thread; resident MiB after them and at last."""
    run = subprocess.run(
        [sys.executable, "-c", WORK.format(keep=keep)], check=True, capture_output=True, text=True
    )
    faults, kept, left = json.loads(run.stdout)
    return faults, kept, left


@pytest.mark.skipif(sys.platform != "linux", reason="sets glibc's allocator")
def test_freed_memory_is_kept_for_the_next_fill_and_given_back_at_last() -> None:
    faults, kept, left = measured(keep=True)
    assert max(faults) < 200
    assert left < kept - 32  # of a fill's 60
    assert max(measured(keep=False)[0]) > 10 * 4096, "without the setting it is given back by itself"
