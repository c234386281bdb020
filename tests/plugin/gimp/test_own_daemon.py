"""No daemon runs: the plug-in starts the installed one by itself, with the model that came with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

import pytest
from assemble import NAME, assemble
from gimp_session import GimpSession
from gimp_tree import ROOT, pythons_folders, tree
from nigdt_backend.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class ElsewhereSession(GimpSession):
    """A GIMP whose profile and temporary files, and the service's state, have letters beyond ASCII."""

    moved: ClassVar = {f"/mnt/{name}": f"/mnt/Größe 図/{name}" for name in ("profile", "state")}

    @property
    def binds(self) -> dict[Path, str]:
        """Folders of the outside, and where GIMP sees them."""
        return {outside: self.moved.get(inside, inside) for outside, inside in super().binds.items()}

    @property
    def env(self) -> dict[str, str]:
        """GIMP's environment."""
        return {name: self.moved.get(value, value) for name, value in super().env.items()}


@pytest.mark.parametrize("session", [GimpSession, ElsewhereSession])
@pytest.mark.parametrize("release", ["trixie", "forky"])
def test_gimp_starts_the_daemon(
    release: str, session: type[GimpSession], wheel: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "Größe 図" if session is ElsewhereSession else tmp_path
    plug_in = folder / "plug-ins" / NAME
    environment = folder / "environment"
    environment.parent.mkdir(exist_ok=True)
    environment.symlink_to(sys.prefix)
    python = environment / Path(sys.executable).relative_to(sys.prefix)
    assemble(plug_in, wheel, ROOT, python=python)
    shared = [*pythons_folders(), folder]
    with session(tree(release), plug_in, folder / "gimp", shared) as gimp:
        file = gimp.state / "connection.json"
        assert not file.exists()
        try:
            said = gimp.run(
                """
    image = photo(200, 150)
    select(image, 60, 50, 40, 30)
    before = composite(image)
    status, message, layer = fill(image, caption="a small bird")
    result = {
        "status": status, "message": message, "changed": changed(before, composite(image), 200),
        "record": record(layer) if layer else None,
    }
""",
                timeout=180,
            )
            assert said["status"] == "success", said["message"]
            assert said["changed"] == [58, 48, 102, 82]  # with the automatic feather
            with Client.connect(start=False, connection_file=file) as client:
                status = client.status()
            assert status["jobs"]["fills"] == 1
            assert status["bundles"][0]["name"] == said["record"]["bundle"]
        finally:
            if file.exists():
                with Client.connect(start=False, connection_file=file) as client:
                    client.shutdown()
