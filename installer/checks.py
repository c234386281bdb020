"""`test`: every check of the project, with a summary."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence

from installer import pip_settings
from installer.errors import CommandError, InstallError
from installer.installation import Installation
from installer.journal import seconds
from installer.libraries import qt_platform

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("style", ("ruff", "check", ".")),
    ("layout", ("ruff", "format", "--check", ".")),
    ("types", ("mypy",)),
    ("boundaries", ("lint-imports",)),
    ("drawing", ("python", "docs/draw_architecture.py", "--check")),
    ("site", ("sphinx-build", "-q", "-W", "--keep-going", "-d", "build/doctrees", "docs", "build/site")),
)
PYTEST = ("pytest", "-n", "auto", "--maxprocesses", "8", "--dist", "worksteal")
"""One worker per processor core, as far as memory goes: each holds PyTorch, about 1 GB with a model."""
AUDITED = ("installer/locked/training.txt",)
"""Lock files whose packages are looked up among the known security holes."""
ENVIRONMENT = {
    # The workers use all cores already.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Tests start Python more than a hundred times. Without kept bytecode, each start compiles PyTorch anew.
    "PYTHONDONTWRITEBYTECODE": "",
}


NOT_DONE = "NOT DONE"
REQUIRED = "NIGDT_AUDIT"
"""With the value `required`, a database that cannot be asked is a failure; for continuous integration."""


def audit(installation: Installation) -> str:
    """Look up known security holes of the locked packages; "ok", "FAILED" or why it was not done."""
    verdict = _audit(installation)
    if verdict.startswith(NOT_DONE) and os.environ.get(REQUIRED) == "required":
        installation.journal.say(f"    {verdict}")
        return "FAILED"
    return verdict


def _audit(installation: Installation) -> str:
    program = installation.script("pip-audit")
    if not program.exists():
        return f"{NOT_DONE}: pip-audit is not installed"
    verdict = "ok"
    for lock in AUDITED:
        options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
        installation.journal.say(
            f"==> Check audit: pip-audit --disable-pip --require-hashes --requirement {lock}"
        )
        done = subprocess.run(
            [program, *options, "--requirement", lock],
            cwd=installation.root,
            env=installation.child_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        installation.journal.note(done.stdout + done.stderr)
        try:
            packages = json.loads(done.stdout)["dependencies"]
            looked_up = [package for package in packages if "vulns" in package]
        except (ValueError, KeyError, TypeError):
            looked_up = []
        # A mirror may have the packages and not what is known about them.
        if not looked_up:
            return f"{NOT_DONE}: the database of security holes cannot be reached"
        if len(looked_up) < len(packages):
            unknown = ", ".join(package["name"] for package in packages if "vulns" not in package)
            installation.journal.say(f"    not in the database, so nothing is known of them: {unknown}")
            verdict = f"ok, but nothing is known of {len(packages) - len(looked_up)} of {len(packages)}"
        for package in looked_up:
            for hole in package["vulns"]:
                installation.journal.say(f"    {package['name']} {package['version']}: {hole['id']}")
                verdict = "FAILED"
    return verdict


def run(installation: Installation, pytest_arguments: Sequence[str]) -> None:
    """Run all checks, the tests last, and go on after a failure to show them all.

    Args:
        installation: where to work, and with what.
        pytest_arguments: passed on to pytest, like `-m slow` or a path; `-n 0` runs one test after the other.

    Raises:
        InstallError: at least one check failed.
    """
    commands = [*CHECKS, ("tests", (*PYTEST, *pytest_arguments))]
    journal = installation.journal
    if installation.dry_run:
        journal.say("==> would: check audit\n      pip-audit")
        for name, command in commands:
            journal.say(f"==> would: check {name}\n      {' '.join(command)}")
        return
    environment = {**qt_platform(), **ENVIRONMENT, **pip_settings.told(installation, "install")}
    start = time.monotonic()
    results = [("audit", audit(installation), time.monotonic() - start)]
    for name, (program, *arguments) in commands:
        journal.say(f"==> Check {name}: {' '.join((program, *arguments))}")
        start = time.monotonic()
        shown = program == "pytest"
        verdict = "ok"
        try:
            installation.run(
                [installation.script(program), *arguments],
                doing=f"check {name}",
                environment=environment,
                show=shown,
            )
        except CommandError as error:
            verdict = "FAILED"
            if not shown:
                journal.say(error.output.rstrip())
        results.append((name, verdict, time.monotonic() - start))
    journal.say("\nSummary")
    for name, verdict, duration in results:
        journal.say(f"  {name:<12} {verdict:<8} {seconds(duration):>12}")
    if undone := [name for name, verdict, _ in results if verdict.startswith(NOT_DONE)]:
        journal.say(
            f"\n{', '.join(undone)}: not done here, so nobody has looked for known security holes.\n"
            f"  What to do: Run the checks with {REQUIRED}=required where the database can be reached."
        )
    failed = [name for name, verdict, _ in results if verdict == "FAILED"]
    if failed:
        raise InstallError(f"Failed: {', '.join(failed)}.", "To run one alone, use the command shown above.")
