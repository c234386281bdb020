"""Options of `nigdt train` that its commands share, before the command or behind it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from nigdt_training.commands.options import SharingGroup, shares
from nigdt_training.commands.train import train


@click.group(cls=SharingGroup, invoke_without_command=True)
@click.option("--data")
@click.option("--device", default="auto")
@click.option("--name")
@click.option("--dry-run", is_flag=True)
def group(**_: object) -> None:
    pass


@group.command()
@click.argument("words", nargs=-1)
@click.option("--name")
@shares("data", "device")
def work(words: tuple[str, ...], name: str | None, data: str | None, device: str) -> None:
    click.echo(f"{words} {name} {data} {device}")


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        ("work", "() None None auto"),
        ("--data x work a", "('a',) None x auto"),
        ("work a --data x --name own --device=cpu b", "('a', 'b') own x cpu"),
        ("--name work work --name own", "() own None auto"),
        ("--dry-run work -- --data", "('--data',) None None auto"),
    ],
)
def test_a_command_gets_them_from_either_place(arguments: str, seen: str) -> None:
    assert CliRunner().invoke(group, arguments.split(), catch_exceptions=False).output == seen + "\n"


def test_an_option_without_its_value_is_told() -> None:
    done = CliRunner().invoke(group, ["work", "--data"])
    assert done.exit_code == 2
    assert "--data" in done.output


def test_help_of_a_command_names_them() -> None:
    told = CliRunner().invoke(train, ["photos", "--help"], catch_exceptions=False).output
    assert "--runs, --device" in told


def test_what_a_command_does_not_take_is_refused_and_what_it_needs_asked_for(tmp_path: Path) -> None:
    for arguments, says in (
        (["--stage", "match", "default", "--output", "x"], "--stage is not for default."),
        (["default", "--output", "x"], "Say with --data where the collections are."),
        (["recolour", "--run", str(tmp_path)], "Say with --data where the photos are."),
        (["comparison", "csa"], "Give either --config FILE for a new run or --resume RUN"),
    ):
        done = CliRunner().invoke(train, arguments)
        assert done.exit_code == 2
        assert says in done.output
