"""Installations that were moved by a newer GIMP, or have lost a part."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from assemble import NAME, differences
from gimp_session import GimpSession, MigratedSession
from gimp_tree import ROOT, tree
from scripted_daemon import ScriptedDaemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BOTH = """
    image = photo()
    select(image, 40, 30, 10, 10)
    result = [call(name, image, caption="green")[:2] for name in ("nigdt-describe", "nigdt-open-panel")]
"""


@pytest.fixture(scope="module")
def migrated(plug_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MigratedSession]:
    """GIMP 3.2, started for the first time by someone who used 3.0 with the plug-in."""
    with MigratedSession(tree("forky"), plug_in, tmp_path_factory.mktemp("migrated")) as session:
        yield session


def test_it_works_in_a_newer_gimp(migrated: MigratedSession, wheel: Path) -> None:
    moved = migrated.home / ".config" / "GIMP" / "3.2" / "plug-ins" / NAME
    assert differences(moved, wheel, ROOT) == []
    with ScriptedDaemon(migrated.state):
        said = migrated.run(
            "image = photo()\nselect(image, 40, 30, 10, 10)\nresult = fill(image, caption='x')[:2]"
        )
    assert said == ["success", ""]


@pytest.mark.parametrize("lost", ["zmq/backend", "nigdt_fill/capture.py", "nigdt_fill/problem.py"])
def test_a_lost_part_is_said(lost: str, gimp: GimpSession) -> None:
    there = gimp.profile / "plug-ins" / NAME / lost
    kept = gimp.work / "kept"
    shutil.move(there, kept)
    try:
        said = gimp.run(BOTH)
    finally:
        shutil.move(kept, there)
    for status, message in said:
        assert status == "execution-error"
        assert message.startswith("This plug-in is incomplete (")
        assert message.endswith("Run NIGDT's installer again.")
