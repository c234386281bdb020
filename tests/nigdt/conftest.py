from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def broken(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "broken"))
