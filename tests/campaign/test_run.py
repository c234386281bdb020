"""The campaign as one command, scaled down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from nigdt_training.settings import settings_from

from tests.campaign import run


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


def test_the_training_that_is_killed_has_settings_that_there_are() -> None:
    assert settings_from(run.killing.SETTINGS).steps == 4


def test_a_part_that_ends_in_an_error_costs_no_other_parts_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*_: object) -> tuple[int, str]:
        raise OSError("torn")

    monkeypatch.setattr(run, "PARTS", (("torn", 10, torn), ("whole", 10, lambda *_: (0, "seen"))))
    assert [(row.what, row.bad) for row in run.run(1, 0, 1)] == [("torn", 1), ("whole", 0)]
