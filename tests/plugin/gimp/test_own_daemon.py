"""No daemon runs: the plug-in starts the installed one by itself, with the model that came with it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from assemble import NAME, assemble
from gimp_session import GimpSession
from gimp_tree import ROOT, pythons_folders, tree
from nigdt_backend.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("release", ["trixie", "forky"])
def test_gimp_starts_the_daemon(release: str, wheel: Path, tmp_path: Path) -> None:
    plug_in = tmp_path / "plug-ins" / NAME
    assemble(plug_in, wheel, ROOT, python=Path(sys.executable))
    shared = pythons_folders()
    with GimpSession(tree(release), plug_in, tmp_path / "gimp", shared) as gimp:
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
