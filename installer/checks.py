"""`test`: every check of the project, with a summary."""

from __future__ import annotations

import time
from collections.abc import Sequence

from installer.errors import CommandError, InstallError
from installer.journal import seconds
from installer.libraries import qt_platform
from installer.session import Session

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("style", ("ruff", "check", ".")),
    ("layout", ("ruff", "format", "--check", ".")),
    ("types", ("mypy",)),
    ("boundaries", ("lint-imports",)),
    ("site", ("sphinx-build", "-q", "-W", "--keep-going", "-d", "build/doctrees", "docs", "build/site")),
)
PYTEST = ("pytest", "-n", "auto", "--maxprocesses", "8", "--dist", "worksteal")
"""One worker per processor core, as far as memory goes: each holds PyTorch, about 1 GB with a model."""
ENVIRONMENT = {
    # The workers use all cores already.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Tests start Python more than a hundred times. Without kept bytecode, each start compiles PyTorch anew.
    "PYTHONDONTWRITEBYTECODE": "",
}


def run(session: Session, pytest_arguments: Sequence[str]) -> None:
    """Run all checks, the tests last, and go on after a failure to show them all.

    Args:
        session: this run.
        pytest_arguments: passed on to pytest, like `-m slow` or a path; `-n 0` runs one test after the other.

    Raises:
        InstallError: at least one check failed.
    """
    commands = [*CHECKS, ("tests", (*PYTEST, *pytest_arguments))]
    journal = session.journal
    if session.dry_run:
        for name, command in commands:
            journal.say(f"==> would: check {name}\n      {' '.join(command)}")
        return
    environment = {**qt_platform(), **ENVIRONMENT}
    results: list[tuple[str, bool, float]] = []
    for name, (program, *arguments) in commands:
        journal.say(f"==> Check {name}: {' '.join((program, *arguments))}")
        start = time.monotonic()
        shown = program == "pytest"
        passed = True
        try:
            session.run(
                [session.script(program), *arguments],
                doing=f"check {name}",
                environment=environment,
                show=shown,
            )
        except CommandError as error:
            passed = False
            if not shown:
                journal.say(error.output.rstrip())
        results.append((name, passed, time.monotonic() - start))
    journal.say("\nSummary")
    for name, passed, duration in results:
        journal.say(f"  {name:<12} {'ok' if passed else 'FAILED':<8} {seconds(duration):>12}")
    failed = [name for name, passed, _ in results if not passed]
    if failed:
        raise InstallError(f"Failed: {', '.join(failed)}.", "To run one alone, use the command shown above.")
