"""CONTRIBUTING.md: its table of tasks names files that exist, and its commands are understood."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TASKS = {
    cells[0]: cells[1:]
    for line in TEXT.partition("| task | files |")[2].partition("\n## ")[0].splitlines()[2:]
    if len(cells := [cell.strip() for cell in line.strip("| ").split(" | ")]) == 3
}


def paths(cell: str) -> list[str]:
    return [name for name in re.findall(r"`([^`]+)`", cell) if "/" in name or "." in name]


def test_all_tasks_are_read() -> None:
    assert len(TASKS) == 16


@pytest.mark.parametrize("task", TASKS)
def test_every_file_of_a_task_exists(task: str) -> None:
    files, tests = TASKS[task]
    changed = [name for name in paths(files) if not name.startswith("python ")]
    assert 1 <= len(changed) <= 3
    assert paths(tests)
    for name in paths(files) + paths(tests):
        assert (ROOT / name.removeprefix("python ")).exists(), name


def test_a_name_in_brackets_is_in_the_file_before_it() -> None:
    """A table that has moved to another file must move here too."""
    found = re.findall(r"`([^`]+/[^`]+\.py)` \(`(\w+)`", "\n".join(files for files, _ in TASKS.values()))
    assert len(found) >= 5
    for file, name in found:
        assert re.search(rf"^{name}\b.*=", (ROOT / file).read_text(encoding="utf-8"), flags=re.M), (
            file,
            name,
        )


def test_the_programs_of_the_table_of_checks_come_with_the_extras() -> None:
    extras = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("\ndocs = [")[2]
    programs = {command.split()[0] for command in re.findall(r"^\| [^|`]+ \| `([^`]+)`", TEXT, flags=re.M)}
    programs = {program for program in programs if "/" not in program} - {"python"}
    brought = {"lint-imports": "import-linter", "sphinx-build": "sphinx"}
    assert {"ruff", "mypy", "pytest", "sphinx-build"} <= programs
    for program in programs:
        assert f'"{brought.get(program, program)}' in extras, program
