"""A caption passes few functions between the command line and the text encoder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from nigdt.showcase import PHOTO

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RUN = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import caption_trace
from nigdt_backend.client import Client
connect = Client.connect
daemon = [sys.executable, caption_trace.__file__]
Client.connect = classmethod(lambda cls, **named: connect(command=daemon, timeout=120.0, **named))
from nigdt.cli import main
caption_trace.begin()
main()
"""
LIBRARY = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import caption_trace
import numpy as np
from PIL import Image
import nigdt
photo = Image.open({str(PHOTO)!r})
selection = np.zeros((photo.height, photo.width), np.uint8)
selection[225:410, 485:645] = 255
inpainter = nigdt.Inpainter.from_bundle()
caption_trace.begin()
inpainter.fill(photo, selection, caption_trace.CAPTION)
"""
SAID = ("--select", "485,225,160,185", "--caption", "a red zebra bird")
ENDS = ("ClientSocket.send", "Scheduler.submit", "Turns._start", "TextEncoder.forward")
"""Where the caption leaves a process or a thread, and where its journey ends."""


def handed_on(program: str, *arguments: object, folder: Path) -> set[str]:
    """Run a program with the caption, and return the functions that hand it on, as `file:name`."""
    trace = folder / "trace"
    subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CAPTION_TRACE": str(trace)},
    )
    callers: dict[str, set[str]] = {}
    for line in trace.read_text().splitlines():
        callee, caller = line.split(" < ")
        callers.setdefault(callee, set()).add(caller)
    road = {name for name in callers if name.endswith(ENDS)}
    todo = list(road)
    while todo:
        fresh = callers.get(todo.pop(), set()) - road
        road |= fresh
        todo += fresh
    return road


def told(page: str, heading: str) -> set[str]:
    """The functions in the first two columns of the table under a heading of the architecture page."""
    section = page.split(f"{heading}\n", 1)[1].split("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    return {
        f"{where.strip(' `')}:{name}" for where, names in rows for name in re.findall(r"`([^`]+)`", names)
    }


def test_a_caption_passes_at_most_twenty_functions(bundles: Path, state: Path, tmp_path: Path) -> None:
    road = handed_on(RUN, "fill", PHOTO, *SAID, "-o", tmp_path / "out.png", folder=tmp_path)
    assert {name.split(":")[1] for name in road} >= {"fill", *ENDS}
    between = {name for name in road if not name.endswith((":fill", "TextEncoder.forward"))}
    assert len(between) <= 20
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert road == told(page, "## How a caption travels")
    assert f"{len(between)} functions" in page


def test_in_the_library_it_passes_at_most_nine(bundles: Path, tmp_path: Path) -> None:
    road = handed_on(LIBRARY, folder=tmp_path)
    assert {name.split(":")[1] for name in road} >= {"Inpainter.fill", "TextEncoder.forward"}
    assert len(road) <= 9
