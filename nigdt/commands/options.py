"""Kinds of arguments that commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

__all__ = ["OutputFile"]


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
