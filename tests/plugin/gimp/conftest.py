"""A GIMP of each release, started once, with the plug-in as the installer puts it together."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
for folder in (HERE, ROOT / "plugin" / "gimp", ROOT / "plugin" / "gimp" / "nigdt-fill"):
    sys.path.insert(0, str(folder))

from assemble import NAME, assemble  # noqa: E402
from gimp_chroot import ChrootUnavailableError  # noqa: E402
from gimp_session import GimpSession, WindowSession  # noqa: E402
from gimp_tree import tree  # noqa: E402
from gimp_wheel import pyzmq_wheel  # noqa: E402
from gimp_whole import gimp_with_panel, running_daemon  # noqa: E402
from nigdt_backend.client import Client  # noqa: E402
from scripted_daemon import ScriptedDaemon  # noqa: E402


@pytest.fixture(scope="session")
def wheel() -> Path:
    """pyzmq's wheel for GIMP's Python."""
    try:
        return pyzmq_wheel()
    except ChrootUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def plug_in(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plug-in's folder, ready for GIMP."""
    target = tmp_path_factory.mktemp("plug-ins") / NAME
    assemble(target, wheel, ROOT)
    return target


@pytest.fixture(scope="session")
def trixie(plug_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GimpSession]:
    """GIMP 3.0."""
    with GimpSession(tree("trixie"), plug_in, tmp_path_factory.mktemp("trixie")) as session:
        yield session


@pytest.fixture(scope="session")
def forky(plug_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GimpSession]:
    """GIMP 3.2."""
    with GimpSession(tree("forky"), plug_in, tmp_path_factory.mktemp("forky")) as session:
        yield session


@pytest.fixture(scope="module", params=["trixie", "forky"])
def windows(
    request: pytest.FixtureRequest, plug_in: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WindowSession]:
    """Each GIMP in turn, with its windows."""
    with WindowSession(
        tree(request.param), plug_in, tmp_path_factory.mktemp(f"{request.param}-windows")
    ) as session:
        yield session


@pytest.fixture
def daemon(windows: WindowSession) -> Iterator[ScriptedDaemon]:
    """A service of that GIMP that fills with plain colours."""
    with ScriptedDaemon(windows.state) as scripted:
        yield scripted


@pytest.fixture(autouse=True)
def cleared(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test leaves in a GIMP with windows is not there for the next one, even when it has failed."""
    yield
    if "windows" in request.fixturenames:
        request.getfixturevalue("windows").clear()
    if "whole" in request.fixturenames:
        request.getfixturevalue("whole")[0].clear()


@pytest.fixture(params=["trixie", "forky"])
def gimp(request: pytest.FixtureRequest) -> GimpSession:
    """Each GIMP in turn."""
    session: GimpSession = request.getfixturevalue(request.param)
    return session


@pytest.fixture
def real_daemon(tiny_bundle: Path, tmp_path: Path) -> Iterator[Callable[[Path], Client]]:
    """Starts the real daemon, with a tiny real model, for the GIMP whose state folder is given."""
    with contextlib.ExitStack() as stack:
        yield lambda state: stack.enter_context(running_daemon(tiny_bundle, tmp_path, state))


@pytest.fixture(scope="module", params=["trixie", "forky"])
def whole(
    request: pytest.FixtureRequest, wheel: Path, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[WindowSession, Client]]:
    """Each GIMP in turn with the real panel."""
    folder = tmp_path_factory.mktemp(f"{request.param}-whole")
    with gimp_with_panel(request.param, wheel, tiny_bundle, folder) as both:
        yield both
