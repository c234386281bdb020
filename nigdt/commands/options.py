"""Kinds of arguments that commands share."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from nigdt import schema

__all__ = ["OutputFile", "changes", "read_changes"]


def changes(text: str) -> Any:
    """Return the option `--set KEY=VALUE`, which may be given several times, described by `text`."""
    return click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help=text)


def read_changes(given: Iterable[str]) -> dict[str, Any]:
    """Return what `--set` said, by key, with `_` for `-`; values are YAML.

    Raises:
        click.UsageError: There is no "=" in it.
        SettingsError: A value is not valid YAML.
    """
    values = {}
    for change in given:
        key, equals, text = change.partition("=")
        if not equals:
            raise click.UsageError(f"--set {change} changes nothing: write KEY=VALUE.")
        values[key.strip().replace("-", "_")] = schema.parse(text, f"--set {change}")
    return values


class OutputFile(click.Path):
    """A file to be written. A name that ends as a folder's does is refused: pathlib would drop that end."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        name = os.fsdecode(value)
        if os.path.basename(name) in ("", ".", ".."):  # noqa: PTH119 - of the text, with its end
            self.fail(f"{name!r} names a folder, not a file to write.", param, ctx)
        return super().convert(value, param, ctx)
