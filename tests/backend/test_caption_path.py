"""A caption passes few functions between the command line and the text encoder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nigdt.showcase import PHOTO

HERE = Path(__file__).parent
RUN = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import caption_trace
from nigdt_backend.client import Client
from nigdt_backend.transport import ClientSocket
connect = Client.connect
daemon = [sys.executable, caption_trace.__file__]
Client.connect = classmethod(lambda cls, **named: connect(command=daemon, timeout=120.0, **named))
caption_trace.watch(ClientSocket, "send")
from nigdt.cli import main
main()
"""
SAID = ("--select", "485,225,160,185", "--caption", "a red zebra bird")


def test_a_caption_passes_at_most_twenty_functions(
    bundles: Path, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "trace"
    monkeypatch.setenv("CAPTION_TRACE", str(trace))
    subprocess.run(
        [sys.executable, "-c", RUN, "fill", PHOTO, *SAID, "-o", tmp_path / "out.png"],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    passed = list(dict.fromkeys(trace.read_text().splitlines()))
    assert any("commands/fill.py" in line for line in passed)
    assert any("model/network.py" in line or "runtime/runner.py" in line for line in passed)
    print("\n".join(passed))
    assert len(passed) <= 20
