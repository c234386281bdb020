"""The campaign as one command, scaled down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_campaign_finds_nothing_and_writes_its_table(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    command = [sys.executable, str(Path(__file__).with_name("run.py")), "--scale", "0.005"]
    done = subprocess.run([*command, "--write", str(page)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split("|") for line in page.read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 11
    assert {row[3].strip() for row in rows} == {"0"}
