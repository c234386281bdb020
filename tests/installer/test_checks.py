"""`test` and `demo`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from installer import checks, demo, environment
from installer.errors import InstallError
from installer.installation import Installation
from installer.steps import perform
from tests.installer.standin import ROOT, said


def pretend_programs(installation: Installation, failing: str = "") -> None:
    folder = installation.python.parent
    folder.mkdir(parents=True)
    for program in ("ruff", "mypy", "lint-imports", "python", "sphinx-build", "pytest"):
        script = folder / program
        status = 1 if program == failing else 0
        script.write_text(
            f"#!/bin/sh\necho words of {program} $* [$PYTHONDONTWRITEBYTECODE]\nexit {status}\n"
        )
        script.chmod(0o755)


def test_all_checks_run_and_are_summed_up(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    pretend_programs(installation)
    checks.run(installation, [])
    words = f"words of {' '.join(checks.PYTEST)} []"
    assert words in capfd.readouterr().out, "processes keep the bytecode of what they import"
    lines = said(installation).split("Summary")[1].split()
    assert lines.count("ok") == 7


def test_one_failing_check_fails_the_whole_but_all_run(installation: Installation) -> None:
    pretend_programs(installation, failing="mypy")
    with pytest.raises(InstallError, match="Failed: types"):
        checks.run(installation, ["tests/installer"])
    assert "words of mypy" in said(installation)
    assert "words of ruff" not in said(installation)
    summary = said(installation).split("Summary")[1]
    assert [line.split()[1] for line in summary.strip().splitlines()[:8]] == [
        "NOT",
        "ok",
        "ok",
        "FAILED",
        "ok",
        "ok",
        "ok",
        "ok",
    ]


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ({"vulns": []}, "ok"),
        ({"skip_reason": "Dependency not found on PyPI"}, "NOT DONE: the database of security"),
        ({"vulns": [{"id": "PYSEC-2026-1", "fix_versions": []}]}, "FAILED"),
        (None, "NOT DONE: the database of security"),
    ],
)
def test_known_security_holes_fail_and_a_database_out_of_reach_is_told(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    found: dict[str, object] | None,
    verdict: str,
) -> None:
    monkeypatch.delenv(checks.REQUIRED, raising=False)
    pretend_programs(installation)
    program = installation.script("pip-audit")
    package = {"name": "numberful", "version": "1.0", **(found or {})}
    words = json.dumps({"dependencies": [package]}) if found else "ConnectionError"
    program.write_text(f"#!/bin/sh\necho '{words}'\nexit 1\n")
    program.chmod(0o755)
    assert checks.audit(installation).startswith(verdict)
    if verdict == "FAILED":
        assert "numberful 1.0: PYSEC-2026-1" in said(installation)
        with pytest.raises(InstallError, match="Failed: audit"):
            checks.run(installation, [])
    if verdict.startswith(checks.NOT_DONE):
        checks.run(installation, [])
        assert "audit: not done here" in said(installation).split("Summary")[1]
        monkeypatch.setenv(checks.REQUIRED, "required")
        with pytest.raises(InstallError, match="Failed: audit"):
            checks.run(installation, [])


def test_a_database_that_knows_some_packages_only_is_no_silent_pass(installation: Installation) -> None:
    pretend_programs(installation)
    program = installation.script("pip-audit")
    packages = [
        {"name": "numberful", "version": "1.0", "vulns": []},
        {"name": "obscure", "version": "2.0", "skip_reason": "Dependency not found on PyPI"},
    ]
    words = json.dumps({"dependencies": packages})
    program.write_text(f"#!/bin/sh\necho '{words}'\n")
    program.chmod(0o755)
    assert checks.audit(installation) == "ok, but nothing is known of 1 of 2"
    assert "nothing is known of them: obscure" in said(installation)


def test_ci_runs_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "python3 installer test" in script
    assert "python3 installer test" in (ROOT / "README.md").read_text()
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text())
    (step,) = (step for step in workflow["jobs"]["checks"]["steps"] if step.get("run") == ".ci/run")
    assert step["env"] == {checks.REQUIRED: "required"}


def test_the_demo_runs_the_real_command_line_on_the_free_photo(installation: Installation) -> None:
    command = demo.fill_command(installation, Path("out.png"))
    assert command[1:3] == ["fill", "nigdt/data/kingfisher.jpg"]
    left, top, width, height = demo.SELECTION
    with Image.open(ROOT / demo.PHOTO) as photo:
        assert left + width < photo.width
        assert top + height < photo.height
    assert (ROOT / demo.PHOTO).stat().st_size < 600_000
    assert "CC0 1.0" in (ROOT / "nigdt" / "data" / "LICENCE.md").read_text()


def test_the_demo_picture_shows_photo_selection_and_variants(tmp_path: Path) -> None:
    fills = []
    for number, colour in enumerate(("red", "lime", "blue")):
        fills.append(tmp_path / f"{number}.png")
        Image.new("RGB", (1280, 720), colour).save(fills[-1])
    output, mask = tmp_path / "demo.png", tmp_path / "mask.png"
    selection = ",".join(map(str, demo.SELECTION))
    command = [sys.executable, demo.COMPOSE, ROOT / demo.PHOTO, selection, demo.CAPTION, mask, output, *fills]
    subprocess.run(command, check=True, timeout=60)
    with Image.open(output) as opened:
        sheet = opened.convert("RGB")
    colours = {colour for _, colour in sheet.getcolors(1 << 24) or []}
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 255)} <= colours
    assert sheet.width > sheet.height
    left, top, width, height = demo.SELECTION
    with Image.open(mask) as opened:
        assert (opened.size, opened.getbbox()) == ((1280, 720), (left, top, left + width, top + height))


def test_a_failed_fill_is_told_in_one_line(installation: Installation) -> None:
    program = installation.script("nigdt")
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'The model bundle is damaged. Get it again.' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(InstallError, match="The fill failed: The model bundle is damaged"):
        perform(installation, demo.steps(installation, installation.root / "demo.png")[:1])


def test_the_stamp_survives_a_broken_file(installation: Installation) -> None:
    installation.venv.mkdir()
    (installation.venv / environment.STAMP).write_text("{half")
    assert environment.read_stamp(installation) == {}
    environment.update_stamp(installation, torch="cpu", pair="a/b")
    environment.update_stamp(installation, pair=None)
    assert environment.read_stamp(installation) == {"torch": "cpu"}


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[1]", '{"project": [1]}', '{"project": {"extras": 5}}', '{"torch": {}}']
)
def test_a_damaged_stamp_counts_as_unknown(installation: Installation, text: str) -> None:
    stamp = installation.venv / environment.STAMP
    stamp.parent.mkdir(parents=True)
    stamp.write_text(text)
    assert environment.read_stamp(installation) == {}
