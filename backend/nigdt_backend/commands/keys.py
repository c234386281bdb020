"""`nigdt keys`: who on other machines may use this daemon."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import click

from nigdt.commands.options import OutputFile
from nigdt.files import write_atomically
from nigdt_backend import paths
from nigdt_backend.connection import Connection, UnsafeFileError, is_address
from nigdt_backend.daemon.keys import KeyRing, KeyRingError, check_public_key
from nigdt_backend.daemon.sockets import KeyPair

_BOUND = re.compile(r"tcp://(\*|0\.0\.0\.0|\[::\]|\[::0\]):")
"""Addresses that stand for all of a machine's own."""


def _ring() -> KeyRing:
    try:
        return KeyRing.read(paths.keys_path())
    except UnsafeFileError as error:
        raise click.ClickException(str(error)) from None


def _address(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and (
        not is_address(value) or _BOUND.match(value)
    ):  # nobody can call what a daemon binds
        raise click.BadParameter(f"{value!r} is not tcp://HOST:PORT, as the client reaches this machine.")
    return value


def _key(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else check_public_key(value)
    except KeyRingError as error:
        raise click.BadParameter(str(error)) from None


@click.group()
def keys() -> None:
    """Manage the keys of clients on other machines (see nigdt serve --listen).

    Example: nigdt keys add laptop --endpoint tcp://192.168.1.20:5599 -o laptop.json
    """


@keys.command()
@click.argument("name")
@click.option(
    "--public-key",
    callback=_key,
    help="The client's public key, when it made its pair itself (nigdt keys new).",
)
@click.option(
    "--endpoint", metavar="tcp://HOST:PORT", callback=_address, help="How the client reaches this machine."
)
@click.option(
    "-o",
    "--output",
    type=OutputFile(),
    help="Write a connection file with a new key pair, to be carried to the client.",
)
def add(name: str, public_key: str | None, endpoint: str | None, output: Path | None) -> None:
    """Allow the client NAME to connect; a daemon that listens takes that up within seconds.

    Either give the client's --public-key, or have a pair made and written with --endpoint and -o.
    On the client: NIGDT_CONNECTION=laptop.json nigdt status

    Example: nigdt keys add laptop --endpoint tcp://192.168.1.20:5599 -o laptop.json
    """
    if (public_key is None) == (output is None) or (output is not None and endpoint is None):
        raise click.UsageError("Give either --public-key, or --endpoint together with -o.")
    ring = _ring()
    try:
        if public_key is not None:
            ring.add(name, public_key)
        else:
            assert output is not None
            assert endpoint is not None
            pair = KeyPair.new()
            ring.check_name(name)
            _write_private_file(
                output, Connection(endpoint, ring.server_key().public, pair.public, pair.secret, pid=0)
            )
            ring.add(name, pair.public)
            click.echo(f"Carry {output} to the client and delete it here.")
    except KeyRingError as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"Added {name}. The daemon's public key: {ring.server_key().public}")


@keys.command()
@click.argument("name")
def remove(name: str) -> None:
    """Revoke the key of the client NAME; a running daemon refuses it within seconds.

    Example: nigdt keys remove laptop
    """
    try:
        _ring().remove(name)
    except KeyRingError as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"Removed {name}.")


@keys.command("list")
def list_() -> None:
    """Show who may connect, and the public key that clients know this machine by.

    Example: nigdt keys list
    """
    ring = _ring()
    clients = ring.clients
    if not clients:
        click.echo("No keys: only this machine can use the daemon.")
    else:
        for name, public in clients.items():
            click.echo(f"{name:<20} {public}")
    click.echo(f"This machine's public key: {ring.server_key().public}")


@keys.command()
@click.argument("endpoint", metavar="tcp://HOST:PORT", callback=_address)
@click.argument("server_key", callback=_key)
@click.option(
    "-o",
    "--output",
    required=True,
    type=OutputFile(),
    help="Connection file to write.",
)
def new(endpoint: str, server_key: str, output: Path) -> None:
    """Make a key pair on the client, so that the secret key never travels.

    Prints the public key to add on the machine with the daemon: nigdt keys add NAME --public-key KEY

    Example: nigdt keys new tcp://192.168.1.20:5599 'SERVER KEY' -o server.json
    """
    pair = KeyPair.new()
    _write_private_file(output, Connection(endpoint, server_key, pair.public, pair.secret, pid=0))
    click.echo(pair.public)


def _write_private_file(path: Path, connection: Connection) -> None:
    """Write a connection file, private itself, into whatever folder the user named."""
    if path.exists():
        raise click.UsageError(f"{path} exists already.")
    try:
        write_atomically(path, (json.dumps(asdict(connection), indent=1) + "\n").encode(), mode=0o600)
    except OSError as error:
        raise click.ClickException(f"Cannot write {path}: {error.strerror or error}.") from None
