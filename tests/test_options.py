"""Every command, and every option of it, is told of in README or docs, on a page that names the command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from nigdt.cli import nigdt

ROOT = Path(__file__).resolve().parent.parent
PAGES = [page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))]


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from commands(found, f"{name} {inner}")


COMMANDS = dict(commands(nigdt, "nigdt"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_options_are_documented(name: str) -> None:
    pages = [page for page in PAGES if re.search(rf"\b{name}\b", page)]
    assert pages
    options = [one for one in COMMANDS[name].params if isinstance(one, click.Option)]
    unmentioned = [
        option.opts
        for option in options
        if not any(re.search(rf"(?<![\w-]){word}(?![\w-])", page) for word in option.opts for page in pages)
    ]
    assert unmentioned == []


def test_all_commands_are_found() -> None:
    assert len(COMMANDS) > 30
    assert {"nigdt fill", "nigdt models add", "nigdt train photos", "nigdt bench soak"} <= set(COMMANDS)
