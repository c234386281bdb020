"""A GIMP with the real daemon and the real panel."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from assemble import NAME, assemble
from gimp_session import WindowSession
from gimp_tree import ROOT, pythons_folders, tree
from nigdt_backend.client import Client


@contextlib.contextmanager
def running_daemon(bundle: Path, folder: Path, state: Path) -> Iterator[Client]:
    """A real daemon with one model.

    Args:
        bundle: The model.
        folder: An empty one, for what the daemon keeps.
        state: The state folder of the GIMP that is to find it.
    """
    shutil.copytree(bundle, folder / "data" / "bundles" / "nigdt-small")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGDT_DATA_DIR", str(folder / "data"))
        patch.setenv("NIGDT_CONFIG_DIR", str(folder / "config"))
        patch.setenv("NIGDT_STATE_DIR", str(state))
        client = Client.connect(timeout=60)
    with client:
        try:
            yield client
        finally:
            client.shutdown()


@contextlib.contextmanager
def gimp_with_panel(
    release: str, wheel: Path, bundle: Path, folder: Path
) -> Iterator[tuple[WindowSession, Client]]:
    """A GIMP with windows, whose plug-in starts the real panel, and a real daemon for both.

    Args:
        release: Of Debian.
        wheel: pyzmq's for GIMP.
        bundle: The daemon's model.
        folder: An empty one.
    """
    plug_in = folder / "plug-ins" / NAME
    assemble(plug_in, wheel, ROOT, python=Path(sys.executable))
    with (
        WindowSession(tree(release), plug_in, folder / "gimp", pythons_folders()) as gimp,
        running_daemon(bundle, folder / "daemon", gimp.state) as client,
    ):
        yield gimp, client
