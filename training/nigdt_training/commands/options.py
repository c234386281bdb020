"""Options that several commands have, each with one meaning and one wording."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from nigdt.commands.options import changes, read_changes

__all__ = ["SharingGroup", "changes", "data_folder", "read_changes", "shares"]

data_folder = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="Folder that the plan's paths start from.  [default: here]",
)


def shares(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command of a `SharingGroup` these of the group's options; it stands next to the function."""

    def wrap(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def call(*arguments: Any, **own: Any) -> None:
            parent = click.get_current_context().parent
            assert parent is not None
            function(*arguments, **own, **{name: parent.params[name] for name in names})

        call.shared = names  # type: ignore[attr-defined]
        return call

    return wrap


class SharingGroup(click.Group):
    """A group with options that its commands share: they may stand before the command or behind it."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; its help tells which of the group's options it takes."""
        super().add_command(cmd, name)
        options = [option.opts[0] for option in self.params if option.name in self.shared(cmd)]
        if options:
            cmd.epilog = f"It also takes {', '.join(options)} (`nigdt {self.name} --help`)."

    @staticmethod
    def shared(command: click.Command) -> tuple[str, ...]:
        """Return the names of the options that a command shares."""
        return getattr(command.callback, "shared", ())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the group's options, also those behind the command."""
        place = self._command_at(args)
        if place is not None:
            shared = self.shared(self.commands[args[place]])
            options = {word: one for one in self.params for word in one.opts if one.name in shared}
            before, behind = args[:place], []
            rest = iter(args[place:])
            for word in rest:
                if word == "--":
                    behind += [word, *rest]
                elif word.partition("=")[0] in options:
                    before += [word] if "=" in word else [word, _value(word, rest, ctx)]
                else:
                    behind.append(word)
            args = before + behind
        return super().parse_args(ctx, args)

    def _command_at(self, args: list[str]) -> int | None:
        """Return the place of the command in the arguments."""
        valued = {
            word
            for one in self.params
            if isinstance(one, click.Option) and not one.is_flag
            for word in one.opts
        }
        rest = enumerate(args)
        for place, word in rest:
            if word in valued:
                next(rest, None)
            elif not word.startswith("-"):
                return place if word in self.commands else None
        return None


def _value(option: str, words: Iterator[str], context: click.Context) -> str:
    """Return the next word.

    Raises:
        click.BadOptionUsage: There is none.
    """
    value = next(words, None)
    if value is None:
        raise click.BadOptionUsage(option, f"Option {option!r} requires an argument.", context)
    return value
