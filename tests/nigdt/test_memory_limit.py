"""Models where a shell allows too little memory (`ulimit -v`): whole, and said to be so."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOAD = """
import resource, sys
import torch
from nigdt.bundle.bundle import find_bundle
from nigdt.bundle.recolour import load_recolour
from nigdt.bundle.weights import load_model
from nigdt.errors import BundleError
from nigdt.runtime.devices import is_out_of_memory
info = find_bundle()
load_model(find_bundle(sys.argv[1]))  # what torch itself needs at first is there
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
for load, spare in [(lambda: load_recolour(info.folder), 4), (lambda: load_model(info), 4)]:
    resource.setrlimit(resource.RLIMIT_AS, (used + spare * 2**20, resource.RLIM_INFINITY))
    try:
        load()
        said = "loaded"
    except BundleError as error:
        said = f"{error} {is_out_of_memory(error)}"  # so that the daemon makes room
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(said)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count other memory")
def test_a_model_that_finds_too_little_memory_is_not_called_damaged(tiny_bundle):
    done = subprocess.run([sys.executable, "-c", LOAD, str(tiny_bundle)], capture_output=True, text=True)
    message = "There is not enough memory to load bundle nigdt-small. Allow more (`ulimit -v`). True"
    assert done.stdout.splitlines() == [message, message], done.stderr
