"""The lock files: complete, with hashes, and without the name of any registry."""

from __future__ import annotations

import re
import tomllib

import pytest

from installer import make_lock
from installer.packages import LOCKS
from tests.installer.standin import ROOT

NAMES = sorted(make_lock.SETS)


def entries(name: str) -> dict[str, str]:
    """Package -> the lines of its versions, with their hashes."""
    found: dict[str, str] = {}
    for part in re.split(r"\n(?=\S)", (ROOT / "installer" / "locked" / f"{name}.txt").read_text()):
        match = re.match(r"([a-z0-9._-]+)==", part)
        if match:
            found[match[1]] = found.get(match[1], "") + part
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_package_has_a_version_and_hashes_and_none_an_address(name: str) -> None:
    text = (ROOT / "installer" / "locked" / f"{name}.txt").read_text()
    assert "://" not in text
    assert "index-url" not in text
    locked = entries(name)
    assert len(locked) > 20
    assert all("--hash=sha256:" in part for part in locked.values())


@pytest.mark.parametrize("name", NAMES)
def test_what_the_project_asks_for_is_locked(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"], "editables"]
    for extra in (*make_lock.SETS[name], "model"):
        wanted += extras[extra]
    names = {re.split(r"[<>=\[ ]", one)[0].lower() for one in wanted} - {"nigdt"}
    assert names <= entries(name).keys()


def test_the_installer_knows_every_lock_file() -> None:
    assert LOCKS.keys() == make_lock.SETS.keys()
    known = frozenset[str]()
    for name, extras in LOCKS.items():
        known |= extras
        assert {*make_lock.SETS[name], "model"} == known
